"""A captured request as another client would send it again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from inspector.capture import split_headers, split_request_line, split_target
from inspector.domain import CapturedRequest
from inspector.domain.messages import Message
from inspector.domain.pairs import TCHAR

# RFC 9110, 5.6.2: what a header's name may be made of.
_TOKEN = re.compile(rb"%s+\Z" % TCHAR.encode())
# RFC 9112, 5.2 and RFC 9110, 5.5: a folded line becomes a space, as do CR, LF and NUL.
_LINE_END = re.compile(rb"[\r\n\0]+[ \t]*")
# Every visible character but the one that would begin a fragment.
_KEPT_IN_URL = "!\"$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``url`` is ASCII without spaces or controls; ``headers`` are bytes of one line each.

    ``headers`` are as sent, without those that a client works out from the URL and
    the body, and without those that no client can send.
    """

    method: bytes
    url: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    http_version: str
    announced: bool

    def has_header(self, name: bytes) -> bool:
        """True when a header of this name (in lower case) is sent."""
        return any(key.lower() == name for key, _ in self.headers)


def make_outgoing(request: Message, base_url: str) -> Outgoing:
    """The request, aimed at the server at ``base_url`` (no slash at its end).

    Only path and query come from the request: its ``Host`` header must not decide where
    someone's paste goes. ``announced`` is True when the request had a length, even 0.
    """
    raw_method, target, _ = split_request_line(request.raw_head)
    path, query = split_target(target)
    if isinstance(request, CapturedRequest):
        path = request.path_at_bin(path.decode("latin-1")).encode("latin-1")
    raw_path = b"/" + path.lstrip(b"/")
    if b"?" in target:
        raw_path += b"?" + query
    pairs = [(name, _one_line(value)) for name, value in split_headers(request.raw_head)]
    host = urlsplit(base_url).netloc.encode()
    names = {name.lower() for name, _ in pairs}
    return Outgoing(
        method=_one_line(raw_method) or b"GET",
        url=base_url + quote(raw_path, safe=_KEPT_IN_URL),
        headers=tuple(pair for pair in pairs if _is_kept(pair, host)),
        body=request.body,
        http_version=request.http_version,
        announced=b"content-length" in names or b"transfer-encoding" in names,
    )


def _one_line(value: bytes) -> bytes:
    return _LINE_END.sub(b" ", value).strip(b" \t")


def _is_kept(pair: tuple[bytes, bytes], host: bytes) -> bool:
    name, value = pair[0].lower(), pair[1]
    if name == b"host":
        return value != host
    if name == b"transfer-encoding":
        return value.lower() == b"chunked"
    return name != b"content-length" and _TOKEN.match(name) is not None
