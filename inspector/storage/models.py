"""The tables.

A request's head and body are blobs as received; only fields that are listed, sorted or searched
have columns.
"""

from __future__ import annotations

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# SQLite numbers rows itself only in a column that is INTEGER to the letter.
RowId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """The base that Flask-SQLAlchemy is given and every model stands on."""


db = SQLAlchemy(model_class=Base)


class BinRow(Base):
    """``last_number`` is the highest number given; ``answers`` is JSON, null for the default.

    Requests numbered below ``kept_from`` are gone for everybody, though their rows may go
    later (see ``cleaning``). ``held`` counts those above it, and ``let_go`` those that went
    by capacity or age, so that nobody counts rows; all others were deleted by hand. Pinned
    requests stay wherever they are (``AnnotationRow``); ``pinned`` counts them.

    ``ttl_s`` is how long it keeps a request, null for as long as the server says.
    ``stored_bytes`` counts heads and bodies of the rows that are there, with those still to go.
    """

    __tablename__ = "bins"
    # Ids are never used again: an old link must not open another bin's request.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    name: Mapped[str] = mapped_column(String(63), unique=True)
    private: Mapped[bool] = mapped_column(Boolean, default=False)
    secret_hash: Mapped[str | None] = mapped_column(String(64))
    created_us: Mapped[int] = mapped_column(BigInteger)
    capacity: Mapped[int] = mapped_column(Integer)
    last_number: Mapped[int] = mapped_column(BigInteger, default=0)
    answers: Mapped[str | None] = mapped_column(Text)
    answer_set: Mapped[int | None] = mapped_column(BigInteger)
    kept_from: Mapped[int] = mapped_column(BigInteger, server_default="1")
    held: Mapped[int] = mapped_column(BigInteger, server_default="0")
    let_go: Mapped[int] = mapped_column(BigInteger, server_default="0")
    receiver: Mapped[str] = mapped_column(String(16), server_default="php")
    signatures: Mapped[str | None] = mapped_column(Text)
    pinned: Mapped[int] = mapped_column(BigInteger, server_default="0")
    replay_urls: Mapped[str | None] = mapped_column(Text)
    columns: Mapped[str | None] = mapped_column(Text)
    relay: Mapped[str | None] = mapped_column(Text)
    ttl_s: Mapped[int | None] = mapped_column(BigInteger)
    stored_bytes: Mapped[int] = mapped_column(BigInteger, server_default="0")


class AnswerSetRow(Base):
    """A bin's rules as they were at a time; ``document`` is JSON and never changes.

    Captures refer to it by ``id``; the bin holds the newest itself, for the writer.
    """

    __tablename__ = "answer_sets"
    __table_args__ = (Index("answer_sets_by_bin", "bin_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    bin_id: Mapped[int] = mapped_column(RowId, ForeignKey("bins.id", ondelete="CASCADE"))
    document: Mapped[str] = mapped_column(Text)


class AnswerTurnRow(Base):
    """The times a rule has answered, counted in the transaction that stores the capture."""

    __tablename__ = "answer_turns"

    answer_set: Mapped[int] = mapped_column(
        RowId,
        ForeignKey("answer_sets.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    rule: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    turns: Mapped[int] = mapped_column(BigInteger)


class RequestRow(Base):
    """Key order is ``(bin_id, number)``; lists read neither a large body nor what is behind it.

    ``answer_set``, ``answer_rule`` and ``answer_turn`` are what answered it: null before that
    was kept, set 0 for the default. ``RecordedAnswerRow`` has what they do not tell.
    """

    __tablename__ = "requests"
    __table_args__ = (
        Index("requests_by_number", "bin_id", "number", unique=True),
        # The index of words knows a request by this id: another must never have it.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    bin_id: Mapped[int] = mapped_column(RowId, ForeignKey("bins.id", ondelete="CASCADE"))
    number: Mapped[int] = mapped_column(BigInteger)
    received_us: Mapped[int] = mapped_column(BigInteger)
    method: Mapped[str] = mapped_column(Text)
    peer: Mapped[str] = mapped_column(Text)
    fidelity: Mapped[str] = mapped_column(String(16))
    chunked: Mapped[bool] = mapped_column(Boolean)
    truncated: Mapped[bool] = mapped_column(Boolean)
    refused_status: Mapped[int | None] = mapped_column(Integer)
    refused_reason: Mapped[str | None] = mapped_column(Text)
    answer_set: Mapped[int | None] = mapped_column(BigInteger)
    answer_rule: Mapped[int | None] = mapped_column(Integer)
    answer_turn: Mapped[int | None] = mapped_column(BigInteger)
    body_size: Mapped[int] = mapped_column(BigInteger)
    raw_head: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    wire: Mapped[str | None] = mapped_column(Text)


class RecordedAnswerRow(Base):
    """An answer that was worked out when it was given, whole; ``headers`` are JSON pairs."""

    __tablename__ = "recorded_answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )

    bin_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    outcome: Mapped[str] = mapped_column(String(16))
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[str] = mapped_column(Text)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class AnnotationRow(Base):
    """A request's pin and note. Its row is kept apart: a column behind the body would be slow."""

    __tablename__ = "annotations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )

    bin_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    pinned: Mapped[bool] = mapped_column(Boolean)
    note: Mapped[str | None] = mapped_column(Text)


class RelayRow(Base):
    """A request that is passed on, and what came of it.

    Without ``status`` and ``error_code`` it is under way, or was cut short when ``until_us`` has
    passed. ``delivery`` may be one that is not kept any more. ``withheld`` are names of headers,
    with commas between them.
    """

    __tablename__ = "relays"
    __table_args__ = (
        ForeignKeyConstraint(
            ["bin_id", "number"], ["requests.bin_id", "requests.number"], ondelete="CASCADE"
        ),
    )

    bin_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    url: Mapped[str] = mapped_column(Text)
    until_us: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[int | None] = mapped_column(Integer)
    duration_ms: Mapped[float | None] = mapped_column(Float)
    delivery: Mapped[int | None] = mapped_column(BigInteger)
    error_code: Mapped[str | None] = mapped_column(String(32))
    error: Mapped[str | None] = mapped_column(Text)
    withheld: Mapped[str | None] = mapped_column(Text)


class ActionRow(Base):
    """A saved action; ``definition`` and ``ticket`` are JSON objects in ASCII."""

    __tablename__ = "actions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    changed_us: Mapped[int] = mapped_column(BigInteger)
    definition: Mapped[str] = mapped_column(Text)
    ticket: Mapped[str] = mapped_column(Text)


class DeliveryRow(Base):
    """A delivery; ``line`` is what lists show and ``details`` the rest, JSON objects in ASCII.

    ``size_bytes`` is what of its content counts towards how much is kept. ``run`` is the series
    or the replay of many requests that it belongs to, and ``replay_key`` is the same for every
    try of one captured request at one URL.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("deliveries_by_run", "run", "id"),
        Index("deliveries_by_replay", "replay_key", "id"),
        # Ids are never used again: an old link must not open another delivery.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    line: Mapped[str] = mapped_column(Text)
    details: Mapped[str] = mapped_column(Text)
    raw_head: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    answer_body: Mapped[bytes] = mapped_column(LargeBinary)
    run: Mapped[str | None] = mapped_column(String(32))
    replay_key: Mapped[str | None] = mapped_column(String(64))


class EndedLoginRow(Base):
    """A login that was ended; ``until_s`` is when its cookies are too old anyway, epoch seconds."""

    __tablename__ = "ended_logins"

    login: Mapped[str] = mapped_column(String(64), primary_key=True)
    until_s: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """An entry of the audit log; it outlives its bin, whose name and privacy it keeps."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("audit_log_by_bin", "bin_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at_us: Mapped[int] = mapped_column(BigInteger)
    action: Mapped[str] = mapped_column(String(32))
    bin_id: Mapped[int] = mapped_column(RowId)
    bin_name: Mapped[str] = mapped_column(String(63))
    private: Mapped[bool] = mapped_column(Boolean)
    details: Mapped[str] = mapped_column(Text)
    caller: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(100))


class InstallationRow(Base):
    """Something that all processes on a database share: a key, an identity (``installation``)."""

    __tablename__ = "installation"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
