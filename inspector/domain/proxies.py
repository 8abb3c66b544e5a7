"""Whose word about a sender's address is taken: that of named proxies, and nobody else's."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import NamedTuple

from inspector.errors import InspectorError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


# What a peer on a socket's path is called, where others have an address.
UNIX_PEER = "unix"


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
        """The address of the sender, as far as it can be believed.

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
    """True when this is an address of this very machine, or the peer on a socket's path."""
    if text == UNIX_PEER:
        return True
    address = parse_address(text)
    return address is not None and address.is_loopback
