"""The values that a bin's newest requests have in their fields, counted: what suggestions need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

from inspector.clock import time
from inspector.domain import Bin, CapturedRequest
from inspector.reading.fields import HEADER, Name, iterate_fields

MAX_REQUESTS = 200
MAX_NAMES = 2_000
# Beyond so many different values a field is one that nobody picks a value of.
MAX_VALUES = 50
MAX_VALUE_CHARS = 60
# So many bins' counts are kept for the next letter.
MAX_BINS = 8
TIME_S = 0.15


@dataclass
class FieldValues:
    """Counts over ``read`` requests: of methods, of senders, of fields, and of their values.

    ``is_whole`` when these are all that the bin holds. A field's short values are counted
    until there are too many different ones.
    """

    read: int = 0
    is_whole: bool = False
    methods: Counter[str] = field(default_factory=Counter)
    senders: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    values: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, request: CapturedRequest) -> None:
        """Count one more."""
        self.read += 1
        self.methods[request.method[:MAX_VALUE_CHARS]] += 1
        if request.sender is not None:
            self.senders[request.sender.name] += 1
            if request.sender.event:
                self.events[request.sender.event[:MAX_VALUE_CHARS]] += 1
        seen: dict[str, dict[str, None]] = {}
        for place, path, text in iterate_fields(request):
            if path:
                name = str(Name(place, _spell(request, place, path)))
                if name in seen or name in self.fields or len(self.fields) < MAX_NAMES:
                    self.fields[name] += name not in seen
                    seen.setdefault(name, {})[text] = None
        for name, texts in seen.items():
            counted = self.values.setdefault(name, Counter())
            for text in texts:
                if 0 < len(text) <= MAX_VALUE_CHARS and len(counted) <= MAX_VALUES:
                    counted[text] += 1

    def list_values(self, name: str) -> list[tuple[str, int]]:
        """A field's values with their counts, the most frequent first; none when they are many."""
        counted = self.values.get(name, Counter())
        return [] if len(counted) > MAX_VALUES else counted.most_common()


def _spell(request: CapturedRequest, place: str, path: tuple[str, ...]) -> tuple[str, ...]:
    """A header's name as it was sent; searches take it in any case."""
    if place != HEADER:
        return path
    return (next((name for name, _ in request.raw_headers if name.lower() == path[0]), path[0]),)


def count_values(requests: Iterable[CapturedRequest], *, time_s: float = TIME_S) -> FieldValues:
    """The values of these requests, of as many as the time allows and one at least."""
    deadline = time.monotonic() + time_s
    found = FieldValues()
    for request in requests:
        found.add(request)
        if time.monotonic() > deadline:
            break
    return found


class KeptValues:
    """The counts of the bins that were asked about last, while nothing changes there."""

    def __init__(self) -> None:
        self._kept: dict[int, tuple[tuple[int, int], FieldValues]] = {}
        self._lock = Lock()

    def find(self, bin_: Bin, load: Callable[[int], Sequence[CapturedRequest]]) -> FieldValues:
        """The counts of the bin as it is; ``load`` gives the newest so many requests."""
        state = (bin_.last_number, bin_.request_count)
        with self._lock:
            kept = self._kept.get(bin_.id)
        if kept is not None and kept[0] == state:
            return kept[1]
        found = count_values(load(MAX_REQUESTS))
        found.is_whole = found.read >= bin_.request_count
        with self._lock:
            self._kept.pop(bin_.id, None)
            self._kept[bin_.id] = (state, found)
            if len(self._kept) > MAX_BINS:
                self._kept.pop(next(iter(self._kept)))
        return found
