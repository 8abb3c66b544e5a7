"""Proxies: whose word about a sender's address is taken, and the addresses they serve us by.

Only the forwarding headers of named proxies are believed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import NamedTuple

from inspector.errors import InspectorError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


# The name of a peer on a Unix socket, in the place of an address.
UNIX_PEER = "unix"
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]{1,100}){1,8}\Z")
_DOMAIN = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\Z")
_PORT = re.compile(r":\d{0,5}\Z")


class TrustedProxies(NamedTuple):
    """The peers whose ``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed; none by default.

    Anyone can send such a header, and everyone's is kept and shown.
    """

    networks: tuple[Network, ...] = ()
    has_unix: bool = False

    @classmethod
    def parse(cls, texts: Iterable[str]) -> TrustedProxies:
        """From addresses, networks (``10.0.0.0/8``) and ``unix``, whoever uses our socket's path.

        Raises ``invalid_trusted_proxy``.
        """
        networks = []
        has_unix = False
        for text in texts:
            if text.strip() == UNIX_PEER:
                has_unix = True
                continue
            try:
                networks.append(ipaddress.ip_network(text.strip(), strict=False))
            except ValueError as error:
                raise InspectorError(
                    "invalid_trusted_proxy",
                    f"{text!r} is no address of a proxy. Write it like 10.0.0.1 or 10.0.0.0/8.",
                ) from error
        return cls(tuple(networks), has_unix)

    def trusts(self, peer: str) -> bool:
        """True when this peer's forwarding headers are believed."""
        if peer == UNIX_PEER:
            return self.has_unix
        address = parse_address(peer)
        return address is not None and any(address in network for network in self.networks)

    def find_client(self, peer: str, forwarded_for: str) -> str:
        """The address of the sender, as far as trusted proxies vouch for it.

        Each proxy appends the address it was called from, so that the list is read from
        its end, as long as those who wrote it are trusted. ``forwarded_for`` is the
        header's value, repeats joined with commas.
        """
        client = peer
        if not (self.networks or self.has_unix):
            return client
        for text in reversed(forwarded_for.split(",")):
            if not self.trusts(client):
                break
            address = parse_address(text)
            if address is None:
                break
            client = str(address)
        return client


NO_PROXIES = TrustedProxies()


def parse_address(text: str) -> Address | None:
    """An IP address, with or without a port; IPv4 mapped into IPv6 as IPv4; None for else."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_loopback(text: str) -> bool:
    """True for a loopback address, and for the peer on a Unix socket."""
    if text == UNIX_PEER:
        return True
    address = parse_address(text)
    return address is not None and address.is_loopback


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
