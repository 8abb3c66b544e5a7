"""Capture through WSGI: any method, any path below a bin, the same record as the lane's.

Under our own server only requests that the lane leaves come here. Linear on purpose: find the
bin's name, read the bounded body, store, answer.
"""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

from flask import Flask, Request, Response, redirect, request
from werkzeug.routing import Rule

from inspector.answers.rules import load_rules
from inspector.answers.templates import make_answer_to
from inspector.capture import Capture, Refusal, capture_from_environ
from inspector.clock import time
from inspector.domain.answers.answer import DEFAULT, Answer, describe_given
from inspector.domain.bins import is_bin_name, say_missing
from inspector.storage.outcomes import NoSuchBin, RecordedAnswer, Stored, Unstored
from inspector.storage.records import read_capture
from inspector.web.current import current_services
from inspector.web.relaying import pass_on

_READ_BYTES = 65_536


def register(app: Flask) -> None:
    """Last, since it takes every method and every path that no page has."""
    for rule in ("/<bin_name>", "/<bin_name>/", "/<bin_name>/<path:rest>"):
        app.url_map.add(Rule(rule, endpoint="capture", methods=None, merge_slashes=False))
    app.view_functions["capture"] = capture


def capture(bin_name: str, rest: str | None = None) -> Any:
    """Store the request, then answer as the bin says."""
    if not is_bin_name(bin_name):
        return _no_such_bin(bin_name)
    services = current_services()
    if request.method == "GET" and rest is None and "inspect" in request.args:
        return _lead_to_page(bin_name)
    body, truncated = _read_body(request, services.settings.max_body_bytes)
    refusal = None
    if truncated:
        reason = f"Request Entity Too Large: exceeds {services.settings.max_body_bytes} bytes."
        refusal = Refusal(413, reason)
    record = capture_from_environ(
        request.environ,
        bin_name=bin_name,
        body=body,
        received_us=time.time_ns() // 1000,
        truncated=truncated,
        refusal=refusal,
    )
    outcome = services.writer.store(record)
    if isinstance(outcome, NoSuchBin):
        return _no_such_bin(bin_name)
    if isinstance(outcome, Unstored):
        text = f"{outcome.error.message}\n"
        return _plain(503, text, {"Retry-After": str(outcome.error.retry_after_s)})
    if refusal is not None:
        return _plain(413, f"{refusal.reason}\n")
    if outcome.is_relayed and (passed_back := _pass_on(outcome, record)) is not None:
        return _answer(passed_back)
    if outcome.answers is None:
        return _answer(DEFAULT)
    answer = load_rules(outcome.answers).choose(outcome.rule, outcome.turn or 1)
    if answer.is_made_per_request:
        made = read_capture(record, outcome.bin_id, outcome.number)
        answer = make_answer_to(answer, made, services.settings.max_template_work)
        given = describe_given(answer, head_only=request.method == "HEAD")
        services.writer.record(RecordedAnswer(outcome.bin_id, outcome.number, given))
    return _answer(answer)


def _pass_on(stored: Stored, record: Capture) -> Answer | None:
    """The program's answer where the sender waits for it: so does this thread."""
    answers: SimpleQueue[Answer] = SimpleQueue()
    waits = pass_on(current_services().relays, stored, record, answers.put)
    return answers.get() if waits else None


def _lead_to_page(bin_name: str) -> Any:
    services = current_services()
    # The page is not below the host of a bin.
    has_host = services.settings.addresses.find_bin(request.host) is not None
    base = services.base_url() if has_host else request.script_root
    return redirect(f"{base}/bins/{bin_name}")


def _read_body(incoming: Request, limit: int) -> tuple[bytes, bool]:
    """At most ``limit`` bytes, and whether there were more."""
    incoming.max_content_length = None
    stream = incoming.stream
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := stream.read(min(left, _READ_BYTES))):
        parts.append(part)
        left -= len(part)
    body = b"".join(parts)
    return body[:limit], len(body) > limit


def _answer(answer: Answer) -> Response:
    if answer.delay_s:
        time.sleep(answer.delay_s)  # our own server parks the socket instead
    headers = list(answer.sendable_headers())
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "text/plain; charset=utf-8"))
    response = Response(answer.content, answer.status, headers)
    response.headers.setdefault("Content-Security-Policy", "sandbox")
    return response


def _plain(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    response = Response(text, status, headers, mimetype="text/plain")
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def _no_such_bin(name: str) -> Response:
    return _plain(404, say_missing(name))
