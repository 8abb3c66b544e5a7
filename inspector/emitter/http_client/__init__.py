"""The HTTP client that sends: exact bytes, checked addresses, one deadline for all of it."""
