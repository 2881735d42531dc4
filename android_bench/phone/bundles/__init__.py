"""What goes to a phone: engines and runners, fetched once and kept by hash."""
