"""Layouts of requests: the fields that those of one sender have in common, read once.

A webhook sends the same names again and again, and most of its values again as well. Names
alone decide which fields a request has, so of one with known names only those values are
looked at that differ from the last one's. What a layout says is what a walk over the fields
says (``fields.iterate_fields``): it is kept only where the two agreed on a whole request, and
values that have others inside are left to the walk.

Names come from outside: the memory for them is bounded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from operator import ne
from typing import NamedTuple

from inspector.domain import CapturedRequest
from inspector.domain.nested_values import OPENING_SIGNS, open_text
from inspector.forms.php.shapes import Shape, ShapedForm
from inspector.reading.fields import find_text
from inspector.reading.indexing.row_plans import (
    FieldKey,
    RowPlan,
    Signature,
    find_shaped,
    make_plan,
    sign,
)
from inspector.reading.overview.catalogue_likeness import Likeness, cut, is_plain
from inspector.reading.overview.series import SUBJECT

MAX_LAYOUTS = 32
# The number of layouts that are remembered, by their hash, as met once.
MAX_MET = 4096
# The number of layouts whose last request is at hand as bytes, and the bytes of one of them.
MAX_LIKE = 8
MAX_LIKE_BYTES = 65_536


class Layout:
    """The fields of requests with the same names, and counts of the ``count`` that came.

    ``keys`` are the fields, in the order of the walk, and ``hashes`` stand for the texts of
    each in the request that came last: ``last_number``, ``last_at``.
    """

    def __init__(self, shape: Shape, keys: Iterable[FieldKey], row: _Row) -> None:
        self.shape = shape  # Kept, so that no other has its identity.
        self.keys = tuple(keys)
        self.count = 0
        self.last_number = 0
        self.last_at: datetime | None = None
        self._row = row.texts
        self._body = row.in_body
        columns = {key: column for column, key in enumerate(self.keys)}
        self._of = [columns[key] for key in row.keys]
        places: list[list[int]] = [[] for _ in self.keys]
        for position, column in enumerate(self._of):
            places[column].append(position)
        self._places = places
        self._repeated = frozenset(column for column, each in enumerate(places) if len(each) > 1)
        texts = [[row.texts[each] for each in found] for found in places]
        self.hashes = tuple(hash(tuple(each)) for each in texts)
        # Of each field: the requests with an empty one before the last change, all when added
        # to ``count`` as long as it is empty.
        self._empty = [(0, not any(each)) for each in texts]
        self._settled = [False] * len(self.keys)

    def count_empty(self, column: int) -> int:
        """The number of requests that sent the field empty."""
        base, is_empty = self._empty[column]
        return base + self.count if is_empty else base

    def take(
        self, row: Sequence[str], number: int, received_at: datetime
    ) -> list[tuple[int, list[str]]] | None:
        """Count a request by its texts, and tell the fields that differ from the last one's.

        Each as its column and its texts, without those that were ``settle``d. None, and nothing
        is counted, where a text that differs has values inside.
        """
        differing = [*compress(range(len(self._of)), map(ne, self._row, row))]
        body, of, places, settled = self._body, self._of, self._places, self._settled
        repeated = self._repeated
        may_open = [
            row[position]
            for position in differing
            if row[position][:1] in OPENING_SIGNS and position < body
        ]
        if any(open_text(text) is not None for text in may_open):
            return None
        changed, last = [], self._row
        hashes = [*self.hashes]
        several = []
        for position in differing:
            column = of[position]
            if column in repeated:
                several.append(column)
                continue
            text = row[position]
            hashes[column] = hash((text,))
            if not settled[column]:
                changed.append((column, [text]))
            if not text or not last[position]:
                self._turn(column, is_empty=not text)
        for column in dict.fromkeys(several):
            texts = [row[position] for position in places[column]]
            hashes[column] = hash(tuple(texts))
            if not settled[column]:
                changed.append((column, texts))
            self._turn(column, is_empty=not any(texts))
        self.hashes = tuple(hashes)
        self._row = row
        self.count += 1
        self.last_number, self.last_at = number, received_at
        return changed

    def settle(self, column: int) -> None:
        """Report no more changes of a field, of which all is counted that can be."""
        self._settled[column] = True

    def _turn(self, column: int, *, is_empty: bool) -> None:
        base, was_empty = self._empty[column]
        if is_empty != was_empty:
            self._empty[column] = (base + (-self.count if is_empty else self.count), is_empty)


class _Row(NamedTuple):
    """All texts of a request with their fields; the first ``in_body`` are the body's."""

    keys: Sequence[FieldKey]
    texts: Sequence[str]
    in_body: int


@dataclass(frozen=True, slots=True)
class _Plan:
    """The layout of requests with the same names, and where its texts are.

    ``subject`` and ``event`` are positions in a row, None without one. Where the ticket is no
    map, or its id has values inside, the subject is not plain.
    """

    layout: Layout
    rows: RowPlan
    is_subject_plain: bool
    subject: int | None
    event: int | None

    def sight(self, texts: Sequence[str]) -> Sighting:
        """A request with these texts, whose subject is plain."""
        subject = "" if self.subject is None else texts[self.subject]
        event = "" if self.event is None else texts[self.event]
        return Sighting(self.layout, texts, subject, event)

    def find_places(
        self, value_count: int, header_count: int
    ) -> tuple[list[int | None], list[int | None]]:
        """The places of a form's values among the texts, and of headers; None for what is not."""
        values: list[int | None] = [None] * value_count
        for place, value in enumerate(self.rows.order):
            values[value] = place
        headers: list[int | None] = [None] * header_count
        begin = self.rows.in_body + len(self.rows.query)
        for place, header in enumerate(self.rows.headers, start=begin):
            headers[header] = place
        return values, headers


class Sighting(NamedTuple):
    """A request of a known layout: its ``texts``, and what of them names it."""

    layout: Layout
    texts: Sequence[str]
    subject: str
    event: str


class _Like(NamedTuple):
    signature: Signature
    plan: _Plan
    last: Likeness


class Layouts:
    """Those that came last, at most ``MAX_LAYOUTS``."""

    def __init__(self) -> None:
        self._plans: OrderedDict[Signature, _Plan] = OrderedDict()
        self._met: set[int] = set()
        # By the number of lines and pairs.
        self._like: OrderedDict[tuple[int, int], _Like] = OrderedDict()

    def find(self, request: CapturedRequest) -> Sighting | None:
        """The request as one of a known layout; None where it has to be walked."""
        return self._find_like(request) or self._find_read(request)

    def _find_like(self, request: CapturedRequest) -> Sighting | None:
        if len(request.body) > MAX_LIKE_BYTES:
            return None
        parts = cut(request)
        like = self._like.get((len(parts[0]), len(parts[1])))
        texts = None if like is None else like.last.read(request, parts)
        if like is None or texts is None:
            return None
        self._plans.move_to_end(like.signature)
        return like.plan.sight(texts)

    def _keep_like(
        self, request: CapturedRequest, signature: Signature, plan: _Plan, texts: Sequence[str]
    ) -> None:
        if len(request.body) > MAX_LIKE_BYTES or not plan.is_subject_plain or not is_plain(request):
            return
        lines, pieces = cut(request)
        last = Likeness(request, texts, *plan.find_places(len(pieces), len(lines) - 2))
        kind = len(lines), len(pieces)
        self._like.pop(kind, None)
        self._like[kind] = _Like(signature, plan, last)
        if len(self._like) > MAX_LIKE:
            self._like.popitem(last=False)

    def _find_read(self, request: CapturedRequest) -> Sighting | None:
        shaped = find_shaped(request)
        if shaped is None:
            return None
        signature = sign(request, shaped)
        plan = self._plans.get(signature)
        if plan is None:
            return None
        self._plans.move_to_end(signature)
        texts = plan.rows.list_texts(request, shaped)
        self._keep_like(request, signature, plan, texts)
        sighting = plan.sight(texts)
        if plan.is_subject_plain:
            return sighting
        return sighting._replace(subject=find_text(request, SUBJECT) or "")

    def learn(
        self, request: CapturedRequest, walked: Mapping[FieldKey, list[str]]
    ) -> tuple[Layout | None, Layout | None]:
        """The layout of a request that was walked, at its second meeting, and one let go of."""
        shaped = find_shaped(request)
        if shaped is None:
            return None, None
        signature = sign(request, shaped)
        if signature in self._plans:
            return None, None
        mark = hash(signature)
        if mark not in self._met:
            if len(self._met) >= MAX_MET:
                self._met.clear()
            self._met.add(mark)
            return None, None
        plan = _make_plan(request, shaped, walked)
        if plan is None:
            return None, None
        self._plans[signature] = plan
        if len(self._plans) <= MAX_LAYOUTS:
            return plan.layout, None
        gone = self._plans.popitem(last=False)[1]
        for kind in [kind for kind, like in self._like.items() if like.plan is gone]:
            del self._like[kind]
        return plan.layout, gone.layout


def _make_plan(
    request: CapturedRequest, shaped: ShapedForm, walked: Mapping[FieldKey, list[str]]
) -> _Plan | None:
    rows = make_plan(request, shaped)
    texts = rows.list_texts(request, shaped)
    said: dict[FieldKey, list[str]] = {}
    for key, text in zip(rows.keys, texts, strict=True):
        said.setdefault(key, []).append(text)
    if [*said.items()] != [*walked.items()]:
        return None
    layout = Layout(rows.shape, said, _Row(rows.keys, texts, rows.in_body))
    ticket, event = rows.nested.get("ticket", {}), rows.nested.get("event_type")
    number = ticket.get("id", "") if isinstance(ticket, dict) else None
    return _Plan(
        layout,
        rows,
        isinstance(number, str),
        rows.order.index(int(number)) if isinstance(number, str) and number else None,
        rows.order.index(int(event)) if isinstance(event, str) else None,
    )
