"""The API's calls about saved actions: list, save, change, delete, send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.domain.deliveries import SavedAction
from inspector.emitter import composition_from_json
from inspector.forms import to_json_safe
from inspector.web.api.action_json import ActionToSend, read_changes, read_composition
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.deliveries import (
    ACTION_ERRORS,
    DELIVERED,
    SENDING_ERRORS,
    answer_when_done,
)
from inspector.web.api.schema import About
from inspector.web.current import current_services, parse_id
from inspector.web.headers import JSON

api = Api()


class ActionLineJson(TypedDict):
    """A saved action in short."""

    id: Annotated[str, About("Opaque.")]
    name: str
    source: str
    method: str
    url: Annotated[str, About("A template.")]
    changed_at: Annotated[str, About("ISO 8601, UTC.", schema={"format": "date-time"})]


class SavedActionJson(ActionLineJson):
    """A saved action and the ticket it is sent with, each as the calls take it."""

    action: Annotated[dict[str, Any], About("Its passwords as `***`, unless they are asked for.")]
    ticket: dict[str, Any]


@dataclass(frozen=True)
class ActionQuery:
    """Options for showing an action."""

    credentials: Annotated[bool, About("Show passwords as they are.")] = False


@dataclass(frozen=True)
class SendChanges:
    """Further changes to the ticket, for this once."""

    set: Annotated[dict[str, Any] | None, About('By path: {"ticket.id": 5}.')] = None
    unset: Annotated[list[str] | None, About("Paths of the fields to take away.")] = None


@api.call("GET", "/actions", CallResponse(list[ActionLineJson], meaning="The saved actions."))
def list_actions() -> ResponseReturnValue:
    """List the saved actions by name."""
    return jsonify([_line_to_json(each) for each in current_services().actions.list()])


@api.call(
    "POST",
    "/actions",
    CallResponse(SavedActionJson, status=201, meaning="The action, as it is kept."),
    body=ActionToSend,
    body_types=(JSON,),
    errors=(*ACTION_ERRORS, "too_many_actions", "action_too_large"),
)
def save_action(body: ActionToSend) -> ResponseReturnValue:
    """Save an action with its ticket, to be sent by one click or call. Nothing is sent."""
    return jsonify(_save(body)), 201


@api.call(
    "GET",
    "/actions/<action_id>",
    CallResponse(SavedActionJson, meaning="The action."),
    query=ActionQuery,
)
def get_action(action_id: str, query: ActionQuery) -> ResponseReturnValue:
    """Get one saved action."""
    return jsonify(_to_json(_find(action_id), query.credentials))


@api.call(
    "PUT",
    "/actions/<action_id>",
    CallResponse(SavedActionJson, meaning="The action as it is now."),
    body=ActionToSend,
    body_types=(JSON,),
    errors=(*ACTION_ERRORS, "action_too_large"),
)
def change_action(action_id: str, body: ActionToSend) -> ResponseReturnValue:
    """Put another action in the place of a saved one; a password given as `***` stays."""
    return jsonify(_save(body, _find(action_id)))


@api.call("DELETE", "/actions/<action_id>", CallResponse(status=204, meaning="It is gone."))
def delete_action(action_id: str) -> ResponseReturnValue:
    """Delete a saved action; what it has sent stays."""
    current_services().actions.delete(_find(action_id).id)
    return "", 204


@api.call(
    "POST",
    "/actions/<action_id>/send",
    DELIVERED,
    body=SendChanges,
    body_types=(JSON,),
    errors=(*ACTION_ERRORS, *SENDING_ERRORS),
)
def send_action(action_id: str, body: SendChanges) -> ResponseReturnValue:
    """Send a saved action as it is, or with further changes to its ticket."""
    saved = _find(action_id)
    composition = composition_from_json(saved.definition, saved.ticket)
    changes = (*composition.ticket.changes, *read_changes(body.set, body.unset))
    changed = replace(composition, ticket=replace(composition.ticket, changes=changes))
    return answer_when_done(current_services().send(changed))


def _find(action_id: str) -> SavedAction:
    return current_services().actions.get(parse_id(action_id, "action"))


def _save(body: ActionToSend, earlier: SavedAction | None = None) -> SavedActionJson:
    composition = read_composition(body)
    composition.unchanged_context  # noqa: B018 - a ticket that cannot be read is not kept
    definition, ticket = composition.to_json()
    actions = current_services().actions
    if earlier is None:
        return _to_json(actions.save(definition, ticket))
    return _to_json(actions.save(earlier.take_over(definition), ticket, action_id=earlier.id))


def _line_to_json(saved: SavedAction) -> ActionLineJson:
    saved = saved.without_credentials()
    source, method, url = (str(saved.definition[name]) for name in ("source", "method", "url"))
    return {
        "id": str(saved.id),
        "name": to_json_safe(saved.name),
        "source": source,
        "method": method,
        "url": to_json_safe(url),
        "changed_at": saved.changed_at.isoformat(timespec="microseconds"),
    }


def _to_json(saved: SavedAction, credentials: bool = False) -> SavedActionJson:
    # As the calls take it: null for parts of the ticket that are not chosen.
    ticket = {name: value or None for name, value in saved.ticket.items()}
    shown = saved if credentials else saved.without_credentials()
    return {
        **_line_to_json(saved),
        "action": to_json_safe(dict(shown.definition)),
        "ticket": to_json_safe(ticket),
    }
