"""Rows kept from one form to the next: those whose values have not changed stand again.

A helpdesk sends the same names again and again, with most of their values. A container is known
by its path and the names in it, so fields that come and go concern their own container alone. Of
it only the rows are made anew whose text has changed, or a text that their meaning was told from,
or whose time is another distance away now. ``rows.list_rows`` is the oracle.

Names and values come from outside: the memory for them is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import compress
from operator import ne
from threading import Lock
from typing import Any

from inspector.reading.grouping import EXPECTED_KEYS, Group, arrange_map, arrange_top
from inspector.reading.kept.states import (
    Layout,
    Opened,
    Run,
    Siblings,
    State,
    StateCache,
    opens,
)
from inspector.reading.nodes import (
    LIST,
    MAP,
    MAX_CHILDREN,
    MAX_NODES,
    TEXT,
    Node,
    build_inside,
    make_node,
    open_node,
)
from inspector.reading.rows import (
    ABSENT,
    SMALL_TREE,
    Above,
    Row,
    RowMaker,
    RowOptions,
    preview_container,
)

# Deeper forms, and those with limits to show, go the usual way.
MAX_DEPTH = 16
# What the layout of a ticket's map sees of a text: whether it is empty or a flag, and which.
_FLAGS = {"": 0, "0": 1, "1": 2, "true": 3, "false": 4}
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class KeptReading:
    """The rows of a form, and the number of its fields."""

    rows: list[Row]
    fields: int


class _NotKeptError(Exception):
    """The form has something that is left to the usual way."""


class KeptRows:
    """Rows of forms by their names. Any thread may use it at any time; one at a time does."""

    def __init__(self, cache: StateCache | None = None) -> None:
        self.cache = cache or StateCache()
        self._lock = Lock()

    def list_rows(self, value: dict[str, Any], options: RowOptions) -> KeptReading | None:
        """The rows of a form that PHP reads, as ``rows.list_rows`` gives them for its whole tree.

        None where that has to make them: for a small form, and for one beyond the limits of a
        tree. All in ``value`` is dicts, lists and plain texts; ``options`` are without words and
        marks, and open what fits.
        """
        if _is_small(value):
            return None
        root = Node("", (), MAP, size=len(value), fields=SMALL_TREE + 1, value=value)
        with self._lock:
            try:
                state = _Walk(self.cache, options, root).read(root, "", 0, 0)
            except _NotKeptError:
                return None
        if len(state.rows) > MAX_NODES:
            return None
        rows = [*state.rows]
        if options.grouped:
            rows += [Row(ABSENT, key) for key in EXPECTED_KEYS if key not in value]
        return KeptReading(rows, state.fields)


def _is_small(value: dict[str, Any]) -> bool:
    """True for so few fields that a page has all of them open."""
    fields, containers = 0, list[Any]([value])
    for each in containers:  # The list grows during the loop.
        entries = each.values() if isinstance(each, dict) else each
        inner = [entry for entry in entries if entry and isinstance(entry, (dict, list))]
        fields += len(each) - len(inner)
        if fields > SMALL_TREE:
            return False
        containers += inner
    return True


def _make_inner(node: Node, key: str, value: Any) -> Node:
    """The node of a container in a container."""
    path = (*node.path, key)
    if type(value) is str:
        return open_node(make_node(key, path, value), value)
    return Node(key, path, MAP if type(value) is dict else LIST, size=len(value), value=value)


def _is_said(
    kept: tuple[State | Opened, Row], node: Node, child: State | Opened, preview: str
) -> bool:
    """True when a container's row as it is kept says the same as one made anew."""
    before, row = kept
    return (
        isinstance(child, State)
        and isinstance(before, State)
        and child.places is before.places
        and row.size == node.size
        and row.fields == node.fields
        and row.text == preview
    )


def _cut(state: State, items: list[int | Run], closing: int) -> Layout:
    """Entries and groups in their order as runs, and what ends with the containers among them."""
    runs: list[Run] = []
    containers: list[tuple[int, int, int]] = []
    leaves: list[int] = []
    for index, item in enumerate(items, 1):
        if isinstance(item, int) and state.leaves[item] is not None:
            leaves.append(item)
            if index < len(items):
                continue
        if leaves:
            runs.append(Run(tuple(leaves)))
            leaves = []
        ends = closing if index == len(items) else 0
        if not isinstance(item, int):
            runs.append(item)
            inner = item.places
            containers += [(each, 2 + ends if each == inner[-1] else 1, 2) for each in inner]
        elif state.leaves[item] is None:
            runs.append(Run((item,)))
            containers.append((item, ends + 1, 1))
    return Layout(runs, [each for each in containers if state.leaves[each[0]] is None])


class _Walk:
    """One reading: a container after the other, with those in it."""

    def __init__(self, cache: StateCache, options: RowOptions, root: Node) -> None:
        self.cache = cache
        self.at = options.received_at
        self.grouped = options.grouped
        self.maker = RowMaker(options, root)
        self.count = 0

    def read(self, node: Node, written: str, depth: int, closing: int) -> State:
        """The state of a container; ``closing`` is how many lists end with its last row."""
        value = node.value
        is_map = type(value) is dict
        self.count += len(value)
        if len(value) > MAX_CHILDREN or depth > MAX_DEPTH or self.count > MAX_NODES:
            raise _NotKeptError
        entries = [*value.values()] if is_map else value
        texts = [each if type(each) is str else None if each else type(each) for each in entries]
        names = tuple(value) if is_map else tuple(map(str, range(len(value))))
        key = node.path, names, is_map, self.grouped, closing
        before = self.cache.find(key)
        state = None if before is None else self._renew(before, node, names, texts, closing)
        if state is None:
            state = self._make(node, written, names, texts, closing)
        is_same = state is before
        below: dict[int, tuple[Node, State | Opened]] = {}
        for place, ends, _ in state.layout.containers:
            kept = state.heads.get(place)
            inner = _make_inner(node, names[place], entries[place])
            path = kept[1].path if kept else Above(node.path, written).write(inner)
            child = (self._open if inner.inside else self.read)(inner, path, depth + 1, ends)
            below[place] = inner, child
            is_same = is_same and kept is not None and kept[0] is child
        if is_same:
            return state
        if state is before:
            state = state.renew(texts)
        self._put_heads(state, below, depth, Above(node.path, written))
        self._assemble(state, depth, closing)
        self.cache.keep(key, state)
        return state

    def _open(self, node: Node, path: str, depth: int, closing: int) -> Opened:
        """The value in a text: read anew each time, for it is rare."""
        tree = build_inside(node, depth)
        self.count += tree.total
        if not tree.complete:
            raise _NotKeptError
        rows = self.maker.list_below(node, path, depth)
        rows[-1].closes += closing
        return Opened(rows, tree.total, (self.at, self.at), 1_000 * len(rows))

    def _make(
        self, node: Node, written: str, keys: tuple[str, ...], texts: list[Any], closing: int
    ) -> State:
        """A container that was not met before."""
        is_map = node.kind == MAP
        places = {key: place for place, key in enumerate(keys)} if is_map else {}
        opened = frozenset(
            place for place, text in enumerate(texts) if type(text) is str and opens(text)
        )
        state = State(places, texts, opened, Layout([], []), [None] * len(texts), {})
        above, siblings = Above(node.path, written), Siblings(places, texts, self.at)
        for place, (key, text) in enumerate(zip(keys, texts, strict=True)):
            if text is not None and place not in opened:
                kind = TEXT if type(text) is str else MAP if text is dict else LIST
                path = above.write(Node(key, (*node.path, key), kind))
                state.put_leaf(place, key, kind, path, siblings)
        state.layout = self._lay_out(state, node, closing)
        return state

    def _renew(
        self,
        before: State,
        node: Node,
        keys: tuple[str, ...],
        texts: list[Any],
        closing: int,
    ) -> State | None:
        """The container with these texts; None where one of them is of another kind now."""
        is_timely = before.span[0] <= self.at < before.span[1]
        if is_timely and before.texts == texts:
            return before
        changed = [*compress(range(len(texts)), map(ne, before.texts, texts))]
        dirty = set(changed)
        if not is_timely:
            for place, (since, until) in before.spans.items():
                if not since <= self.at < until:
                    dirty.add(place)
        if not dirty:
            return before
        is_moved = False
        for place in changed:
            old, new = before.texts[place], texts[place]
            if type(old) is not str or type(new) is not str or place in before.opened:
                return None
            if opens(new):
                return None
            is_moved = is_moved or _FLAGS.get(old) != _FLAGS.get(new) or not node.path
            dirty |= before.needs.get(keys[place], _NONE)
        state = before.renew(texts)
        siblings = Siblings(state.places, texts, self.at)
        for place in dirty:
            row = before.leaves[place]
            if row is not None:
                state.put_leaf(place, keys[place], row.kind, row.path, siblings)
        if is_moved and self.grouped:
            state.layout = self._lay_out(state, node, closing)
        return state

    def _lay_out(self, state: State, node: Node, closing: int) -> Layout:
        """The entries in their order, and what ends with the containers among them."""
        items: list[int | Run] = [*range(len(state.texts))]
        if self.grouped and node.kind == MAP:
            nodes = [
                make_node(key, (), value)
                if place not in state.opened
                else open_node(make_node(key, (), value), value)
                for place, (key, value) in enumerate(node.value.items())
            ]
            places = state.places
            arranged = replace(node, children=nodes)
            found = arrange_map(arranged) if node.path else arrange_top(arranged)
            items = [
                places[each.key]
                if isinstance(each, Node)
                else Run(
                    tuple(places[child.key] for child in each.children), each.name, each.preview
                )
                for each in found
            ]
        return _cut(state, items, closing)

    def _put_heads(
        self,
        state: State,
        below: Mapping[int, tuple[Node, State | Opened]],
        depth: int,
        above: Above,
    ) -> None:
        """The rows of the containers in it; those that say the same as before stand again."""
        heads: dict[int, tuple[State | Opened, Row]] = {}
        for place, _, levels in state.layout.containers:
            node, child = below[place]
            kept = state.heads.get(place)
            if kept is None or kept[0] is not child:
                node.fields = child.fields
                preview = preview_container(node)
                if kept is not None and _is_said(kept, node, child, preview):
                    kept = child, kept[1]
                else:
                    row = self.maker.container_row(node, depth + levels, above, preview)
                    kept = child, row
            heads[place] = kept
        state.heads = heads

    def _find_group(self, state: State, placed: Run, depth: int) -> Row:
        fields = len(placed.places)
        for place in placed.places:
            if state.leaves[place] is None:
                fields += state.heads[place][0].fields - 1
        kept = state.groups.get(placed.name)
        if kept is not None and kept.text == placed.preview and kept.fields == fields:
            return kept
        row = self.maker.group_row(Group(placed.name, [], placed.preview), depth + 1)
        row.fields = fields
        return row

    def _assemble(self, state: State, depth: int, closing: int) -> None:
        """List the rows, and sum up."""
        rows: list[Row] = []
        groups: dict[str, Row] = {}
        ends: dict[int, tuple[Row, Row]] = {}
        leaves, heads, runs = state.leaves, state.heads, state.layout.runs
        last = runs[-1]
        for run in runs:
            places, end = run.places, closing if run is last else 0
            if run.name:
                end += 1
                groups[run.name] = self._find_group(state, run, depth)
                rows.append(groups[run.name])
            for place in places:
                row = leaves[place]
                if row is None:
                    child, row = heads[place]
                    rows.append(row)
                    rows += child.rows
                else:
                    rows.append(row)
            place = places[-1]
            row = leaves[place]
            if end and row is not None:
                kept = state.ends.get(place)
                if kept is None or kept[0] is not row or kept[1].closes != end:
                    kept = row, row.end(end)
                ends[place] = kept
                rows[-1] = kept[1]
        state.rows, state.groups, state.ends = rows, groups, ends
        state.sum_up()


KEPT_ROWS = KeptRows()
