"""Searching captures: the indexes of words, and the search that looks things up in them."""
