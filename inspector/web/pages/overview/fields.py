"""The pages that read captures more closely: one field, two requests, all of a bin's fields."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, render_template, request

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.detail import FieldDetail, find_detail
from inspector.reading.fields import BODY, Name, parse_name
from inspector.reading.nodes import MAX_FILTER_CHARS, split_words
from inspector.reading.overview.big_bins import LONG_TIME_S, TIME_S, Aggregates, Kind, Snapshot
from inspector.reading.overview.catalogue import (
    SORTS,
    Catalogue,
    FieldStatistics,
    filter_fields,
    sort_fields,
)
from inspector.reading.overview.series import Series
from inspector.reading.overview.timeline import METHOD, build_timeline
from inspector.reading.overview.values import find_lacks
from inspector.reading.paths import Path, parse_path
from inspector.reading.receivers import choose_receiver
from inspector.reading.terms import find_terms, write_lacks
from inspector.storage.records import make_id
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, set_vary, wants_fragment
from inspector.web.pages.pictures import show_small
from inspector.web.pages.request_content import view_file
from inspector.web.pages.search import load_values

blueprint = Blueprint("fields", __name__)

MAX_FIELDS_SHOWN = 500
MAX_LACKS_SHOWN = 8
MAX_MISSING_SHOWN = 6
# The choices of fields: those with different values, those that some requests lack.
VARYING, MISSING = "varying", "missing"


@blueprint.get("/bins/<name>/requests/<request_id>/field")
def show_field(name: str, request_id: str) -> Response:
    """Everything about the field at ``path``; as a fragment, what the tree's menu shows."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    path = _read_path()
    receiver = choose_receiver(request.args.get("as"), bin_.receiver)
    detail = _get_detail(captured, path, receiver)
    has, equals = find_terms(captured, Name(BODY, path))
    return render_resource(
        "fields/field.html",
        "fields/_field.html",
        bin=bin_,
        captured=captured,
        detail=detail,
        file=None if detail.file is None else view_file(detail.file, ""),
        receiver=receiver,
        has=has,
        equals=equals,
    )


def _get_detail(captured: CapturedRequest, path: Path, receiver: str) -> FieldDetail:
    detail = find_detail(captured, path, receiver)
    if detail is None:
        text = request.args.get("path", "")[:200]
        raise InspectorError("not_found", f"This request has no field {text}.")
    return detail


@blueprint.get("/bins/<name>/requests/<request_id>/field/picture")
def show_picture(name: str, request_id: str) -> Response:
    """The picture that the field at ``path`` has in base64, made small."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    receiver = choose_receiver(request.args.get("as"), bin_.receiver)
    return show_small(_get_detail(captured, _read_path(), receiver).file or b"")


@blueprint.get("/bins/<name>/requests/<request_id>/lacks")
def show_lacks(name: str, request_id: str) -> Response:
    """The fields that requests like this one have and it has not."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    lacks = find_lacks(captured, load_values(bin_))
    return render_resource(
        "fields/lacks.html",
        "fields/_lacks.html",
        bin=bin_,
        captured=captured,
        lacks=lacks[:MAX_LACKS_SHOWN],
        more=len(lacks) - MAX_LACKS_SHOWN,
    )


def _read_path() -> Path:
    try:
        return parse_path(request.args.get("path", "")[:4_000])
    except ValueError as error:
        raise InspectorError("invalid_path", str(error), field="path") from error


@blueprint.get("/bins/<name>/fields/new")
def show_new_fields(name: str) -> str:
    """The number of fields that are new since yesterday, for the bin's head: a fragment."""
    catalogue = _look(current_services().catalogues, find_bin(name), Catalogue).made
    return render_template("fields/_new.html", new_fields=len(_find_new(catalogue)))


def _find_new(catalogue: Catalogue) -> list[FieldStatistics]:
    return catalogue.find_new_since(datetime.now(UTC) - timedelta(days=1))


@blueprint.get("/bins/<name>/fields")
def show_fields(name: str) -> Response:
    """All fields that the bin's requests have; with ``path``, one field through all of them.

    ``read=all`` reads the whole bin, ``read=on`` for longer at a time. Asked for as a
    fragment, how far the reading is, and all that was found when it is at its end.
    """
    bin_ = find_bin(name)
    if request.args.get("path"):
        return _show_series(bin_)
    look = _look(current_services().catalogues, bin_, Catalogue)
    catalogue = look.made
    filter_text = request.args.get("filter", "")[:MAX_FILTER_CHARS].strip()
    sort, descending = _read_sort()
    found = filter_fields(list(catalogue.fields.values()), split_words(filter_text))
    choices = {
        "": found,
        VARYING: [each for each in found if each.varies],
        MISSING: [each for each in found if each.present < catalogue.request_count],
    }
    show = request.args.get("show", "")
    show = show if show in choices else ""
    fields = sort_fields(choices[show], sort, descending=descending)
    return _render_snapshot(
        "catalogue",
        look,
        bin=bin_,
        catalogue=catalogue,
        fields=fields[:MAX_FIELDS_SHOWN],
        matching=len(found),
        counts={name: len(chosen) for name, chosen in choices.items()},
        show=show,
        missing=group_missing(sort_fields(choices[MISSING], "present", descending=True)),
        new_fields=_find_new(catalogue),
        write_lacks=write_lacks,
        new_count=sum(map(catalogue.is_new, list(catalogue.fields.values()))),
        filter_text=filter_text,
        sort=sort,
        descending=descending,
        make_id=make_id,
        timeline=_timeline(catalogue),
    )


def group_missing(fields: Iterable[FieldStatistics]) -> list[tuple[FieldStatistics, int]]:
    """The first ones of these that some requests lack, each with how many others go with it.

    Fields that come in as many requests, from the same one to the same one, come together.
    """
    groups: dict[tuple[int, int, int], list[FieldStatistics]] = {}
    for each in fields:
        if write_lacks(each.name):
            key = (each.present, each.first_number, each.last_number)
            groups.setdefault(key, []).append(each)
    return [(group[0], len(group) - 1) for group in groups.values()][:MAX_MISSING_SHOWN]


def _show_series(bin_: Bin) -> Response:
    try:
        name: Name = parse_name(request.args["path"][:4_000])
    except ValueError as error:
        raise InspectorError("invalid_path", str(error), field="path") from error
    look = _look(current_services().series_of_fields, bin_, partial(Series, name), of=name)
    return _render_snapshot("series", look, bin=bin_, series=look.made)


def _look(
    kept: Aggregates[Kind], bin_: Bin, make: Callable[[], Kind], *, of: Hashable = ""
) -> Snapshot[Kind]:
    read = request.args.get("read")
    return kept.look(
        current_services().requests,
        bin_,
        make,
        of=of,
        whole=read == "all",
        time_s=LONG_TIME_S if read == "on" else TIME_S,
    )


def _render_snapshot(template: str, look: Snapshot[Any], **context: Any) -> Response:
    kept = [each for each in request.args.items(multi=True) if each[0] != "read"]
    again = f"{request.path}?{urlencode([*kept, ('read', '')])}"  # The page adds to its end.
    if wants_fragment() and not look.is_whole:
        name = "fields/_reading.html"
    else:
        name = f"fields/{'_' if wants_fragment() else ''}{template}.html"
    response = make_response(render_template(name, look=look, again=again, **context))
    if wants_fragment():
        response.headers["HX-Retarget"] = "#findings" if look.is_whole else "#reading"
    return set_vary(response)


def _read_sort() -> tuple[str, bool]:
    """The column that ``sort`` names, and whether a hyphen before it turns it around."""
    value = request.args.get("sort", "")
    column = value.removeprefix("-")
    return (column, value.startswith("-")) if column in SORTS else ("", False)


@blueprint.get("/bins/<name>/timeline.svg")
def draw_timeline(name: str) -> Response:
    """Captures over time as a picture; ``by`` is ``method`` or ``event``."""
    bin_ = find_bin(name)
    if request.args.get("by") == METHOD:
        draw = partial(current_services().activities.draw, bin_)
        timeline = draw()
        while timeline and not timeline.is_whole:
            timeline = draw()
    else:
        look = _look(current_services().catalogues, bin_, Catalogue)
        while not look.is_whole:
            look = _look(current_services().catalogues, bin_, Catalogue)
        timeline = _timeline(look.made)
    picture = render_template("fields/_timeline.svg", bin=bin_, timeline=timeline, alone=True)
    response = Response(picture, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _timeline(catalogue: Catalogue) -> Any:
    return build_timeline(list(catalogue.points), request.args.get("by", ""))
