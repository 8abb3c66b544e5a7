"""The rows of a bin's list as markup; ``templates/requests/_rows.html`` puts them in their place.

A template takes three times as long for the fifty rows of a page: each of its pieces goes through
every template around it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple

from markupsafe import Markup, escape

from inspector.assets import asset_url
from inspector.domain import Bin, CapturedRequest
from inspector.domain.attempts import Attempt
from inspector.domain.summaries import RequestSummary
from inspector.reading.columns import label_columns, read_columns
from inspector.reading.reasons import Parts, Reason
from inspector.web.pages.text import (
    say_clock,
    say_ms,
    say_number,
    say_ordinal,
    say_size,
    say_span,
    show_odd,
    visible,
)

Reasons = Mapping[str, Sequence[Reason]]
NO_REASONS: Reasons = {}
# The rows whose markup is kept, of each what only the request itself and the day decide.
MAX_KEPT = 500


class _Kept(NamedTuple):
    """The parts of a row that its request alone decides, with all that they were made of."""

    made_of: tuple[object, ...]
    told: RequestSummary
    top: str
    facts: str


_kept: dict[str, _Kept] = {}
_keeping = Lock()


def render_request_rows(
    bin_: Bin,
    requests: Iterable[CapturedRequest],
    search: str = "",
    open_id: str | None = None,
    reasons: Reasons = NO_REASONS,
    *,
    swapped: bool = False,
) -> Markup:
    """An item of the list for each request, in their order.

    ``search`` is kept in the addresses; ``open_id`` is the request whose page it is. A row that
    is ``swapped`` replaces the one that the page has. Linear in the requests.
    """
    now, search = datetime.now(UTC), _escape(search)
    swap = ' hx-swap-oob="true"' if swapped else ""
    parts: list[str] = []
    for each in requests:
        at = f"/bins/{bin_.name}/requests/{each.id}{search}"
        state = f" data-pinned{swap}" if each.pinned else swap
        current = ' aria-current="true"' if each.id == open_id else ""
        parts.append(
            f'<li id="r{each.number}" class="row" data-number="{each.number}" data-id="{each.id}"'
            f"{state}>\n"
            f'<input class="row-check" type="checkbox" name="number" value="{each.number}"'
            f' form="selection" aria-label="Select #{each.number}">\n'
            f'<a class="row-link" href="{at}" hx-get="{at}"'
            f"{current}>\n"
        )
        kept = _recall(each, now)
        parts.append(kept.top)
        parts.append('<span class="row-facts">')
        parts += _show_marks(bin_, each)
        parts.append(kept.facts)
        parts.append("</span>\n")
        parts += map(_show_reason, reasons.get(each.id, ()))
        if bin_.columns:
            parts += _show_columns(each, bin_.columns)
        parts.append("</a>\n")
        attempt = each.attempt
        if attempt is not None and attempt.number > 1:
            parts.append(_show_try(bin_, attempt, search))
        parts.append("</li>")
    return Markup("".join(parts))  # noqa: S704 - every text is escaped above


def _recall(each: CapturedRequest, now: datetime) -> _Kept:
    """The steady parts of a row, made anew when anything differs that they are made of.

    Summaries are kept by a request's bytes, so the same one is of the same request.
    """
    given = each.answer
    made_of = (
        each.raw_head,
        each.bin_name,
        each.fidelity,
        each.received_us,
        each.body_size,
        now.date(),
        given and (given.status, given.outcome),
    )
    kept = _kept.get(each.id)
    if kept is None or kept.told is not each.summary or kept.made_of != made_of:
        top, facts = "".join(_show_top(each, now)), "".join(_show_facts(each))
        kept = _Kept(made_of, each.summary, top, facts)
        with _keeping:  # the first one is looked for while no other thread keeps one
            if len(_kept) >= MAX_KEPT:
                del _kept[next(iter(_kept))]
            _kept[each.id] = kept
    return kept


def _show_top(each: CapturedRequest, now: datetime) -> Iterator[str]:
    """The method, the answer's status, the title, the time and the number."""
    told, method = each.summary, each.method[:24]
    yield f'<span class="method" data-method="{_escape(method)}">{visible(method)}</span>\n'
    given = each.answer
    if given is not None and given.status:
        status, bad = given.status, " data-bad" if given.status >= 400 else ""
        yield f'<span class="row-status"{bad} title="answered {status}">{status}</span>'
    elif given is not None and given.outcome == "dropped":
        yield '<span class="row-status" data-bad title="closed without an answer">cut</span>'
    title = told.subject or told.title or each.sub_path or each.path
    yield f'<span class="row-title">{visible(title[:160])}</span>\n'
    instant = each.received_at
    exact = instant.strftime("%Y-%m-%d %H:%M:%S.%f")
    yield (
        f'<time datetime="{exact.replace(" ", "T")}Z" data-form="clock" title="{exact} UTC">'
        f'{say_clock(instant, now)}</time>\n<span class="row-number">#{each.number}</span>\n'
    )


def _show_marks(bin_: Bin, each: CapturedRequest) -> Iterator[str]:
    """The pin and the note, what is wrong with a request, and what came of passing it on."""
    if each.pinned:
        yield (
            '<span class="row-pin" title="pinned"><svg class="icon" aria-hidden="true"'
            f' focusable="false"><use href="{asset_url("icons.svg")}#pin"/></svg>'
            '<span class="unseen">pinned</span></span> '
        )
    if each.note:
        yield f'<span class="row-note">{visible(each.note[:80])}</span> '
    if bin_.has_signatures:
        if "invalid" in each.signature_results:
            yield '<span class="tag bad">signature invalid</span> '
        elif "absent" in each.signature_results:
            yield '<span class="tag">not signed</span> '
    yield _show_relay(each)
    lost, detected = each.summary.lost, each.summary.detected
    if lost:
        why = "PHP would not read them under the names sent"
        yield f'<span class="tag bad" title="{why}">{say_number(lost)} lost</span> '
    if each.refusal:
        yield f'<span class="tag bad">refused {each.refusal.status}</span> '
    if each.wire.notes:
        yield '<span class="tag">odd framing</span> '
    if detected:
        yield f'<span class="tag">in fact {_escape(detected.name)}</span> '


def _show_relay(each: CapturedRequest) -> str:
    relay = each.relay
    if relay is None:
        return ""
    if relay.is_under_way:
        return '<span class="tag">being passed on</span> '
    if relay.error_code:
        error = _escape((relay.error or "")[:200])
        return f'<span class="tag bad" title="{error}">not answered</span> '
    bad = " bad" if relay.status is not None and relay.status >= 400 else ""
    return (
        f'<span class="tag{bad}" title="what your program said, and in what time">'
        f"program {relay.status} in {say_ms(relay.duration_ms)}</span> "
    )


def _show_facts(each: CapturedRequest) -> Iterator[str]:
    """The words that tell a request from those beside it."""
    told: RequestSummary = each.summary
    sender = told.sender
    if told.ticket_id:
        yield f"<span>ticket {visible(told.ticket_id[:20])}</span> "
    elif sender:
        yield f"<span>{_escape(sender.name)}</span> "
    if sender and sender.event:
        yield f"<span>{visible(sender.event[:60])}</span> "
    if told.event and not sender:
        yield f"<span>{visible(told.event[:40])}</span> "
    if told.gist and told.gist != told.title:
        yield f"<span>{visible(told.gist)}</span> "
    if (told.subject or told.title) and each.sub_path:
        yield f"<span>{visible(each.sub_path[:80])}</span> "
    if sender and told.ticket_id:
        yield f"<span>{_escape(sender.name)}</span> "
    if each.body_size:
        yield f"<span>{say_size(each.body_size)}</span>"


def _show_reason(reason: Reason) -> str:
    """The field for which a search found the request."""
    name = f"<code>{_mark(reason.name)}</code> " if reason.name else ""
    if reason.text is None:
        text = "<i>not sent</i>"
    else:
        text = _mark(reason.text) if reason.text else "<i>empty</i>"
    return f'<span class="row-why">{name}{text}</span>\n'


def _show_columns(each: CapturedRequest, columns: tuple[str, ...]) -> Iterator[str]:
    yield '<span class="row-columns">\n'
    labels, is_left_out = label_columns(columns), each.body_size > 0 and not each.body
    for name, text in read_columns(each, columns).items():
        if text is None:
            why = "The body is too large for a list" if is_left_out else "not sent"
            shown = f'<i class="none" title="{why}">{"…" if is_left_out else "–"}</i>'
        else:
            shown = f"<bdi>{visible(text)}</bdi>" if text else '<i class="none">empty</i>'
        title = _escape(visible(name).striptags())
        yield f'<span title="{title}"><b>{visible(labels[name])}</b> {shown}</span>\n'
    yield "</span>\n"


def _show_try(bin_: Bin, attempt: Attempt, search: str) -> str:
    previous = str(attempt.previous)
    before = f"/bins/{bin_.name}/requests/{previous}{search}"
    by_id = attempt.by == "delivery"
    why = "The same delivery id" if by_id else "The same body to the same path, within minutes"
    after = f"{say_span(attempt.after_s or 0)} after #{previous.rpartition('-')[2]}"
    return (
        f'<a class="row-try" href="{before}" hx-get="{before}" title="{why}">'
        f"{say_ordinal(attempt.number)} try, {after}</a>\n"
    )


def _mark(parts: Parts) -> str:
    shown = (f"<mark>{visible(text)}</mark>" if hit else visible(text) for text, hit in parts)
    return f"<bdi>{''.join(shown)}</bdi>"


def _escape(text: str) -> str:
    """For an attribute, or where a template has a text without ``visible``."""
    return str(escape(show_odd(text)))
