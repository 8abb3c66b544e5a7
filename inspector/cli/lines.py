"""The output of commands: aligned, and harmless to a terminal."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import click

from inspector.forms.losses import MAX_LOSSES
from inspector.reading.text import escape_invisible, shorten
from inspector.settings import declines_color

MAX_PATH_CHARS = 48
MAX_SUBJECT_CHARS = 60
_LAYOUT = re.compile(r"([\n\t])")
_METHOD_COLORS = {"GET": "blue", "POST": "green", "PUT": "yellow", "DELETE": "red"}


def use_color() -> bool:
    """Colour is for a terminal whose owner did not decline it (no-color.org)."""
    return sys.stdout.isatty() and not declines_color()


def escape_pieces(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """UTF-8 text, cut anywhere, as a terminal may be given it: lines and tabs stay.

    All other control and invisible characters come as backslash escapes.
    """
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder("utf-8")("replace"), True)
    encoding = sys.stdout.encoding or "utf-8"
    for piece in pieces:
        yield _escape_lines(decoder.decode(piece)).encode(encoding, "backslashreplace")
    yield _escape_lines(decoder.decode(b"", final=True)).encode(encoding, "backslashreplace")


def _escape_lines(text: str) -> str:
    parts = _LAYOUT.split(text)
    parts[::2] = map(escape_invisible, parts[::2])
    return "".join(parts)


def print_table(
    head: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[int] | set[int]
) -> None:
    """Columns side by side, two spaces between; those in ``right`` are aligned right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        cells = [
            text.rjust(width) if column in right else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def format_request(request: dict[str, Any]) -> str:
    """One calm line: time, number, method, status, path, the ticket's id and subject, size."""
    at = datetime.fromisoformat(request["received_at"]).astimezone()
    method = escape_invisible(request["method"][:12])
    parts = [
        f"{at:%H:%M:%S}",
        f"#{request['number']:<5}",
        _color(method, _METHOD_COLORS.get(method, "magenta")) + " " * max(0, 6 - len(method)),
        _describe_answer(request.get("answer")),
        escape_invisible(shorten(request["path"], MAX_PATH_CHARS)).ljust(20),
        _describe_ticket(request),
    ]
    for name, text in request.get("columns", {}).items():
        shown = "-" if text is None else escape_invisible(shorten(text, MAX_SUBJECT_CHARS))
        parts.append(f"{escape_invisible(name)}={shown}")
    attempt = request.get("attempt")
    if attempt and attempt["number"] > 1:
        parts.append(_color(f"try {attempt['number']}", "yellow"))
    results = {check["result"] for check in request.get("signatures") or ()}
    if "invalid" in results:
        parts.append(_color("signature invalid", "red"))
    elif "absent" in results:
        parts.append("not signed")
    parts.append(format_size(request["body_size"]))
    lost = request.get("form_lost")
    if lost:
        more = " or more" if len(lost) >= MAX_LOSSES else ""
        parts.append(_color(f"{len(lost):,}{more} lost", "red"))
    refused = request.get("refused")
    if refused:
        parts.append(_color(f"refused {refused['status']}", "red"))
    if request.get("pinned"):
        parts.append("pinned")
    if request.get("note"):
        parts.append(f"({escape_invisible(shorten(request['note'], MAX_SUBJECT_CHARS))})")
    return "  ".join(part for part in parts if part)


def format_verdicts(request: dict[str, Any]) -> list[str]:
    """A line for what chose the answer, where a rule did, and for each signature."""
    answer = request.get("answer") or {}
    found = []
    if answer.get("rule"):
        name = answer["rule_name"]
        named = f" ({escape_invisible(shorten(name, MAX_SUBJECT_CHARS))})" if name else ""
        turn = f", turn {answer['turn']}" if answer.get("turn") else ""
        found.append(f"Answered by rule {answer['rule']}{named}{turn}.")
    for check in request.get("signatures") or ():
        said = _color(check["result"], "red") if check["result"] == "invalid" else check["result"]
        reason = escape_invisible(check["reason"])
        found.append(f"Signature of {check['scheme']}: {said}. {reason}".rstrip())
    return found


def _describe_answer(answer: dict[str, Any] | None) -> str:
    """The status that the sender got, three characters wide; a dash where nothing went out."""
    if not answer:
        return "   "
    if status := answer["status"]:
        return _color(str(status), "red") if status >= 400 else str(status)
    return "  -" if answer["outcome"] == "dropped" else "   "


def _describe_ticket(request: dict[str, Any]) -> str:
    ticket = request.get("ticket")
    if not isinstance(ticket, dict):
        return ""
    parts = []
    if isinstance(ticket.get("id"), str):
        parts.append(f"ticket {escape_invisible(ticket['id'][:20])}")
    if isinstance(ticket.get("subject"), str):
        parts.append(escape_invisible(shorten(ticket["subject"], MAX_SUBJECT_CHARS)))
    return " ".join(parts)


def format_size(size_bytes: int) -> str:
    """``312 B``, ``12.3 kB``, ``4.0 MB``."""
    if size_bytes < 1000:
        return f"{size_bytes} B"
    for unit, factor in (("kB", 1e3), ("MB", 1e6)):
        if size_bytes < factor * 1000:
            return f"{size_bytes / factor:.1f} {unit}"
    return f"{size_bytes / 1e9:.1f} GB"


def _color(text: str, color: str) -> str:
    return click.style(text, fg=color) if use_color() else text
