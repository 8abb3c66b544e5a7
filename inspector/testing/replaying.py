"""Received requests sent again in a test, to the program under test."""

from __future__ import annotations

import json as json_module
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

from inspector.reading.paths import MISSING
from inspector.testing.arguments import read_seconds, read_text
from inspector.testing.deskpro import DEFAULT_TIMEOUT_S, make_pairs

if TYPE_CHECKING:
    from inspector.domain import CapturedRequest
    from inspector.emitter import DeliveryResult
    from inspector.signatures import SignatureSecret


class ReplayOptions(TypedDict, total=False):
    """Changes to a request that is sent again, and how; what is not given stays as it came.

    ``headers`` (a mapping or pairs) take the place of all that came. ``body`` is bytes or text,
    ``json`` a value to be written as JSON. ``resign`` signs it anew with the bin's secret.
    ``timeout`` is in seconds.
    """

    method: str
    headers: Mapping[str, str] | Iterable[tuple[str, str]]
    body: str | bytes
    json: Any
    resign: bool
    timeout: float


def replay_request(
    captured: CapturedRequest,
    to: str,
    secrets: Sequence[SignatureSecret],
    options: ReplayOptions,
) -> DeliveryResult:
    """Send a request below the URL ``to`` and wait for the result; failures are in it.

    Raises ``TypeError`` for an unknown option, and ``InspectorError`` for what cannot be sent.
    """
    from inspector.emitter import DeliveryOptions, ReplayChanges, send
    from inspector.emitter.outbox import make_replay

    if unknown := options.keys() - ReplayOptions.__annotations__.keys():
        raise TypeError(f"replay() takes no {', '.join(sorted(unknown))}")
    headers, method = options.get("headers"), options.get("method")
    pairs = None if headers is None else make_pairs("headers", headers)
    changes = ReplayChanges(method, pairs, _read_body(options))
    resign = options.get("resign", False)
    order = make_replay(captured, read_text("to", to), changes, secrets, resign=resign)
    timeout_s = read_seconds("timeout", options.get("timeout", DEFAULT_TIMEOUT_S))
    within = DeliveryOptions(timeout_s, timeout_s, timeout_s)
    return send(order.request, options=within)


def _read_body(options: ReplayOptions) -> bytes | None:
    body, value = options.get("body"), options.get("json", MISSING)
    if body is not None and value is not MISSING:
        raise TypeError("a body is given once: body= or json=")
    if value is not MISSING:
        return json_module.dumps(value).encode()
    if body is not None and not isinstance(body, str | bytes):
        raise TypeError(f"body= is text or bytes, not {type(body).__name__}")
    return body.encode() if isinstance(body, str) else body
