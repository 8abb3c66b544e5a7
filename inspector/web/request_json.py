"""A captured request and a bin as the API's JSON (see the README's reference)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from inspector.domain import Bin, CapturedRequest
from inspector.forms import Form, to_json_safe
from inspector.web.services import current_services


def bin_to_json(bin_: Bin) -> dict[str, Any]:
    """RequestBin's fields and ours."""
    url = current_services().bin_url(bin_.name)
    return {
        "name": bin_.name,
        "color": list(bin_.color),
        "private": bin_.private,
        "request_count": bin_.request_count,
        "url": url,
        "inspect_url": f"{url}?inspect",
        "created_at": bin_.created_at.isoformat(),
        "capacity": bin_.capacity,
        "last_number": bin_.last_number,
    }


def request_to_json(request: CapturedRequest) -> dict[str, Any]:
    """All that is known of a request. Key order inside ``form`` is PHP's: never sort it."""
    form = request.form
    event = request.event
    return to_json_safe(
        {
            "id": request.id,
            "number": request.number,
            "method": request.method,
            "path": request.path,
            "query_string": query_to_json(request.query),
            "headers": request.headers,
            "form_data": flat_form(form),
            "body": request.body_text,
            "content_length": request.body_size,
            "content_type": request.find_header("Content-Type"),
            "remote_addr": request.peer,
            "time": request.received_us / 1_000_000,
            "received_at": request.received_at.isoformat(timespec="microseconds"),
            "http_version": request.http_version,
            "request_line": request.request_line,
            "raw_headers": [list(pair) for pair in request.raw_headers],
            "body_base64": b64encode(request.body).decode(),
            "body_size": request.body_size,
            "truncated": request.truncated,
            "chunked": request.chunked,
            "fidelity": request.fidelity,
            "refused": refusal_to_json(request),
            "form": None if form is None else form.value,
            "form_notes": notes_to_json(form),
            "ticket": request.ticket,
            "person_context": request.person_context,
            "custom_data": request.custom_data,
            "event": None
            if event is None
            else {"type": event.type, "method": event.method, "performer": event.performer},
            "json": request.json,
        }
    )


def query_to_json(query: Form) -> dict[str, Any]:
    """Names as sent, not as PHP bends them; repeated ones as lists."""
    found: dict[str, Any] = {}
    for pair in query.pairs:
        if pair.name not in found:
            found[pair.name] = pair.value
        elif isinstance(found[pair.name], list):
            found[pair.name].append(pair.value)
        else:
            found[pair.name] = [found[pair.name], pair.value]
    return found


def flat_form(form: Form | None) -> list[list[str]]:
    """``[[name, value], ...]`` in wire order, dropped pairs too; empty when it is no form."""
    return [] if form is None else [[pair.name, pair.value] for pair in form.pairs]


def notes_to_json(form: Form | None) -> list[dict[str, str]]:
    """What PHP dropped or changed."""
    notes = () if form is None else form.notes
    return [{"code": note.code, "name": note.name, "message": note.message} for note in notes]


def refusal_to_json(request: CapturedRequest) -> dict[str, Any] | None:
    """Why it was answered with an error although it was kept; null when it was not."""
    if request.refusal is None:
        return None
    return {"status": request.refusal.status, "reason": request.refusal.reason}
