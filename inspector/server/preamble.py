"""Bytes before a connection's first request: the PROXY protocol, or the preface of HTTP/2.

Source: haproxy, doc/proxy-protocol.txt, versions 1 and 2; RFC 9113, 3.4, 4.1, 6.4 and 7.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple

from inspector.server.parser import ExactAdjustments

PROXY_TEXT = b"PROXY "
PROXY_BINARY = b"\r\n\r\n\x00\r\nQUIT\n"
HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_ALL = (PROXY_TEXT, PROXY_BINARY, HTTP_2)
# "The worst case is 107 characters", version 1 says.
_MAX_TEXT_BYTES = 107
_BINARY_HEAD_BYTES = 16
# Family and protocol of version 2 that carry addresses we know, with the size of one address.
_ADDRESS_BYTES = {0x11: 4, 0x12: 4, 0x21: 16, 0x22: 16}

_HTTP_1_1_REQUIRED = 0xD
_HEADERS, _RST_STREAM = 1, 3
_FRAME_HEAD_BYTES = 9
_SETTINGS = b"\0\0\0\x04\0\0\0\0\0"
_MAX_HTTP_2_BYTES = 65_536


class Preamble(NamedTuple):
    """``size`` bytes to take off; ``source`` is whom a PROXY line names, address and port.

    ``shown`` says for people what it was.
    """

    size: int = 0
    shown: str = ""
    source: tuple[str, int] | None = None


NONE = Preamble()


def may_begin_preamble(data: bytes) -> bool:
    """True when a connection's first bytes are, or may become, a preamble."""
    return any(data.startswith(mark) or mark.startswith(data) for mark in _ALL)


def read_preamble(data: bytes) -> Preamble | None:
    """Read what comes before the first request; None while more bytes are needed.

    ``NONE`` for bytes that only resembled one. The caller must have ruled out HTTP/2.
    """
    if data.startswith(PROXY_TEXT):
        return _read_text(data)
    if data.startswith(PROXY_BINARY):
        return _read_binary(data)
    return None if may_begin_preamble(data) else NONE


def _read_text(data: bytes) -> Preamble | None:
    end = data.find(b"\r\n", 0, _MAX_TEXT_BYTES)
    if end < 0:
        return None if len(data) < _MAX_TEXT_BYTES else NONE
    shown = data[:end].decode("latin-1")
    words = shown.split(" ")
    # "PROXY", the family, both addresses, both ports; or PROXY UNKNOWN and anything.
    if words[1] == "UNKNOWN":
        return Preamble(end + 2, shown)
    if len(words) != 6 or words[1] not in ("TCP4", "TCP6"):
        return NONE
    try:
        address, port = ipaddress.ip_address(words[2]), int(words[4])
    except ValueError:
        return NONE
    return Preamble(end + 2, shown, (str(address), port))


def _read_binary(data: bytes) -> Preamble | None:
    if len(data) < _BINARY_HEAD_BYTES:
        return None
    command, family, length = struct.unpack_from(">BBH", data, len(PROXY_BINARY))
    size = _BINARY_HEAD_BYTES + length
    if len(data) < size:
        return None
    width = _ADDRESS_BYTES.get(family, 0)
    if command != 0x21 or not width or length < 2 * width + 4:
        # LOCAL, which is the proxy's own health check, or a kind of address we do not know.
        return Preamble(size, "PROXY protocol version 2 without an address")
    raw = data[_BINARY_HEAD_BYTES:size]
    address = str(ipaddress.ip_address(raw[:width]))
    (port,) = struct.unpack_from(">H", raw, 2 * width)
    return Preamble(size, f"PROXY protocol version 2 from {address}", (address, port))


def refuse_http_2(data: bytes) -> bytes | None:
    """Frames that tell an HTTP/2 client to use HTTP/1.1; None while its request has not begun.

    Its first stream is reset with HTTP_1_1_REQUIRED, upon which curl, for one, asks
    again on a new connection. Empty for a client that does not come to the point.
    """
    position = len(HTTP_2)
    while len(data) >= position + _FRAME_HEAD_BYTES:
        length = int.from_bytes(data[position : position + 3], "big")
        (stream,) = struct.unpack_from(">I", data, position + 5)
        if data[position + 3] == _HEADERS:
            reset = struct.pack(">HBBBII", 0, 4, _RST_STREAM, 0, stream, _HTTP_1_1_REQUIRED)
            return _SETTINGS + reset
        position += _FRAME_HEAD_BYTES + length
    return None if max(len(data), position) < _MAX_HTTP_2_BYTES else b""


class Opening(NamedTuple):
    """The beginning of a connection: ``size`` bytes, which name ``source`` as the peer.

    ``problem`` is why the first request is refused, for people, or empty;
    ``http_2_refusal`` what to send to a client of HTTP/2, None for all others.
    """

    size: int = 0
    source: tuple[str, int] | None = None
    problem: str = ""
    http_2_refusal: bytes | None = None


def read_opening(data: bytes, peer: str, adj: ExactAdjustments) -> Opening | None:
    """Settle what a connection's first bytes mean; None while more are needed."""
    if data.startswith(HTTP_2):
        refusal = refuse_http_2(data)
        return None if refusal is None else Opening(http_2_refusal=refusal)
    found = read_preamble(data)
    if found is None or not found.shown:
        return None if found is None else Opening()
    problem = ""
    if not adj.proxy_protocol:
        problem = (
            f"It comes behind a line of the PROXY protocol ({found.shown}), which this server "
            "reads only with --proxy-protocol"
        )
    elif not adj.trusted_proxies.trusts(peer):
        problem = (
            f"It comes behind a line of the PROXY protocol ({found.shown}) from {peer}, which no "
            "--trusted-proxy names"
        )
    return Opening(found.size, None if problem else found.source, problem)
