"""Every route, hung on the application in one place."""

from __future__ import annotations

from flask import Flask

from inspector.web import (
    api,
    capture,
    compression,
    errors,
    pages,
    pages_answer,
    pages_api,
    pages_deliveries,
    pages_door,
    pages_emitter,
    pages_import,
    probes,
    reading,
    security,
    static,
    stream,
)


def register(app: Flask) -> None:
    """Hang every route and error handler on the application.

    Captures come last: they take whatever no page wants.
    """
    security.register(app)
    compression.register(app)
    errors.register(app)
    static.register(app)
    blueprints = (
        pages_door.blueprint,
        pages.blueprint,
        reading.blueprint,
        pages_emitter.blueprint,
        pages_deliveries.blueprint,
        pages_answer.blueprint,
        pages_import.blueprint,
        pages_api.blueprint,
        api.blueprint,
        stream.blueprint,
        probes.blueprint,
    )
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    capture.register(app)
