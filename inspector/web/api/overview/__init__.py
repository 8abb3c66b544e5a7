"""Calls that read many requests at once: a search over all bins, a schema, two compared."""
