"""The tree as a page wants it: one row after the other, each saying what it closes.

A template that loops over rows needs no recursion and no include a row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from inspector.domain.nested_values import JWT
from inspector.reading.grouping import (
    EXPECTED_KEYS,
    Group,
    arrange_map,
    arrange_top,
    preview_value,
)
from inspector.reading.meaning import Context, Meaning, find_meaning
from inspector.reading.nodes import MAP, Node, Word, note_on_keys, scalar_text
from inspector.reading.paths import MAX_KEY_CHARS, Path, format_path, is_plain_key, quote_path
from inspector.reading.text import MAX_SHOWN_CHARS, is_plain, shorten

GROUP, MORE, ABSENT = "group", "more", "absent"

# The initial state of the tree: open as fits its content, everything, nothing, the first level.
FITTING, ALL, NONE, LEVEL = "", "all", "none", "level"
_OPEN_AT_FIRST = frozenset({"ticket", "event", "custom_data"})
SMALL_TREE = 40
# A longer value is folded to a few lines.
_LONG_CHARS, _LONG_LINES = 320, 4

# Headings over grouped fields; none of them can be mistaken for a field's name.
_GROUP_TITLES = {
    "event": "Event",
    "times": "Dates and times",
    "flags": "Yes or no",
    "pictures": "Pictures",
    "empty": "Empty fields",
}

Parts = tuple[tuple[str, bool], ...]


@dataclass(slots=True)
class Row:
    """One line of the tree.

    ``kind`` is a node's kind, or ``group``, ``more``, ``absent``. ``path`` is the field's
    path written out, ``""`` where there is no field. ``cut`` counts the characters of the
    value beyond those shown; ``plain`` says that those are printable ASCII. A row with
    ``opens`` starts a list of rows; ``closes`` is how many such lists end after this one.
    With a filter, ``key_parts`` and ``text_parts`` are key and value cut at the hits, each
    part with whether it is one. ``mark`` says how the field differs from PHP's reading.

    A row may stand in several readings (``kept``), so none is changed once it is listed.
    ``shown`` is for whoever shows it, to keep its markup.
    """

    kind: str
    key: str
    path: str = ""
    text: str = ""
    cut: int = 0
    meaning: Meaning | None = None
    note: str | None = None
    plain: bool = True
    opens: bool = False
    open: bool = False
    size: int = 0
    fields: int = 0
    closes: int = 0
    key_parts: Parts | None = None
    text_parts: Parts | None = None
    mark: str = ""
    shown: str = field(default="", compare=False, repr=False)

    @property
    def link(self) -> str:
        """The path as it stands in a URL's query; ``""`` when it is too long for one."""
        return quote_path(self.path)

    @property
    def is_long(self) -> bool:
        """True when the value takes more lines than a row should."""
        return len(self.text) > _LONG_CHARS or self.text.count("\n") >= _LONG_LINES

    def end(self, closes: int) -> Row:
        """The row of the same value, with so many lists ending after it."""
        row = Row(self.kind, self.key, self.path, self.text, self.cut, self.meaning)
        row.note, row.plain, row.closes = self.note, self.plain, closes
        return row

    @property
    def title(self) -> str:
        """The heading of a ``group``, which is no field."""
        return _GROUP_TITLES.get(self.key, self.key)


@dataclass(frozen=True, slots=True)
class RowOptions:
    """Options for rows: ``grouped`` for a ticket, ``php`` where a map may have been a list.

    ``marks`` has the differences from PHP's reading, by path.
    """

    received_at: datetime
    words: tuple[Word, ...] = ()
    grouped: bool = False
    php: bool = False
    opened: str = FITTING
    marks: Mapping[Path, str] = field(default_factory=dict)


_Item = Node | Group | Row


class Above(NamedTuple):
    """A container's path, as it is and written out."""

    path: Path
    text: str

    def write(self, node: Node) -> str:
        """The path of a node in the container, written out."""
        key = node.key
        if node.path == (*self.path, key) and is_plain_key(key):
            return f"{self.text}.{key}" if self.path else key
        return format_path(node.path)


def list_rows(root: Node, options: RowOptions) -> list[Row]:
    """The rows of a tree whose root is a container. Iterative; linear in the nodes."""
    return RowMaker(options, root).list_rows()


class RowMaker:
    """The rows of one tree, with whose options and root each is made."""

    def __init__(self, options: RowOptions, root: Node) -> None:
        self.options = options
        self.root = root
        self.small = root.fields <= SMALL_TREE
        self.hit = _compile_hits(options.words)

    def list_rows(self) -> list[Row]:
        """All rows of the tree."""
        return self.list_below(self.root, "", 0)

    def list_below(self, node: Node, path: str, depth: int) -> list[Row]:
        """The rows in a container with this path, which stands so deep; the root at 0."""
        rows: list[Row] = []
        stack = [self._enter(node, path)]
        while stack:
            items, texts, above = stack[-1]
            item = next(items, None)
            if item is None:
                stack.pop()
                if stack:
                    rows[-1].closes += 1
                continue
            if isinstance(item, Node) and item.is_leaf:  # Nearly every one is.
                rows.append(self.leaf_row(item, texts, above))
            elif isinstance(item, Row):
                rows.append(item)
            elif isinstance(item, Group):
                rows.append(self.group_row(item, depth + len(stack)))
                stack.append((iter(item.children), texts, above))
            else:
                preview = preview_container(item)
                row = self.container_row(item, depth + len(stack), above, preview)
                rows.append(row)
                stack.append(self._enter(item, row.path))
        return rows

    def _enter(self, node: Node, path: str) -> tuple[Iterator[_Item], dict[str, str], Above]:
        """The items below a container, its plain values by key for their meanings, its path."""
        items: list[_Item] = list(node.children)
        if self.options.grouped and node.kind == MAP:
            items = list(arrange_top(node) if node is self.root else arrange_map(node))
            if node is self.root and not self.options.words:
                items += [Row(ABSENT, key) for key in EXPECTED_KEYS if key not in node.value]
        if node.more:
            items.append(Row(MORE, "", size=node.more))
        return iter(items), plain_texts(node.value), Above(node.path, path)

    def leaf_row(self, node: Node, texts: Mapping[str, str], above: Above) -> Row:
        """The row of a value; ``texts`` are those beside it, ``above`` is where it stands."""
        text = node.text[:MAX_SHOWN_CHARS]
        row = Row(
            node.kind,
            node.key[:MAX_KEY_CHARS],
            above.write(node),
            text,
            max(0, len(node.text) - MAX_SHOWN_CHARS),
            find_meaning(Context(node.key, node.text, texts, self.options.received_at)),
            None,
            is_plain(text),
        )
        if self.options.marks:
            row.mark = self.options.marks.get(node.path, "")
        if self.hit is not None:
            row.key_parts = split_hits(row.key, self.hit)
            row.text_parts = split_hits(text, self.hit)
        return row

    def container_row(self, node: Node, depth: int, above: Above, preview: str) -> Row:
        """The row that starts a container's list; ``preview`` says what is in it."""
        row = Row(
            node.kind,
            node.key[:MAX_KEY_CHARS],
            above.write(node),
            preview,
            note=self._note(node),
            opens=True,
            open=self._is_open(node.key, depth),
            size=node.size,
            fields=node.fields,
            mark=self.options.marks.get(node.path, ""),
        )
        if self.hit is not None:
            row.key_parts = split_hits(row.key, self.hit)
        return row

    def _note(self, node: Node) -> str | None:
        if node.inside == JWT:
            return note_on_jwt(node.value, self.options.received_at)
        if node.inside:
            return node.inside
        return note_on_keys(node.value) if self.options.php and node.kind == MAP else None

    def group_row(self, group: Group, depth: int) -> Row:
        """The row that starts a group's list."""
        return Row(
            GROUP,
            group.name,
            text=group.preview,
            opens=True,
            open=self._is_open(group.name, depth),
            fields=group.fields,
        )

    def _is_open(self, key: str, depth: int) -> bool:
        match self.options.opened:
            case "all":
                return True
            case "none":
                return False
            case "level":
                return depth == 1
        if self.options.words or self.small:
            return True
        return depth == 1 and (key in _OPEN_AT_FIRST or not self.options.grouped)


def preview_container(node: Node) -> str:
    """The preview in the row of a container."""
    return shorten(preview_value(node.value), 90)


def note_on_jwt(value: dict[str, Any], received_at: datetime) -> str:
    """The kind of a token and its expiry, judged at ``received_at``; its signature is not read."""
    expiry = value["claims"].get("exp")
    if not isinstance(expiry, int | float) or isinstance(expiry, bool):
        return "JWT, signature not checked"
    left = expiry - received_at.timestamp()
    state = "expired when it came" if left <= 0 else "not expired when it came"
    return f"JWT, signature not checked; {state}"


def _compile_hits(words: tuple[Word, ...]) -> re.Pattern[str] | None:
    """Any of the words, the longest first, so that it is marked whole."""
    longest_first = sorted((word.text for word in words), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE) if words else None


def split_hits(text: str, hit: re.Pattern[str]) -> Parts | None:
    """The text cut at a filter's hits, or None when it has none."""
    parts: list[tuple[str, bool]] = []
    end = 0
    for match in hit.finditer(text):
        if match.start() > end:
            parts.append((text[end : match.start()], False))
        parts.append((match[0], True))
        end = match.end()
    if not parts:
        return None
    if end < len(text):
        parts.append((text[end:], False))
    return tuple(parts)


def plain_texts(value: Any) -> dict[str, str]:
    """A map's values that are no containers, as texts by key; empty for anything else."""
    if not isinstance(value, dict) or len(value) > 1000:
        return {}
    return {
        key: item if type(item) is str else scalar_text(item)
        for key, item in value.items()
        if not isinstance(item, (dict, list))
    }
