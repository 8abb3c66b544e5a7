"""Exchanges on an event loop: many requests under way, and no thread waits for any of them.

It shares the decisions with the blocking ``connections``: which addresses are allowed, how an
answer is parsed, and the messages of failures.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable

from inspector.emitter.http_client.connections import (
    Deadline,
    filter_addresses,
    find_literal,
    look_up,
)
from inspector.emitter.http_client.destinations import Address, DestinationPolicy
from inspector.emitter.http_client.problems import (
    DeliveryError,
    explain_connecting,
    explain_loss,
    explain_tls,
    make_tls_context,
)
from inspector.emitter.http_client.responses import Parsing, ReceivedAnswer
from inspector.emitter.http_client.urls import HttpUrl


class ByteBudget:
    """The bytes of unfinished answers that may be held at once, by all exchanges together."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes

    def take(self, count: int) -> None:
        """Count bytes as held. Raises ``DeliveryError`` ``too_much_at_once`` when it is spent."""
        if count > self._left:
            message = "The answers of programs that are read at this moment are too large together."
            raise DeliveryError("too_much_at_once", message)
        self._left -= count

    def give_back(self, count: int) -> None:
        """Count them no more."""
        self._left += count


class Lookups:
    """Addresses of hosts, each asked for once at a time, however many wait for it.

    The resolver blocks, so each question has a thread, which is left behind when the answer
    comes too late.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[list[Address]]] = {}

    async def find(self, url: HttpUrl) -> list[Address]:
        """The addresses of the URL's host. Raises ``DeliveryError``."""
        literal = find_literal(url)
        if literal is not None:
            return [literal]
        future = self._under_way.get(url.host)
        if future is None:
            future = self._under_way[url.host] = self._ask(url)
        return await asyncio.shield(future)

    def _ask(self, url: HttpUrl) -> asyncio.Future[list[Address]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[Address]] = loop.create_future()

        def settle(found: list[Address], error: DeliveryError | None) -> None:
            self._under_way.pop(url.host, None)
            if error is None:
                future.set_result(found)
            else:
                future.set_exception(error)
                future.exception()  # Read, so that asyncio does not log it.

        def run() -> None:
            found: list[Address] = []
            problem = None
            try:
                found = look_up(url)
            except DeliveryError as error:
                problem = error
            if not loop.is_closed():
                loop.call_soon_threadsafe(settle, found, problem)

        threading.Thread(target=run, name="resolver", daemon=True).start()
        return future


async def connect(
    url: HttpUrl, policy: DestinationPolicy, lookups: Lookups, deadline: Deadline
) -> socket.socket:
    """A TCP connection to the first address that answers, of those that the policy allows.

    Raises ``DeliveryError``; its code is ``destination_refused`` when none is allowed.
    """
    addresses = list(filter_addresses(url, await lookups.find(url), policy))
    problem: DeliveryError | None = None
    for position, address in enumerate(addresses):
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        # Each address gets a share of the time, so that a dead first one does not use it up.
        share = deadline.remaining_s() / (len(addresses) - position)
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
        except OSError as error:  # no more files may be open
            raise explain_loss(error) from error
        try:
            sock.setblocking(False)
            async with asyncio.timeout(share):
                loop = asyncio.get_running_loop()
                await loop.sock_connect(sock, (str(address), url.port))
        except OSError as error:  # a timeout is one
            sock.close()
            problem = explain_connecting(url, error, share)
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise problem or DeliveryError("name_not_found", f"There is no address for {url.host}.")


class _Talk(asyncio.Protocol):
    """Feeds what comes over a connection to the parser of an answer."""

    def __init__(self, parsing: Parsing, budget: ByteBudget) -> None:
        self._parsing = parsing
        self._budget = budget
        self._held = 0
        self.answer: asyncio.Future[ReceivedAnswer] = asyncio.get_running_loop().create_future()
        next(parsing)

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self.answer.done():
            return
        try:
            self._budget.take(len(data))
        except DeliveryError as error:
            self.answer.set_exception(error)
            return
        self._held += len(data)
        self._feed(data)

    def eof_received(self) -> None:
        """Called by the event loop at the end of what the receiver sends."""
        self._feed(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop when the connection is over, whoever closed it."""
        if not isinstance(exc, OSError):
            self._feed(b"")
        elif not self.answer.done():
            self.answer.set_exception(explain_loss(exc))

    def _feed(self, data: bytes) -> None:
        if self.answer.done():
            return
        try:
            self._parsing.send(data)
        except StopIteration as end:
            self.answer.set_result(end.value)
        except DeliveryError as error:
            self.answer.set_exception(error)

    def end(self) -> None:
        """Give the answer up: nobody waits for it any more."""
        self._budget.give_back(self._held)
        self._held = 0
        if not self.answer.cancel() and not self.answer.cancelled():
            self.answer.exception()  # read, so that asyncio does not log it


async def talk(
    sock: socket.socket,
    url: HttpUrl,
    raw: bytes,
    parsing: Parsing,
    budget: ByteBudget,
    on_sent: Callable[[], None],
) -> ReceivedAnswer:
    """Send a request over a connection, with TLS where the URL says so, and read its answer.

    ``on_sent`` is called as the first byte goes out. The connection is closed at the end.
    Raises ``DeliveryError``.
    """
    loop = asyncio.get_running_loop()
    protocol = _Talk(parsing, budget)
    is_https = url.scheme == "https"
    try:
        with explain_tls(url):
            transport, _ = await loop.create_connection(
                lambda: protocol,
                sock=sock,
                ssl=make_tls_context(verify=True) if is_https else None,
                server_hostname=url.host if is_https else None,
            )
    except BaseException:
        protocol.end()
        sock.close()
        raise
    try:
        on_sent()
        transport.write(raw)
        return await protocol.answer
    finally:
        protocol.end()
        transport.abort()
