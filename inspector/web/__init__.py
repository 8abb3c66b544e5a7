"""Flask lives here: capture without a lane, pages, the API, streams."""

from __future__ import annotations

from flask import Flask

from inspector.web import api, capture, errors, pages, probes, static, stream


def register(app: Flask) -> None:
    """Hang every route and error handler on the application.

    Captures come last: they take whatever no page wants.
    """
    errors.register(app)
    static.register(app)
    for blueprint in (pages.blueprint, api.blueprint, stream.blueprint, probes.blueprint):
        app.register_blueprint(blueprint)
    capture.register(app)
