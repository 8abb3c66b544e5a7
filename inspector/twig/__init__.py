"""Twig templates, as a helpdesk's author writes them, in Jinja's immutable sandbox.

A library: it knows text and data, nothing of webhooks. ``docs/templates.md`` says what
of Twig it can and cannot do.
"""
