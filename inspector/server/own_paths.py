"""The path of a request as our routes have it, read out of its head."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from inspector.capture import decode_path, split_request_line
from inspector.domain.bins import is_bin_name, is_import_path
from inspector.domain.proxies import NO_ADDRESSES, Addresses
from inspector.server.remembering import remember_short


class Limits(Protocol):
    """The settings that the own path of a request, and its body's limit, depend on."""

    addresses: Addresses
    max_body_bytes: int
    max_call_bytes: int
    max_import_bytes: int


class OwnPath(NamedTuple):
    """``target`` is as sent, ``path`` decoded and below any prefix (see ``Addresses``).

    ``segment`` is the path's first part: a bin's name where ``is_for_bin``, or one of our own.
    """

    target: bytes
    path: bytes
    segment: str
    is_for_bin: bool


def read_own_path(raw_head: bytes, host: str, addresses: Addresses) -> OwnPath:
    """The own path of a head whose ``Host`` header is given."""
    line = raw_head.partition(b"\n")[0]
    if addresses is NO_ADDRESSES:
        return _read_line(line)
    target = split_request_line(line)[1]
    return _describe(target, addresses.own_path(decode_path(target), host))


@remember_short(256)
def _read_line(line: bytes) -> OwnPath:
    target = split_request_line(line)[1]
    return _describe(target, decode_path(target))


def _describe(target: bytes, path: bytes) -> OwnPath:
    segment = path[1:].partition(b"/")[0].decode("utf-8", "replace")
    return OwnPath(target, path, segment, is_bin_name(segment))


class PathReader:
    """The part of a parser that knows the bin or page its request is for."""

    raw_head: bytes
    headers: dict[str, str]
    adj: Limits
    _own_path: tuple[bytes, OwnPath] | None = None

    @property
    def own_path(self) -> OwnPath:
        """The path as our routes have it; worked out once for a head."""
        known = self._own_path
        if known is None or known[0] is not self.raw_head:
            host = self.headers.get("HOST", "")
            own = read_own_path(self.raw_head, host, self.adj.addresses)
            self._own_path = known = (self.raw_head, own)
        return known[1]

    @property
    def body_limit(self) -> int:
        """The number of bytes of a body that are kept; it depends on whom the request is for."""
        adj, own = self.adj, self.own_path
        if own.is_for_bin:
            return adj.max_body_bytes
        is_import = is_import_path(own.path.decode("latin-1"))
        return adj.max_import_bytes if is_import else adj.max_call_bytes
