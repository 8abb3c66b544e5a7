"""Parts of readings, kept from one request to the next."""
