"""Counts of the fields and values of a bin's newest requests.

They are for suggestions, and for the fields that a request lacks and similar ones have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeAlias

from inspector.domain import Bin, CapturedRequest
from inspector.reading.fields import HEADER, Name, iterate_fields
from inspector.reading.overview.allowance import Allowance

MAX_REQUESTS = 200
MAX_NAMES = 2_000
# A field with more different values than this offers none as suggestions.
MAX_VALUES = 50
MAX_VALUE_CHARS = 60
MAX_KINDS = 50
# A request lacks a field that this share of similar requests has, and at least so many.
LEAST_SHARE = 0.2
LEAST_PRESENT = 2
# The number of bins whose counts are cached while someone types.
MAX_BINS = 8
TIME_S = 0.15

Kind: TypeAlias = tuple[str, str, str, str]


@dataclass
class FieldValues:
    """Counts over ``read`` requests: of methods, of senders, of fields, and of their values.

    ``is_whole`` when these are all that the bin holds. A field's short values are counted
    until there are too many different ones. ``kinds`` count the requests of each kind, and
    the fields in them.
    """

    read: int = 0
    is_whole: bool = False
    methods: Counter[str] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    values: dict[str, Counter[str]] = field(default_factory=dict)
    kinds: dict[Kind, tuple[int, Counter[str]]] = field(default_factory=dict)

    def add(self, request: CapturedRequest) -> None:
        """Count one more."""
        self.read += 1
        self.methods[request.method[:MAX_VALUE_CHARS]] += 1
        if request.sender is not None:
            self.senders[request.sender.name] += 1
            if request.sender.event:
                self.events[request.sender.event[:MAX_VALUE_CHARS]] += 1
        seen: dict[str, dict[str, None]] = {}
        for name, text in _iterate_named(request):
            if name in seen or name in self.fields or len(self.fields) < MAX_NAMES:
                self.fields[name] += name not in seen
                seen.setdefault(name, {})[text] = None
        for name, texts in seen.items():
            counted = self.values.setdefault(name, Counter())
            for text in texts:
                if 0 < len(text) <= MAX_VALUE_CHARS and len(counted) <= MAX_VALUES:
                    counted[text] += 1
        count, names = self.kinds.get(find_kind(request), (0, Counter()))
        if count or len(self.kinds) < MAX_KINDS:
            names.update(seen.keys())
            self.kinds[find_kind(request)] = (count + 1, names)

    def list_values(self, name: str) -> list[tuple[str, int]]:
        """A field's values with their counts, the most frequent first; none when they are many."""
        counted = self.values.get(name, Counter())
        return [] if len(counted) > MAX_VALUES else counted.most_common()


@dataclass(frozen=True, slots=True)
class Lack:
    """A field that a request lacks: ``present`` of the ``count`` requests like it have it."""

    name: str
    present: int
    count: int


def find_lacks(request: CapturedRequest, known: FieldValues) -> list[Lack]:
    """The fields that several requests of its kind have and it has not, the usual ones first.

    A container that is missing whole stands for all that is in it.
    """
    count, names = known.kinds.get(find_kind(request), (0, Counter()))
    own = {_fold(name) for name, _ in _iterate_named(request)}
    least = max(LEAST_PRESENT, count * LEAST_SHARE)
    found: dict[str, Lack] = {}
    for name, present in names.most_common():
        if present < least:
            break
        shortest = next(each for each in _list_beginnings(name) if not _is_in(each, own))
        if shortest is not None and shortest not in found:
            found[shortest] = Lack(shortest, present, count)
    return list(found.values())


def _list_beginnings(name: str) -> Iterator[str | None]:
    """A path from its container on to itself, then None; the name of a header is one piece."""
    if not name.startswith(("header:", "query:")):
        for at, sign in enumerate(name):
            if sign == "." and at:
                yield name[:at]
    yield name
    yield None


def _is_in(name: str | None, own: set[str]) -> bool:
    if name is None:
        return False
    folded = _fold(name)
    inside = (f"{folded}.", f"{folded}[")
    return folded in own or any(each.startswith(inside) for each in own)


def _fold(name: str) -> str:
    return name.lower() if name.startswith("header:") else name


def find_kind(request: CapturedRequest) -> Kind:
    """The kind of a request: its method, its path below the bin, its sender and event."""
    sender, event = request.sender, request.summary.event
    if sender is not None:
        return (request.method, request.sub_path, sender.name, sender.event or event or "")
    return (request.method, request.sub_path, "", event or "")


def _iterate_named(request: CapturedRequest) -> Iterator[tuple[str, str]]:
    """The texts of a request with their names, those of headers as they were sent."""
    headers = iter(request.raw_headers)
    for place, path, text in iterate_fields(request):
        if place == HEADER:
            path = (next(name for name, _ in headers if name.lower() == path[0]),)
        if path:
            yield str(Name(place, path)), text


def count_values(
    requests: Iterable[CapturedRequest],
    *,
    begun: FieldValues | None = None,
    time_s: float = TIME_S,
) -> FieldValues:
    """The values of these requests, of as many as an ``Allowance`` of so many seconds lets in.

    ``begun`` are the counts of those before them, which stay as they are.
    """
    allowance, found = Allowance(time_s), FieldValues() if begun is None else deepcopy(begun)
    for request in requests:
        found.add(request)
        if allowance.is_spent_by(len(request.body)):
            break
    return found


class KeptValues:
    """The counts of the bins that were asked about last, while nothing changes there."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[tuple[int, int], FieldValues]] = {}
        self._lock = Lock()

    def find(self, bin_: Bin, load: Callable[[int], Sequence[CapturedRequest]]) -> FieldValues:
        """The counts of the bin as it is; ``load`` gives the newest so many requests.

        Counts that the time cut short are taken further when they are asked for again.
        """
        state = (bin_.last_number, bin_.request_count)
        with self._lock:
            kept = self._kept.get(bin_.id)
        begun = kept[1] if kept is not None and kept[0] == state else FieldValues()
        if begun.read >= min(bin_.request_count, MAX_REQUESTS):
            return begun
        found = count_values(load(MAX_REQUESTS)[begun.read :], begun=begun)
        found.is_whole = found.read >= bin_.request_count
        with self._lock:
            self._kept.pop(bin_.id, None)
            self._kept[bin_.id] = (state, found)
            if len(self._kept) > MAX_BINS:
                self._kept.pop(next(iter(self._kept)))
        return found
