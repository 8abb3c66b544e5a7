"""Captured requests as one HTML file, each with its fields, headers and body."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from inspector.capture import split_headers
from inspector.domain import CapturedRequest
from inspector.domain.credentials import hide_in_head
from inspector.exports.html.document import END, begin_document, show, show_bounded, show_table
from inspector.forms import Note
from inspector.reading.facts import Fact
from inspector.reading.json_notes import JsonNote, find_json_notes
from inspector.reading.rows import ABSENT, GROUP, MORE, Row
from inspector.reading.tree import Reading, build_reading

# The largest file: a browser still opens it easily, and it can be mailed.
MAX_REQUESTS = 500
MAX_BODY_CHARS = 50_000
MAX_HEADERS = 500
MAX_VALUE_CHARS = 4_000
MAX_NOTES = 100
_HEX_BYTES = 512


def render_requests(requests: Iterable[CapturedRequest], title: str) -> Iterator[str]:
    """A whole file, a request at a time; at most ``MAX_REQUESTS``, and it says so.

    Values of headers that prove who sends are ``***``. Text but no markup comes from a request.
    """
    yield begin_document(
        title, "Written by Inspector. Passwords, keys and cookies in headers are shown as ***."
    )
    remaining = iter(requests)
    first = next(remaining, None)
    second = next(remaining, None)
    if first is None:
        yield "<p>There are no requests.</p>\n"
    else:
        yield _render_request(first, is_open=second is None)
    if second is not None:
        yield _render_request(second, is_open=False)
    for each in islice(remaining, MAX_REQUESTS - 2):
        yield _render_request(each, is_open=False)
    if next(remaining, None) is not None:
        left_out = f"Only the first {MAX_REQUESTS:,} requests are in this file."
        yield f"<p><strong>{left_out}</strong></p>\n"
    yield END


def _render_request(request: CapturedRequest, *, is_open: bool) -> str:
    reading = build_reading(request)
    summary = show(_say_summary(request))
    state = " open" if is_open else ""
    parts = [
        f'<details class="request"{state}>\n<summary>{summary}</summary>\n',
        f'<p class="muted">{show(_say_facts(request))}</p>\n',
        *_list_warnings(request),
        _render_fields(reading),
        _render_notes(request),
        "<h3>Headers</h3>\n",
        show_table(_list_headers(request)),
        _render_body(request, is_open=reading.source is None),
        "</details>\n",
    ]
    return "".join(parts)


def _say_summary(request: CapturedRequest) -> str:
    """The line that names a request: its number, method, title, ticket and time."""
    told = request.summary
    title = told.subject or told.title
    facts = [
        f"#{request.number} {request.method[:40]} {request.target[:500]}",
        title[:160] if title else "",
        f"ticket {told.ticket_id[:20]}" if told.ticket_id else "",
        f"{request.received_at:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return " · ".join(filter(None, facts))


def _say_facts(request: CapturedRequest) -> str:
    given = request.answer
    facts = [
        f"received {request.received_at:%Y-%m-%d %H:%M:%S.%f} UTC",
        f"answered {given.status}" if given and given.status else "",
        f"{request.body_size:,} bytes of body",
        request.media_type.essence[:80],
        f"from {request.remote_addr[:80]}" if request.remote_addr else "",
        f"signature {', '.join(request.signature_results)}" if request.signature_results else "",
    ]
    return " · ".join(filter(None, facts))


def _list_warnings(request: CapturedRequest) -> Iterator[str]:
    if request.refusal is not None:
        reason = f"Refused with {request.refusal.status}: {request.refusal.reason[:500]}"
        yield f'<p class="bad">{show(reason)}</p>\n'
    if request.truncated:
        yield f'<p class="bad">{request.kept_part}</p>\n'


def _render_fields(reading: Reading) -> str:
    if reading.source is None:
        return ""
    title = f"<h2>{show(reading.subject)}</h2>\n" if reading.subject else ""
    facts = "".join(
        f"<div><dt>{fact.label}</dt><dd>{show(_say_fact(fact))}</dd></div>"
        for fact in reading.facts
    )
    rows = "".join(map(_render_row, reading.rows))
    lists = f"<ul>\n{rows}</ul>\n"
    return (
        f"{title}{f'<dl>{facts}</dl>' if facts else ''}<h3>Fields: {reading.total:,}</h3>\n{lists}"
    )


def _say_fact(fact: Fact) -> str:
    return fact.meaning.text if fact.meaning and fact.meaning.text else fact.text


def _render_row(row: Row) -> str:
    key = show(row.title if row.kind == GROUP else row.key or '""')
    close = "</ul></details></li>\n" * row.closes
    if row.opens:
        name = f"<em>{key}</em>" if row.kind == GROUP else f"<b>{key}</b>"
        opened = " open" if row.open else ""
        note = f'<p class="muted">{show(row.note)}</p>' if row.note else ""
        hint = f'<span class="muted">{row.fields:,} · {show(row.text)}</span>'
        return f"<li><details{opened}><summary>{name} {hint}</summary>{note}<ul>\n{close}"
    if row.kind == MORE:
        return f'<li class="muted">and {row.size:,} more</li>\n{close}'
    if row.kind == ABSENT:
        return f'<li><span class="muted">{key}</span><i class="muted">not sent</i></li>\n{close}'
    value = f"<code>{show(row.text)}</code>" if row.text else '<i class="muted">empty</i>'
    if row.cut:
        value += f' <span class="muted">{row.cut:,} more characters</span>'
    if row.meaning and row.meaning.text:
        value += f' <span class="muted">{show(row.meaning.text)}</span>'
    return f'<li><span class="muted">{key}</span><div>{value}</div></li>\n{close}'


def _render_notes(request: CapturedRequest) -> str:
    notes: list[Note | JsonNote] = [
        *request.list_form_notes(request.form),
        *find_json_notes(request),
    ]
    if not notes:
        return ""
    items = "".join(
        f"<p>{f'<code>{show(note.name[:300])}</code> ' if note.name else ''}"
        f"{show(note.message[:1000])}</p>\n"
        for note in notes[:MAX_NOTES]
    )
    more = f"<p>and {len(notes) - MAX_NOTES:,} more</p>\n" if len(notes) > MAX_NOTES else ""
    return f"<h3>Notes</h3>\n{items}{more}"


def _list_headers(request: CapturedRequest) -> list[tuple[str, str]]:
    pairs = split_headers(hide_in_head(request.raw_head))[:MAX_HEADERS]
    return [
        (show_bounded(_decode(name), 300), show_bounded(_decode(value), MAX_VALUE_CHARS))
        for name, value in pairs
    ]


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _render_body(request: CapturedRequest, *, is_open: bool) -> str:
    if not request.body:
        return ""
    text = request.body_text
    if text is None:
        shown = request.decoded_body[:_HEX_BYTES]
        lines = [shown[at : at + 16].hex(" ") for at in range(0, len(shown), 16)]
        left = len(request.decoded_body) - len(shown)
        content = "\n".join(lines) + (f"\n… {left:,} more bytes" if left else "")
    else:
        content = show_bounded(text, MAX_BODY_CHARS)
    state = " open" if is_open else ""
    return f"<details{state}><summary>Body</summary>\n<pre>\n{content}</pre></details>\n"
