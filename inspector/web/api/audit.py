"""The API's calls that show the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.domain.audit import AuditEntry, CallerKind
from inspector.web.api.calls import NEXT_LINK, Api, CallResponse, link_next
from inspector.web.api.pairs import MOMENT
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

api = Api()


class AuditEntryJson(TypedDict):
    """A change to a bin."""

    id: str
    at: Annotated[str, About("ISO 8601, UTC.", schema=MOMENT)]
    action: Annotated[str, About("bin_deleted, bin_emptied, request_deleted, bin_changed, ...")]
    bin: Annotated[str, About("The bin's name at that time.")]
    details: Annotated[str, About("The request's id, or the search whose matches went.")]
    by: Annotated[
        CallerKind, About("The proof that let the caller in; address where none was needed.")
    ]
    address: Annotated[str, About("The caller's address.")]


@dataclass(frozen=True)
class AuditQuery:
    """A part of the audit log."""

    limit: Annotated[
        int, About("The largest number of entries to answer.", least=1, most=MAX_LIMIT)
    ] = DEFAULT_LIMIT
    before: Annotated[
        str | None,
        About("The id of an entry: only earlier ones.", pattern="[0-9]{1,18}", form="is an id"),
    ] = None


_ENTRIES = CallResponse(
    list[AuditEntryJson], meaning="The entries, newest first.", headers=(NEXT_LINK,)
)


@api.call("GET", "/audit", _ENTRIES, query=AuditQuery)
def list_audit(query: AuditQuery) -> ResponseReturnValue:
    """List who deleted, emptied or changed bins; private bins have lists of their own."""
    return _answer(query, None)


@api.call("GET", "/bins/<name>/audit", _ENTRIES, query=AuditQuery)
def list_bin_audit(name: str, query: AuditQuery) -> ResponseReturnValue:
    """List who emptied or changed a bin, or deleted its requests."""
    return _answer(query, name)


def _answer(query: AuditQuery, name: str | None) -> ResponseReturnValue:
    bin_ = None if name is None else find_bin(name)
    before = None if query.before is None else int(query.before)
    found = current_services().audit.list(limit=query.limit + 1, before=before, bin_=bin_)
    shown = found[: query.limit]
    response = jsonify([_entry_to_json(each) for each in shown])
    if len(found) > query.limit:
        link_next(response, str(shown[-1].id))
    return response


def _entry_to_json(entry: AuditEntry) -> AuditEntryJson:
    return {
        "id": str(entry.id),
        "at": entry.at.isoformat(),
        "action": entry.action,
        "bin": entry.bin_name,
        "details": entry.details,
        "by": entry.by,
        "address": entry.address,
    }
