"""The form of the emitter's page: its fields as typed, good or not, and their meaning.

The page keeps nothing between two requests: every button sends the whole form and
gets it back, changed. Without a script that is a page, with one a part of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from werkzeug.datastructures import FileStorage, MultiDict

from inspector.domain.content import parse_media_type
from inspector.domain.credentials import hide_in_definition
from inspector.emitter import (
    ActionBody,
    Change,
    Composition,
    DeliveryOptions,
    SeriesPlan,
    TicketChoice,
    WebhookAction,
    action_from_json,
    action_to_json,
    make_change,
)
from inspector.emitter.actions import CustomData
from inspector.emitter.bodies import FILE_TYPE, JSON_TYPE, TEXT_TYPE, read_body
from inspector.emitter.preparing import FORM_TYPE
from inspector.errors import InspectorError

TEXT, NAMED, NOTHING = "text", "named", "nothing"
SET, UNSET = "set", "unset"
OPTION_FIELDS = (
    "timeout_s", "connect_timeout_s", "first_byte_timeout_s", "retries", "user", "password",
    "sign", "tamper",
)  # fmt: skip
# The kinds of bodies in the place of the ticket, and the type of each.
USUAL_TYPES = {"json": JSON_TYPE, "text": TEXT_TYPE, "form": FORM_TYPE, "file": FILE_TYPE}
# A file travels with the form, and is kept in saved actions.
MAX_FILE_BYTES = 700_000
# Rows that are still empty, below those that are not.
SPARE_ROWS = 1


Form: TypeAlias = "MultiDict[str, str]"


@dataclass(frozen=True)
class Draft:
    """The form, field by field, as texts.

    ``changes`` are rows of ``set`` or ``unset``, a path and a value; ``action_id`` is
    the saved action that is being edited, empty for none. ``body_kind`` is json, text, form or
    file, empty for a ticket, and ``content_type`` the type of that body. Credentials of what the
    form was filled with stay hidden in it; ``origin`` says where they are kept (``delivery:7``).
    """

    name: str = "Webhook"
    source: str = "trigger"
    method: str = "POST"
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    data_kind: str = NOTHING
    data_text: str = ""
    data: tuple[tuple[str, str], ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)
    follow_redirects: bool = False
    verify_tls: bool = True
    variation: str = ""
    ticket_text: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()
    plan: Mapping[str, str] = field(default_factory=dict)
    body_kind: str = ""
    body_text: str = ""
    body_form: tuple[tuple[str, str], ...] = ()
    body_base64: str = ""
    content_type: str = ""
    action_id: str = ""
    origin: str = ""

    @property
    def has_options(self) -> bool:
        """True when something is chosen for the delivery that is not so by itself."""
        usual = {"timeout_s": ("", "30"), "retries": ("", "0")}  # Others default to empty.
        chosen = any(text not in usual.get(name, ("",)) for name, text in self.options.items())
        return chosen or self.follow_redirects or not self.verify_tls

    @property
    def has_plan(self) -> bool:
        """True when something is said of a series."""
        return any(text.strip() for text in self.plan.values())

    def compose(self) -> Composition:
        """The composition in the form. Raises ``InspectorError`` that names the field."""
        action = WebhookAction(
            url=self.url,
            name=self.name.strip(),
            source=self.source,
            method=self.method,
            headers=self.headers,
            custom_data=None if self.body_kind else self._custom_data(),
            options=self._read_options(),
            body=self._read_body(),
        )
        changes = tuple(_make_change(place, *row) for place, row in enumerate(self.changes))
        return Composition(action, TicketChoice(self.variation, self.ticket_text, changes))

    def _read_body(self) -> ActionBody | None:
        if self.body_kind == "file" and self.body_size > MAX_FILE_BYTES:
            message = f"A file is sent from here up to {MAX_FILE_BYTES:,} bytes; "
            message += "inspector emit --body-file sends a larger one."
            raise InspectorError("invalid_body", message, field="body_file")
        texts = {"content_type": self.content_type}
        if self.body_kind == "form":
            return read_body({"form": list(self.body_form), **texts})
        if self.body_kind == "file":
            return read_body({"body_base64": self.body_base64, **texts})
        return read_body({"body": self.body_text, **texts}) if self.body_kind else None

    @property
    def body_size(self) -> int:
        """The size of the file that is loaded, in bytes."""
        return len(self.body_base64) * 3 // 4 - self.body_base64[-2:].count("=")

    def _custom_data(self) -> CustomData:
        if self.data_kind == TEXT:
            return self.data_text
        return self.data if self.data_kind == NAMED else None

    def _read_options(self) -> DeliveryOptions:
        timeout_s = _number("timeout_s", self.options.get("timeout_s") or "30")
        user, password = self.options.get("user", ""), self.options.get("password", "")
        within = {
            name: _number(name, self.options[name]) if self.options.get(name) else usual_s
            for name, usual_s in _usual_timeouts(timeout_s).items()
        }
        return DeliveryOptions(
            timeout_s=timeout_s,
            **within,
            follow_redirects=self.follow_redirects,
            verify_tls=self.verify_tls,
            basic_auth=(user, password) if user or password else None,
            sign=self.options.get("sign") or None,
            tamper=bool(self.options.get("tamper")),
            retries=int(_number("retries", self.options.get("retries") or "0")),
        )

    def read_plan(self) -> SeriesPlan:
        """The count and the rate of a series. Raises ``InspectorError`` ``invalid_series``."""
        rate = self.plan.get("rate", "").strip()
        return SeriesPlan(
            count=int(_number("count", self.plan.get("count") or "1")),
            first=int(_number("first", self.plan.get("first") or "1")),
            rate_per_s=_number("rate", rate) if rate else None,
            concurrency=int(_number("concurrency", self.plan.get("concurrency") or "1")),
        )

    def without(self, kind: str, position: int) -> Draft:
        """Without one row of ``headers``, ``data``, ``body_form`` or ``changes``."""
        if kind not in ("headers", "data", "body_form", "changes"):
            return self
        rows = getattr(self, kind)
        left: Any = {kind: (*rows[:position], *rows[position + 1 :])}
        return replace(self, **left)

    def with_change(self, operation: str, path: str, value: str) -> Draft:
        """With a change, in the place of an earlier one that sets the same path."""
        row = (operation, path, value)
        kept = tuple(each for each in self.changes if each[:2] != (SET, path))
        if len(kept) == len(self.changes) or operation == UNSET:
            return replace(self, changes=(*kept, row))
        changed = tuple(row if each[:2] == (SET, path) else each for each in self.changes)
        return replace(self, changes=changed)


def _usual_timeouts(timeout_s: float) -> dict[str, float]:
    """Default timeouts for the parts of an attempt of which only the whole is given."""
    return {
        "connect_timeout_s": min(timeout_s, DeliveryOptions().connect_timeout_s),
        "first_byte_timeout_s": timeout_s,
    }


def _make_change(place: int, operation: str, path: str, value: str) -> Change:
    try:
        return make_change(path.strip(), None if operation == UNSET else value)
    except InspectorError as error:
        details = {**error.details, "field": f"changes.{place}"}
        raise InspectorError(error.code, error.message, **details) from None


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < 1e18:  # neither a number nor infinite
        raise InspectorError(f"invalid_{name}", f"{text[:20]} is no number.", field=name)
    return number


def read_draft(form: Form, files: Mapping[str, FileStorage] | None = None) -> Draft:
    """The form that the page sends; edited leaves of the tree become changes. Never raises."""
    draft = Draft(
        source=form.get("source", ""),
        method=form.get("method", ""),
        variation=form.get("variation", ""),
        action_id=form.get("action_id", ""),
        origin=form.get("origin", ""),
        name=form.get("name", ""),
        url=form.get("url", "").strip(),
        headers=_rows(form, "header_name", "header_value"),
        data_kind=form.get("data_kind", NOTHING),
        data_text=_unix(form.get("data_text", "")),
        data=_rows(form, "data_name", "data_value"),
        options={name: form.get(name, "") for name in OPTION_FIELDS},
        follow_redirects=bool(form.get("follow_redirects", "")),
        verify_tls=bool(form.get("verify_tls", "")),
        ticket_text=_unix(form.get("ticket_text", "")),
        changes=_read_changes(form),
        plan={name: form.get(name, "") for name in ("count", "first", "rate", "concurrency")},
        **_read_body_fields(form, files or {}),
    )
    edited = zip(
        form.getlist("leaf_path"),
        form.getlist("leaf_was"),
        form.getlist("leaf_value"),
        strict=False,
    )
    for path, was, value in edited:
        if path and _unix(was) != _unix(value):
            draft = draft.with_change(SET, path, _unix(value))
    return draft


def _read_body_fields(form: Form, files: Mapping[str, FileStorage]) -> dict[str, Any]:
    """The body's fields; a file that came with them is loaded in the place of an earlier one."""
    kind = form.get("body_kind", "")
    kind = kind if kind in USUAL_TYPES else ""
    content_type, data = form.get("content_type", ""), form.get("body_base64", "")
    if kind != form.get("body_was", ""):
        content_type = USUAL_TYPES.get(kind, "")
    upload = files.get("body_file")
    if kind == "file" and upload is not None and upload.filename:
        # One byte over the limit: composing then refuses the file.
        data = b64encode(upload.stream.read(MAX_FILE_BYTES + 1)).decode()
        content_type = upload.mimetype or FILE_TYPE
    return {
        "body_kind": kind,
        "body_text": _unix(form.get("body_text", "")),
        "body_form": _rows(form, "body_name", "body_value"),
        "body_base64": data,
        "content_type": content_type,
    }


def _read_changes(form: Form) -> tuple[tuple[str, str, str], ...]:
    rows = zip(
        form.getlist("change_op"),
        form.getlist("change_path"),
        form.getlist("change_value"),
        strict=False,
    )
    return tuple((op, path.strip(), _unix(value)) for op, path, value in rows if path.strip())


def _rows(form: Form, names: str, values: str) -> tuple[tuple[str, str], ...]:
    """The rows that are not empty."""
    rows = zip(form.getlist(names), form.getlist(values), strict=False)
    return tuple((name, value) for name, value in rows if name.strip() or value)


def _unix(text: str) -> str:
    """Browsers send CR LF for every line end."""
    return text.replace("\r\n", "\n")


def make_draft(
    composition: Composition, action_id: str = "", plan: SeriesPlan | None = None, origin: str = ""
) -> Draft:
    """The form that means this composition, and this series of it.

    Its credentials are hidden when it is said by ``origin`` where they are kept.
    """
    if origin:
        hidden = hide_in_definition(action_to_json(composition.action))
        composition = replace(composition, action=action_from_json(hidden))
    action, ticket = composition.action, composition.ticket
    options = action.options
    user, password = options.basic_auth or ("", "")
    data = action.custom_data
    return Draft(
        name=action.name,
        source=action.source,
        method=action.method,
        url=action.url,
        headers=action.headers,
        data_kind=NOTHING if data is None else TEXT if isinstance(data, str) else NAMED,
        data_text=data if isinstance(data, str) else "",
        data=data if isinstance(data, tuple) else (),
        options={
            **_timeout_fields(options),
            "retries": str(options.retries),
            "user": user,
            "password": password,
            "sign": options.sign or "",
            "tamper": "1" if options.tamper else "",
        },
        follow_redirects=options.follow_redirects,
        verify_tls=options.verify_tls,
        variation=ticket.variation,
        ticket_text=ticket.text,
        changes=tuple(row for change in ticket.changes for row in _change_rows(change)),
        plan={} if plan is None else _plan_fields(plan),
        **_body_fields(action.body),
        action_id=action_id,
        origin=origin,
    )


def _body_fields(body: ActionBody | None) -> dict[str, Any]:
    """The fields of the form that mean this body."""
    if body is None:
        return {}
    kind = "file" if body.kind == "bytes" else body.kind
    is_json = parse_media_type(body.content_type).is_json
    return {
        "body_kind": "json" if kind == "text" and is_json else kind,
        "body_text": body.text,
        "body_form": body.pairs,
        "body_base64": b64encode(body.data).decode(),
        "content_type": body.content_type,
    }


def _timeout_fields(options: DeliveryOptions) -> dict[str, str]:
    """The timeouts as texts that read as the same numbers; empty where they are the usual ones."""
    fields = {"timeout_s": _seconds_text(options.timeout_s)}
    for name, usual_s in _usual_timeouts(options.timeout_s).items():
        chosen_s = getattr(options, name)
        fields[name] = "" if chosen_s == usual_s else _seconds_text(chosen_s)
    return fields


def _seconds_text(seconds: float) -> str:
    short = f"{seconds:g}"
    return short if float(short) == seconds else repr(seconds)


def _plan_fields(plan: SeriesPlan) -> dict[str, str]:
    rate = "" if plan.rate_per_s is None else f"{plan.rate_per_s:.12g}"
    counts = {"count": plan.count, "first": plan.first, "concurrency": plan.concurrency}
    return {**{name: str(count) for name, count in counts.items()}, "rate": rate}


def _change_rows(change: Change) -> Sequence[tuple[str, str, str]]:
    """A change as rows of texts: a list or a map that is set, has one for each of its leaves."""
    if change.value is None:
        return [(UNSET, change.path, "")]
    if isinstance(change.value, str):
        return [(SET, change.path, change.value)]
    entries = (
        change.value.items()
        if isinstance(change.value, dict)
        else ((str(index), entry) for index, entry in enumerate(change.value))
    )
    # A text is replaced by a map when a path below it is set.
    parts = (Change(f"{change.path}[{key}]", entry) for key, entry in entries)
    below = (row for part in parts for row in _change_rows(part))
    return [(SET, change.path, ""), *below]
