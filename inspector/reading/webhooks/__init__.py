"""Webhooks of known senders: searches for them, and repeated deliveries."""
