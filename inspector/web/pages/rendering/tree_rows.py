"""The rows of a request's tree as markup; ``templates/requests/_tree.html`` puts them in a list.

A template takes ten times as long for two hundred fields, most of it for escaping each piece
by itself. Here all texts are escaped at once, and every other piece is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from markupsafe import Markup, escape

from inspector.forms.losses import Losses
from inspector.reading.meaning import EMAIL, Meaning
from inspector.reading.nodes import LIST, MAP, TEXT
from inspector.reading.rows import ABSENT, GROUP, MORE, Parts, Row
from inspector.reading.tree import Reading
from inspector.web.pages.text import say_number, show_odd, visible, visible_all

_END = "</ul></details></li>"
# An odd character, which no markup of captured text has: those are drawn. NUL would be looked
# for byte by byte, at half the speed.
_AT = "\1"
_EMPTY = {LIST: "empty list", MAP: "empty map"}


def render_tree_rows(tree: Reading, field: str) -> Markup:
    """The items of the list, each with the lists that it opens or closes.

    A field's page is at ``field``, an address that its path is put behind. Linear in the rows. A
    row that was shown in an earlier reading keeps its markup, but for that address.
    """
    _show_rows([row for row in tree.rows if not row.shown], tree.losses)
    shown = "".join([row.shown for row in tree.rows])
    return Markup(shown.replace(_AT, _escape(field)))  # noqa: S704 - every text is escaped below


def _show_rows(rows: Sequence[Row], losses: Losses) -> None:
    """Give rows their markup, with a mark in the place of a page's own address."""
    texts: list[str] = []
    for row in rows:
        meaning = row.meaning
        texts += row.key or '""', row.text, meaning.text if meaning else ""
    shown = iter(visible_all(texts))
    for row, key, text, told in zip(rows, shown, shown, shown, strict=True):
        link = row.link  # A quoted path needs no escape.
        href = f"{_AT}{link}" if link else ""
        if row.opens:
            parts = [*_open_list(row, key, text, href)]
        elif row.kind == MORE:
            entries = "entry" if row.size == 1 else "entries"
            parts = [f'<li class="rest">and {say_number(row.size)} more {entries}</li>\n']
        elif row.kind == ABSENT:
            lost = losses.find((row.key,))
            said = visible(lost.message) if lost else "not sent"
            parts = [f'<li class="absent"><b>{_escape(row.key)}</b><div><i>{said}</i></div></li>\n']
        else:
            parts = [*_show_field(row, key, text, told, href)]
        row.shown = "".join(parts) + _END * row.closes


def _open_list(row: Row, key: str, text: str, href: str) -> Iterator[str]:
    yield f'<li class="{row.kind}">'
    if href:
        yield f'<a class="about" href="{href}" aria-label="More about {_escape(row.key)}">⋯</a>'
    if row.kind == GROUP:
        key = _escape(row.title)
    elif row.key_parts:
        key = _mark(row.key_parts)
    count = f"list of {row.size}" if row.kind == LIST else row.fields
    yield f"<details{' open' if row.open else ''}><summary><b>{key}</b> <i>{count}</i>"
    yield f" <span>{text}</span></summary>"
    if row.mark:
        yield f'<p class="differs">{visible(row.mark)}</p>'
    if row.note:
        yield f"<p>{visible(row.note)}</p>"
    yield "<ul>\n"


def _show_field(row: Row, key: str, text: str, told: str, href: str) -> Iterator[str]:
    """``told`` is its meaning's text, escaped as ``key`` and ``text`` are."""
    if row.key_parts:
        key = _mark(row.key_parts)
    yield f'<li><a href="{href}">{key}</a><div>' if href else f"<li><b>{key}</b><div>"
    is_long, meaning = row.is_long, row.meaning
    if not row.text:
        yield f"<i>{_EMPTY.get(row.kind, 'empty')}</i>"
    else:
        shape = ' class="long"' if is_long else f' data-kind="{row.kind}"'
        shape = "" if row.kind == TEXT and not is_long else shape
        if row.text_parts:
            text = _mark(row.text_parts)
        elif not row.plain:
            shape += ' dir="auto"'
        yield f"<span{shape}>{text}</span>"
    if meaning and meaning.href:
        kind = "address" if meaning.kind == EMAIL else "link"
        yield f' <a href="{_escape(meaning.href)}" rel="noopener noreferrer nofollow"'
        yield f' target="_blank" title="Open the {kind}"><span class="unseen">Open '
        yield f"{visible(row.key[:60])}</span>↗</a>"
    if is_long and href:
        yield f' <a class="more" href="{href}">more</a>'
    if row.cut:
        more = f"{say_number(row.cut)} more characters"
        yield f' <a class="cut" href="{href}">{more}</a>' if href else f" <i>{more}</i>"
    if meaning and meaning.text:
        yield _say_meaning(meaning, told)
    yield (
        f' <em class="differs">{visible(row.mark)}</em></div></li>\n'
        if row.mark
        else ("</div></li>\n")
    )


def _say_meaning(meaning: Meaning, told: str) -> str:
    if meaning.instant:
        told = f'<time datetime="{meaning.instant.isoformat()}" data-form="second">{told}</time>'
        told += f" · {_escape(str(meaning.distance))}"
    if meaning.agrees:
        told += f' <span class="agrees">= {visible(meaning.agrees)}</span>'
    if meaning.problem:
        told += f" <strong>but {visible(meaning.problem)}</strong>"
    return f"<small>{told}</small>"


def _mark(parts: Parts) -> str:
    return "".join(
        f"<mark>{visible(part)}</mark>" if is_hit else visible(part) for part, is_hit in parts
    )


def _escape(text: str) -> str:
    """For an attribute, or where a template has a text without ``visible``."""
    return str(escape(show_odd(text)))
