"""The start page with all bins, and the page of one bin.

Everything here works with links, forms and reloads alone; htmx asks the same
URLs for parts of the same pages.
"""

from __future__ import annotations

from typing import Any, Never, cast

from flask import Blueprint, Flask, Response, make_response, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from jinja2 import StrictUndefined
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as WerkzeugResponse

from inspector.domain import Bin, CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.query import Query
from inspector.settings import format_duration, parse_duration
from inspector.storage.records import check_capacity, check_ttl, find_position_in_bins, make_id
from inspector.web.access.login import show_secret
from inspector.web.current import current_services, find_bin, find_position, list_open_bins
from inspector.web.htmx import (
    init_hypermedia,
    render_resource,
    set_vary,
    wants_fragment,
)
from inspector.web.pages.confirm import ask, say_loss
from inspector.web.pages.rendering.pairs import render_pairs
from inspector.web.pages.rendering.request_rows import render_request_rows
from inspector.web.pages.rendering.tree_rows import render_tree_rows
from inspector.web.pages.request_list import (
    ROWS,
    answer_news,
    jump,
    list_context,
    load_list,
)
from inspector.web.pages.search import (
    Search,
    explain,
    is_typed,
    read_search,
    suggest_in_bins,
    suggest_terms,
)
from inspector.web.pages.text import prepare_text

blueprint = Blueprint("pages", __name__)

MAX_BINS_SHOWN = 200


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    init_hypermedia(cast(Flask, state.app))
    environment = state.app.jinja_env
    environment.undefined = StrictUndefined
    environment.trim_blocks = environment.lstrip_blocks = True
    prepare_text(environment)
    environment.globals.update(
        render_tree_rows=render_tree_rows,
        render_pairs=render_pairs,
        render_request_rows=render_request_rows,
    )


@blueprint.get("/")
def show_bins() -> Response:
    """All bins, the newest first, and the form that makes one; with ``q`` what it finds in all."""
    search = read_search()
    if search.query is not None:
        return _show_found(search, search.query)
    bins = [each for each in list_open_bins() if each.request_count] if search.problem else []
    meant = suggest_in_bins(bins, search.text)
    page = render_template("bins/index.html", **_list_bins(), search=search, meant=meant)
    return set_vary(make_response(page, 400 if search.problem else 200))


@blueprint.get("/bins", strict_slashes=False)
def lead_to_bins() -> WerkzeugResponse:
    """The address above all bins is the start page's."""
    return redirect("/")


@blueprint.get("/bins/<name>/<path:_rest>")
def show_nothing(name: str, _rest: str) -> Never:
    """Any other address below a bin's page: no bin can be meant, so a page says that it is none.

    A private bin asks for its secret first, and so does not say which addresses it has.
    """
    find_bin(name)
    raise NotFound


def _show_found(search: Search, query: Query) -> Response:
    services = current_services()
    bins = {each.id: each for each in list_open_bins()}
    before = find_position_in_bins(request.args.get("before", ""))
    found, go_on = services.search.find_in_bins(bins.values(), query, limit=ROWS, before=before)
    is_nothing = not found and go_on is None
    page = render_template(
        "bins/found.html",
        search=search,
        meant=suggest_in_bins(list(bins.values()), search.text) if is_nothing else [],
        bins=bins,
        requests=found,
        reasons=explain(found, query),
        older=None if go_on is None else f"/{search.suffix}&before={make_id(*go_on)}",
    )
    return set_vary(make_response(page))


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
        page = render_template(
            "bins/index.html", **_list_bins(name, error.message), search=Search(""), meant=[]
        )
        return set_vary(make_response(page, 400))
    if secret is not None:
        return show_secret(made, secret)
    return redirect(f"/bins/{made.name}", 303)


def _list_bins(name: str = "", problem: str | None = None) -> dict[str, Any]:
    """The content of the start page; ``name`` and ``problem`` are those of a refused form."""
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

    ``at`` leads to a number, a time or the ``oldest``.

    As fragments: the list; with ``before`` the rows that follow; with ``after`` the
    rows above, which is how a page without a stream keeps up (204: there are none,
    205: too many, fetch the list anew).
    """
    bin_ = find_bin(name)
    if place := request.args.get("at", "").strip():
        return cast(Response, jump(bin_, place))
    before, after = (find_position(bin_, request.args.get(name)) for name in ("before", "after"))
    found = load_list(bin_, before=before, after=after)
    if found.search.problem and is_typed():
        return make_response("", 204)
    context = list_context(bin_, found)
    if wants_fragment() and after is not None:
        return answer_news(found, context)
    fragment = "requests/_list.html" if before is None else "requests/_more.html"
    return render_resource("bins/show.html", fragment, captured=None, **context)


@blueprint.get("/bins/<name>/suggestions")
def suggest_searches(name: str) -> Response:
    """The options below the search, for ``q`` as it is typed."""
    found = suggest_terms(find_bin(name), request.args.get("q", ""))
    return make_response(render_template("requests/_suggestions.html", found=found))


@blueprint.get("/bins/<name>/delete")
def ask_delete_bin(name: str) -> Response:
    """The confirmation before a bin is deleted; it posts to the same address."""
    bin_ = find_bin(name)
    question = f"Delete the bin {bin_.name}?"
    return ask(question, say_loss(bin_), "Delete bin", back=f"/bins/{name}")


@blueprint.post("/bins/<name>/delete")
def delete_bin(name: str) -> Any:
    """Delete a bin, and return to the start page."""
    current_services().bins.delete(find_bin(name).name)
    return redirect("/", 303)


@blueprint.get("/bins/<name>/clear")
def ask_clear_bin(name: str) -> Response:
    """The confirmation before a bin is cleared."""
    bin_ = find_bin(name)
    question = f"Delete all requests of {bin_.name}?"
    return ask(question, say_loss(bin_), "Delete all requests", back=f"/bins/{name}")


@blueprint.post("/bins/<name>/clear")
def clear_bin(name: str) -> Any:
    """Delete all requests of a bin, and return to it; numbering continues."""
    bin_, services = find_bin(name), current_services()
    services.deletions.close(bin_.id)
    services.requests.clear(bin_)
    return redirect(f"/bins/{name}", 303)


@blueprint.get("/bins/<name>/keeping")
def show_keeping(name: str) -> Response:
    """The form for the number of requests that the bin keeps, and for how long."""
    bin_ = find_bin(name)
    ttl = "" if bin_.ttl_s is None else format_duration(bin_.ttl_s)
    return _render_keeping(bin_, {"capacity": str(bin_.capacity), "ttl": ttl})


@blueprint.post("/bins/<name>/keeping")
def save_keeping(name: str) -> Any:
    """A form with ``capacity`` and ``ttl``; both are saved, or neither with the reason."""
    bin_, bins = find_bin(name), current_services().bins
    given = {field: request.form.get(field, "").strip() for field in ("capacity", "ttl")}
    try:
        if not (given["capacity"].isascii() and given["capacity"].isdecimal()):
            check_capacity(0)
        capacity = check_capacity(int(given["capacity"][:12]))
        ttl_s = check_ttl(parse_duration(given["ttl"]) if given["ttl"] else None)
    except InspectorError as problem:
        wrong = "capacity" if problem.code == "invalid_capacity" else "ttl"
        response = _render_keeping(bin_, given, wrong, problem.message)
        response.status_code = 400
        return response
    bins.keep_for(bin_.name, ttl_s)
    bins.update(bin_.name, capacity=capacity)
    return redirect(f"/bins/{name}", 303)


def _render_keeping(
    bin_: Bin, given: dict[str, str], wrong: str = "", problem: str = ""
) -> Response:
    server_ttl_s = current_services().settings.ttl_s
    return render_resource(
        "bins/keeping.html",
        "bins/_keeping.html",
        bin=bin_,
        given=given,
        server_ttl=None if server_ttl_s is None else format_duration(server_ttl_s),
        wrong=wrong,
        problem=problem,
    )
