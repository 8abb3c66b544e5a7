"""Requests and comparisons as one HTML file: whole without a server, a network or a script."""

from inspector.exports.html.comparison import render_comparison
from inspector.exports.html.document import HTML
from inspector.exports.html.requests import MAX_REQUESTS, render_requests

__all__ = ["HTML", "MAX_REQUESTS", "render_comparison", "render_requests"]
