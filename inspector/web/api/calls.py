"""The API's calls: each is a view with a declaration, from which it is routed, checked, described.

``Api.call`` is the one way to add a call, so there is none that the description
leaves out. Nothing is known here of bins or requests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from inspector.domain.json_bodies import parse_json
from inspector.errors import InspectorError
from inspector.web.api.schema import Shape, read_json, read_texts
from inspector.web.headers import JSON

PREFIX = "/api/v1"
FORM = "application/x-www-form-urlencoded"
ANYTHING = "*/*"

# Errors of any call: the wrong host, no token, too large, or no database now.
COMMON_ERRORS = (
    "unauthorized",
    "cross_origin",
    "wrong_host",
    "too_many_requests",
    "internal_error",
    "storage_unavailable",
)
NEXT_LINK = ("Link", 'The URL of the next ones (rel="next"), when there are more.')
View = Callable[..., ResponseReturnValue]
AnyView = TypeVar("AnyView", bound=View)


@dataclass(frozen=True, slots=True)
class CallResponse:
    """A call's successful response: ``kind`` is the JSON's type, None for no JSON.

    ``others`` are the media types besides; ``headers`` are names and what they mean.
    """

    kind: Any = None
    status: int = 200
    meaning: str = "Done."
    others: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call as declared. ``rule`` is Flask's, below the prefix; the docstring says the rest.

    ``query`` and ``body`` are dataclasses of fields; ``body_types`` are the media
    types the body may come in; ``raw_body`` are those of a body that the view reads
    itself. ``errors`` are the codes beside the common ones.
    """

    method: str
    rule: str
    view: View
    answers: tuple[CallResponse, ...]
    query: type | None = None
    body: type | None = None
    body_types: tuple[str, ...] = (JSON, FORM)
    raw_body: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The view's, and the ``operationId``."""
        return self.view.__name__

    @property
    def summary(self) -> str:
        return (self.view.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """The docstring's text below its first line, in paragraphs of one line each."""
        rest = (self.view.__doc__ or "").strip().partition("\n")[2]
        return "\n\n".join(" ".join(part.split()) for part in rest.split("\n\n") if part.strip())


class Api:
    """A list of calls that becomes a blueprint."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def call(
        self, method: str, rule: str, *answers: CallResponse, **declared: Any
    ) -> Callable[[AnyView], AnyView]:
        """Declare a view a call; ``declared`` are fields of ``Call``.

        The view gets the rule's variables and, as ``query`` and ``body``, what was
        read and checked.
        """

        def add(view: AnyView) -> AnyView:
            self.calls.append(Call(method, rule, view, answers, **declared))
            return view

        return add

    def make_blueprint(self) -> Blueprint:
        """All calls, and JSON errors for every other path and method below ``/api/``."""
        blueprint = Blueprint("api", __name__)
        rules = Map(strict_slashes=False)
        for call in self.calls:
            path = f"{PREFIX}{call.rule}"
            blueprint.add_url_rule(path, call.name, _checked(call), methods=[call.method])
            rules.add(Rule(path, methods=[call.method], endpoint=call.name))

        def refuse(rest: str = "") -> ResponseReturnValue:
            allowed = rules.bind("").allowed_methods(f"/api/{rest}")
            if allowed:
                raise MethodNotAllowed(
                    valid_methods=[*allowed, "OPTIONS"],
                    description=f"This call is {' or '.join(allowed)}, not {request.method}.",
                )
            raise NotFound(f"The API has no call /api/{rest[:80]}.")

        def add_refusals(state: Any) -> None:
            app: Flask = state.app
            for rule in ("/api/", "/api/<path:rest>"):
                app.url_map.add(Rule(rule, endpoint="api.refuse", methods=None))
            app.view_functions["api.refuse"] = refuse

        blueprint.record(add_refusals)
        return blueprint


def _checked(call: Call) -> View:
    @wraps(call.view)
    def view(**variables: str) -> ResponseReturnValue:
        query: Any = call.query or _Nothing
        variables["query"] = read_texts(query, dict(request.args.lists()))
        if call.query is None:
            del variables["query"]
        if call.body is not None:
            variables["body"] = _read_body(call.body, call.body_types)
        return call.view(**variables)

    return view


@dataclass(frozen=True)
class _Nothing:
    """No parameters."""


def _read_body(shape: type[Shape], body_types: Sequence[str]) -> Shape:
    """The call's fields, from a JSON object or a form; none when the body is empty."""
    if request.mimetype == FORM and FORM in body_types:
        return read_texts(shape, dict(request.form.lists()))
    raw = request.get_data()
    if not raw:
        return read_json(shape, {})
    if not request.is_json:
        wanted = " or ".join(body_types)
        raise InspectorError("unsupported_media_type", f"Send the body as {wanted}.")
    fields = parse_json(raw)
    if not isinstance(fields, dict):
        raise InspectorError("invalid_json", "The body is not a JSON object.")
    return read_json(shape, fields)


def link_next(response: Response, before: str) -> None:
    """Set the ``Link`` header to the next page: this call with another ``before`` (RFC 8288)."""
    args = request.args.to_dict() | {"before": before}
    response.headers["Link"] = f'<{request.base_url}?{urlencode(args)}>; rel="next"'
