"""Sending a captured request again from its page: as it came with one click, or edited."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from inspector.domain import Bin, CapturedRequest
from inspector.domain.answers.documents import parse_header_lines
from inspector.domain.credentials import hide_in_url
from inspector.emitter import ReplayChanges
from inspector.emitter.replaying import read_headers
from inspector.errors import InspectorError
from inspector.web.current import current_services, find_bin
from inspector.web.htmx import render_resource, wants_fragment
from inspector.web.pages.deliveries import answer_job
from inspector.web.statuses import status_of

blueprint = Blueprint("replay", __name__)

# A larger body is sent as it came; who wants another one says so to the API.
MAX_EDITED_BYTES = 100_000
HEX_LINE_BYTES = 32


@blueprint.before_request
def _allow_large_forms() -> None:
    request.max_form_memory_size = request.max_content_length = MAX_EDITED_BYTES * 10


@blueprint.get("/bins/<name>/requests/<request_id>/replay")
def show(name: str, request_id: str) -> Response:
    """The editor, which begins with what came."""
    captured = _load(name, request_id)
    targets = list_targets(find_bin(name))
    given = {"url": targets[0] if targets else "", **_write(captured)}
    return _show_editor(captured, given)


@blueprint.post("/bins/<name>/requests/<request_id>/replay")
def send(name: str, request_id: str) -> Any:
    """Send it: what is in the form in the place of what came, all else byte for byte."""
    captured = _load(name, request_id)
    form = request.form
    try:
        changes = _read(captured)
        bin_, url = find_bin(name), form.get("url", "")
        resign = "resign" in form
        job = current_services().replay(bin_, captured, url, changes, resign=resign)
    except InspectorError as problem:
        given = _write(captured) | {field: form[field] for field in form}
        response = _show_editor(captured, given, problem)
        if not wants_fragment():  # htmx swaps nothing for an error's status.
            response.status_code = status_of(problem.code)
        return response
    return answer_job(job)


def list_targets(bin_: Bin) -> list[str]:
    """The URLs that requests of this bin were sent to, as they are shown, the last one first."""
    return [hide_in_url(url) for url in bin_.replay_urls]


def _load(name: str, request_id: str) -> CapturedRequest:
    return current_services().requests.get(find_bin(name), request_id)


def _show_editor(
    captured: CapturedRequest, given: dict[str, str], problem: InspectorError | None = None
) -> Response:
    bin_ = find_bin(captured.bin_name)
    return render_resource(
        "requests/replay.html",
        "requests/_replay.html",
        captured=captured,
        can_sign=bin_.has_signatures,
        given=given,
        targets=list_targets(bin_),
        problem=problem.message if problem else "",
        is_hex=_is_hex(captured),
        is_editable=_is_editable(captured),
    )


def _write(captured: CapturedRequest) -> dict[str, str]:
    """The request as the form's texts."""
    headers = "\n".join(f"{name}: {value}" for name, value in captured.raw_headers)
    written = {"method": captured.method, "headers": headers}
    if _is_editable(captured):
        written["body"] = _write_body(captured)
    return written


def _is_editable(captured: CapturedRequest) -> bool:
    return len(captured.body) <= MAX_EDITED_BYTES


def _is_hex(captured: CapturedRequest) -> bool:
    try:
        return "\0" in captured.body.decode("utf-8")
    except UnicodeDecodeError:
        return True


def _write_body(captured: CapturedRequest) -> str:
    if not _is_hex(captured):
        return captured.body.decode("utf-8")
    starts = range(0, len(captured.body), HEX_LINE_BYTES)
    return "\n".join(captured.body[at : at + HEX_LINE_BYTES].hex(" ") for at in starts)


def _read(captured: CapturedRequest) -> ReplayChanges:
    """The fields changed in the form; unchanged ones are sent exactly as they came."""
    written = _write(captured)
    changed = {
        field: request.form[field]
        for field, text in written.items()
        if field in request.form and _plain(request.form[field]) != _plain(text)
    }
    headers, body = changed.get("headers"), changed.get("body")
    return ReplayChanges(
        changed.get("method"),
        None if headers is None else _read_lines(captured, headers),
        None if body is None else _read_body(captured, body),
    )


def _read_lines(captured: CapturedRequest, text: str) -> tuple[tuple[str, str], ...]:
    """The headers of the form; a line that is there as it was written is the very bytes."""
    came = dict(zip(captured.raw_headers, read_headers(captured.raw_head), strict=True))
    return tuple(came.get(pair, pair) for pair in parse_header_lines(text))


def _plain(text: str) -> str:
    """Browsers write every line end as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _read_body(captured: CapturedRequest, text: str) -> bytes:
    text = _plain(text)
    if not _is_hex(captured):
        ends_by_crlf = b"\r\n" in captured.body
        return (text.replace("\n", "\r\n") if ends_by_crlf else text).encode()
    try:
        return bytes.fromhex("".join(text.split()))
    except ValueError:
        message = "The body is bytes in hex here: two digits for each."
        raise InspectorError("invalid_body", message, field="body") from None
