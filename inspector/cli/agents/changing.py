"""The tools of ``inspector mcp`` that change or send, each kind offered only when it is allowed."""

from __future__ import annotations

from typing import Any

from inspector.cli.agents.arguments import Argument
from inspector.cli.agents.showing import describe_delivery
from inspector.cli.agents.tools import BIN, REQUEST, Tool, Values
from inspector.cli.client import Client, bin_path
from inspector.cli.request_names import request_path
from inspector.domain.deliveries import SOURCES

# A delivery to a slow receiver takes its own time.
SEND_TIMEOUT_S = 330.0
_URL = Argument("url", "The URL to send to, http or https.", required=True)


def _create_bin(client: Client, values: Values) -> Any:
    fields = {"name": values["name"]} if values["name"] else {}
    made = client.call("POST", "/api/v1/bins", fields)
    return {key: made[key] for key in ("name", "url", "inspect_url", "capacity")}


def _set_answers(client: Client, values: Values) -> Any:
    return client.call("PUT", bin_path(values["bin"], "/answers"), values["rules"])


def _note(client: Client, values: Values) -> Any:
    fields = {key: values[key] for key in ("note", "pinned") if values[key] is not None}
    found = client.call("PATCH", request_path(client, values["request"]), fields)
    return {key: found[key] for key in ("id", "number", "pinned", "note")}


def _delete(client: Client, values: Values) -> Any:
    client.call("DELETE", request_path(client, values["request"]))
    return {"deleted": values["request"]}


def _delete_bin(client: Client, values: Values) -> Any:
    client.call("DELETE", bin_path(values["bin"]))
    return {"deleted": values["bin"]}


def _replay(client: Client, values: Values) -> Any:
    path = f"{request_path(client, values['request'])}/replay"
    fields = {"url": values["url"], "resign": values["resign"]}
    if values["body"] is not None:
        fields["body"] = values["body"]
    return describe_delivery(client.call("POST", path, fields, timeout_s=SEND_TIMEOUT_S))


def _emit(client: Client, values: Values) -> Any:
    action: dict[str, Any] = {"url": values["url"]}
    for name in ("source", "method", "headers", "custom_data", "json", "body"):
        if values[name] is not None:
            action[name] = values[name]
    fields: dict[str, Any] = {"action": action}
    if values["set"]:
        fields["set"] = values["set"]
    found = client.call("POST", "/api/v1/deliveries", fields, timeout_s=SEND_TIMEOUT_S)
    return describe_delivery(found)


CHANGING = (
    Tool(
        "create_bin",
        "Make a bin: a URL that keeps all that is sent to it.",
        (Argument("name", "Small letters, digits and -; one is made up otherwise."),),
        _create_bin,
        changes=True,
    ),
    Tool(
        "set_answers",
        "Set the rules by which a bin answers its senders; answers shows their form.",
        (
            BIN,
            Argument(
                "rules",
                'As in {"rules": [{"match": {"method": "POST"}, "answers": [{"status": 503}, '
                '{"status": 200}], "then": "last"}]}.',
                "object",
                required=True,
            ),
        ),
        _set_answers,
        changes=True,
        destroys=True,
    ),
    Tool(
        "note",
        "Put a note on a request, or pin it so that neither capacity nor age takes it away.",
        (
            REQUEST,
            Argument("note", "The text; an empty one takes it away."),
            Argument("pinned", "True to pin it, false to take the pin off.", "boolean"),
        ),
        _note,
        changes=True,
    ),
    Tool("delete", "Delete a request.", (REQUEST,), _delete, changes=True, destroys=True),
    Tool(
        "delete_bin",
        "Delete a bin with all its requests.",
        (BIN,),
        _delete_bin,
        changes=True,
        destroys=True,
    ),
)
SENDING = (
    Tool(
        "replay",
        "Send a captured request again, as it came, and say what was answered and whether that "
        "differs from the last time.",
        (
            REQUEST,
            _URL,
            Argument("body", "Another body in the place of what came."),
            Argument("resign", "Sign it anew by the bin's secret.", "boolean", default=False),
        ),
        _replay,
        sends=True,
    ),
    Tool(
        "emit",
        "Send a test webhook as the helpdesk would, or with a body of your own.",
        (
            _URL,
            Argument(
                "source",
                "The kind of rule in the helpdesk that sends it.",
                choices=SOURCES,
            ),
            Argument("method", "POST otherwise."),
            Argument("headers", "Names and values; {{ ticket.id }} is filled in.", "object"),
            Argument("set", 'Fields of the sample ticket: {"ticket.id": 5}.', "object"),
            Argument("custom_data", "The action's custom data, a template."),
            Argument("json", "A JSON body in the place of the ticket.", "object"),
            Argument("body", "A text in the place of the ticket."),
        ),
        _emit,
        sends=True,
    ),
)
