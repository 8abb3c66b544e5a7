"""Overviews of many requests: the catalogue of fields, series of one, captures over time."""
