"""The page with the schema of a bin's bodies."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from inspector.reading.overview.big_bins import LONG_TIME_S, TIME_S
from inspector.reading.schema import FORMATS, BodyShapes, write_schema
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import set_vary

blueprint = Blueprint("schema", __name__)

MAX_SHOWN_CHARS = 200_000


@blueprint.get("/bins/<name>/schema")
def show_schema(name: str) -> Response:
    """The schema in one ``format``, of one ``event`` or of all. Raises ``no_such_event``."""
    bin_, services, args = find_bin(name), current_services(), request.args
    time_s = LONG_TIME_S if args.get("read") == "on" else TIME_S
    look = services.shapes.look(services.requests, bin_, BodyShapes, whole=True, time_s=time_s)
    form = args.get("format", "")
    form = form if form in FORMATS else next(iter(FORMATS))
    event = args.get("event")
    text = write_schema(bin_.name, look, form, event)
    return set_vary(
        make_response(
            render_template(
                "fields/schema.html",
                bin=bin_,
                look=look,
                events=look.made.list_events(),
                others=look.made.others,
                event=event,
                formats=FORMATS,
                format=form,
                text=text[:MAX_SHOWN_CHARS],
                cut=max(0, len(text) - MAX_SHOWN_CHARS),
            )
        )
    )
