"""The addresses that others reach us by: below a path of another server, and a domain of bins."""

from __future__ import annotations

import re
from typing import NamedTuple

from inspector.errors import InspectorError

_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,8}\Z")
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_PORT = re.compile(r":\d{0,5}\Z")


class Addresses(NamedTuple):
    """``path_prefix`` begins with a slash and ends with none; empty at a server's root.

    Below ``bin_domain`` each bin has a name of its own: ``desk.hooks.example.com``.
    """

    path_prefix: str = ""
    bin_domain: str = ""

    def find_bin(self, host: str) -> str | None:
        """The bin's name in a ``Host`` header below the domain of bins, None in any other."""
        if not self.bin_domain:
            return None
        name, dot, domain = _PORT.sub("", host.strip()).lower().partition(".")
        return name if dot and domain.removesuffix(".") == self.bin_domain else None

    def own_path(self, path: bytes, host: str) -> bytes:
        """A decoded path as our own routes have it: ``/desk/...``.

        A proxy may have taken the prefix off or left it.
        """
        name = self.find_bin(host)
        if name is not None:
            return b"/" + name.encode("utf-8", "replace") + path
        return strip_prefix(path, self.path_prefix.encode())


NO_ADDRESSES = Addresses()


def strip_prefix(path: bytes, prefix: bytes) -> bytes:
    """A path below ``prefix`` without it; any other as it is."""
    if prefix and (path == prefix or path.startswith(prefix + b"/")):
        return path[len(prefix) :] or b"/"
    return path


def check_path_prefix(text: str) -> str:
    """The prefix without a slash at its end, empty for ``/``, else ``invalid_path_prefix``."""
    prefix = text.rstrip("/")
    dots = {".", ".."} & set(prefix.split("/"))
    if prefix and (dots or not _PREFIX.match(prefix)):
        raise InspectorError(
            "invalid_path_prefix",
            f"{text[:100]!r} is no path to serve below. Write it like /inspector.",
            field="path_prefix",
        )
    return prefix


def check_bin_domain(text: str) -> str:
    """The domain in small letters, else ``invalid_bin_domain``."""
    domain = text.strip().lower().removeprefix("*.").removesuffix(".")
    if not _DOMAIN.match(domain):
        raise InspectorError(
            "invalid_bin_domain",
            f"{text[:100]!r} is no domain for bins. Write it like hooks.example.com.",
            field="bin_domain",
        )
    return domain
