"""The two shapes an error has.

Under ``/api`` JSON, ``{"error": {"code", "message"}}``; elsewhere a page.
"""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from inspector.domain.bins import is_bin_name
from inspector.errors import InspectorError, StorageUnavailableError, TooManyRequestsError
from inspector.storage.database.engine import DatabaseError, PoolTimeoutError, find_trouble
from inspector.web.current import current_services
from inspector.web.statuses import CODES_OF_STATUS, status_of

log = logging.getLogger("inspector.web")


def register(app: Flask) -> None:
    """Show every error in its shape."""
    app.register_error_handler(InspectorError, _show_ours)
    app.register_error_handler(HTTPException, _show_werkzeugs)
    app.register_error_handler(DatabaseError, _show_database_trouble)
    app.register_error_handler(PoolTimeoutError, _show_no_connection)
    app.register_error_handler(Exception, _show_unexpected)


def _show_ours(error: InspectorError) -> Response:
    response = make_error(status_of(error.code), error.code, error.message, error.details)
    if isinstance(error, (StorageUnavailableError, TooManyRequestsError)):
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _show_werkzeugs(error: HTTPException) -> Any:
    status = error.code or 500
    if error.response is not None or status < 400:
        return error
    code = CODES_OF_STATUS.get(status, "http_error")
    message = _SENTENCES.get(status) or error.description or error.name
    response = make_error(status, code, message)
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _show_database_trouble(error: DatabaseError) -> Response:
    """Locked, full or away is no fault of the program, and passes; anything else is one."""
    current_services().writer.note_fault(error)
    trouble = find_trouble(error)
    if trouble is None:
        return _show_unexpected(error)
    log.error("Serving %s %s failed: %s.", request.method, request.path, trouble)
    return _show_ours(StorageUnavailableError(trouble))


def _show_no_connection(_error: PoolTimeoutError) -> Response:
    """All connections to the database are in use, and none became free in time."""
    return _show_ours(StorageUnavailableError("it is too busy"))


def _show_unexpected(error: Exception) -> Response:
    log.exception("Serving %s %s failed.", request.method, request.path, exc_info=error)
    return make_error(
        500, "internal_error", "Something went wrong here; the server's log says what."
    )


# Replacements for the framework's sentences, which speak of URLs entered by hand.
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
}


def _list_ways_in_bin(name: str, *, is_there: bool) -> list[tuple[str, str]]:
    """The request that an address is below, when that is there, and the bin."""
    id_ = (request.view_args or {}).get("request_id")
    here = f"/bins/{name}/requests/{id_}"
    ways = [(f"/bins/{name}", f"Bin {name}")]
    if id_ and is_there and request.path.startswith(f"{here}/"):
        return [(here, f"Request #{id_.rpartition('-')[2]}"), *ways]
    return ways


def _list_ways_back(missing: str | None, *, is_there: bool) -> list[tuple[str, str]]:
    """Links from a page of an error to where its reader was: each an address and its name."""
    ways: list[tuple[str, str]] = []
    came_from = urlsplit(request.referrer or "")
    here = urlsplit(request.url)
    # Two slashes would begin another host's name.
    is_ours = came_from.netloc == here.netloc and not came_from.path.startswith(("//", "/\\"))
    if is_ours and came_from.path != here.path:
        own_path = came_from.path.removeprefix(request.script_root) or "/"
        ways.append((f"{own_path}?{came_from.query}".rstrip("?"), "Back"))
    name = (request.view_args or {}).get("name")
    if request.path.startswith("/bins/") and name and not missing and is_bin_name(name):
        ways += _list_ways_in_bin(name, is_there=is_there)
    elif request.path.startswith("/emitter"):
        ways += [("/emitter", "Emitter"), ("/emitter/deliveries", "Deliveries")]
    return [*ways, ("/", "All bins")]


def _find_missing_bin(code: str) -> str | None:
    """The name of the bin that this page is of, when it is not there but could be."""
    name: str | None = (request.view_args or {}).get("name")
    return name if code == "bin_not_found" and name and is_bin_name(name) else None


def make_error(
    status: int, code: str, message: str, details: dict[str, object] | None = None
) -> Response:
    """An error as JSON under ``/api``, as a page elsewhere."""
    if request.path.startswith("/api/"):
        response = jsonify({"error": {"code": code, "message": message, **(details or {})}})
    else:
        missing = _find_missing_bin(code)
        page = render_template(
            "error.html",
            status=status,
            message=message,
            missing=missing,
            ways=_list_ways_back(missing, is_there=code != "request_not_found"),
        )
        response = Response(page, mimetype="text/html")
    response.status_code = status
    return response
