"""The layout of a ticket: fields in the order of their importance, in groups.

Tables only; a payload that is no ticket is left in the order it was sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from inspector.reading.meaning import MAX_KEY_CHARS, is_duration_key, is_flag_key, is_time_key
from inspector.reading.nodes import Node, scalar_text
from inspector.reading.text import shorten

# Source: the helpdesk's own sample of a webhook action's data, and the names beside those in it.
TOP_ORDER = (
    "ticket person_context event event_type event_method event_performer custom_data".split()
)
EVENT_KEYS = ("event_type", "event_performer", "event_method")
EXPECTED_KEYS = ("person_context", "custom_data")

_FIRST_KEYS = (
    "id ref subject status hidden_status urgency display_name display_name_real name title"
    " title_full first_name last_name email organization organization_position timezone"
    " agent agent_team person primary_email emails person_email participants ticket_slas sla"
    " product department category priority workflow language labels usergroups agentgroup_ids"
).split()
_RANK = {key: rank for rank, key in enumerate(_FIRST_KEYS)}

# A map with fewer values than this is short enough to stay unfolded.
MIN_GROUPED_FIELDS = 8

_NAME_KEYS = (
    "display_name",
    "display_name_real",
    "name",
    "title",
    "subject",
    "title_full",
    "filename",
)
_PICTURES = ("picture", "gravatar", "thumbnail")
_PREVIEW_DEPTH = 3


def by_importance(path: tuple[str, ...]) -> tuple[tuple[int, str], ...]:
    """A sort key by importance: outer fields and well-known names come first."""
    top = TOP_ORDER.index(path[0]) if path and path[0] in TOP_ORDER else len(TOP_ORDER)
    return ((top, ""), *((_RANK.get(key, len(_RANK)), key) for key in path))


@dataclass(slots=True)
class Group:
    """Fields folded together under a heading of ours, which is no key of the payload."""

    name: str
    children: list[Node]
    preview: str

    @property
    def fields(self) -> int:
        return sum(child.fields for child in self.children)


def is_ticket(value: Any) -> bool:
    """True when a body's value has the shape of a ticket webhook."""
    return isinstance(value, dict) and (
        isinstance(value.get("ticket"), dict) or isinstance(value.get("person_context"), dict)
    )


def arrange_top(root: Node) -> list[Node | Group]:
    """The top of a ticket webhook: the ticket, its person, the event as one, all others."""
    by_key = {child.key: child for child in root.children}
    events = [by_key[key] for key in EVENT_KEYS if key in by_key]
    out: list[Node | Group] = [by_key[key] for key in ("ticket", "person_context") if key in by_key]
    if events:
        out.append(Group("event", events, ", ".join(shorten(node.text, 30) for node in events)))
    if "custom_data" in by_key:
        out.append(by_key["custom_data"])
    out.extend(child for child in root.children if child.key not in TOP_ORDER)
    return out


def arrange_map(node: Node) -> list[Node | Group]:
    """A ticket's map: the most wanted fields, then what it contains, then folded groups."""
    children = sorted(node.children, key=lambda child: _RANK.get(child.key, len(_RANK)))
    leaves = [child for child in children if child.is_leaf]
    if len(leaves) < MIN_GROUPED_FIELDS:
        return list(children)
    groups: dict[str, list[Node]] = {name: [] for name in _GROUPS}
    plain: list[Node] = []
    containers: list[Node] = []
    for child in children:
        name = _find_group(child)
        if name:
            groups[name].append(child)
        else:
            (plain if child.size == 0 else containers).append(child)
    out: list[Node | Group] = [*plain, *containers]
    for name, members in groups.items():
        if len(members) == 1:
            out.append(members[0])
        elif members:
            members.sort(key=_family if name == "times" else lambda _: "")
            out.append(Group(name, members, _preview_group(name, members)))
    return out


_GROUPS = ("times", "flags", "pictures", "empty")
_FLAG_TEXTS = frozenset(("", "0", "1", "true", "false"))


def _find_group(node: Node) -> str:
    """The name of the group that a field belongs to, ``""`` for none."""
    key, is_leaf = node.key, node.size == 0
    read = _read_key if len(key) <= MAX_KEY_CHARS else _read_key.__wrapped__
    is_time, is_flag, is_picture = read(key)
    if is_leaf and is_time:
        return "times"
    if is_leaf and is_flag and node.text in _FLAG_TEXTS:
        return "flags"
    if is_picture and (node.text or node.size):
        return "pictures"
    return "empty" if node.is_empty else ""


@lru_cache(maxsize=4096)
def _read_key(key: str) -> tuple[bool, bool, bool]:
    """The kinds that a key names (time or span, flag, picture); cached, as keys recur."""
    is_time = is_time_key(key) or is_duration_key(key)
    return is_time, is_flag_key(key), any(map(key.__contains__, _PICTURES))


def _family(node: Node) -> str:
    """``date_created``, ``date_created_ts`` and ``date_created_ts_ms`` stand together."""
    return node.key.removesuffix("_ms").removesuffix("_ts")


def _preview_group(name: str, members: list[Node]) -> str:
    if name == "flags":
        yes = [node.key for node in members if node.text in ("1", "true")]
        return shorten(", ".join(yes), 90) if yes else "none set"
    if name == "times":
        return shorten(", ".join(dict.fromkeys(_family(node) for node in members)), 90)
    return shorten(", ".join(node.key for node in members), 90)


def preview_value(value: Any, depth: int = 0) -> str:
    """A summary of a folded container in a few words: a name, an address, the first values."""
    if not isinstance(value, (dict, list)):
        return shorten(scalar_text(value))
    if depth > _PREVIEW_DEPTH:
        return ""
    if isinstance(value, list):
        return _join(value[:3], depth)
    find = value.get
    for key in _NAME_KEYS:
        name = find(key)
        if name and isinstance(name, str):
            break
    else:
        name = ""
    address = _find_email(value)
    if name or address:
        return " · ".join(dict.fromkeys([shorten(part) for part in (name, address) if part]))
    if all(key.isdigit() for key in list(value)[:3]):
        return _join(list(value.values())[:3], depth)
    for child in list(value.values())[:4]:
        if isinstance(child, dict):
            return preview_value(child, depth + 1)
    return _preview_scalars(value)


def _find_email(value: dict[str, Any]) -> str:
    address = value.get("email")
    if not isinstance(address, str):
        primary = value.get("primary_email")
        address = primary.get("email") if isinstance(primary, dict) else None
    return address if isinstance(address, str) else ""


def _preview_scalars(value: dict[str, Any]) -> str:
    scalars = [
        f"{shorten(key, 30)} {shorten(scalar_text(item), 30)}"
        for key, item in list(value.items())[:6]
        if not isinstance(item, (dict, list)) and item != ""
    ]
    return ", ".join(scalars[:3])


def _join(values: list[Any], depth: int) -> str:
    return ", ".join(filter(None, (preview_value(value, depth + 1) for value in values)))
