"""A comparison of two requests as data: the API's JSON, and what a terminal shows."""

from __future__ import annotations

from typing import Any

from inspector.domain import CapturedRequest
from inspector.forms import to_json_safe
from inspector.reading.compare import Comparison
from inspector.reading.difference import Parts


def comparison_to_json(
    comparison: Comparison, old: CapturedRequest, new: CapturedRequest
) -> dict[str, Any]:
    """The differences, in the order of the fields; values are cut to 300 characters."""
    return to_json_safe(
        {
            "a": old.id,
            "b": new.id,
            "differs": comparison.differs,
            "apart": comparison.apart,
            "counts": comparison.counts,
            "differences": [
                {
                    "section": section.title.lower(),
                    "name": entry.label,
                    "status": entry.status,
                    "old": _join(entry.old),
                    "new": _join(entry.new),
                    "by": entry.by,
                }
                for section in comparison.sections
                for entry in section.entries
            ],
            "hidden": sum(section.hidden for section in comparison.sections),
        }
    )


def _join(parts: Parts | None) -> str | None:
    return None if parts is None else "".join(text for text, _ in parts)
