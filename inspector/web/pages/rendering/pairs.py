"""The pairs of a form as the rows of a table; ``templates/requests/_form.html`` has the rest."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from inspector.forms import Pair
from inspector.web.pages.text import say_number, show_odd, visible_all

MAX_NAME_CHARS = 300
MAX_VALUE_CHARS = 2_000


def render_pairs(pairs: Sequence[Pair], all_at: str) -> Markup:
    """A row for each pair; ``all_at`` is where the whole of a text that is cut can be had."""
    texts: list[str] = []
    for pair in pairs:
        texts += pair.name[:MAX_NAME_CHARS], pair.value[:MAX_VALUE_CHARS]
    at = str(escape(show_odd(all_at)))
    shown = iter(visible_all(texts))
    parts: list[str] = []
    for pair, name, value in zip(pairs, shown, shown, strict=True):
        lost = "" if pair.is_kept else " data-lost"
        parts.append(f'<tr{lost}><td class="position">{pair.position + 1}</td><th scope="row">')
        parts.append(_show(name, len(pair.name), MAX_NAME_CHARS, at))
        parts.append("</th><td>")
        parts.append(_show(value, len(pair.value), MAX_VALUE_CHARS, at))
        if pair.path is None:
            parts.append(' <span class="tag warn">dropped by PHP</span>')
        elif lost:
            parts.append(' <span class="tag warn">replaced by a later pair</span>')
        parts.append("</td></tr>\n")
    return Markup("".join(parts))  # noqa: S704 - every text is escaped above


def _show(shown: str, length: int, most: int, all_at: str) -> str:
    """As the macro ``value`` shows a text that was escaped already."""
    if not length:
        return '<i class="none">empty</i>'
    if length <= most:
        return f"<bdi>{shown}</bdi>"
    return (
        f'<bdi>{shown}</bdi> <span class="cut">… {say_number(length)} characters in all,'
        f' <a href="{all_at}">show all</a></span>'
    )
