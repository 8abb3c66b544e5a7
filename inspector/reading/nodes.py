"""A nested value as a tree of nodes: bounded in number and depth, filtered while it is built.

The walk keeps its own stack, because a body may nest deeper than Python recurses.
What is left out is counted, never silently gone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

from inspector.domain.formats.values import TypedText
from inspector.domain.json_bodies import SentNumber
from inspector.domain.nested_values import MAX_OPENINGS, OPENING_SIGNS, open_text
from inspector.reading.paths import MAX_KEY_CHARS, Path, compile_name, split_names
from inspector.reading.text import MAX_SHOWN_CHARS

# Two thousand rows are a page of 100 KB compressed; a browser lays out 64 nested lists at ease
# and gives up nesting elements at 512.
MAX_NODES = 2000
MAX_CHILDREN = 500
MAX_DEPTH = 64
# The number of fields that a filter looks at before it stops and says so.
MAX_SEARCHED = 100_000
MAX_FILTER_CHARS = 1_000
MAX_WORDS = 100

LIST, MAP, TEXT, NUMBER, BOOLEAN, NULL = "list", "map", "text", "number", "boolean", "null"


@dataclass(slots=True)
class Node:
    """A field, or a container of fields.

    ``text`` is the whole value of a leaf (``""`` for a container). ``size`` is how many
    entries a container has, ``fields`` how many leaves are below it (or 1), ``more`` how
    many of its entries have no node here, because of a limit. ``value`` is a container's own;
    ``inside`` says in which kind of text it was, ``""`` for none.
    """

    key: str
    path: Path
    kind: str
    text: str = ""
    size: int = 0
    fields: int = 1
    more: int = 0
    inside: str = ""
    value: Any = field(default=None, repr=False)
    children: list[Node] = field(default_factory=list)

    @property
    def is_leaf(self) -> bool:
        """True when there is nothing to open: a value, or an empty list or map."""
        return self.size == 0

    @property
    def is_empty(self) -> bool:
        """Sent, with nothing in it."""
        return self.size == 0 and self.text == ""


@dataclass(slots=True)
class Tree:
    """A root with counts.

    ``total`` counts the fields that were looked at, ``matching`` those that remained;
    ``complete`` is False when a limit left some out.
    """

    root: Node
    total: int
    matching: int
    complete: bool


class Word(NamedTuple):
    """A word of a filter, in lower case; ``name`` finds the field that the word is a name of."""

    text: str
    name: re.Pattern[str] | None = None

    def fits(self, path: str, text: str) -> bool:
        """True when a field has it: in its dotted path or its value, both in lower case."""
        if self.text in path or self.text in text:
            return True
        return self.name is not None and self.name.search(path) is not None


def split_words(filter_text: str) -> tuple[Word, ...]:
    """The words of a filter; a field remains when each of them fits it.

    A word may be the field's name in any language that ``detail`` writes it in.
    """
    words = split_names(filter_text[:MAX_FILTER_CHARS])[:MAX_WORDS]
    return tuple(Word(word.lower(), compile_name(word)) for word in words)


def build_tree(value: Any, words: tuple[Word, ...] = ()) -> Tree:
    """The tree of a form's or a JSON body's value.

    Without ``words`` everything within the limits is in it; with them only matching
    fields and their ancestors. At most ``MAX_NODES`` nodes, ``MAX_CHILDREN`` a
    container, ``MAX_DEPTH`` levels. No value is an error.
    """
    return _Builder(words).build(value)


@dataclass(slots=True)
class _Frame:
    """A container being walked: ``seen`` counts the entries taken from it so far."""

    node: Node
    entries: Iterator[tuple[str, Any]]
    prefix: str
    seen: int = 0
    openings: int = 0


class _Builder:
    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words = words
        self.count = 0
        self.total = 0
        self.matching = 0
        self.complete = True

    def build(self, value: Any) -> Tree:
        root = make_node("", (), value)
        if root.is_leaf:
            self._keep_leaf(root, "")
            return Tree(root, self.total, self.matching, True)
        return self.build_below(root, 0)

    def build_below(self, root: Node, depth: int) -> Tree:
        """The nodes of a container's node that has none yet, at so many levels from the top."""
        root.fields = 0
        stack = [_Frame(root, _entries(root.value), "", openings=bool(root.inside))]
        while stack:
            frame = stack[-1]
            entry = self._next_entry(frame)
            if entry is None:
                stack.pop()
                self._close(frame, stack[-1].node if stack else None)
                continue
            key, child_value = entry
            node = make_node(key, (*frame.node.path, key), child_value)
            if node.text[:1] in OPENING_SIGNS and frame.openings < MAX_OPENINGS:
                node = open_node(node, child_value)
            searched = f"{frame.prefix}{key[:MAX_KEY_CHARS].lower()}" if self.words else ""
            if node.is_leaf:
                if self._keep_leaf(node, searched):
                    frame.node.children.append(node)
                    frame.node.fields += 1
                    self.count += 1
            elif depth + len(stack) >= MAX_DEPTH:
                self._cut(node)
                frame.node.children.append(node)
                frame.node.fields += 1
                self.count += 1
            else:
                node.fields = 0
                openings = frame.openings + bool(node.inside)
                stack.append(_Frame(node, _entries(node.value), f"{searched}.", openings=openings))
        return Tree(root, self.total, self.matching, self.complete)

    def _next_entry(self, frame: _Frame) -> tuple[str, Any] | None:
        """The next entry, or None when the container or a limit ends."""
        full = (
            self.count >= MAX_NODES
            or self.total >= MAX_SEARCHED
            or len(frame.node.children) >= MAX_CHILDREN
        )
        entry = None if full else next(frame.entries, None)
        if entry is not None:
            frame.seen += 1
        elif frame.seen < frame.node.size:
            frame.node.more = frame.node.size - frame.seen
            self.complete = False
        return entry

    def _close(self, frame: _Frame, parent: Node | None) -> None:
        node = frame.node
        if parent is None or (self.words and not node.children and not node.more):
            return
        if self.words and not node.children:
            self.complete = False
            return
        parent.children.append(node)
        parent.fields += node.fields
        self.count += 1

    def _cut(self, node: Node) -> None:
        node.more, node.fields = node.size, 1
        self.complete = False

    def _keep_leaf(self, node: Node, searched: str) -> bool:
        self.total += 1
        if self.words:
            shown = node.text[:MAX_SHOWN_CHARS].lower()
            if not all(word.fits(searched, shown) for word in self.words):
                return False
        self.matching += 1
        return True


def build_inside(node: Node, depth: int) -> Tree:
    """The tree in a container of a tree, whose node has no children yet, at its depth (from 0)."""
    return _Builder(()).build_below(node, depth)


def open_node(node: Node, value: Any) -> Node:
    """The node of the value inside a text, or the text's own where there is none."""
    opened = open_text(value) if isinstance(value, str) else None
    if opened is None:
        return node
    inner = make_node(node.key, node.path, opened.value)
    inner.inside = opened.kind
    return inner


def make_node(key: str, path: Path, value: Any) -> Node:
    """A node without children for any value a form or JSON can have."""
    if type(value) is str:  # Nearly every value is.
        return Node(key, path, TEXT, value)
    if isinstance(value, str):
        return Node(key, path, value.kind if isinstance(value, TypedText) else TEXT, value)
    if isinstance(value, dict):
        return Node(key, path, MAP, size=len(value), value=value)
    if isinstance(value, list):
        return Node(key, path, LIST, size=len(value), value=value)
    kind = NULL if value is None else BOOLEAN if isinstance(value, bool) else NUMBER
    return Node(key, path, kind, scalar_text(value))


def scalar_text(value: Any) -> str:
    """A leaf's value as text: strings as they are, everything else as JSON wrote it."""
    if isinstance(value, str):
        return value
    return value.text if isinstance(value, SentNumber) else json.dumps(value)


def _entries(value: dict[str, Any] | list[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        return iter(value.items())
    return ((str(index), item) for index, item in enumerate(value))


def note_on_keys(value: dict[str, Any]) -> str | None:
    """The reason for which a form's map with nothing but numbers for keys is no list.

    Source: PHP manual, ``json_encode``: only keys 0, 1, 2, ... in this order make a list.
    """
    keys = list(islice(value, 1000))
    if not keys or not all(key.isascii() and key.isdigit() and len(key) < 10 for key in keys):
        return None
    listing = ", ".join(keys[:8]) + (", …" if len(value) > 8 else "")
    if sorted(map(int, keys)) == list(range(len(keys))):
        return f"indices arrived {listing}: PHP makes a map of it, not a list"
    return f"keys {listing}, not from 0 on: PHP makes a map of it, not a list"
