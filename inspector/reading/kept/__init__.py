"""What readings have in common, kept from one to the next."""
