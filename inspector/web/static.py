"""Static files, cached for ever under a URL that carries their content's hash."""

from __future__ import annotations

from pathlib import PurePosixPath

from flask import Flask, Response, abort, request

from inspector.assets import STATIC_PREFIX, asset_url, find_folder

ONE_YEAR_S = 31_536_000

# Types of our own: some systems have scripts as plain text, which no browser would run.
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}


def register(app: Flask) -> None:
    """Serve ``static/`` and let templates name its files."""
    app.add_url_rule(f"{STATIC_PREFIX}<path:name>", "static", _serve)
    app.jinja_env.globals["asset_url"] = asset_url


def _serve(name: str) -> Response:
    try:
        lasting_url = asset_url(name)
    except ValueError:
        abort(404)
    content_type = CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream")
    # Whole in memory: they are small, and a file that answers 304 would be left open.
    response = Response((find_folder("static") / name).read_bytes(), content_type=content_type)
    response.add_etag()
    if request.full_path == lasting_url:
        response.cache_control.public = True
        response.cache_control.max_age = ONE_YEAR_S
        response.cache_control.immutable = True
    else:
        # A URL with another hash belongs to an earlier version: this file must not be cached under
        # it.
        response.cache_control.no_cache = True
    response.make_conditional(request)
    return response
