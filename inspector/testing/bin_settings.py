"""Settings of a bin in a test: its secrets for signatures, and the program behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from inspector.testing.received import ReceivedRequest
from inspector.testing.sources import RequestSource

if TYPE_CHECKING:
    from inspector.signatures import SignatureSecret

RELAY_TIMEOUT_S = 30.0


class BinSettings:
    """The settings of a bin; see ``WebhookBin``."""

    def __init__(self, server: RequestSource, bin_id: int, name: str) -> None:
        self._server = server
        self.id = bin_id
        self.name = name
        self._secrets: tuple[SignatureSecret, ...] = ()
        self._requests: list[ReceivedRequest] = []

    @property
    def url(self) -> str:
        """The URL for webhooks to this bin."""
        return f"{self._server.url}/{self.name}"

    @property
    def requests(self) -> list[ReceivedRequest]:
        """The requests so far."""
        return self._requests

    def set_signatures(self, *secrets: str | Mapping[str, str]) -> None:
        """Check signatures with these secrets, each ``"github:hush"`` or the API's object.

        ``set_signatures({"scheme": "hmac", "header": "X-Sign", "secret": "hush"})``; none for
        none. Raises ``InspectorError`` for what is none.
        """
        from inspector.signatures import dump_secrets, parse_secret, read_secrets

        given = [
            parse_secret(each) if isinstance(each, str) else read_secrets([each])[0]
            for each in secrets
        ]
        self._secrets = tuple(given)
        self._server.set_signatures(self.id, dump_secrets(given))
        for request in self._requests:
            request.forget_signatures()

    def assert_signed(self, request: ReceivedRequest | None = None) -> None:
        """Assert that all requests so far, at least one, or this one have a valid signature."""
        __tracebackhide__ = True
        requests = self.requests if request is None else [request]
        if not requests:
            raise AssertionError(f"No request has come to {self.url}, so none is signed.")
        for each in requests:
            if not any(check["result"] == "valid" for check in each.signatures):
                raise AssertionError(f"{each!r} is not validly signed: {each.signature!r}")

    def keep(self, *, capacity: int | None = None, ttl: str | None = None) -> None:
        """Keep at most so many requests, and each so long: ``keep(capacity=50, ttl="1d")``.

        ``ttl="none"`` keeps them however old. A setting that is not given stays as it is.
        Raises ``InspectorError`` for an invalid one.
        """
        given = {"capacity": capacity, "ttl": ttl}
        change = {name: value for name, value in given.items() if value is not None}
        self._server.call("PATCH", f"/bins/{self.name}", change)

    def annotate(
        self, request: ReceivedRequest, *, pinned: bool | None = None, note: str | None = None
    ) -> None:
        """Pin a request, so that neither capacity nor age takes it away, or put a note on it.

        An empty note takes it away; what is not given stays as it is. The request itself shows
        them as ``pinned`` and ``note``. Raises ``InspectorError`` for what cannot be.
        """
        given = {"pinned": pinned, "note": note}
        change = {name: value for name, value in given.items() if value is not None}
        now = self._server.call("PATCH", f"/bins/{self.name}/requests/{request.id}", change)
        request.show_annotations(pinned=now["pinned"], note=now["note"])

    def relay_to(
        self,
        url: str | None,
        *,
        wait: bool = True,
        timeout: float = RELAY_TIMEOUT_S,
        match: Mapping[str, Any] | None = None,
        resign: bool = False,
        insist: bool = True,
    ) -> None:
        """Pass requests on to a program from now on: stored first, then sent below ``url``.

        The sender gets the program's own answer, 502 when it cannot be reached, 504 after
        ``timeout`` seconds; without ``wait`` the bin answers as ``respond_with`` says, and passes
        on behind. ``match`` is the API's object, like ``{"method": "POST", "path": "/hook/*"}``;
        ``resign`` signs anew with the bin's secret. ``insist`` lets the program's ``Set-Cookie``
        and its like back to the sender, as ``respond_with`` does. ``relay_to(None)`` ends it.
        What came of a request is its ``relay``. Raises ``InspectorError`` for what cannot be.
        """
        from inspector.answers.relays import dump_relay
        from inspector.emitter.relaying import read_relay

        given = {
            "url": url,
            "wait": wait,
            "timeout": timeout,
            "match": match,
            "resign": resign,
            "insist": insist,
        }
        own_urls = (self._server.url,)
        relay = None if url is None else read_relay(given, own_urls=own_urls, bin_name=self.name)
        self._server.set_relay(self.id, dump_relay(relay))
