"""CSV as a table, bounded in every direction."""

from __future__ import annotations

import csv
from dataclasses import dataclass

MAX_ROWS = 200
MAX_COLUMNS = 40
MAX_CELL_CHARS = 200
_MAX_CHARS = 500_000
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` are cells as sent, the first row the header; all are of one length.

    ``total`` counts the rows, ``None`` when there are more than were looked at;
    ``more_columns`` those beyond ``MAX_COLUMNS``.
    """

    rows: tuple[tuple[str, ...], ...]
    total: int | None
    more_columns: int = 0


def read_table(text: str, essence: str) -> Table | None:
    """The table of a CSV text (RFC 4180); None where it is none. Never raises.

    The delimiter is a tab for ``text/tab-separated-values``, else the most frequent in
    the first line of comma, semicolon, tab and bar.
    """
    head = text.removeprefix("\ufeff")[:_MAX_CHARS]
    first = head.partition("\n")[0]
    delimiter = "\t" if "tab" in essence else max(_DELIMITERS, key=first.count)
    rows: list[list[str]] = []
    count = 0
    try:
        for row in csv.reader(head.splitlines(keepends=True), delimiter=delimiter):
            if row:
                count += 1
                if len(rows) < MAX_ROWS:
                    rows.append(row)
    except csv.Error:
        return None
    if not rows:
        return None
    width = max(map(len, rows))
    shown = min(width, MAX_COLUMNS)
    cells = tuple(
        tuple(cell[:MAX_CELL_CHARS] for cell in (row + [""] * shown)[:shown]) for row in rows
    )
    is_whole = len(text) <= _MAX_CHARS
    return Table(cells, count if is_whole else None, width - shown)
