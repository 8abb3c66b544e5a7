"""Escaping of captured text: invisible and bidirectional characters are shown as such.

Escaping is Jinja's, always on. This module is about characters that are harmless in HTML and
deceive a reader, and about bounds on text in pages.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup, escape

# Controls but tab and line feed; marks that are invisible or reorder text; what
# cannot be encoded (bytes that were no UTF-8 come as U+DC80 to U+DCFF).
_ODD = re.compile(
    r"(?:(?!\r\n)[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
    # Joiners belong into emoji and many scripts, but not behind Latin letters or one another.
    r"|(?<![^\x00-\x7f\u2000-\u206f\ufeff])[\u200c\u200d]|(?<=[A-Za-z\ufe00-\ufe0f])[\ufe00-\ufe0f]"
    r"|(?<![\u3400-\u9fff\U00020000-\U0003ffff])[\U000e0100-\U000e01ef])+"
)
_CODE = re.compile(r"`([^`]+)`")
_UNITS = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def prepare_text(environment: Environment) -> None:
    """Add the filters, and make the plain output of any string safe in every template."""
    environment.finalize = _finalize
    environment.filters.update(
        visible=visible,
        coloured=coloured,
        exact=encode_exact,
        size=say_size,
        number=say_number,
        coded=show_code,
        field=keep_field,
        field_name=write_name,
        clock=say_clock,
        ordinal=say_ordinal,
        span=say_span,
        ms=say_ms,
    )


def visible(text: str) -> Markup:
    """Escape, and set each run of odd characters apart, with their names for a tooltip.

    Linear; a text of nothing but odd characters grows some thirtyfold, so callers
    bound what they show.
    """
    if text.isascii() and text.replace("\n", "").isprintable():  # Nearly every text is.
        return escape(text)
    parts: list[str] = []
    end = 0
    for run in _ODD.finditer(text):
        parts.append(escape(text[end : run.start()]))
        names = ", ".join(dict.fromkeys(_say_name(char) for char in run[0][:20]))
        parts.append(f'<span class="odd" title="{escape(names)}">{_draw(run[0])}</span>')
        end = run.end()
    parts.append(escape(text[end:]))
    return Markup("".join(parts))  # noqa: S704 - every part is escaped above


def visible_all(texts: Sequence[str]) -> list[str]:
    """The texts as ``visible`` gives them, in the time of one text where none is odd."""
    others = [text for text in texts if not (text.isascii() and text.isprintable())]
    # No rule about odd characters looks across a tab.
    if texts and not (others and _ODD.search("\t".join(others))):
        return str(escape("\0".join(texts))).split("\0")  # A NUL is odd: none here has one.
    return [str(visible(text)) for text in texts]


def coloured(pieces: Iterable[tuple[str, str]]) -> Markup:
    """Texts with their kinds of colour (``layouts.pieces``), safe to stand between tags.

    As ``visible`` makes them, but for quotes: those stay, which is a third of JSON.
    """
    parts: list[str] = []
    for kind, text in pieces:
        if text.isascii() and text.replace("\n", "").isprintable():
            shown = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        else:
            shown = visible(text)
        parts.append(f'<span class="c-{kind}">{shown}</span>' if kind else shown)
    return Markup("".join(parts))  # noqa: S704 - every part is escaped above, kinds are ours


def show_code(text: str) -> Markup:
    """As ``visible``, with what stands between backticks as code."""
    shown = _CODE.sub(r"<code>\1</code>", str(visible(text)))
    return Markup(shown)  # noqa: S704 - made of escaped text and our own tags


def keep_field(text: str) -> Markup:
    """Escape a form field's value and nothing else: what is sent back must be what was given."""
    return escape(text.encode("utf-8", "replace").decode())


def write_name(text: str) -> str:
    """A field's name for a form: odd characters, which stand in its quotes, as JSON escapes."""
    return _ODD.sub(lambda run: json.dumps(run[0])[1:-1], text)


def show_odd(text: str) -> str:
    """As ``visible`` without markup, for attributes and titles; always encodable."""
    if text.isascii() and text.isprintable():
        return text
    return _ODD.sub(lambda run: _draw(run[0]), text)


def encode_exact(text: str) -> str:
    """A text with odd characters, percent-encoded for a script to copy; ``""`` without any.

    So no page holds them. Also ``""`` for what cannot be encoded.
    """
    if show_odd(text) == text:
        return ""
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        return ""


def say_size(count: int) -> str:
    """Bytes for people, in thousands: ``"12.4 kB"``."""
    for factor, unit in _UNITS:
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def say_number(count: int) -> str:
    """``1234`` as ``"1,234"``."""
    return f"{count:,}"


def say_ordinal(count: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``11th``."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count:,}{'th' if count % 100 in (11, 12, 13) else ending}"


def say_span(seconds: float) -> str:
    """A span of time, roughly: ``0.4 s``, ``14 s``, ``3 min``, ``2 h``, ``5 days``."""
    seconds = abs(seconds)
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    for factor, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * factor:
            return f"{seconds / factor:,.0f} {unit}"
    return f"{seconds:.0f} s"


def say_clock(instant: datetime, now: datetime | None = None) -> str:
    """The time of today's instants, the day of others and, where it is another one, their year."""
    now = now or datetime.now(UTC)
    if instant.date() == now.date():
        return instant.strftime("%H:%M:%S")
    return instant.strftime("%b %d, %H:%M" if instant.year == now.year else "%Y-%m-%d %H:%M")


def _finalize(value: Any) -> Any:
    """Every ``{{ ... }}`` passes here; markup was looked at when it was made."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return value if value.isascii() and value.isprintable() else show_odd(value)


def _draw(run: str) -> str:
    return "".join(map(_picture, run))


def _picture(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code <= 0xFF else f"[U+{code:04X}]"


def _say_name(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return "a byte that is not UTF-8"
    return unicodedata.name(char, f"control character U+{code:04X}").lower()


def say_ms(duration_ms: float | None) -> str:
    """A duration as people say it: ``35 ms``, ``5.2 s``; empty for None."""
    if duration_ms is None:
        return ""
    return f"{duration_ms:.0f} ms" if duration_ms < 1_000 else f"{duration_ms / 1_000:.1f} s"
