"""Deliveries of ``inspector emit`` in the log of the server that they went to."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from inspector.cli.client import Client
from inspector.emitter import Composition, DeliveryResult, make_delivery
from inspector.errors import InspectorError

# As many of a series as the server keeps of one that it sends itself.
MAX_KEPT = 400
IN_A_CALL = 50
TIMEOUT_S = 5.0


@dataclass
class Recorder:
    """Logs deliveries to a bin of ``--server`` on that server, and nowhere else.

    With ``finds_server`` nobody has named a server: then a server of this machine that answers
    as bins do is the one, whatever its port. It gets no token, which was not meant for it.

    A failed upload changes neither the command's output nor its exit status: an older server
    does not know the call, and a bin's own secret does not open the log.
    """

    client: Client
    composition: Composition
    is_series: bool = False
    finds_server: bool = False
    _kept: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._run = secrets.token_urlsafe(12) if self.is_series else None
        self._definitions = self.composition.to_json()

    def note(self, number: int, result: DeliveryResult) -> None:
        """Remember a delivery, when it went to the server."""
        url = str(result.attempts[0].exchanges[0].request.url)
        if self.finds_server and not self._kept and _is_from_bin(url, result):
            parts = urlsplit(url)
            self.client = Client(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
        if len(self._kept) >= MAX_KEPT or not url.startswith(f"{self.client.server}/"):
            return
        from inspector.emitter.uploaded_deliveries import (
            write_upload,  # only needed with a server
        )

        action, (definition, ticket) = self.composition.action, self._definitions
        delivery = make_delivery(
            result,
            name=f"{action.name} #{number}" if self.is_series else action.name,
            source=action.source,
            definition=definition,
            ticket=ticket,
            run=self._run,
        )
        self._kept.append(write_upload(delivery))

    def tell(self) -> None:
        """Upload the remembered deliveries to the server's log."""
        try:
            for start in range(0, len(self._kept), IN_A_CALL):
                some = {"deliveries": self._kept[start : start + IN_A_CALL]}
                self.client.call("POST", "/api/v1/deliveries/sent", some, timeout_s=TIMEOUT_S)
        except (InspectorError, ValueError):
            return


def _is_from_bin(url: str, result: DeliveryResult) -> bool:
    """True when a server of this machine has answered in the way that bins do.

    All others must not be asked for anything that nobody has told us to ask.
    """
    host = urlsplit(url).hostname or ""
    try:
        is_near = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
    raw_headers = result.answer.raw_headers if result.answer else ()
    headers = {name.lower(): value for name, value in raw_headers}
    marks = ("content-security-policy", "sandbox"), ("x-content-type-options", "nosniff")
    return is_near and all(headers.get(name) == value for name, value in marks)
