"""Every route, hung on the application in one place."""

from __future__ import annotations

from flask import Flask

from inspector.web import capture, compression, errors, parked, probes, static
from inspector.web.access import audit, gate, login
from inspector.web.api import blueprint as api
from inspector.web.pages import (
    answer,
    answers,
    api_reference,
    bins,
    columns,
    deliveries,
    emitter,
    importing,
    pictures,
    relay,
    replay,
    replays,
    requests,
    sample,
    signatures,
    stream,
)
from inspector.web.pages.marking import pins, selections
from inspector.web.pages.overview import compare, fields, schema


def register(app: Flask) -> None:
    """Hang every route and error handler on the application.

    Captures come last: they take whatever no page wants.
    """
    for part in (gate, audit, compression, errors, static, parked):
        part.register(app)
    rooms = (
        login,
        bins,
        pictures,
        requests,
        pins,
        selections,
        relay,
        replay,
        replays,
        sample,
        compare,
        fields,
        schema,
        emitter,
        deliveries,
        answer,
        answers,
        signatures,
        columns,
        importing,
        api_reference,
        api,
        stream,
        probes,
    )
    for room in rooms:
        app.register_blueprint(room.blueprint)
    capture.register(app)
