"""The views of the emitter's page: the draft's exact request, its ticket as a tree, deliveries."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from inspector.domain.credentials import Definition, find_hidden, hide_in_head, put_back
from inspector.domain.deliveries import SOURCES, Delivery
from inspector.emitter import (
    METHODS,
    Composition,
    Context,
    PreparedRequest,
    action_from_json,
    action_to_json,
    all_variations,
    get_variation,
)
from inspector.emitter.preparing import FORM_TYPE
from inspector.errors import InspectorError
from inspector.exports import curl
from inspector.exports.outgoing import make_outgoing
from inspector.forms import Value, parse, to_json_safe
from inspector.reading.receivers import TITLES
from inspector.twig import render_twig
from inspector.twig.filters import FILTERS
from inspector.web.current import current_services, parse_id
from inspector.web.pages.emitter_form import Draft
from inspector.web.pages.emitter_problems import find_problems
from inspector.web.pages.request_content import Preview, preview

MAX_LEAVES_SHOWN = 1_000
MAX_LEAF_CHARS = 20_000
MAX_BODY_CHARS = 30_000
MAX_HEX_BYTES = 4_096
MAX_READING_CHARS = 60_000
# Methods that need a body of one's own; the helpdesk has none of them.
OTHER_METHODS = ("PATCH", "HEAD", "OPTIONS")
NESTING = ("php", "rack", "express", "qs")
LINES = 12
LINES_OF_LOG = 100
MAX_BINS_OFFERED = 100

# Examples of templates, shown with their results for the sample.
EXAMPLES = (
    "{{ ticket.person.name }}",
    "{{ ticket.sla.id ?? 'no SLA' }}",
    "{{ ticket.workflow|default('none')|upper }}",
    "{% if ticket.agent.is_agent %}agent{% else %}user{% endif %}",
    "{{ ticket.department.title_full starts with 'Sup' ? 'ours' : 'theirs' }}",
    "{{ ticket.date_first_agent_reply|date('j M Y, H:i', 'Europe/London') }}",
    "{{ ticket.date_first_agent_reply|date_modify('+2 days')|date('Y-m-d') }}",
    "{{ ticket.agent.agentgroup_ids|join(', ', ' and ') }}",
    "{% for group in ticket.agent.agentgroup_ids %}{{ loop.index }}:{{ group }} {% endfor %}",
    "{{ ticket.participants|map(each => each.person.name)|join(', ') }}",
    "{{ person_context.usergroups|filter(group => group.is_agent_group)|length }}",
    '{{ "#{ticket.person.first_name}, about #{ticket.subject}" }}',
    "{% set who %}{{ ticket.agent.display_name_real }}{% endset %}{{ who|upper }}",
)

# A key that needs no brackets in a path.
_PLAIN_KEY = re.compile(r"[^.\[\]]+\Z")


@dataclass
class TicketField:
    """A field of the ticket: a leaf has ``value``, the others ``children``.

    ``path`` is how a change names it, None when no path can.
    """

    label: str
    path: str | None
    value: str | None = None
    children: list[TicketField] = field(default_factory=list)

    @property
    def is_editable(self) -> bool:
        return self.path is not None and self.value is not None and len(self.value) < MAX_LEAF_CHARS


@dataclass
class TicketTree:
    """The top of a ticket's data; ``hidden`` leaves are not among them."""

    nodes: list[TicketField]
    hidden: int = 0


@dataclass(frozen=True)
class Shown:
    """A request's bytes for a reader; ``left_out`` pairs what is not sent with why."""

    method: str
    url: str
    head: Preview
    body: Preview
    size: int
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def fields(self) -> str:
        """A form's body as lines of ``name: value``; empty when it is none."""
        if FORM_TYPE not in (self.head.text or "").lower() or not self.body.text:
            return ""
        pairs = (pair.partition("=") for pair in self.body.text.split("&"))
        return "\n".join(f"{unquote_plus(name)}: {unquote_plus(text)}" for name, _, text in pairs)

    @cached_property
    def readings(self) -> tuple[tuple[str, str], ...]:
        """A whole form as JSON for each receiver that nests names; those that agree together."""
        if not self.fields or self.body.is_cut:
            return ()
        titles: dict[str, list[str]] = {}
        for receiver in NESTING:
            form = parse((self.body.text or "").encode("utf-8", "surrogateescape"), receiver)
            text = form.refusal or json.dumps(
                to_json_safe(form.value), indent=2, ensure_ascii=False
            )
            titles.setdefault(text[:MAX_READING_CHARS], []).append(TITLES[receiver])
        return tuple((" and ".join(names), text) for text, names in titles.items())


def build_ticket_tree(context: Context) -> TicketTree:
    """The data as nodes, at most ``MAX_LEAVES_SHOWN`` leaves of it."""
    tree = TicketTree([])
    room = [MAX_LEAVES_SHOWN]
    for key, value in context.items():
        tree.nodes.append(_make_field(key, key if _PLAIN_KEY.match(key) else None, value, room))
    tree.hidden = -min(room[0], 0)
    return tree


def _make_field(label: str, path: str | None, value: Value, room: list[int]) -> TicketField:
    if isinstance(value, str):
        room[0] -= 1
        return TicketField(label, path, value)
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    node = TicketField(label, path)
    for key, entry in entries:
        if isinstance(entry, str) and room[0] <= 0:
            room[0] -= 1
            continue
        name = str(key)
        node.children.append(_make_field(name, _join(path, name), entry, room))
    return node


def _join(path: str | None, key: str) -> str | None:
    if path is None or not key or "]" in key:
        return None
    return f"{path}.{key}" if _PLAIN_KEY.match(key) else f"{path}[{key}]"


def show_request(prepared: PreparedRequest, notes: tuple[str, ...] = ()) -> Shown:
    """The request that would be sent, without credentials."""
    left_out = tuple((each.what, each.why) for each in prepared.left_out)
    head = hide_in_head(prepared.head, prepared.secret_headers)
    return _show(prepared.method, str(prepared.url), head, prepared.body, left_out, notes)


def show_sent(delivery: Delivery) -> Shown:
    """The request that was sent."""
    line = delivery.line
    return _show(line.method, line.url, delivery.raw_head, delivery.body, delivery.left_out, ())


def _show(
    method: str,
    url: str,
    head: bytes,
    body: bytes,
    left_out: tuple[tuple[str, str], ...],
    notes: tuple[str, ...],
) -> Shown:
    size = len(head) + len(body)
    return Shown(method, url, show_bytes(head), show_bytes(body), size, left_out, notes)


def show_bytes(data: bytes) -> Preview:
    """Text where it is UTF-8, else a dump; bounded."""
    try:
        text: str | None = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and "\0" in text:
        text = None
    return preview(data, text, MAX_BODY_CHARS, MAX_HEX_BYTES)


def describe_draft(draft: Draft) -> dict[str, Any]:
    """The parts of the page that depend on the draft, its problems included."""
    found: dict[str, Any] = {"draft": draft, "tree": None}
    found["shown"], found["problems"] = find_problems(draft, check_draft)
    with suppress(InspectorError):  # It is among the problems.
        composition = compose(draft)
        found["tree"] = build_ticket_tree(composition.make_context(_first(draft)))
        if found["shown"] is None:
            found["shown"] = preview_composition(composition, _first(draft))
    return found | {
        "methods": tuple(dict.fromkeys((*METHODS, *OTHER_METHODS, draft.method or METHODS[0]))),
        "sources": SOURCES,
        "variations": all_variations(),
        "bins": list_targets(),
    }


def check_draft(draft: Draft) -> Shown:
    """The exact request of the form as it is. Raises the first ``InspectorError`` in it."""
    composition = compose(draft)
    return preview_composition(composition, draft.read_plan().first)


def _first(draft: Draft) -> int:
    try:
        return draft.read_plan().first
    except InspectorError:
        return 1


def compose(draft: Draft) -> Composition:
    """The composition of the form, with the credentials that are hidden in it.

    Raises ``InspectorError``.
    """
    composition = draft.compose()
    if not draft.origin:
        return composition
    definition: Definition = action_to_json(composition.action)
    kept = _find_origin(draft.origin)
    definition = definition if kept is None else put_back(definition, kept)
    if field := find_hidden(definition):
        message = "What is hidden here is not kept any more, or belongs to another user or place."
        raise InspectorError("invalid_action", f"{message} Enter it again.", field=field)
    return replace(composition, action=action_from_json(definition))


def _find_origin(origin: str) -> Definition | None:
    """The definition that a form was filled with, if it is still there."""
    services = current_services()
    kind, _, id_ = origin.partition(":")
    try:
        if kind == "series":
            return services.series.get(id_).composition.to_json()[0]
        if kind == "delivery":
            return services.deliveries.get(parse_id(id_)).definition
        return services.actions.get(parse_id(id_, "action")).definition
    except InspectorError:
        return None


def preview_composition(composition: Composition, number: int = 1) -> Shown:
    """The exact request of this number. Raises ``InspectorError``."""
    notes = composition.own_ticket.notes if composition.own_ticket else ()
    return show_request(current_services().prepare(composition, number), notes)


@cache
def explain_templates() -> dict[str, Any]:
    """Examples with what they give, and the names of the filters."""
    context = get_variation("trigger").make_context()
    examples = [(source, render_twig(source, context)) for source in EXAMPLES]
    return {"examples": examples, "filters": tuple(FILTERS)}


def list_targets() -> list[tuple[str, str]]:
    """Our own bins, by name, with the URL that we ourselves reach them at; the newest first."""
    services = current_services()
    bins = [each for each in services.bins.list() if not each.private][:MAX_BINS_OFFERED]
    return [(each.name, target_url(each.name)) for each in bins]


def target_url(bin_name: str) -> str:
    """The URL of a bin on this machine."""
    services = current_services()
    return f"{services.own_url() or services.base_url()}/{bin_name}"


def list_lines(
    limit: int = LINES, before: int | None = None, run: str | None = None
) -> dict[str, Any]:
    """The newest deliveries, or those before an id, or of a run, and where older ones begin."""
    found = current_services().deliveries.list(limit=limit + 1, before=before, run=run)
    lines = found[:limit]
    older_than = lines[-1].id if len(found) > limit else None
    return {"lines": lines, "older_than": older_than, "run": run}


def find_own_bin(url: str) -> str | None:
    """The name of our own bin that a URL leads to."""
    services = current_services()
    for own in (services.own_url(), services.base_url(), services.tunnel_url()):
        if own and url.startswith(f"{own}/"):
            name = url.removeprefix(f"{own}/").partition("?")[0].split("/")[0]
            return name if services.bins.exists(name) else None
    return None


def render_curl(delivery: Delivery) -> str:
    """The request as a line for the shell."""
    url = urlsplit(delivery.line.url)
    return curl.render_curl(make_outgoing(delivery.message, f"{url.scheme}://{url.netloc}"))
