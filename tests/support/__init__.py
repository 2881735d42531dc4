"""What tests share: files, models and phones made up for them."""
