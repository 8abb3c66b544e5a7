"""Senders of webhooks: services known by the headers and fields that they document."""
