"""The path of a request as our routes have it, read out of its head."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from inspector.capture import decode_path, split_request_line
from inspector.domain.bins import is_bin_name
from inspector.domain.proxies import NO_ADDRESSES, Addresses


class Limits(Protocol):
    """The settings that the own path of a request, and its body's limit, depend on."""

    addresses: Addresses
    max_body_bytes: int
    max_call_bytes: int
    max_import_bytes: int


class OwnPath(NamedTuple):
    """``target`` is as sent, ``path`` decoded and below any prefix (see ``Addresses``).

    ``segment`` is the path's first part: a bin's name, or one of our own.
    """

    raw_head: bytes
    target: bytes
    path: bytes
    segment: str


def read_own_path(raw_head: bytes, host: str, addresses: Addresses) -> OwnPath:
    """The own path of a head whose ``Host`` header is given."""
    target = split_request_line(raw_head)[1]
    path = decode_path(target)
    if addresses is not NO_ADDRESSES:
        path = addresses.own_path(path, host)
    segment = path[1:].partition(b"/")[0].decode("utf-8", "replace")
    return OwnPath(raw_head, target, path, segment)


class PathReader:
    """The part of a parser that knows whom its request is for."""

    raw_head: bytes
    headers: dict[str, str]
    adj: Limits
    _own_path: OwnPath | None = None

    @property
    def own_path(self) -> OwnPath:
        """The path as our routes have it; worked out once for a head."""
        known = self._own_path
        if known is None or known.raw_head is not self.raw_head:
            host = self.headers.get("HOST", "")
            self._own_path = known = read_own_path(self.raw_head, host, self.adj.addresses)
        return known

    @property
    def body_limit(self) -> int:
        """The number of bytes of a body that are kept; it depends on whom the request is for."""
        adj = self.adj
        if is_bin_name(self.own_path.segment):
            return adj.max_body_bytes
        is_import = self.own_path.path.endswith(b"/import")
        return adj.max_import_bytes if is_import else adj.max_call_bytes
