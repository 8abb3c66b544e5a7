"""Requests as CSV: a row each, and a column for each field that any of them has.

Source: RFC 4180. A spreadsheet takes a cell that begins with one of a few signs for
a formula and runs it (OWASP, CSV Injection), so such a cell gets an apostrophe; so
does whatever would begin a cell where the file is split at semicolons.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator

from inspector.domain import CapturedRequest
from inspector.forms import to_json_safe
from inspector.reading.content import find_content
from inspector.reading.fields import iterate_values
from inspector.reading.paths import form_name

# Further fields share one column, as JSON: senders can invent any number of names.
MAX_COLUMNS = 2000
FIXED = (
    *("number", "received_at", "method", "path", "query", "remote_addr"),
    *("content_type", "body_size", "body"),
)
OTHERS = "other fields"
# The beginning of a cell, also for programs that split at semicolons or tabs and take our quotes
# for text. Spreadsheets take full-width signs for signs too, and trim invisible characters before
# them. Blanks are no separators, so a run of them is scanned once.
_BLANK = (
    r"[\" \0\x0b\x0c\x1c-\x1f\x85\xa0\xad\u1680"
    r"\u2000-\u200f\u2028-\u202f\u205f-\u2069\u3000\ufeff]"
)
_FORMULA = re.compile(rf"((?:\A|[;\t\r\n]){_BLANK}*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")
_CONTROL = ("\t", "\r", "\n")

Iterate = Callable[[], Iterable[CapturedRequest]]


def render_csv(iterate: Iterate) -> Iterator[str]:
    """The whole table, a row at a time; ``iterate`` gives the requests, and is asked twice.

    The column ``body`` has the text of a body that is neither a form nor JSON.
    """
    columns, complete = _find_columns(iterate())
    header = [*FIXED, *columns, *([] if complete else [OTHERS])]
    yield render_row(header)
    for request in iterate():
        fields = list_fields(request)
        row = [*_fixed_cells(request), *(fields.pop(name, "") for name in columns)]
        if not complete:
            row.append(json.dumps(to_json_safe(fields)) if fields else "")
        yield render_row(row)


def _find_columns(requests: Iterable[CapturedRequest]) -> tuple[list[str], bool]:
    found: dict[str, None] = {}
    complete = True
    for request in requests:
        for name in list_fields(request):
            if name in found:
                continue
            if len(found) >= MAX_COLUMNS:
                complete = False
                break
            found[name] = None
    return list(found), complete


def list_fields(request: CapturedRequest) -> dict[str, str]:
    """Flat names and their values, in wire order; a repeated name's values one a line."""
    fields: dict[str, list[str]] = {}
    if request.form is not None:
        for name, value in request.form.iterate_fields():
            fields.setdefault(name, []).append(value)
    elif (content := find_content(request)[1]) is not None:
        for path, text in iterate_values(content):
            fields.setdefault(form_name(path) or "(value)", []).append(text)
    return {name: "\n".join(values) for name, values in fields.items()}


def _fixed_cells(request: CapturedRequest) -> list[str]:
    is_read = request.form is not None or find_content(request)[1] is not None
    return [
        str(request.number),
        request.received_at.isoformat(timespec="microseconds"),
        request.method,
        request.path,
        request.raw_query.decode("utf-8", "replace"),
        request.remote_addr,
        request.find_header("Content-Type") or "",
        str(request.body_size),
        "" if is_read else request.body_text or "",
    ]


def render_row(cells: Iterable[str]) -> str:
    """One line, every cell quoted where it must be and harmless to a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerow([_harmless(cell) for cell in cells])
    return out.getvalue()


def _harmless(cell: str) -> str:
    text = to_json_safe([cell])[0].replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = _FORMULA.sub(r"\1'", text)
    return f"'{text}" if text.startswith(_CONTROL) else text
