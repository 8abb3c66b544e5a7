"""Requests of HTTP Archives as browsers, API clients and proxies write them.

Everything that an archive says of a request is imported, or a note says that it is not. Many
archives leave out the Host, which HTTP/2 has elsewhere, name versions in their own ways, and
keep a form's fields in the place of its body.

Source: HAR 1.2 Spec by Jan Odvarko; archives of Chrome, Safari, Insomnia and mitmproxy.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from inspector.domain.pairs import TCHAR
from inspector.forms import build

MAX_BOUNDARY_CHARS = 200
# The largest number of a database's integer columns.
MAX_SIZE = 2**53
_METHOD = re.compile(TCHAR + r"{1,64}\Z")
_VERSION = re.compile(r"(?:http/|h)(\d(?:\.\d)?)(?:[-c]\S*)?\Z", re.IGNORECASE)
_BOUNDARY = re.compile(r';\s*boundary=(?:"([^"]+)"|([^;\s]+))', re.IGNORECASE)

Headers = list[tuple[str, str]]


class Archived(NamedTuple):
    """A request of an archive. ``body_size`` is larger than a body that was left out."""

    request_line: str
    headers: Headers
    body: bytes
    body_size: int
    notes: tuple[str, ...]


def read_archived(entry: dict[str, Any], *, is_ours: bool = False) -> Archived:
    """One entry; an archive of ours (``is_ours``) has a Host where one was sent, and only there.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what is no request.
    """
    request = entry["request"]
    method = str(request["method"])
    if not _METHOD.match(method):
        raise ValueError(f"{method[:40]!r} is no method")
    url = urlsplit(str(request["url"]))
    notes: list[str] = []
    headers = _read_headers(request, None if is_ours else url, notes)
    sent = _find_size(request, headers)
    body = _read_body(request.get("postData") or {}, sent, headers, notes)
    if sent and not body:
        notes.append(f"The archive says that {sent:,} bytes of body were sent, and has none.")
    size = len(body) or sent
    messages = entry.get("_webSocketMessages")
    if isinstance(messages, list) and messages:
        notes.append(f"The archive has {len(messages):,} messages of a WebSocket, left out here.")
    target = (url.path or "/") + _read_query(request, url)
    line = f"{method} {target.replace(' ', '%20')} {_read_version(request)}"
    return Archived(line, headers, body, size, tuple(notes))


def _read_version(request: dict[str, Any]) -> str:
    """``HTTP/2`` for ``h2``, ``http/2.0`` and their like; 1.1 where nothing is said."""
    found = _VERSION.match(str(request.get("httpVersion") or "").strip())
    if found is None:
        return "HTTP/1.1"
    number = found[1] if found[1][0] in "01" else found[1].removesuffix(".0")
    return f"HTTP/{number}"


def _read_headers(request: dict[str, Any], url: SplitResult | None, notes: list[str]) -> Headers:
    pairs = [(str(each["name"]), str(each["value"])) for each in request.get("headers") or []]
    # Pseudo headers of HTTP/2 are the request line and the host.
    headers = [(name, value) for name, value in pairs if not name.startswith(":")]
    names = {name.lower() for name, _ in headers}
    if url is not None and "host" not in names:
        authority = next((value for name, value in pairs if name == ":authority"), "")
        host = authority or url.netloc.rpartition("@")[2]
        if host:
            headers.insert(0, ("Host", host))
    cookies = request.get("cookies")
    if isinstance(cookies, list) and cookies and "cookie" not in names:
        count = f"{len(cookies):,} cookies"
        notes.append(f"The archive lists {count} and has no Cookie header; they are not here.")
    return headers


def _read_query(request: dict[str, Any], url: SplitResult) -> str:
    """The query of the URL, or the listed one where the URL has none."""
    pairs = request.get("queryString")
    if url.query or not isinstance(pairs, list):
        return f"?{url.query}" if url.query else ""
    parts = [build({str(each["name"]): str(each.get("value") or "")}) for each in pairs]
    return f"?{b'&'.join(parts).decode()}" if parts else ""


def _find_size(request: dict[str, Any], headers: Headers) -> int:
    """The number of bytes of body that were sent, 0 where the archive does not say."""
    size = request.get("bodySize")
    if isinstance(size, int) and size > 0:
        return min(size, MAX_SIZE)
    length = next((value for name, value in headers if name.lower() == "content-length"), "")
    return (
        min(int(length), MAX_SIZE)
        if length.isascii() and length.isdigit() and len(length) < 19
        else 0
    )


def _encode(text: str, sent: int, notes: list[str]) -> bytes:
    """The bytes of a body that an archive has as a text.

    Archives of mitmproxy have a character for each byte of a body that is no UTF-8; the number
    of sent bytes tells the two apart.
    """
    body = text.encode("utf-8", "surrogateescape")
    if not sent or len(body) == sent:
        return body
    if len(text) == sent and all(character <= "\xff" for character in text):
        return text.encode("latin-1")
    notes.append(f"The archive says that {sent:,} bytes were sent; its text has {len(body):,}.")
    return body


def _read_body(data: dict[str, Any], sent: int, headers: Headers, notes: list[str]) -> bytes:
    text = data.get("text")
    if isinstance(text, str) and text:
        if "base64" in (data.get("_encoding"), data.get("encoding")):
            return b64decode(text, validate=True)
        return _encode(text, sent, notes)
    params = data.get("params") or []
    if not params:
        return b""
    declared = next((value for name, value in headers if name.lower() == "content-type"), "")
    mime_type = declared or str(data.get("mimeType") or "")
    if mime_type.lower().startswith("multipart/"):
        return _build_parts(params, mime_type, headers, notes)
    return b"&".join(build({str(each["name"]): str(each.get("value") or "")}) for each in params)


def _build_parts(
    params: Sequence[dict[str, Any]], mime_type: str, headers: Headers, notes: list[str]
) -> bytes:
    """A multipart body of fields and files, as far as the archive has them."""
    found = _BOUNDARY.search(mime_type)
    boundary = (found[1] or found[2])[:MAX_BOUNDARY_CHARS] if found else ""
    if not boundary:
        boundary = "----from-an-archive"
        headers[:] = [pair for pair in headers if pair[0].lower() != "content-type"]
        kind = mime_type.partition(";")[0].strip()
        headers.append(("Content-Type", f"{kind}; boundary={boundary}"))
    body = bytearray()
    for each in params:
        value, filename = str(each.get("value") or ""), each.get("fileName")
        lines = [f"--{boundary}", f'Content-Disposition: form-data; name="{_quote(each["name"])}"']
        if filename is not None:
            lines[-1] += f'; filename="{_quote(filename)}"'
            if not value:
                notes.append(f"The archive has no content of the file {str(filename)[:100]!r}.")
        if each.get("contentType"):
            lines.append(f"Content-Type: {_quote(each['contentType'])}")
        body += "\r\n".join([*lines, "", value, ""]).encode("utf-8", "surrogateescape")
    body += f"--{boundary}--\r\n".encode("utf-8", "replace")
    notes.append("Its body was put together from the archive's list of fields.")
    return bytes(body)


def _quote(value: Any) -> str:
    """Escape a quoted string as browsers do in forms (HTML, multipart/form-data)."""
    return str(value).replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
