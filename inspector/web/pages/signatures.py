"""The page of the secrets that check a bin's signatures."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, request

from inspector.domain import Bin
from inspector.errors import InspectorError
from inspector.signatures import SCHEMES, read_secrets
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource
from inspector.web.statuses import status_of

blueprint = Blueprint("signatures", __name__)

_OPTIONS = ("header", "algorithm", "encoding", "prefix", "signed", "timestamp_header", "id_header")


@blueprint.get("/bins/<name>/signatures")
def show_signatures(name: str) -> Response:
    """The schemes that the bin has secrets for, and a form for one more; no secret is shown."""
    return _render(find_bin(name), {"scheme": request.args.get("scheme", "")})


@blueprint.post("/bins/<name>/signatures")
def save_signatures(name: str) -> Any:
    """A form with ``scheme``, ``secret`` and options, which comes first; or ``remove``, a place.

    What is wrong comes back with the reason, without the secret.
    """
    bin_, bins = find_bin(name), current_services().bins
    kept, form = list(bins.load_secrets(name)), request.form
    if "remove" in form:
        place = form["remove"]
        if place.isascii() and place.isdecimal() and int(place[:3]) < len(kept):
            del kept[int(place[:3])]
        bins.check_with(bin_.name, kept)
        return redirect(f"/bins/{name}/signatures", 303)
    given = {key: form[key] for key in ("scheme", *_OPTIONS) if form.get(key)}
    try:
        # A new secret takes the old one's place; both are right while a sender changes over.
        shown = [{**given, "secret": form.get("secret", "")}, *(each.to_json() for each in kept)]
        secrets = read_secrets(shown, kept)
    except InspectorError as problem:
        response = _render(bin_, given, problem.message)
        response.status_code = status_of(problem.code)
        return response
    bins.check_with(bin_.name, secrets)
    return redirect(f"/bins/{name}/signatures", 303)


def _render(bin_: Bin, given: dict[str, str], problem: str = "") -> Response:
    return render_resource(
        "bins/signatures.html",
        "bins/_signatures.html",
        bin=bin_,
        kept=current_services().bins.load_secrets(bin_.name),
        schemes=SCHEMES.values(),
        given=given,
        problem=problem,
    )
