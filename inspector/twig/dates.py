"""The filters ``date`` and ``date_modify``, and the function ``date``.

``date_texts`` reads a date out of a text, ``date_letters`` writes it by PHP's letters.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Any

from inspector.twig.date_letters import format_date
from inspector.twig.date_texts import find_zone, parse_date, shift_date
from inspector.twig.errors import ValueProblemError
from inspector.twig.values import Work, is_empty, to_text

DEFAULT_DATE_FORMAT = "F j, Y H:i"
_COMPARABLE = "Y-m-d H:i:s"


def date(
    work: Work,
    value: Any,
    format: Any = DEFAULT_DATE_FORMAT,  # noqa: A002 - the helpdesk's name, which may be written
    timezone: Any = None,
) -> str:
    """A date by PHP's letters, in UTC or another zone; of no date that is today's."""
    pattern = work.text(format)
    work.charge(30 * len(pattern))
    zone = _find_zone(timezone)
    return format_date(_read_date(work, value, zone), pattern)


def _find_zone(timezone: Any) -> tzinfo:
    zone = UTC if timezone in (None, False) else find_zone(to_text(timezone))
    if zone is None:
        raise ValueProblemError(f"there is no time zone {to_text(timezone)[:40]!r}")
    return zone


def date_modify(work: Work, value: Any, modifier: Any) -> str:
    """A date moved by ``'+2 days'`` and the like, to be written by ``date`` or compared."""
    moment = shift_date(_read_date(work, value), work.text(modifier))
    if moment is None:
        raise ValueProblemError(f"{to_text(modifier)[:40]!r} moves no date: write '+2 days'")
    return format_date(moment, _COMPARABLE)


def make_date(work: Work, value: Any = "now", timezone: Any = None) -> str:
    """A date that can be compared with others of its kind.

    A zone changes how a date looks, not which it is: ``date`` asks for it again.
    """
    _find_zone(timezone)
    return format_date(_read_date(work, value), _COMPARABLE)


def _read_date(work: Work, value: Any, zone: tzinfo = UTC) -> datetime:
    text = work.text(value)
    if is_empty(value) or not text.strip():
        work.notes.append("the date of nothing is today's")
        text = "now"
    moment = parse_date(text, now=datetime.now(UTC), zone=zone)
    if moment is None:
        raise ValueProblemError(f"{to_text(value)[:40]!r} is not a date")
    return moment
