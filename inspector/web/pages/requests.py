"""The page of one request: shown beside its list, downloaded in parts, deleted."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, redirect, request

from inspector.domain import Bin, CapturedRequest
from inspector.emitter.recomposing import can_recompose
from inspector.errors import InspectorError
from inspector.exports.curl import has_plus, needs_file
from inspector.exports.formats import body_name
from inspector.exports.outgoing import make_outgoing
from inspector.reading.headers import explain_headers, find_header_notes
from inspector.reading.layouts.laying_out import lay_out_body
from inspector.reading.layouts.pieces import join
from inspector.reading.receivers import TITLES, choose_receiver
from inspector.reading.tree import Reading, build_reading
from inspector.web.current import current_services, find_bin
from inspector.web.headers import DATA_POLICY
from inspector.web.htmx import (
    render_resource,
    wants_fragment,
)
from inspector.web.pages.marking.selections import ask_to_delete, can_undo, delete_undoably
from inspector.web.pages.replay import list_targets
from inspector.web.pages.request_content import build_content, find_part, list_sections
from inspector.web.pages.request_list import (
    list_context,
    load_list_around,
)
from inspector.web.pages.search import find_neighbours, read_search

# A longer layout is not made: then what was sent is copied.
MAX_COPIED_CHARS = 2_000_000

blueprint = Blueprint("requests", __name__)


@blueprint.get("/bins/<name>/requests/<request_id>")
def show_request(name: str, request_id: str) -> Response:
    """One request beside its list; alone for htmx. The address can be shared."""
    bin_ = find_bin(name)
    services = current_services()
    captured = services.requests.get(bin_, request_id)
    found = None if wants_fragment() else load_list_around(bin_, captured)
    older, newer = find_neighbours(bin_, captured, read_search().query)
    tree = _read_body(captured, bin_.receiver)
    view = request.args.get("body", "")
    content = build_content(captured, tree.receiver, view)
    return render_resource(
        "bins/show.html",
        "requests/_request.html",
        **list_context(bin_, found) | {"open_id": captured.id},
        captured=captured,
        content=content,
        tree=tree,
        receivers=TITLES,
        sections=list_sections(captured, content, tree, is_body_asked=bool(view)),
        can_recompose=can_recompose(captured),
        body_file=body_name(captured) if needs_file(captured.body) else "",
        has_plus=has_plus(make_outgoing(captured, "")),
        replay_url=[*list_targets(bin_), services.near_bin_url(bin_.name)][0],
        older_id=older,
        newer_id=newer,
        explain_headers=explain_headers,
        find_header_notes=find_header_notes,
        retried=services.attempts.find_last(captured),
    )


def _read_body(captured: CapturedRequest, usual: str) -> Reading:
    """The body's fields, a form as the receiver ``as`` or else the bin's usual one reads it."""
    args = request.args
    return build_reading(
        captured,
        filter_text=args.get("filter", ""),
        opened=args.get("open", ""),
        order=args.get("order", ""),
        receiver=choose_receiver(args.get("as"), usual),
    )


@blueprint.post("/bins/<name>/requests/<request_id>/receiver")
def remember_receiver(name: str, request_id: str) -> Any:
    """A form: ``receiver``, which the bin's pages show from now on. Back to the request."""
    bins = current_services().bins
    bin_ = find_bin(name)
    bins.remember_receiver(name, choose_receiver(request.form.get("receiver"), bin_.receiver))
    return redirect(f"/bins/{name}/requests/{quote(request_id)}", 303)


@blueprint.get("/bins/<name>/requests/<request_id>/delete")
def ask_delete_request(name: str, request_id: str) -> Response:
    """The confirmation before a request is deleted."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    return _ask_delete(bin_, captured, is_final=not can_undo())


@blueprint.post("/bins/<name>/requests/<request_id>/delete")
def delete_request(name: str, request_id: str) -> Any:
    """Delete a request, and return to the bin, which offers to undo it; see ``delete_found``."""
    bin_, requests = find_bin(name), current_services().requests
    captured = requests.get(bin_, request_id)
    if "sure" in request.form:
        requests.delete(bin_, request_id)
    elif not delete_undoably(bin_, [captured]):
        return _ask_delete(bin_, captured, is_final=True)
    return redirect(f"/bins/{name}", 303)


def _ask_delete(bin_: Bin, captured: CapturedRequest, *, is_final: bool) -> Response:
    here = f"/bins/{bin_.name}/requests/{captured.id}"
    what = f"request {captured.number}"
    return ask_to_delete(what, back=here, action=f"{here}/delete", is_final=is_final)


@blueprint.get("/bins/<name>/requests/<request_id>/text")
def download_text(name: str, request_id: str) -> Response:
    """The whole body as text, for copying; with ``body=laid-out`` in its layout."""
    captured = current_services().requests.get(find_bin(name), request_id)
    text = captured.body_text
    if text is None:
        raise InspectorError("not_found", "The body of this request is no text.")
    if request.args.get("body") == "laid-out":
        laid_out = lay_out_body(captured, MAX_COPIED_CHARS)
        if laid_out is not None and laid_out.pieces and not laid_out.is_cut:
            text = "".join(join(laid_out.pieces))
    response = Response(text.encode("utf-8", "surrogateescape"), mimetype="text/plain")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-{captured.number}.txt"'
    response.headers["Content-Security-Policy"] = DATA_POLICY
    return response


@blueprint.get("/bins/<name>/requests/<request_id>/parts/<int:index>")
def download_part(name: str, request_id: str, index: int) -> Response:
    """One part of a multipart body as a download, never as something a browser would show."""
    captured = current_services().requests.get(find_bin(name), request_id)
    part = find_part(captured, index)
    response = Response(part.data, mimetype="application/octet-stream")
    filename = part.safe_filename or f"{name}-{captured.number}-part-{index}.bin"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Content-Security-Policy"] = "sandbox"
    return response
