"""Attempts of one delivery: requests with the same delivery id, or with equal bodies soon after.

A sender that had no answer, or a bad one, sends a delivery again. Most say so by an id that
stays; where there is none, an equal body to the same path within minutes is taken for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import NamedTuple

# Two equal bodies that are further apart are two deliveries.
MAX_BODY_GAP_US = 600 * 1_000_000
# The newest attempts of one delivery that are looked at; earlier ones are not counted.
MAX_ATTEMPTS = 200
BY_ID, BY_BODY = "delivery", "body"
# Headers, in lower case, in which senders outside of the table give a delivery's id. Ids of one
# hop, like X-Request-Id, change with each try.
_ID_HEADERS = (
    "idempotency-key",
    "x-idempotency-key",
    "x-delivery-id",
    "x-webhook-delivery",
    "x-webhook-delivery-id",
    "x-event-id",
    "x-message-id",
)


class DeliveryKey(NamedTuple):
    """Equal for the attempts of one delivery; ``value`` is a signed number of 64 bits.

    Unless ``by_id``, equal bodies count only within ``MAX_BODY_GAP_US`` of each other.
    """

    value: int
    by_id: bool


class Attempt(NamedTuple):
    """The try of a delivery that a request is, counted from 1.

    ``first`` and ``previous`` are ids of requests, ``after_s`` the seconds since the previous
    one; ``previous`` and ``after_s`` are None for the first. ``by`` is ``delivery`` for equal
    ids and ``body`` for equal bodies.
    """

    number: int
    first: str
    previous: str | None
    after_s: float | None
    by: str


def make_delivery_key(
    sender: str | None,
    delivery: str | None,
    headers: Mapping[str, str],
    place: str,
    body: bytes,
) -> DeliveryKey | None:
    """The key by a known sender's id, by a header for ids, else by the body; None without any.

    ``place`` is the method and the path below the bin: one event that goes to two paths
    is two deliveries.
    """
    if delivery is None:
        lower = {name.lower(): value.strip() for name, value in headers.items()}
        delivery = next((lower[name] for name in _ID_HEADERS if lower.get(name)), None)
    if delivery is not None:
        named = f"{sender or ''}\0{delivery}".encode("utf-8", "surrogatepass")
        return DeliveryKey(_digest(b"id", place, named), True)
    return DeliveryKey(_digest(b"body", place, body), False) if body else None


def _digest(kind: bytes, place: str, data: bytes) -> int:
    digest = blake2b(kind, digest_size=8)
    named = place.encode("utf-8", "surrogatepass")
    digest.update(b"\0%d\0%b" % (len(named), named))
    digest.update(data)
    return int.from_bytes(digest.digest(), "big", signed=True)


def count_attempts(
    times: Mapping[int, int], make_id: Callable[[int], str], *, by_id: bool
) -> dict[int, Attempt]:
    """The attempts of one key: ``times`` are microseconds by the requests' numbers.

    A body that came once is no attempt of anything.
    """
    found: dict[int, Attempt] = {}
    first = previous = count = 0
    for number in sorted(times):
        gap_us = times[number] - times[previous] if previous else 0
        if previous and (by_id or abs(gap_us) <= MAX_BODY_GAP_US):
            count += 1
            before, by = make_id(previous), BY_ID if by_id else BY_BODY
            found[number] = Attempt(count, make_id(first), before, gap_us / 1_000_000, by)
        else:
            first, count = number, 1
            if by_id:
                found[number] = Attempt(1, make_id(first), None, None, BY_ID)
        previous = number
    return found
