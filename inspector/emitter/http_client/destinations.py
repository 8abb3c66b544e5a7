"""The allowed destinations, decided on the address that is connected to.

A name is no promise: whoever owns it can point it anywhere between a check and a
connection. So the addresses are looked up once, each is checked, and the
connection goes to the checked address, on every redirect again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import unquote

from inspector.emitter.http_client.urls import HttpUrl, parse_url
from inspector.errors import InspectorError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

PUBLIC = "public"

# IANA's special-purpose registries (RFC 6890 and its updates), and the addresses at which
# cloud providers answer a machine's questions about itself. The first match counts.
_SPECIAL: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), kind)
    for network, kind in (
        ("169.254.169.254/32", "metadata"),
        ("169.254.170.2/32", "metadata"),
        ("168.63.129.16/32", "metadata"),
        ("100.100.100.200/32", "metadata"),
        ("192.0.0.192/32", "metadata"),
        ("fd00:ec2::254/128", "metadata"),
        ("fd20:ce::254/128", "metadata"),
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "documentation"),
        ("192.31.196.0/24", "reserved"),
        ("192.52.193.0/24", "reserved"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("192.175.48.0/24", "reserved"),
        ("198.18.0.0/15", "private"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "reserved"),
        ("2001:db8::/32", "documentation"),
        ("2001::/23", "reserved"),
        ("2620:4f:8000::/48", "reserved"),
        ("3fff::/20", "documentation"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "private"),
        ("ff00::/8", "multicast"),
    )
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_TEREDO = ipaddress.IPv6Network("2001::/32")

# An IPv6 address that carries an IPv4 one, and how many bits stand to its right.
_EMBEDDING: tuple[tuple[ipaddress.IPv6Network, int], ...] = tuple(
    (ipaddress.IPv6Network(network), shift)
    for network, shift in (
        ("::ffff:0:0/96", 0),  # IPv4-mapped, RFC 4291
        ("::ffff:0:0:0/96", 0),  # IPv4-translated, RFC 2765
        ("64:ff9b::/96", 0),  # NAT64, RFC 6052
        ("2002::/16", 80),  # 6to4, RFC 3056
        ("::/96", 0),  # IPv4-compatible, RFC 4291
    )
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214, 6.1


def classify_address(address: Address) -> str:
    """The kind of an address: ``"public"``, or why it is none.

    ``loopback``, ``private``, ``link-local``, ``carrier-grade NAT``, ``metadata``,
    ``multicast``, ``unspecified``, ``documentation``, ``local NAT64`` or
    ``reserved``. An IPv6 address that carries an IPv4 address is what that is.
    """
    special = _find_special(address)
    if special in ("unspecified", "loopback"):
        return special
    if isinstance(address, ipaddress.IPv4Address):
        return special or PUBLIC
    carried = _carried_addresses(address)
    if carried:
        kinds = [classify_address(inner) for inner in carried]
        return next((kind for kind in kinds if kind != PUBLIC), PUBLIC)
    if special or address in _GLOBAL_UNICAST:
        return special or PUBLIC
    return "reserved"


def _find_special(address: Address) -> str | None:
    return next((kind for network, kind in _SPECIAL if address in network), None)


def _carried_addresses(address: ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    number = int(address)
    if address in _TEREDO:  # RFC 4380: the server, and the client with every bit turned over
        client = ~number & 0xFFFFFFFF
        server = (number >> 64) & 0xFFFFFFFF
        return [ipaddress.IPv4Address(server), ipaddress.IPv4Address(client)]
    for network, shift in _EMBEDDING:
        if address in network:
            return [ipaddress.IPv4Address((number >> shift) & 0xFFFFFFFF)]
    if (number >> 32) & 0xFFFFFFFF in _ISATAP and address in _GLOBAL_UNICAST:
        return [ipaddress.IPv4Address(number & 0xFFFFFFFF)]
    return []


def _no_bin(_name: str) -> bool:
    return False


@dataclass(frozen=True)
class DestinationPolicy:
    """The policy for URLs and addresses that requests may go to.

    ``anywhere`` is for a server that only its own machine reaches. Otherwise a URL
    must lead to one of the server's own bins (``own_origins``, and ``is_bin`` for
    the first segment of the path) or to a host of ``hosts`` (exact names, or
    ``*.example.com`` for names below it) or ``networks``. An address that is not
    public is connected to only when a network names it, or for an own bin.
    """

    anywhere: bool = False
    own_origins: frozenset[tuple[str, str, int]] = frozenset()
    is_bin: Callable[[str], bool] = _no_bin
    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = field(default=())

    def check_url(self, url: HttpUrl) -> None:
        """Refuse a URL that does not lead where requests may go; resolves nothing.

        Raises ``InspectorError`` ``destination_refused``.
        """
        if self.anywhere or self._is_own_bin(url) or self._is_allowed_host(url.host):
            return
        message = (
            f"This server does not send to {url.authority}: others can reach it, so it sends only "
            "to its own bins and to the hosts given with --emit-allow."
        )
        raise InspectorError("destination_refused", message, host=url.host)

    def check_address(self, url: HttpUrl, address: Address) -> None:
        """Refuse an address that ``url`` resolved to, just before the connection.

        Raises ``InspectorError`` ``destination_refused``.
        """
        if self.anywhere or self._is_own_bin(url) or _is_in(address, self.networks):
            return
        kind = classify_address(address)
        if kind != PUBLIC:
            message = (
                f"{url.host} is at {address}, which is a {kind} address. Others can reach this "
                f"server, so it does not send there without --emit-allow {address}."
            )
            raise InspectorError("destination_refused", message, host=url.host, kind=kind)

    def _is_own_bin(self, url: HttpUrl) -> bool:
        if url.origin not in self.own_origins:
            return False
        first, _, rest = url.path.removeprefix("/").replace("\\", "/").partition("/")
        # A proxy in front of the server may resolve dot segments, and so leave the bin again.
        if {".", ".."}.intersection(unquote(rest).replace("\\", "/").split("/")):
            return False
        return self.is_bin(first)

    def _is_allowed_host(self, host: str) -> bool:
        name = host.removesuffix(".")
        if name in self.hosts:
            return True
        if any(pattern[:2] == "*." and name.endswith(pattern[1:]) for pattern in self.hosts):
            return True
        try:
            return _is_in(ipaddress.ip_address(host), self.networks)
        except ValueError:
            return False


def _is_in(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)


ANYWHERE = DestinationPolicy(anywhere=True)


def restrict_to(
    allowed: Iterable[str],
    *,
    own_urls: Iterable[str] = (),
    is_bin: Callable[[str], bool] = _no_bin,
) -> DestinationPolicy:
    """The policy of a server that others can reach.

    ``allowed`` are the values of ``--emit-allow``: host names, ``*.example.com``,
    addresses or networks (``10.1.0.0/16``). ``own_urls`` are the base URLs at which
    the server answers itself, ``is_bin`` tells whether a name is one of its bins.

    Raises ``InspectorError`` ``invalid_destination`` for a value that is none of these.
    """
    hosts: set[str] = set()
    networks: list[Network] = []
    for value in allowed:
        network = _find_network(value)
        if network is not None:
            networks.append(network)
        else:
            hosts.add(_host_pattern(value))
    origins = frozenset(parse_url(url).origin for url in own_urls)
    return DestinationPolicy(False, origins, is_bin, frozenset(hosts), tuple(networks))


def _find_network(value: str) -> Network | None:
    try:
        return ipaddress.ip_network(value.strip().strip("[]"), strict=False)
    except ValueError:
        return None


def _host_pattern(value: str) -> str:
    prefix = "*." if value.startswith("*.") else ""
    try:
        url = parse_url(f"http://{value.strip()[len(prefix) :]}/")
    except InspectorError:
        url = None
    if url is None or url.target != "/" or url.userinfo or url.port != 80:
        message = f"{value[:80]} is no host name, address or network to send to."
        raise InspectorError("invalid_destination", message, value=value)
    return prefix + url.host.removesuffix(".")
