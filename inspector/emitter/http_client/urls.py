"""A URL to send to, taken apart strictly: what is odd is refused, never repaired by guessing.

URL parsers disagree about backslashes, control characters, escapes in host names and numbers as
addresses, and such disagreement lets a request get where it must not. Here each has one
meaning, and the request line is written from the parsed parts.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote, unquote

from inspector.errors import InspectorError

DEFAULT_PORTS = {"http": 80, "https": 443}
MAX_URL_CHARS = 8_000

_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
# Characters that may stand in a request target as they are; others are percent-encoded as UTF-8.
_TARGET_SAFE = "!#$%&'()*+,-./:;=?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class HttpUrl:
    """An absolute http or https URL, taken apart.

    ``scheme`` is http or https; ``host`` a lower-case ASCII name, an IPv4 address
    in its usual form or an IPv6 address without brackets; ``target`` the path and
    query of the request line. ``userinfo`` is user name and password, or None.
    """

    scheme: str
    host: str
    port: int
    target: str
    userinfo: tuple[str, str] | None = None

    @property
    def authority(self) -> str:
        """The value of ``Host``: the port only when it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def without_userinfo(self) -> HttpUrl:
        """The URL without user name and password."""
        return replace(self, userinfo=None)

    def __str__(self) -> str:
        """The URL again, without user name and password."""
        return f"{self.scheme}://{self.authority}{self.target}"


@lru_cache(maxsize=256)
def parse_url(text: str) -> HttpUrl:
    """Take an absolute http or https URL apart.

    Spaces around it and its fragment are left out; a space or a character beyond
    ASCII in path or query is percent-encoded, as browsers do.

    Raises ``InspectorError`` ``invalid_url`` or ``unsupported_scheme``.

    Source: RFC 3986; for hosts that are numbers the WHATWG URL standard, 3.5.
    """
    text = text.strip(" ")
    if len(text) > MAX_URL_CHARS:
        raise _invalid(f"The URL is longer than {MAX_URL_CHARS:,} characters.")
    if _CONTROL.search(text):
        raise _invalid("The URL has a line break or another control character in it.")
    shape = _SHAPE.match(text)
    if not shape:
        raise _invalid(f"{_shown(text)} is no URL: it must begin with http:// or https://.")
    scheme = shape[1].lower()
    if scheme not in DEFAULT_PORTS:
        message = f"{scheme}: is not a scheme that webhooks are sent to, only http: and https:."
        raise InspectorError("unsupported_scheme", message, field="url")
    if "\\" in shape[2]:
        raise _invalid("The URL has a back-slash before its path.")
    userinfo, _, hostport = shape[2].rpartition("@")
    host, port = _split_port(hostport)
    return HttpUrl(
        scheme,
        _normal_host(host),
        DEFAULT_PORTS[scheme] if port == "" else _port_number(port),
        _normal_target(shape[3]),
        _split_userinfo(userinfo) if userinfo else None,
    )


def _invalid(message: str) -> InspectorError:
    return InspectorError("invalid_url", message, field="url")


def _shown(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _split_port(hostport: str) -> tuple[str, str]:
    if hostport.startswith("["):
        host, bracket, port = hostport.partition("]")
        if not bracket or (port and not port.startswith(":")):
            raise _invalid(f"The IPv6 address {_shown(hostport)} has no closing bracket.")
        return host + bracket, port[1:]
    host, _, port = hostport.partition(":")
    if ":" in port:
        raise _invalid("An IPv6 address is written in brackets: http://[::1]/.")
    return host, port


def _port_number(port: str) -> int:
    if not (port.isascii() and port.isdigit()) or not 0 < int(port[:7]) <= 65_535:
        raise _invalid(f"{_shown(port)} is no port: it must be 1 to 65535.")
    return int(port)


def _split_userinfo(userinfo: str) -> tuple[str, str]:
    user, _, password = userinfo.partition(":")
    return unquote(user), unquote(password)


def _normal_target(target: str) -> str:
    if not target.startswith("/"):
        target = f"/{target}"
    try:
        return quote(target, safe=_TARGET_SAFE, errors="surrogateescape")
    except UnicodeEncodeError:
        raise _invalid("The URL has half a character in it.") from None


def _normal_host(host: str) -> str:
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise _invalid(f"{_shown(host)} is no IPv6 address.") from None
        if address.scope_id is not None:
            raise _invalid("An IPv6 address with a zone (%) cannot be sent to.")
        if address.ipv4_mapped is None:
            return str(address)
        # Python 3.13 writes ::ffff:1.2.3.4, which no browser sends as a Host.
        high, low = divmod(int(address.ipv4_mapped), 0x10000)
        return f"::ffff:{high:x}:{low:x}"
    name = _ascii_name(host)
    if _ends_in_number(name):
        return str(_parse_ipv4(name))
    labels = name.removesuffix(".").split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        raise _invalid(f"{_shown(host)} is no host name." if host else "The URL names no host.")
    return name


def _ascii_name(host: str) -> str:
    """Fold full-width digits and dots as name look-up would, then make it ASCII."""
    folded = unicodedata.normalize("NFKC", host).replace("。", ".").lower()
    if folded.isascii():
        return folded
    try:
        return folded.encode("idna").decode("ascii")
    except UnicodeError:
        raise _invalid(f"{_shown(host)} is no host name.") from None


def _ends_in_number(name: str) -> bool:
    last = name.removesuffix(".").rpartition(".")[2]
    return (last.isascii() and last.isdigit()) or re.match(r"0x[0-9a-f]*\Z", last) is not None


def _parse_ipv4(name: str) -> ipaddress.IPv4Address:
    """Read every spelling that C's inet_aton knows: ``0x7f.1`` and ``2130706433`` are 127.0.0.1.

    Otherwise the platform's resolver would read it, and each reads it differently.
    """
    parts = name.removesuffix(".").split(".")
    numbers = [_parse_number(part) for part in parts[:4]]
    *heads, last = numbers
    if len(parts) > 4 or None in numbers or any(head is None or head > 255 for head in heads):
        raise _invalid(f"{_shown(name)} is no IPv4 address.")
    if last is None or last >= 256 ** (5 - len(numbers)):
        raise _invalid(f"{_shown(name)} is no IPv4 address.")
    value = last
    for index, head in enumerate(heads):
        value += (head or 0) << (8 * (3 - index))
    return ipaddress.IPv4Address(value)


def _parse_number(part: str) -> int | None:
    """One part: hexadecimal after ``0x``, octal after ``0``, else decimal; None for no number."""
    if len(part) > 20:
        return None
    if re.match(r"0x[0-9a-f]*\Z", part):
        return int(part[2:] or "0", 16)
    if re.match(r"0[0-7]*\Z", part):
        return int(part, 8)
    return int(part) if re.match(r"[1-9][0-9]*\Z", part) else None
