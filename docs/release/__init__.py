"""What `make release` builds beside the wheels, and how it checks them."""
