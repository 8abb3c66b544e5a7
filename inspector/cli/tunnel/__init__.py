"""Tunnels of ``inspector serve --tunnel``: the program that brings webhooks from the internet."""
