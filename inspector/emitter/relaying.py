"""A captured request prepared for a program, and the program's answer for the sender.

No I/O. Relays and ``tail --forward-to`` both prepare their requests here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from inspector.answers.matches import read_early_match
from inspector.answers.relays import Relay
from inspector.capture import find_bin_name, split_headers
from inspector.clock import time
from inspector.domain.answers.answer import Answer
from inspector.domain.credentials import HIDDEN, hide_in_url
from inspector.domain.messages import Message
from inspector.domain.pairs import is_token
from inspector.domain.relays.jobs import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from inspector.emitter.http_client.destinations import ANYWHERE, DestinationPolicy
from inspector.emitter.http_client.responses import ReceivedAnswer
from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.emitter.preparing import PreparedRequest
from inspector.emitter.replaying import HOP_BY_HOP, list_connection_options, replay
from inspector.emitter.signing import mark_secret_headers, resign_request
from inspector.errors import InspectorError
from inspector.signatures import SignatureSecret

NAMES: Final = ("url", "wait", "timeout", "match", "resign", "insist")
# RFC 9110, 7.6.3. A request that comes back here, by whatever way, is recognised by this name in
# ``Via``.
VIA: Final = ("Via", "1.1 inspector")
MAX_HOPS = 3
# ``Retry-After`` in seconds when too many requests are under way.
RETRY_AFTER_S = 5

# Sentences for the sender, who may be anybody: none says where its request goes.
_STATUSES: Final = {"timed_out": 504, "too_many_relays": 503, "relay_loops": 508}
_SENTENCES: Final = {
    "timed_out": "the program that it is for did not answer in time",
    "too_many_relays": "too many requests are being passed on at this moment",
    "relay_loops": "it has been relayed too often: a relay leads back to where it came from",
    "name_not_found": "the program that it is for cannot be reached",
    "connection_refused": "the program that it is for cannot be reached",
    "unreachable": "the program that it is for cannot be reached",
    "tls_failed": "the program that it is for cannot be reached",
    "connection_lost": "the program that it is for broke the connection off",
    "unreadable_answer": "the program's answer cannot be read",
    "answer_too_large": "the program's answer is too large",
    "interrupted": "the server is stopping",
}


def read_relay(
    data: Any,
    earlier: Relay | None = None,
    *,
    policy: DestinationPolicy = ANYWHERE,
    own_urls: Iterable[str] = (),
    bin_name: str = "",
) -> Relay:
    """A relay from its JSON object; only ``url`` must be there.

    A URL whose user is shown as ``***`` is the one of the ``earlier`` relay. ``own_urls`` are
    those that lead to this server, where the bin is called ``bin_name``.

    Raises ``InspectorError`` whose ``field`` names what is wrong: ``invalid_relay``,
    ``unknown_field``, ``invalid_url``, ``unsupported_scheme``, ``invalid_match``,
    ``destination_refused``, or ``relay_loops`` for a relay to the bin itself.
    """
    if not isinstance(data, Mapping):
        raise _refuse("url", 'A relay is an object like {"url": "http://127.0.0.1:3000/hook"}.')
    for name in data:
        if name not in NAMES:
            message = f"{str(name)[:80]!r} is not known here; known: {', '.join(NAMES)}."
            raise InspectorError("unknown_field", message, field=str(name)[:80])
    flags = {"wait": True, "resign": False, "insist": False}
    for name in flags:
        flags[name] = data.get(name, flags[name])
        if not isinstance(flags[name], bool):
            raise _refuse(name, f"{name} is true or false.")
    url = _read_url(data.get("url"), earlier)
    parsed = parse_url(url)
    try:
        policy.check_url(parsed)
    except InspectorError as error:
        raise InspectorError(error.code, error.message, field="url") from None
    if _leads_to_bin(parsed, own_urls, bin_name):
        message = f"The URL leads back to {bin_name} itself: it would relay to itself for ever."
        raise InspectorError("relay_loops", message, field="url")
    timeout_s = _read_timeout(data.get("timeout", DEFAULT_TIMEOUT_S))
    match = read_early_match(data.get("match"))
    return Relay(url, flags["wait"], timeout_s, match, flags["resign"], flags["insist"])


def _read_url(url: Any, earlier: Relay | None) -> str:
    if not isinstance(url, str) or not url.strip():
        raise _refuse("url", "url is where to, like http://127.0.0.1:3000/hook.")
    text = url.strip()
    if f"//{HIDDEN}@" not in url:
        return text
    if earlier is None or hide_in_url(earlier.url) != text:
        raise _refuse("url", f"url has {HIDDEN} in the place of its user and password.")
    return earlier.url


def _read_timeout(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not 0.1 <= value <= MAX_TIMEOUT_S:
        raise _refuse("timeout", f"timeout is 0.1 to {MAX_TIMEOUT_S:g} seconds.")
    return float(value)


def _leads_to_bin(url: HttpUrl, own_urls: Iterable[str], bin_name: str) -> bool:
    if url.origin not in {parse_url(each).origin for each in own_urls}:
        return False
    return find_bin_name(url.target.encode("utf-8", "surrogateescape")) == bin_name


def _refuse(field: str, message: str) -> InspectorError:
    return InspectorError("invalid_relay", message, field=field)


def prepare_relay(
    captured: Message, url: str, secrets: Sequence[SignatureSecret] = (), *, resign: bool = False
) -> PreparedRequest:
    """The captured request as it goes to a program below ``url``: a replay, and a ``Via`` line.

    ``secrets`` are its bin's; ``resign`` signs it anew with one of them and the time of now.
    Raises ``InspectorError`` as ``replay`` and ``resign_request`` do, and ``relay_loops`` for
    one that was relayed ``MAX_HOPS`` times already.
    """
    if _count_hops(captured) >= MAX_HOPS:
        message = f"It was relayed {MAX_HOPS} times already: a relay leads back to where it began."
        raise InspectorError("relay_loops", message)
    request = mark_secret_headers(replay(captured, url), secrets)
    if resign:
        request = resign_request(request, captured, secrets, time.time())
    return replace(request, headers=(*request.headers, VIA))


def _count_hops(captured: Message) -> int:
    lines = [value for name, value in split_headers(captured.raw_head) if name.lower() == b"via"]
    hops = [hop.strip().lower() for line in lines for hop in line.split(b",")]
    return sum(hop == VIA[1].encode() for hop in hops)


def pass_back(answer: ReceivedAnswer, *, to_head: bool = False, insisted: bool = False) -> Answer:
    """The program's answer as the sender gets it, header values byte for byte as Latin-1.

    Headers that concerned its connection do not go on, nor, unless ``insisted``, what every bin
    keeps back. ``to_head`` for the answer to HEAD, whose Content-Length is that of a body which
    is not sent.
    """
    pairs = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in split_headers(answer.raw_head)
    ]
    dropped = HOP_BY_HOP | list_connection_options(pairs)
    headers = tuple(pair for pair in pairs if is_token(pair[0]) and pair[0].lower() not in dropped)
    said = answer.find_header("content-length") or ""
    length = int(said) if to_head and said.isascii() and said.isdigit() and len(said) < 19 else None
    return Answer(answer.status, headers, answer.body, insisted=insisted, head_length=length)


def say_failure(code: str) -> Answer:
    """The answer to a sender whose request could not be passed on: 502, 503, 504 or 508."""
    status = _STATUSES.get(code, 502)
    headers = (("Retry-After", str(RETRY_AFTER_S)),) if status == 503 else ()
    reason = _SENTENCES.get(code, "it cannot be passed on as it is")
    return Answer(status, headers, f"The request was kept, but {reason}.\n".encode())
