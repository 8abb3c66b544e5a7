"""A comparison of two requests as one HTML file."""

from __future__ import annotations

from inspector.domain import CapturedRequest
from inspector.domain.credentials import HIDDEN, is_secret_header
from inspector.exports.html.document import END, begin_document, show
from inspector.reading.compare import Comparison, Entry, Section
from inspector.reading.difference import Parts

_HEADERS = "Headers"


def render_comparison(comparison: Comparison, old: CapturedRequest, new: CapturedRequest) -> str:
    """The whole file: what differs, field by field, with the words that changed marked."""
    counts = ", ".join(f"{count:,} {status}" for status, count in comparison.counts.items())
    title = f"{new.bin_name}: requests #{old.number} and #{new.number} compared"
    about = f"#{new.number} came {comparison.apart}. Fields: {counts}. Written by Inspector."
    body = "".join(_render_section(each, old, new) for each in comparison.sections if each.entries)
    return begin_document(title, about) + (body or "<p>They do not differ.</p>\n") + END


def _render_section(section: Section, old: CapturedRequest, new: CapturedRequest) -> str:
    rows = "".join(_render_entry(each, section.title == _HEADERS) for each in section.entries)
    more = f"<p>and {section.hidden:,} more</p>\n" if section.hidden else ""
    return (
        f"<h3>{show(section.title)}</h3>\n<table>\n<thead><tr><th>Field</th><th>#{old.number}</th>"
        f"<th>#{new.number}</th></tr></thead>\n<tbody>\n{rows}</tbody></table>\n{more}"
    )


def _render_entry(entry: Entry, is_header: bool) -> str:
    hidden = is_header and is_secret_header(entry.label.rpartition(":")[2])
    sides = [
        _render_side(side, tag, hidden) for side, tag in ((entry.old, "del"), (entry.new, "ins"))
    ]
    by = f' <span class="muted">{show(entry.by)}</span>' if entry.by else ""
    label = f"{entry.status}: {entry.label[:300]}"
    return (
        f'<tr><th scope="row">{show(label)}</th><td>{sides[0]}</td><td>{sides[1]}{by}</td></tr>\n'
    )


def _render_side(parts: Parts | None, tag: str, hidden: bool) -> str:
    if parts is None:
        return '<i class="muted">not sent</i>'
    if hidden:
        return HIDDEN
    text = "".join(
        f"<{tag}>{show(each)}</{tag}>" if hit else show(each) for each, hit in parts if each
    )
    return text or '<i class="muted">empty</i>'
