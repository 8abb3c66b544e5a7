"""The relay of a bin: where its requests are passed on to, which of them, and who answers.

As the database keeps it; ``emitter.relaying`` checks what a user asks for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from inspector.answers.matches import Match, read_match
from inspector.domain.credentials import hide_in_url
from inspector.domain.relays.jobs import DEFAULT_TIMEOUT_S
from inspector.domain.requests import CapturedRequest


@dataclass(frozen=True)
class Relay:
    """The address to which a bin forwards the requests that match.

    With ``waits`` the sender gets the program's own answer; else the bin answers at once and
    forwards the request afterwards. ``timeout_s`` bounds the whole exchange with the program.
    With ``resigns`` requests are signed anew with the bin's secret. With ``insists`` the sender
    also gets the program's headers that act beyond one answer, like ``Set-Cookie``.
    """

    url: str
    waits: bool = True
    timeout_s: float = DEFAULT_TIMEOUT_S
    match: Match = field(default_factory=Match)
    resigns: bool = False
    insists: bool = False

    def fits(self, request: CapturedRequest) -> bool:
        """True when this request is passed on; refused requests never are."""
        return request.refusal is None and self.match.fits(request)

    def to_json(self, *, secrets: bool = False) -> dict[str, Any]:
        """Its JSON object, without the URL's user and password unless they are asked for."""
        return {
            "url": self.url if secrets else hide_in_url(self.url),
            "wait": self.waits,
            "timeout": self.timeout_s,
            "match": self.match.to_json(),
            "resign": self.resigns,
            "insist": self.insists,
        }


def dump_relay(relay: Relay | None) -> str | None:
    """The relay as the database keeps it; None for none."""
    return None if relay is None else json.dumps(relay.to_json(secrets=True))


@lru_cache(maxsize=64)
def load_relay(document: str) -> Relay:
    """The relay that ``dump_relay`` wrote."""
    data = json.loads(document)
    match = read_match(data["match"])
    # Relays stored by versions without ``insist`` have no such field.
    insists = data.get("insist", False)
    return Relay(data["url"], data["wait"], data["timeout"], match, data["resign"], insists)
