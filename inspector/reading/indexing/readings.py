"""Requests as an index takes them in: each field's line and what a summary tells of it.

Most requests of a sender have the names of the one before and most of its values. So of a
request with known names only those fields are read that differ; all others are looked up.
What comes of it is what a walk over all fields gives, which is done where names are new and
where a text that differs has values inside.

Names and texts come from outside: the memory for them is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
from itertools import compress
from operator import ne
from typing import NamedTuple

from inspector.domain import CapturedRequest
from inspector.domain.nested_values import OPENING_SIGNS, open_text
from inspector.forms.php.shapes import ShapedForm
from inspector.reading.blocks import (
    TEXT,
    Extent,
    Summary,
    UnknownError,
    list_keys,
    merge_extents,
    read_extent,
)
from inspector.reading.fields import HEADER, MAX_FIELDS, iterate_fields
from inspector.reading.indexing.row_plans import (
    FieldKey,
    RowPlan,
    Signature,
    find_shaped,
    make_plan,
    sign,
)
from inspector.reading.marks import container_marks
from inspector.reading.paths import Path
from inspector.reading.words import SearchedLine, make_field_line

MAX_KNOWN = 16
# The number of signatures that are remembered, by their hash, as met once.
MAX_MET = 4096
# A request of so many bytes and fields is kept as the last of its names.
MAX_KEPT_BYTES = 65_536
MAX_KEPT_FIELDS = 2_000
# The characters of a field, its name included, that is remembered by itself.
MAX_REMEMBERED_CHARS = 200


class ReadField(NamedTuple):
    """A field: its searched line, and its extent in a summary.

    ``key`` is its name in a summary and ``outer`` are those of what it stands in; no key, and no
    extent, for what cannot be summed up.
    """

    line: SearchedLine
    key: str
    outer: tuple[str, ...]
    extent: Extent | None


class Reading(NamedTuple):
    """The fields of a request in the order of the walk, and their names as a summary has them.

    ``names`` is None for a request that cannot be summed up. ``containers`` are the marks of
    the lists and maps that fields stand in.
    """

    fields: Sequence[ReadField]
    names: dict[str, Extent] | None
    containers: Sequence[str]


class _Known(NamedTuple):
    """Names that came before, with the texts and the reading of the request that came last.

    ``places`` are the positions of each key, None where one key stands in another.
    """

    plan: RowPlan
    places: dict[str, list[int]] | None
    texts: Sequence[str]
    reading: Reading


class FieldReader:
    """Reads requests; any thread may use it at any time: what is lost is read again."""

    def __init__(self) -> None:
        self._known: dict[Signature, _Known] = {}
        self._met: set[int] = set()

    def read(self, request: CapturedRequest) -> Reading:
        """The reading of a request. Linear in it; never raises on what was captured."""
        is_big = len(request.body) + len(request.raw_head) > MAX_KEPT_BYTES
        shaped = None if is_big else find_shaped(request)
        if shaped is None:
            return walk(request)
        signature = sign(request, shaped)
        known = self._known.get(signature)
        if known is None:
            reading = walk(request)
            if self._is_met(signature):
                self._learn(signature, request, shaped, reading)
            return reading
        texts = known.plan.list_texts(request, shaped)
        found = _read_differing(known, texts)
        if found is None:
            return walk(request)
        self._known[signature] = known._replace(texts=texts, reading=found)
        return found

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()
        self._met.clear()

    def _is_met(self, signature: Signature) -> bool:
        mark = hash(signature)
        if mark in self._met:
            return True
        if len(self._met) >= MAX_MET:
            self._met.clear()
        self._met.add(mark)
        return False

    def _learn(
        self, signature: Signature, request: CapturedRequest, shaped: ShapedForm, reading: Reading
    ) -> None:
        if len(reading.fields) > MAX_KEPT_FIELDS or reading.names is None:
            return
        plan = make_plan(request, shaped)
        texts = plan.list_texts(request, shaped)
        planned = [(*key, text) for key, text in zip(plan.keys, texts, strict=True)]
        if planned != [*iterate_fields(request)]:
            return
        if len(self._known) >= MAX_KNOWN:
            self._known.pop(next(iter(self._known)), None)
        self._known[signature] = _Known(plan, _find_places(reading.fields), texts, reading)


READER = FieldReader()


def walk(request: CapturedRequest) -> Reading:
    """The reading of a request by a walk over its fields."""
    fields = [_read_field((place, path), text) for place, path, text in iterate_fields(request)]
    names = _sum_up_names(fields) if len(fields) < MAX_FIELDS else None
    return Reading(fields, names, _list_containers(fields))


def _list_containers(fields: Sequence[ReadField]) -> list[str]:
    named = [name for each in fields if (name := each.line[1]) and name.place != HEADER]
    outer = {(name.place, name.path[:-1]) for name in named}
    return sorted({mark for place, path in outer for mark in container_marks(place, path)})


def _read_differing(known: _Known, texts: Sequence[str]) -> Reading | None:
    """The reading of texts with known names; None where it takes a walk."""
    differing = [*compress(range(len(texts)), map(ne, known.texts, texts))]
    before, plan = known.reading, known.plan
    if not differing:
        return before
    in_body = plan.in_body
    for place in differing:
        text = texts[place]
        if place < in_body and text[:1] in OPENING_SIGNS and open_text(text) is not None:
            return None
    fields = [*before.fields]
    for place in differing:
        fields[place] = _read_again(before.fields[place], plan.keys[place], texts[place])
    if known.places is None:
        names = _sum_up_names(fields)
    else:
        names = dict(before.names or {})
        for key in {fields[place].key for place in differing}:
            extents = [fields[place].extent for place in known.places[key]]
            told = [each for each in extents if each is not None]
            if len(told) < len(extents):
                return None
            names[key] = reduce(merge_extents, told)
    return None if names is None else Reading(fields, names, before.containers)


def _find_places(fields: Sequence[ReadField]) -> dict[str, list[int]] | None:
    places: dict[str, list[int]] = {}
    for place, each in enumerate(fields):
        places.setdefault(each.key, []).append(place)
    if any(outer in places for each in fields for outer in each.outer):
        return None
    return places


def _sum_up_names(fields: Sequence[ReadField]) -> dict[str, Extent] | None:
    names: dict[str, Extent] = {}
    for each in fields:
        key, extent = each.key, each.extent
        if not key or extent is None:
            return None
        if key in names:
            names[key] = merge_extents(names[key], extent)
        else:
            for outer in each.outer:
                names.setdefault(outer, TEXT)
            names[key] = extent
    return names


def _read_field(key: FieldKey, text: str) -> ReadField:
    place, path = key
    if len(text) + sum(map(len, path)) > MAX_REMEMBERED_CHARS:
        return _make_field(place, path, text)
    return _remember_field(place, path, text)


def _read_again(last: ReadField, key: FieldKey, text: str) -> ReadField:
    """A field that had another text: its names are told by its place and path alone."""
    return ReadField(make_field_line(*key, text), last.key, last.outer, read_extent(text))


def _make_field(place: str, path: Path, text: str) -> ReadField:
    key, *outer = list_keys(place, path) or ("",)
    return ReadField(make_field_line(place, path, text), key, tuple(outer), read_extent(text))


@lru_cache(maxsize=10_000)
def _remember_field(place: str, path: Path, text: str) -> ReadField:
    return _make_field(place, path, text)


def sum_up(request: CapturedRequest, reading: Reading | None = None) -> Summary:
    """A request's own summary. Raises ``UnknownError`` where it has more than is looked at."""
    names = (walk(request) if reading is None else reading).names
    if names is None:
        raise UnknownError
    paths = [*dict.fromkeys((request.path.lower(), request.decoded_path.lower()))]
    found = Summary(names, [paths])
    found.dump()  # One that cannot be written must not keep others from it.
    return found
