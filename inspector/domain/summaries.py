"""Summaries of requests for lists, remembered: a page lists the same fifty again and again.

Worked out from the bytes like everything else, and found again by them, so that nothing
here can go stale.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple

from inspector.domain.attempts import DeliveryKey
from inspector.domain.detection import Detected
from inspector.domain.senders.shapes import FoundSender

# The largest body that is read for a line in a list.
LISTED_BODY_BYTES = 262_144
MAX_KEPT = 4096
MAX_KEPT_CHARS = 1000

_kept: dict[bytes, RequestSummary] = {}
_texts: dict[bytes, tuple[str | None, ...]] = {}


class RequestSummary(NamedTuple):
    """The summary of a request; each part is None when the request has none.

    ``subject``, ``ticket_id`` and ``event`` are a ticket's, ``title`` is what any other
    webhook is about. ``gist`` tells it from others in a few words: a ticket's status and
    agent, or the first short values of a body. ``lost`` counts a form's fields that PHP
    would not read;
    ``delivery_key`` is the same for all tries of one delivery.
    """

    subject: str | None
    ticket_id: str | None
    event: str | None
    title: str | None = None
    sender: FoundSender | None = None
    detected: Detected | None = None
    lost: int = 0
    gist: str | None = None
    delivery_key: DeliveryKey | None = None


def recall_summary(
    raw_head: bytes, body: bytes, limits: object, work_out: Callable[[], RequestSummary]
) -> RequestSummary:
    """The summary of a request of these bytes, read within ``limits``.

    The newest ``MAX_KEPT`` are kept, but for those of more than ``MAX_KEPT_CHARS``.
    """
    key = _digest(raw_head, body, limits)
    found = _kept.get(key)
    if found is None:
        found = work_out()
        texts = [found.subject, found.ticket_id, found.event, found.title, found.gist]
        texts += found.sender or ()
        if sum(len(text or "") for text in texts) <= MAX_KEPT_CHARS:
            if len(_kept) >= MAX_KEPT:
                _kept.pop(next(iter(_kept)), None)
            _kept[key] = found
    return found


def recall_texts(
    raw_head: bytes,
    body: bytes,
    limits: object,
    names: tuple[str, ...],
    work_out: Callable[[], tuple[str | None, ...]],
) -> tuple[str | None, ...]:
    """The short texts of the fields of these names; the newest ``MAX_KEPT`` are kept."""
    key = _digest(raw_head, body, (limits, names))
    found = _texts.get(key)
    if found is None:
        found = work_out()
        if len(_texts) >= MAX_KEPT:
            _texts.pop(next(iter(_texts)), None)
        _texts[key] = found
    return found


def _digest(raw_head: bytes, body: bytes, how: object) -> bytes:
    # Processors have instructions for it: a ticket takes a third of the time of BLAKE2.
    digest = sha256(raw_head, usedforsecurity=False)
    digest.update(b"\0%d\0" % len(raw_head))  # A head has no end of its own.
    digest.update(body)
    digest.update(repr(how).encode("utf-8", "surrogatepass"))
    return digest.digest()
