"""Actions that ``inspector emit`` begins with or keeps: in a file, or among the page's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from inspector.cli.client import Client, bin_path
from inspector.cli.request_names import request_path
from inspector.emitter import Composition, composition_from_json
from inspector.errors import InspectorError

_CALL = "/api/v1/actions"


def load_action(place: str, client: Client) -> Composition:
    """The action in a file, or the server's of that name. Raises ``InspectorError``."""
    if place == "-" or Path(place).is_file():
        return _read_file(place)
    saved = _find_saved(place, client)
    if saved is None:
        names = ", ".join(str(each["name"])[:60] for each in client.call("GET", _CALL)[:20])
        message = f"There is no file {place}, and the server has no action of that name"
        raise InspectorError("action_not_found", f"{message}; it has {names or 'none'}.")
    found = client.call("GET", f"{_CALL}/{saved['id']}?credentials=true")
    return composition_from_json(found["action"], found["ticket"])


def load_request(place: str, client: Client) -> Composition:
    """A captured request, ``BIN/ID``, as an action. Raises ``InspectorError``."""
    found = client.call("GET", f"{request_path(client, place)}?format=action")
    return composition_from_json(found["action"], found["ticket"])


def load_ticket(place: str, client: Client) -> str:
    """The fields of a captured webhook, ``bin/id``, as JSON. Raises ``InspectorError``."""
    name, _, request_id = place.strip().strip("/").rpartition("/")
    captured = client.call("GET", bin_path(name, f"/requests/{quote(request_id, safe='')}"))
    fields = captured["form"] or captured["json"]
    if not isinstance(fields, dict):
        raise InspectorError("invalid_ticket", f"Request {place} carries no ticket.")
    # Custom data goes along, so that a note says that it belongs to the action.
    return json.dumps(fields)


def _read_file(place: str) -> Composition:
    try:
        with click.open_file(place, encoding="utf-8") as file:
            saved = json.load(file)
        return composition_from_json(saved["action"], saved["ticket"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{place} is no action that --save has written."
        raise InspectorError("invalid_action", message) from error
    except OSError as error:
        message = f"{place} cannot be read: {error.strerror}."
        raise InspectorError("file_unusable", message) from error


def save_file(composition: Composition, path: Path) -> None:
    """Write the action and its ticket to a file. Raises ``InspectorError``."""
    action, ticket = composition.to_json()
    try:
        path.write_text(json.dumps({"action": action, "ticket": ticket}, indent=2) + "\n", "utf-8")
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise InspectorError("file_unusable", message) from error


def save_on_server(composition: Composition, name: str, client: Client) -> None:
    """Keep it under a name, in the place of the one of that name. Raises ``InspectorError``."""
    action, ticket = composition.to_json()
    chosen = {field: value or None for field, value in ticket.items()}
    body = {"action": {**action, "name": name}, "ticket": chosen}
    saved = _find_saved(name, client)
    if saved is None:
        client.call("POST", _CALL, body)
    else:
        client.call("PUT", f"{_CALL}/{saved['id']}", body)


def _find_saved(name: str, client: Client) -> dict[str, Any] | None:
    saved: list[dict[str, Any]] = client.call("GET", _CALL)
    return next((each for each in saved if each["name"] == name), None)
