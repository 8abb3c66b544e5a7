"""A small HTTP/1.1 client side: the bytes it is given go out as they are.

It exists because the usual libraries add, sort or rename headers, and look a name up again
after its address was checked. It must never add a byte to a request.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import ssl
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import NoReturn

from inspector.clock import time
from inspector.emitter.actions import DeliveryOptions
from inspector.emitter.http_client.destinations import Address, DestinationPolicy
from inspector.emitter.http_client.problems import (
    DeliveryError,
    explain_connecting,
    explain_loss,
    explain_tls,
    make_tls_context,
)
from inspector.emitter.http_client.urls import HttpUrl
from inspector.errors import InspectorError

# Some platforms lack poll, and select takes no descriptor beyond 1023.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)


class Deadline:
    """A point in time that waits must not pass, and the message for when they do."""

    def __init__(self, seconds: float, waited_for: str) -> None:
        self._end = time.perf_counter() + seconds
        self._message = f"{waited_for} within {seconds:g} s."

    def remaining_s(self) -> float:
        """Seconds left, more than 0; raises ``DeliveryError`` ``timed_out`` when none are."""
        remaining = self._end - time.perf_counter()
        if remaining <= 0:
            self.fail()
        return remaining

    def fail(self) -> NoReturn:
        """Raise the ``DeliveryError``."""
        raise DeliveryError("timed_out", self._message)


def earliest(*deadlines: Deadline) -> Deadline:
    """The one that ends first."""
    return min(deadlines, key=lambda deadline: deadline._end)


class Connection:
    """A connection to one origin, checked against the policy when it was opened.

    ``connect_ms`` is what name look-up, TCP and TLS took together.
    """

    def __init__(
        self, sock: socket.socket, origin: tuple[str, str, int], address: str, connect_ms: float
    ) -> None:
        self._sock = sock
        self.origin = origin
        self.address = address
        self.connect_ms = connect_ms

    def close(self) -> None:
        """Close the socket; a second time is fine."""
        self._sock.close()

    def break_off(self) -> None:
        """End the connection while another thread waits on it: that one gets an error."""
        with contextlib.suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)

    def is_reusable(self) -> bool:
        """True while the peer has sent nothing, nor closed, since the last response."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        with _Selector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            return not selector.select(0)

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Write all of ``data``; raises ``DeliveryError``."""
        view = memoryview(data)
        while view:
            self._sock.settimeout(deadline.remaining_s())
            try:
                sent = self._sock.send(view)
            except TimeoutError:
                deadline.fail()
            except OSError as error:
                raise explain_loss(error) from error
            view = view[sent:]

    def receive(self, deadline: Deadline) -> bytes:
        """Some bytes, ``b""`` at the end; raises ``DeliveryError``."""
        self._sock.settimeout(deadline.remaining_s())
        try:
            return self._sock.recv(65_536)
        except TimeoutError:
            deadline.fail()
        except ssl.SSLEOFError:
            return b""
        except OSError as error:
            raise explain_loss(error) from error


class ConnectionPool:
    """Keeps connections that may carry another request, for threads to share.

    One pool belongs to one policy and one set of options: what it keeps was
    checked when it was opened, and is not checked again. It keeps at most
    ``max_idle`` connections an origin.

    A kept connection may be closed by the receiver just when the next request goes
    out. That is a failure like any other: nothing is sent twice without being asked.
    """

    def __init__(self, max_idle: int = 100) -> None:
        self._max_idle = max_idle
        self._idle: dict[tuple[str, str, int], list[Connection]] = {}
        self._in_use: set[Connection] = set()
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> ConnectionPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def take(
        self,
        url: HttpUrl,
        options: DeliveryOptions,
        policy: DestinationPolicy,
        overall: Deadline,
    ) -> tuple[Connection, float]:
        """A connection to the URL's origin, and how many milliseconds opening it took.

        Raises ``DeliveryError``.
        """
        connect_ms = 0.0
        connection = self._take_idle(url.origin)
        while connection and not connection.is_reusable():
            connection.close()
            connection = self._take_idle(url.origin)
        if connection is None:
            connection = open_connection(url, options, policy, overall)
            connect_ms = connection.connect_ms
        with self._lock:
            self._in_use.add(connection)
            closed = self._closed
        if closed:
            connection.break_off()
        return connection, connect_ms

    def _take_idle(self, origin: tuple[str, str, int]) -> Connection | None:
        with self._lock:
            idle = self._idle.get(origin)
            return idle.pop() if idle else None

    def give_back(self, connection: Connection, *, reusable: bool) -> None:
        """Keep the connection for the next request, or close it."""
        with self._lock:
            self._in_use.discard(connection)
            idle = self._idle.setdefault(connection.origin, [])
            if reusable and not self._closed and len(idle) < self._max_idle:
                idle.append(connection)
                return
        connection.close()

    def close(self) -> None:
        """Close what is kept, and break off what is in use: its exchange fails at once."""
        with self._lock:
            self._closed = True
            kept = [connection for idle in self._idle.values() for connection in idle]
            self._idle.clear()
            for connection in self._in_use:
                connection.break_off()
        for connection in kept:
            connection.close()


def open_connection(
    url: HttpUrl, options: DeliveryOptions, policy: DestinationPolicy, overall: Deadline
) -> Connection:
    """Look the host up once, check each address, connect to the first that answers.

    Raises ``DeliveryError``; its code is ``destination_refused`` when the policy
    allows none of the addresses.
    """
    started = time.perf_counter()
    waited_for = f"No connection to {url.authority}"
    deadline = earliest(Deadline(options.connect_timeout_s, waited_for), overall)
    addresses = resolve(url, deadline)
    allowed = list(filter_addresses(url, addresses, policy))
    sock = _connect_first(url, allowed, deadline)
    try:
        if url.scheme == "https":
            sock = _start_tls(sock, url, options.verify_tls, deadline)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer = str(sock.getpeername()[0])
    except BaseException:
        sock.close()
        raise
    return Connection(sock, url.origin, peer, (time.perf_counter() - started) * 1000)


def resolve(url: HttpUrl, deadline: Deadline) -> list[Address]:
    """The addresses of the URL's host, see ``look_up``.

    The resolver cannot be interrupted, so it runs in a thread that is left behind
    when it takes too long. Raises ``DeliveryError``.
    """
    literal = find_literal(url)
    if literal is not None:
        return [literal]
    found: list[Address] = []
    problem: list[DeliveryError] = []

    def run() -> None:
        try:
            found.extend(look_up(url))
        except DeliveryError as error:
            problem.append(error)

    thread = threading.Thread(target=run, name="resolver", daemon=True)
    thread.start()
    thread.join(deadline.remaining_s())
    if thread.is_alive():
        deadline.fail()
    if problem:
        raise problem[0]
    return found


def find_literal(url: HttpUrl) -> Address | None:
    """The address that the URL's host is written as; None for a name."""
    try:
        return ipaddress.ip_address(url.host)
    except ValueError:
        return None


def look_up(url: HttpUrl) -> list[Address]:
    """Ask the resolver for the addresses of the URL's host, in its order, each once.

    Blocks for as long as the resolver does. Raises ``DeliveryError``.
    """
    try:
        answers = socket.getaddrinfo(url.host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        message = f"There is no address for {url.host}: {error}."
        raise DeliveryError("name_not_found", message) from error
    found = dict.fromkeys(ipaddress.ip_address(str(answer[4][0])) for answer in answers)
    if not found:
        raise DeliveryError("name_not_found", f"There is no address for {url.host}.")
    return list(found)


def filter_addresses(
    url: HttpUrl, addresses: list[Address], policy: DestinationPolicy
) -> Iterator[Address]:
    """The addresses that the policy allows; a ``DeliveryError`` at the end when it allows none."""
    refusal: InspectorError | None = None
    allowed = 0
    for address in addresses:
        try:
            policy.check_address(url, address)
        except InspectorError as error:
            refusal = error
        else:
            allowed += 1
            yield address
    if refusal is not None and not allowed:
        raise DeliveryError(refusal.code, refusal.message, retryable=False)


def _connect_first(url: HttpUrl, addresses: list[Address], deadline: Deadline) -> socket.socket:
    problem: DeliveryError | None = None
    for position, address in enumerate(addresses):
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        # Each address gets a share of the time, so that a dead first one does not use it up.
        share = deadline.remaining_s() / (len(addresses) - position)
        sock.settimeout(share)
        try:
            sock.connect((str(address), url.port))
        except OSError as error:
            sock.close()
            problem = explain_connecting(url, error, share)
        else:
            return sock
    raise problem or DeliveryError("name_not_found", f"There is no address for {url.host}.")


def _start_tls(
    sock: socket.socket, url: HttpUrl, verify: bool, deadline: Deadline
) -> ssl.SSLSocket:
    with explain_tls(url):
        sock.settimeout(deadline.remaining_s())
        return make_tls_context(verify).wrap_socket(sock, server_hostname=url.host)
