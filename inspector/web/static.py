"""Static files, cached for ever under a URL that carries their hash."""

from __future__ import annotations

from flask import Flask, Response, request, send_from_directory

from inspector.assets import STATIC_PREFIX, asset_url, find_folder

ONE_YEAR_S = 31_536_000


def register(app: Flask) -> None:
    """Serve ``static/`` and let templates name its files."""
    app.add_url_rule(f"{STATIC_PREFIX}<path:name>", "static", _serve)
    app.jinja_env.globals["asset_url"] = asset_url


def _serve(name: str) -> Response:
    response = send_from_directory(find_folder("static"), name)
    if request.args.get("v"):
        response.cache_control.public = True
        response.cache_control.max_age = ONE_YEAR_S
        response.cache_control.immutable = True
    return response
