"""Answers as templates over the request that is answered, in the helpdesk's template language.

``{{ request.json.challenge }}`` in a body or in the value of a header. The language, its
sandbox and its bounds are those of ``inspector.twig``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inspector.answers.presets import MADE
from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.domain.json_bodies import SentNumber, write_json
from inspector.domain.requests import CapturedRequest
from inspector.errors import InspectorError
from inspector.forms.text import visible
from inspector.twig import TemplateError, Work, check_template, render_twig

# The largest body that a template may make; a larger one has to be a fixed body.
MAX_BODY_BYTES: Final = 1_000_000
_LINE_ENDS = str.maketrans({"\r": " ", "\n": " ", "\0": " "})


def make_context(request: CapturedRequest) -> Mapping[str, Any]:
    """The variables of a template: ``request`` with its parts, and the parts of a helpdesk's form.

    ``request.headers`` go by their names as sent and in small letters, ``request.query`` by
    the names as sent (the last value of each).
    """
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name.lower()] = value
    headers |= request.headers
    query = {pair.name: pair.value for pair in request.query.pairs}
    form = None if request.form is None else request.form.value
    return {
        "request": {
            "id": request.id,
            "number": request.number,
            "method": request.method,
            "path": request.path,
            "sub_path": request.sub_path,
            "query": query,
            "headers": headers,
            "body": visible(request.body_text or ""),
            "form": form or {},
            "json": _plain(request.json),
            "received_at": request.received_at.isoformat(),
            "remote_addr": request.remote_addr,
        },
        "ticket": request.ticket or {},
        "custom_data": request.custom_data or "",
    }


def _plain(value: Any) -> Any:
    """JSON as templates take it: numbers as they were sent, by their text."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    return write_json(value) if isinstance(value, SentNumber) else value


def check_templates(answer: Answer) -> None:
    """Check the templates of an answer. Raises ``InspectorError`` for one that cannot be read.

    Raises ``InspectorError`` ``template_error`` whose ``field`` is ``body`` or ``headers``.
    """
    if not answer.is_template:
        return
    sources = [("body", answer.body.decode("utf-8", "replace"))]
    sources += [("headers", value) for _, value in answer.headers]
    for field, source in sources:
        try:
            check_template(source)
        except TemplateError as error:
            raise InspectorError("template_error", str(error), field=field) from error


def make_answer_to(answer: Answer, request: CapturedRequest, max_work: int) -> Answer:
    """The answer itself, or what its template or preset makes of the request.

    Never raises: a template that fails answers 500 with a sentence. ``max_work`` bounds
    all templates of the answer together.
    """
    if answer.preset:
        return MADE[answer.preset](request, answer.secret)
    if not answer.is_template:
        return answer
    context, work = make_context(request), Work(max_work)
    part, headers = "body", []
    try:
        body = render_twig(answer.body.decode("utf-8", "replace"), context, work).encode(
            "utf-8", "replace"
        )
        for name, value in answer.headers:
            part = f"header {name}"
            headers.append((name, render_twig(value, context, work).translate(_LINE_ENDS).strip()))
    except TemplateError as error:
        return _fail(f"The answer's {part} is a template that failed. {error}")
    if len(body) > MAX_BODY_BYTES:
        return _fail(f"The template of this answer made more than {MAX_BODY_BYTES:,} bytes.")
    return answer._replace(body=body, headers=tuple(headers), is_template=False)


def _fail(message: str) -> Answer:
    return DEFAULT._replace(status=500, body=f"{message}\n".encode())
