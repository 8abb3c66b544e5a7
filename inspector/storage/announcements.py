"""News between instances that share a PostgreSQL database, as the payload of its NOTIFY."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from inspector.domain.removals import Removal

# PostgreSQL takes 8,000 bytes.
MAX_PAYLOAD_CHARS = 7_500


class Announcement(NamedTuple):
    """News of an instance: ``{bin_id: highest new number}``, and requests that are gone.

    With neither there was too much to say: whoever hears it looks for itself.
    """

    instance: str
    stored: dict[int, int]
    removed: list[Removal]

    @property
    def is_cut(self) -> bool:
        """True when it says only that there is news."""
        return not self.stored and not self.removed


def format_announcement(
    instance: str, stored: Mapping[int, int], removed: Sequence[Removal]
) -> str:
    """The payload; ASCII."""
    payload = json.dumps([instance, list(stored.items()), removed], separators=(",", ":"))
    return payload if len(payload) <= MAX_PAYLOAD_CHARS else json.dumps([instance, [], []])


def parse_announcement(payload: str) -> Announcement:
    """The reverse. Raises ``ValueError`` or ``TypeError`` for a payload of somebody else's."""
    instance, stored, removed = json.loads(payload)
    return Announcement(str(instance), dict(stored), [Removal(*each) for each in removed])
