"""Bins in the database: create, find, list, change, delete."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.exc import IntegrityError

from inspector.answers.relays import Relay, dump_relay
from inspector.answers.rules import AnswerRules, dump_rules, load_rules
from inspector.domain import Bin
from inspector.domain.bins import DEFAULT_CAPACITY
from inspector.errors import BinNotFoundError, InspectorError
from inspector.signatures import SignatureSecret, dump_secrets, load_secrets
from inspector.storage.cleaning import DELETED_PREFIX
from inspector.storage.models import AnnotationRow, AnswerSetRow, AnswerTurnRow, BinRow, db
from inspector.storage.records import (
    check_capacity,
    check_ttl,
    hash_secret,
    make_bin_row,
    name_taken,
)
from inspector.storage.removing import Remover

MAX_REPLAY_URLS = 10


class BinStore:
    """The bins of the database, with their settings.

    Needs an application context: it works in Flask-SQLAlchemy's session.
    """

    def __init__(
        self,
        max_bins: int = 10_000,
        remover: Remover | None = None,
        on_secrets: Callable[[], None] = lambda: None,
    ) -> None:
        self._max_bins = max_bins
        self._on_secrets = on_secrets
        self._remover = remover or Remover()

    def create(
        self,
        name: str | None = None,
        *,
        private: bool = False,
        capacity: int = DEFAULT_CAPACITY,
        ttl_s: float | None = None,
    ) -> tuple[Bin, str | None]:
        """Make a bin, with a generated name when none is given; answers it and its secret.

        The secret exists for private bins only and is stored as a hash: this is
        the one time it can be seen. Raises ``name_taken``, ``invalid_name``,
        ``name_reserved``, ``invalid_capacity``, ``invalid_ttl`` or ``too_many_bins``.
        """
        values, secret = make_bin_row(name, private=private, capacity=capacity)
        count = db.session.scalar(select(func.count(BinRow.id)).where(_is_there())) or 0
        if count >= self._max_bins:
            raise InspectorError(
                "too_many_bins", f"There are {count:,} bins already. Delete some first."
            )
        row = BinRow(**values, ttl_s=check_ttl(ttl_s))
        db.session.add(row)
        try:
            db.session.commit()
        except IntegrityError as error:
            db.session.rollback()
            raise name_taken(values["name"]) from error
        return _to_bin(row, ()), secret

    def ensure(self, name: str, *, capacity: int = DEFAULT_CAPACITY) -> Bin:
        """The bin of that name, made when it is not there."""
        try:
            return self.get(name)
        except BinNotFoundError:
            try:
                return self.create(name, capacity=capacity)[0]
            except InspectorError as error:
                if error.code != "name_taken":
                    raise
                return self.get(name)  # another instance that starts was quicker

    def get(self, name: str) -> Bin:
        """Raises ``BinNotFoundError``."""
        row = self._row(name)
        return _to_bin(row, _load_kept_below([row])[row.id])

    def find_by_id(self, bin_id: int) -> Bin | None:
        """The bin, or None when it was deleted."""
        row = db.session.scalar(_select_bins().where(BinRow.id == bin_id))
        return None if row is None else _to_bin(row, _load_kept_below([row])[row.id])

    def exists(self, name: str) -> bool:
        """True when there is a bin of that name."""
        found = select(BinRow.id).where(BinRow.name == name, _is_there())
        return db.session.scalar(found) is not None

    def list(self) -> list[Bin]:
        """All bins, the newest first."""
        found = _select_bins().order_by(BinRow.id.desc())
        rows = list(db.session.scalars(found))
        kept_below = _load_kept_below(rows)
        return [_to_bin(row, kept_below[row.id]) for row in rows]

    def update(self, name: str, *, capacity: int) -> Bin:
        """Change the bin's capacity; requests beyond it are removed."""
        check_capacity(capacity)
        self._remover.set_capacity(self._row(name).id, capacity)
        return self.get(name)

    def keep_for(self, name: str, ttl_s: float | None) -> Bin:
        """Set the age at which requests are deleted; None for the server's setting.

        Raises ``BinNotFoundError`` or ``invalid_ttl``.
        """
        self._row(name).ttl_s = check_ttl(ttl_s)
        db.session.commit()
        return self.get(name)

    def remember_receiver(self, name: str, receiver: str) -> Bin:
        """Show the bin's forms as this receiver reads them. Raises ``BinNotFoundError``."""
        self._row(name).receiver = receiver
        db.session.commit()
        return self.get(name)

    def show_columns(self, name: str, columns: Sequence[str]) -> Bin:
        """Show these fields in the bin's list. Raises ``BinNotFoundError``."""
        self._row(name).columns = json.dumps(list(columns)) if columns else None
        db.session.commit()
        return self.get(name)

    def answer_by(self, name: str, rules: AnswerRules) -> Bin:
        """Let the bin answer by these rules from the next capture on, all from the first turn.

        Raises ``BinNotFoundError`` or ``invalid_rules``.
        """
        row, document = self._row(name), dump_rules(rules)
        row.answers, row.answer_set = document, None
        if document is not None:
            kept = AnswerSetRow(bin_id=row.id, document=document)
            db.session.add(kept)
            db.session.flush()
            row.answer_set = kept.id
        db.session.commit()
        return self.get(name)

    def relay_to(self, name: str, relay: Relay | None) -> Bin:
        """Pass the bin's requests on from the next one; None ends that."""
        self._row(name).relay = dump_relay(relay)
        db.session.commit()
        return self.get(name)

    def load_secrets(self, name: str) -> tuple[SignatureSecret, ...]:
        """The secrets that the bin's signatures are checked with. Raises ``BinNotFoundError``."""
        return load_secrets(self._row(name).signatures)

    def check_with(self, name: str, secrets: Sequence[SignatureSecret]) -> None:
        """Check the bin's signatures with these secrets, also of what it holds already."""
        self._row(name).signatures = dump_secrets(secrets)
        db.session.commit()
        self._on_secrets()

    def remember_replay_url(self, name: str, url: str) -> None:
        """Offer this URL first when a request of the bin is sent again."""
        row = self._row(name)
        urls = dict.fromkeys((url, *_read_list(row.replay_urls)))
        row.replay_urls = json.dumps(list(urls)[:MAX_REPLAY_URLS])
        db.session.commit()

    def reset_turns(self, name: str) -> None:
        """Let the bin's rules begin with their first answers again."""
        row = self._row(name)
        db.session.execute(delete(AnswerTurnRow).where(AnswerTurnRow.answer_set == row.answer_set))
        db.session.commit()

    def delete(self, name: str) -> None:
        """Delete the bin with all it holds. Raises ``BinNotFoundError``."""
        self._remover.delete_bin(self._row(name).id)

    def is_private(self, name: str) -> bool:
        """True when there is a private bin of this name."""
        return bool(db.session.scalar(select(BinRow.private).where(BinRow.name == name)))

    def opens(self, name: str, secret: str) -> bool:
        """True when this secret opens this private bin; compared in constant time."""
        stored = self._row(name).secret_hash or ""
        return secrets.compare_digest(stored, hash_secret(secret))

    @staticmethod
    def _row(name: str) -> BinRow:
        row = db.session.scalar(_select_bins().where(BinRow.name == name))
        if row is None:
            raise BinNotFoundError(name)
        return row


def _select_bins() -> Select[BinRow]:
    """Bins as they are now: their counts change under a session that has seen them."""
    return select(BinRow).where(_is_there()).execution_options(populate_existing=True)


def _is_there() -> ColumnElement[bool]:
    """Bins that were not deleted: the rows of others stay while their requests go."""
    return BinRow.name.not_like(f"{DELETED_PREFIX}%")


def _load_kept_below(rows: Sequence[BinRow]) -> dict[int, tuple[int, ...]]:
    """By a bin's id, the pinned requests that are older than what else it keeps."""
    found: dict[int, list[int]] = {row.id: [] for row in rows}
    if any(row.pinned for row in rows):
        pinned = (
            select(AnnotationRow.bin_id, AnnotationRow.number)
            .join(BinRow, BinRow.id == AnnotationRow.bin_id)
            .where(BinRow.id.in_(row.id for row in rows if row.pinned))
            .where(AnnotationRow.pinned, AnnotationRow.number < BinRow.kept_from)
            .order_by(AnnotationRow.number)
        )
        for bin_id, number in db.session.execute(pinned):
            found[bin_id].append(number)
    return {bin_id: tuple(numbers) for bin_id, numbers in found.items()}


def _to_bin(row: BinRow, kept_below: tuple[int, ...]) -> Bin:
    return Bin(
        id=row.id,
        name=row.name,
        private=row.private,
        created_at=datetime.fromtimestamp(row.created_us / 1_000_000, tz=UTC),
        capacity=row.capacity,
        last_number=row.last_number,
        request_count=row.held + len(kept_below),
        answer=load_rules(row.answers).usual,
        answers=row.answers,
        kept_from=row.kept_from,
        let_go=row.let_go,
        receiver=row.receiver,
        ttl_s=row.ttl_s,
        has_signatures=row.signatures is not None,
        pinned=row.pinned,
        kept_below=kept_below,
        replay_urls=_read_list(row.replay_urls),
        columns=_read_list(row.columns),
        relay=row.relay,
    )


def _read_list(document: str | None) -> tuple[str, ...]:
    return tuple(json.loads(document)) if document else ()
