"""The pages people look at: bins, one bin, and one of its requests.

Everything here works with links, forms and reloads alone; htmx asks the same
URLs for parts of the same pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from jinja2 import StrictUndefined

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.tree import Reading, build_reading
from inspector.web.hypermedia import (
    init_hypermedia,
    render_resource,
    set_vary,
    wants_fragment,
)
from inspector.web.pages_content import build_content, find_part, list_sections
from inspector.web.pages_door import show_secret
from inspector.web.pages_list import RequestList, load_list, load_list_around, read_position
from inspector.web.pages_sample import send_sample
from inspector.web.pages_search import find_neighbours, list_examples, read_search, suggest
from inspector.web.services import current_services, find_bin, list_open_bins
from inspector.web.text import prepare_text

blueprint = Blueprint("pages", __name__)

MAX_BINS_SHOWN = 200


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    init_hypermedia(cast(Flask, state.app))
    environment = state.app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    prepare_text(environment)


@blueprint.get("/")
def show_bins() -> Response:
    """All bins, the newest first, and the form that makes one."""
    return set_vary(make_response(render_template("bins/index.html", **_list_bins())))


@blueprint.post("/bins")
def create_bin() -> Any:
    """A form: ``name?``, ``private?``. What is wrong with a name is said beside it."""
    services = current_services()
    name = request.form.get("name", "").strip().lower()
    private = "private" in request.form
    try:
        made, secret = services.bins.create(
            name or None, private=private, capacity=services.settings.capacity
        )
    except InspectorError as error:
        page = render_template("bins/index.html", **_list_bins(name, error.message))
        return set_vary(make_response(page, 400))
    if secret is not None:
        return show_secret(made, secret)
    return redirect(f"/bins/{made.name}", 303)


def _list_bins(name: str = "", problem: str | None = None) -> dict[str, Any]:
    """What the first page shows; ``name`` and ``problem`` are those of a form sent in vain."""
    services = current_services()
    bins = list_open_bins()
    shown = [
        {"bin": each, "url": services.bin_url(each.name), "last": _find_newest(each)}
        for each in bins[:MAX_BINS_SHOWN]
    ]
    return {"shown": shown, "hidden": len(bins) - len(shown), "name": name, "problem": problem}


def _find_newest(bin_: Bin) -> CapturedRequest | None:
    if not bin_.request_count:
        return None
    found = current_services().requests.page(bin_, limit=1, whole_bodies=False).requests
    return found[0] if found else None


@blueprint.get("/bins/<name>")
def show_bin(name: str) -> Response:
    """The bin with its list: the newest, those ``before`` one of them, what ``q`` finds.

    As fragments: the list; with ``before`` the rows that follow; with ``after`` the
    rows above, which is how a page without a stream keeps up (204: there are none,
    205: too many, fetch the list anew).
    """
    bin_ = find_bin(name)
    before, after = read_position(bin_, "before"), read_position(bin_, "after")
    found = load_list(bin_, before=before, after=after)
    context = _list_context(bin_, found)
    if wants_fragment() and after is not None:
        return _answer_news(found, context)
    fragment = "requests/_list.html" if before is None else "requests/_more.html"
    return render_resource("bins/show.html", fragment, captured=None, **context)


def _answer_news(found: RequestList, context: dict[str, Any]) -> Response:
    """What came after a request; ``Inspector-Newest`` is the id up to which was looked."""
    if found.older_than_id:
        response = make_response("", 205)
    elif found.requests:
        response = make_response(render_template("requests/_rows.html", **context))
    else:
        response = make_response("", 204)
    response.headers["Inspector-Newest"] = found.newest_id
    return set_vary(response)


@blueprint.get("/bins/<name>/requests/<request_id>")
def show_request(name: str, request_id: str) -> Response:
    """One request beside its list; alone for htmx. The address can be shared."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    found = None if wants_fragment() else load_list_around(bin_, captured)
    older, newer = find_neighbours(bin_, captured, read_search().query)
    content, tree = build_content(captured), _read_body(captured)
    return render_resource(
        "bins/show.html",
        "requests/_request.html",
        **_list_context(bin_, found) | {"open_id": captured.id},
        captured=captured,
        content=content,
        tree=tree,
        sections=list_sections(captured, content, tree),
        older_id=older,
        newer_id=newer,
    )


def _read_body(captured: CapturedRequest) -> Reading:
    args = request.args
    return build_reading(
        captured,
        filter_text=args.get("filter", ""),
        opened=args.get("open", ""),
        order=args.get("order", ""),
    )


def _list_context(bin_: Bin, found: RequestList | None) -> dict[str, Any]:
    """What list and rows need; ``search`` is what keeps a search in the addresses of its rows."""
    return {
        "bin": bin_,
        "bin_url": current_services().bin_url(bin_.name),
        "list": found,
        "timeline": None if found is None else current_services().activities.draw(bin_),
        "requests": [] if found is None else found.requests,
        "reasons": {} if found is None else found.reasons,
        "search": read_search().suffix,
        "open_id": None,
        "list_examples": list_examples,
        "suggest": suggest,
    }


def render_rows(app: Flask, bin_: Bin, requests: Sequence[CapturedRequest]) -> str:
    """The list's markup for these requests, newest first, ready to be put on top.

    Needs no request, since one rendering goes to every open page.
    """
    newest_first = sorted(requests, key=lambda each: each.number, reverse=True)
    template = app.jinja_env.get_template("requests/_rows.html")
    return template.render(bin=bin_, requests=newest_first, reasons={}, search="", open_id=None)


@blueprint.post("/bins/<name>/test")
def send_test(name: str) -> Any:
    """Back to the page, or 204 for htmx: the request itself comes through the stream."""
    bin_ = find_bin(name)
    send_sample(current_services(), bin_)
    if wants_fragment():
        return set_vary(make_response("", 204))
    return redirect(f"/bins/{name}", 303)


@blueprint.get("/bins/<name>/delete")
def ask_delete_bin(name: str) -> Response:
    """Ask first; the answer is posted to the same address, here and below."""
    bin_ = find_bin(name)
    question = f"Delete the bin {bin_.name}?"
    return _ask(bin_, question, _say_loss(bin_), "Delete bin", back=f"/bins/{name}")


@blueprint.post("/bins/<name>/delete")
def delete_bin(name: str) -> Any:
    """Back to the bins."""
    current_services().bins.delete(find_bin(name).name)
    return redirect("/", 303)


@blueprint.get("/bins/<name>/clear")
def ask_clear_bin(name: str) -> Response:
    """What would go, and a button."""
    bin_ = find_bin(name)
    question = f"Empty the bin {bin_.name}?"
    return _ask(bin_, question, _say_loss(bin_), "Empty bin", back=f"/bins/{name}")


@blueprint.post("/bins/<name>/clear")
def clear_bin(name: str) -> Any:
    """Back to the bin; its numbers go on."""
    current_services().requests.clear(find_bin(name))
    return redirect(f"/bins/{name}", 303)


@blueprint.get("/bins/<name>/requests/<request_id>/delete")
def ask_delete_request(name: str, request_id: str) -> Response:
    """What would go, and a button."""
    bin_ = find_bin(name)
    captured = current_services().requests.get(bin_, request_id)
    question = f"Delete request {captured.number}?"
    back = f"/bins/{name}/requests/{captured.id}"
    return _ask(bin_, question, "It cannot be brought back.", "Delete request", back=back)


@blueprint.post("/bins/<name>/requests/<request_id>/delete")
def delete_request(name: str, request_id: str) -> Any:
    """Back to the bin."""
    current_services().requests.delete(find_bin(name), request_id)
    return redirect(f"/bins/{name}", 303)


def _say_loss(bin_: Bin) -> str:
    if bin_.request_count == 1:
        return "The one request in it goes with it and cannot be brought back."
    if bin_.request_count:
        return f"The {bin_.request_count:,} requests in it go and cannot be brought back."
    return "It holds no requests."


def _ask(bin_: Bin, question: str, loss: str, verb: str, *, back: str) -> Response:
    """A question that posts to its own URL: a page, or the inside of a dialog."""
    return render_resource(
        "confirm.html",
        "_confirm.html",
        bin=bin_,
        question=question,
        loss=loss,
        verb=verb,
        action=request.path,
        back=back,
    )


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
