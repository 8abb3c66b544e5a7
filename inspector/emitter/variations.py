"""The sample as each source of a webhook would send it: an SLA with its warning, and so on.

The article's sample lacks fields that every real ticket has, such as its id. All variations but
the one called ``article`` have them, so that receivers find them as in production.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from inspector.emitter.changes import Change, apply_changes
from inspector.emitter.tickets import load_data, sample_context
from inspector.emitter.trees import Context
from inspector.errors import InspectorError


@dataclass(frozen=True, slots=True)
class Variation:
    """The sample, changed to suit a source.

    ``title`` is what happened, for people; ``note`` says what of it is not from the
    helpdesk's article.
    """

    name: str
    source: str
    title: str
    note: str
    changes: tuple[Change, ...]

    def make_context(self) -> Context:
        """The sample with the changes."""
        return apply_changes(sample_context(), self.changes)


@cache
def all_variations() -> tuple[Variation, ...]:
    """Every variation there is; the first of a source is its usual one."""
    data = load_data("variations.json")
    return tuple(
        Variation(
            entry["name"],
            entry["source"],
            entry["title"],
            entry["note"],
            tuple(
                Change(path, value)
                for path, value in (
                    {} if entry["is_bare"] else data["completed"] | entry["set"]
                ).items()
            ),
        )
        for entry in data["variations"]
    )


def get_variation(name: str) -> Variation:
    """The variation of this name, or the usual one of the source of this name.

    Raises ``InspectorError`` ``variation_not_found``.
    """
    for variation in all_variations():
        if name in (variation.name, variation.source):
            return variation
    names = ", ".join(variation.name for variation in all_variations())
    message = f"There is no variation {name[:40]} of the sample; there are {names}."
    raise InspectorError("variation_not_found", message)
