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

    ``changed`` are requests by bin and number that were relayed, pinned or noted meanwhile. An
    announcement with none of these was too long to send: its receivers look into the database.
    """

    instance: str
    stored: dict[int, int]
    removed: list[Removal]
    changed: list[tuple[int, int]]

    @property
    def is_cut(self) -> bool:
        """True when it says only that something has changed."""
        return not (self.stored or self.removed or self.changed)


def format_announcement(
    instance: str,
    stored: Mapping[int, int],
    removed: Sequence[Removal],
    changed: Sequence[tuple[int, int]] = (),
) -> str:
    """The payload; ASCII."""
    said = [instance, list(stored.items()), removed, changed]
    payload = json.dumps(said, separators=(",", ":"))
    return payload if len(payload) <= MAX_PAYLOAD_CHARS else json.dumps([instance, [], [], []])


def parse_announcement(payload: str) -> Announcement:
    """Parse a payload. Raises ``ValueError`` or ``TypeError`` for one that is not ours."""
    instance, stored, removed, changed = json.loads(payload)
    gone = [Removal(*each) for each in removed]
    return Announcement(str(instance), dict(stored), gone, [(*each,) for each in changed])
