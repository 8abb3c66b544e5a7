"""Relays: requests that are passed on, and what came of each."""
