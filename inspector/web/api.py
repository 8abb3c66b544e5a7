"""The JSON API's first calls: bins and their requests."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, jsonify, request

from inspector.errors import InspectorError
from inspector.storage.requests import find_number
from inspector.web.request_json import bin_to_json, request_to_json
from inspector.web.services import current_services, find_bin

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off", "")


@blueprint.get("/bins")
def list_bins() -> Response:
    """All bins, newest first."""
    return jsonify([bin_to_json(each) for each in current_services().bins.list()])


@blueprint.post("/bins")
def create_bin() -> tuple[Response, int]:
    """Form or JSON: ``name?``, ``private?``, ``capacity?``."""
    services = current_services()
    fields = read_fields()
    name = fields.get("name")
    if name is not None and not isinstance(name, str):
        raise InspectorError("invalid_name", "name is a text.", field="name")
    made, secret = services.bins.create(
        name or None,
        private=read_flag(fields, "private"),
        capacity=read_int(fields, "capacity", services.settings.capacity),
    )
    answer = bin_to_json(made)
    if secret is not None:
        answer["secret"] = secret
    return jsonify(answer), 201


@blueprint.get("/bins/<name>")
def get_bin(name: str) -> Response:
    """One bin."""
    return jsonify(bin_to_json(find_bin(name)))


@blueprint.patch("/bins/<name>")
def change_bin(name: str) -> Response:
    """Change how many requests it keeps."""
    bin_ = find_bin(name)
    capacity = read_int(read_fields(), "capacity", bin_.capacity)
    return jsonify(bin_to_json(current_services().bins.update(name, capacity=capacity)))


@blueprint.delete("/bins/<name>")
def delete_bin(name: str) -> tuple[str, int]:
    """Delete it with all it holds."""
    current_services().bins.delete(name)
    return "", 204


@blueprint.get("/bins/<name>/requests")
def list_requests(name: str) -> Response:
    """Newest first; ``Link: rel="next"`` when there is more."""
    bin_ = find_bin(name)
    limit = read_int(request.args, "limit", DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise InspectorError("invalid_limit", f"limit is 1 to {MAX_LIMIT}.", field="limit")
    page = current_services().requests.page(
        bin_,
        limit=limit,
        before=read_position(bin_, "before"),
        after=read_position(bin_, "after"),
        method=request.args.get("method"),
    )
    response = jsonify([request_to_json(each) for each in page.requests])
    if page.has_more:
        args = request.args.to_dict() | {"before": page.requests[-1].id}
        query = "&".join(f"{key}={value}" for key, value in args.items())
        response.headers["Link"] = f'<{request.base_url}?{query}>; rel="next"'
    return response


@blueprint.delete("/bins/<name>/requests")
def clear_bin(name: str) -> tuple[str, int]:
    """Delete its requests; the numbers go on."""
    current_services().requests.clear(find_bin(name))
    return "", 204


@blueprint.get("/bins/<name>/requests/<request_id>")
def get_request(name: str, request_id: str) -> Response:
    """One request, whole."""
    return jsonify(request_to_json(current_services().requests.get(find_bin(name), request_id)))


@blueprint.delete("/bins/<name>/requests/<request_id>")
def delete_request(name: str, request_id: str) -> tuple[str, int]:
    """Delete one request."""
    current_services().requests.delete(find_bin(name), request_id)
    return "", 204


@blueprint.get("/bins/<name>/requests/<request_id>/body")
def get_body(name: str, request_id: str) -> Response:
    """The bytes as received, never shown by a browser as anything but a download."""
    captured = current_services().requests.get(find_bin(name), request_id)
    response = Response(captured.body, mimetype="application/octet-stream")
    filename = f"{name}-{captured.number}.bin"
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def read_fields() -> dict[str, Any]:
    """The call's fields, from a JSON object or a form; none when the body is empty."""
    if not request.is_json:
        return dict(request.form)
    fields = request.get_json(silent=True)
    if not isinstance(fields, dict):
        raise InspectorError("invalid_json", "The body is not a JSON object.")
    return fields


def read_flag(fields: Any, name: str) -> bool:
    """A truth value, from JSON or a form; false when it is not there."""
    value = fields.get(name, False)
    text = str(value).lower()
    if text not in _TRUE + _FALSE:
        raise InspectorError(f"invalid_{name}", f"{name} is true or false.", field=name)
    return text in _TRUE


def read_int(fields: Any, name: str, default: int) -> int:
    """A whole number, from JSON or a form."""
    value = fields.get(name, default)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
        return int(value)
    raise InspectorError(f"invalid_{name}", f"{name} is a whole number.", field=name)


def read_position(bin_: Any, name: str) -> int | None:
    """``before`` or ``after``: the number that the given id stands for, 0 for the beginning."""
    value = request.args.get(name)
    if value is None:
        return None
    number = 0 if value == "0" else find_number(bin_, value)
    if number is None:
        raise InspectorError(f"invalid_{name}", f"{value[:40]!r} is no request's id.", field=name)
    return number
