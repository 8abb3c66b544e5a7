"""Captured requests in the database: read, page by key, delete.

Writing them is ``writer``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select

from inspector.domain import Bin, CapturedRequest
from inspector.domain.summaries import LISTED_BODY_BYTES
from inspector.errors import RequestNotFoundError
from inspector.storage.models import AnnotationRow, RequestRow, db
from inspector.storage.records import (
    REQUEST_COLUMNS,
    ReadSettings,
    find_number,
    make_id,
    to_requests,
)
from inspector.storage.removing import Remover

# Bodies held in memory at a time while many requests are read, in bytes.
STEP_BYTES = 8_000_000
STEP = 100
_HEAD_COLUMNS = [getattr(RequestRow, name) for name in REQUEST_COLUMNS[:-2]]


@dataclass(frozen=True, slots=True)
class Page:
    """Requests newest first; ``has_more`` says that older ones follow."""

    requests: list[CapturedRequest]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a request: its number, and the size of its body."""

    number: int
    body_size: int


class RequestStore:
    """The captured requests, for reading.

    Needs an application context: it works in Flask-SQLAlchemy's session.
    """

    def __init__(
        self, settings: ReadSettings | None = None, remover: Remover | None = None
    ) -> None:
        self.remover = remover or Remover()
        self._whole = settings or ReadSettings()
        limits = self._whole.limits._replace(max_decoded_bytes=LISTED_BODY_BYTES)
        self._listed = self._whole._replace(limits=limits)

    def read(
        self, rows: Iterable[Row[Any]], bin_name: str, *, whole_bodies: bool = True
    ) -> list[CapturedRequest]:
        """Rows of ``select_requests`` as domain objects, with bodies whole or as in a list."""
        return to_requests(rows, bin_name, self._whole if whole_bodies else self._listed)

    def page(
        self,
        bin_: Bin,
        *,
        limit: int = 50,
        before: int | None = None,
        after: int | None = None,
        method: str | None = None,
        whole_bodies: bool = True,
    ) -> Page:
        """The newest ``limit`` requests numbered below ``before`` and above ``after``.

        Without ``whole_bodies`` a body of more than ``LISTED_BODY_BYTES`` comes
        as ``b""``, and no body is decoded further than that. By key, so that the
        last page costs what the first does.
        """
        query = _columns(bin_, whole_bodies, above=after)
        query = query.order_by(RequestRow.number.desc()).limit(limit + 1)
        if before is not None:
            query = query.where(RequestRow.number < before)
        if method is not None:
            query = query.where(RequestRow.method == method)
        rows = db.session.execute(query).all()
        found = self.read(rows[:limit], bin_.name, whole_bodies=whole_bodies)
        return Page(found, len(rows) > limit)

    def load_after(
        self, bin_: Bin, number: int, *, limit: int, whole_bodies: bool = True
    ) -> list[CapturedRequest]:
        """The first ``limit`` requests numbered above ``number``, oldest first."""
        query = _columns(bin_, whole_bodies, above=number).order_by(RequestRow.number).limit(limit)
        return self.read(db.session.execute(query), bin_.name, whole_bodies=whole_bodies)

    def list_keys(
        self,
        bin_: Bin,
        *,
        limit: int,
        before: int | None = None,
        after: int | None = None,
        method: str | None = None,
        newest_first: bool = True,
    ) -> list[Key]:
        """The keys of the first ``limit`` requests between ``after`` and ``before``."""
        order = RequestRow.number.desc() if newest_first else RequestRow.number
        query = (
            select(RequestRow.number, RequestRow.body_size)
            .where(of_bin(bin_, above=after))
            .order_by(order)
            .limit(limit)
        )
        if before is not None:
            query = query.where(RequestRow.number < before)
        if method is not None:
            query = query.where(RequestRow.method == method)
        return [Key(row.number, row.body_size) for row in db.session.execute(query)]

    def count_by_time(
        self, bin_: Bin, *, after: int, up_to: int, width_s: int
    ) -> list[tuple[int, str, int]]:
        """Counts of the requests numbered above ``after``, by time and method.

        Each count has the second in which its span of ``width_s`` begins, and the method. No
        body is read: 100,000 requests take a tenth of a second.
        """
        span = RequestRow.received_us // (width_s * 1_000_000)
        query = (
            select(span, RequestRow.method, func.count())
            .where(of_bin(bin_, above=after), RequestRow.number <= up_to)
            .group_by(span, RequestRow.method)
        )
        return [(at * width_s, method, count) for at, method, count in db.session.execute(query)]

    def find_keys(self, bin_: Bin, numbers: Sequence[int]) -> list[Key]:
        """The keys of those of these requests that are there, newest first."""
        kept = _list_kept(bin_, numbers)
        if not kept:
            return []  # For an empty list SQLite would scan the whole bin.
        query = (
            select(RequestRow.number, RequestRow.body_size)
            .where(RequestRow.bin_id == bin_.id, RequestRow.number.in_(kept))
            .order_by(RequestRow.number.desc())
        )
        return [Key(row.number, row.body_size) for row in db.session.execute(query)]

    def list_annotated(self, bin_: Bin, *, limit: int, before: int | None = None) -> list[int]:
        """The numbers of requests with a pin or a note, newest first; some may be gone."""
        query = select(AnnotationRow.number).where(AnnotationRow.bin_id == bin_.id)
        if before is not None:
            query = query.where(AnnotationRow.number < before)
        return list(db.session.scalars(query.order_by(AnnotationRow.number.desc()).limit(limit)))

    def iterate_keys(
        self, bin_: Bin, keys: Iterable[Key], *, whole_bodies: bool = True
    ) -> Iterator[CapturedRequest]:
        """The requests of these keys, in their order, a step in memory at a time.

        What was deleted meanwhile is left out. No transaction stays open between
        steps, so a slow reader holds nothing up.
        """
        for step in _cut_into_steps(keys):
            kept = _list_kept(bin_, step)
            if not kept:
                continue
            query = select_requests(whole_bodies=whole_bodies)
            query = query.where(RequestRow.bin_id == bin_.id, RequestRow.number.in_(kept))
            rows = db.session.execute(query)
            read = self.read(rows, bin_.name, whole_bodies=whole_bodies)
            found = {each.number: each for each in read}
            del read  # Frees each request as soon as the reader is done with it.
            db.session.rollback()
            for number in step:
                if number in found:
                    yield found.pop(number)

    def iterate(self, bin_: Bin, *, after: int = 0, step: int = STEP) -> Iterator[CapturedRequest]:
        """All requests above ``after``, oldest first, a ``step`` at most in memory at a time."""
        number = after
        while keys := self.list_keys(bin_, limit=step, after=number, newest_first=False):
            yield from self.iterate_keys(bin_, keys)
            number = keys[-1].number

    def load_step(self, bin_: Bin, after: int, *, limit: int) -> list[CapturedRequest]:
        """Requests numbered above ``after``, oldest first: as many as memory bears at once.

        At most ``limit``, and one at least where there is one; there may be more behind it.
        """
        while keys := self.list_keys(bin_, limit=limit, after=after, newest_first=False):
            step = keys[: len(next(_cut_into_steps(keys)))]
            found = list(self.iterate_keys(bin_, step))
            if found:
                return found
            after = step[-1].number  # These were deleted meanwhile.
        return []

    def get(self, bin_: Bin, request_id: str) -> CapturedRequest:
        """Raises ``RequestNotFoundError``."""
        number = find_number(bin_, request_id)
        query = _columns(bin_, True).where(RequestRow.number == number)
        row = None if number is None else db.session.execute(query).first()
        if row is None:
            raise RequestNotFoundError(request_id[:80])
        return self.read([row], bin_.name)[0]

    def neighbours(self, bin_: Bin, number: int) -> tuple[str | None, str | None]:
        """The ids of the next older and the next newer request, None where there is none."""
        numbers = select(RequestRow.number).limit(1)
        below = numbers.where(of_bin(bin_), RequestRow.number < number)
        above = numbers.where(of_bin(bin_, above=number))
        older, newer = db.session.execute(
            select(
                below.order_by(RequestRow.number.desc()).scalar_subquery(),
                above.order_by(RequestRow.number).scalar_subquery(),
            )
        ).one()
        return (
            None if older is None else make_id(bin_.id, older),
            None if newer is None else make_id(bin_.id, newer),
        )

    def delete(self, bin_: Bin, request_id: str) -> None:
        """Raises ``RequestNotFoundError``."""
        number = find_number(bin_, request_id)
        if number is None or not self.remover.delete(bin_.id, number):
            raise RequestNotFoundError(request_id[:80])

    def clear(self, bin_: Bin) -> None:
        """Delete all that the bin holds now; the numbers go on."""
        self.remover.clear(bin_.id)

    def prune(self, bin_: Bin, received_before_us: int, *, whole: bool = False) -> int:
        """Let go of what arrived earlier; answers how many went.

        Looks from the bin's oldest on and stops at the first younger one; with ``whole`` it
        looks at all, for imported requests have times of their own.
        """
        gone = self.remover.let_go_before(bin_, received_before_us)
        if whole:
            gone += self.remover.let_go_imported(bin_, received_before_us)
        return gone


def _cut_into_steps(keys: Iterable[Key]) -> Iterator[list[int]]:
    step: list[int] = []
    size = 0
    for key in keys:
        if step and (len(step) == STEP or size + key.body_size > STEP_BYTES):
            yield step
            step, size = [], 0
        step.append(key.number)
        size += key.body_size
    if step:
        yield step


def _list_kept(bin_: Bin, numbers: Iterable[int]) -> list[int]:
    """Those of these numbers that ``of_bin`` leaves.

    Asked for together with numbers, SQLite would walk from the bound through all of the bin.
    """
    kept_from, below = bin_.kept_from, frozenset(bin_.kept_below)
    return [number for number in numbers if number >= kept_from or number in below]


def _columns(bin_: Bin, whole_bodies: bool, above: int | None = None) -> Select[Any]:
    return select_requests(whole_bodies=whole_bodies).where(of_bin(bin_, above))


def of_bin(bin_: Bin, above: int | None = None) -> ColumnElement[bool]:
    """The rows of requests that the bin holds; those below are gone, and deleted later.

    Only of those numbered ``above`` one, where it is told. Of two lower bounds SQLite takes the
    first and walks from there, so there is one.
    """
    first = 0 if above is None else above + 1
    kept = RequestRow.number >= max(bin_.kept_from, first)
    below = [number for number in bin_.kept_below if number >= first]
    if below:
        lowest = RequestRow.number >= min(below)
        kept = and_(lowest, or_(kept, RequestRow.number.in_(below)))
    return and_(RequestRow.bin_id == bin_.id, kept)


def select_requests(*, whole_bodies: bool) -> Select[Any]:
    """The columns of requests of all bins; see ``RequestStore.page`` for the bodies."""
    wire: Any = RequestRow.wire
    body: Any = RequestRow.body
    if not whole_bodies:
        # The details lie behind the body, which would be read for them.
        is_small = RequestRow.body_size <= LISTED_BODY_BYTES
        wire, body = case((is_small, wire)), case((is_small, body), else_=b"")
    columns: list[Any] = [*_HEAD_COLUMNS, wire.label("wire"), body.label("body")]
    columns += [AnnotationRow.pinned, AnnotationRow.note]
    annotated = and_(
        AnnotationRow.bin_id == RequestRow.bin_id, AnnotationRow.number == RequestRow.number
    )
    return select(*columns).select_from(RequestRow).outerjoin(AnnotationRow, annotated)
