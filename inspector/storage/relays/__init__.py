"""Requests that are passed on: chosen as they are stored, followed up, and shown."""
