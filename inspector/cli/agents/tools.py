"""The tools of ``inspector mcp`` that read; they go by the names of the commands."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import click

from inspector.cli.agents.arguments import Argument, describe_arguments, read_arguments
from inspector.cli.agents.protocol import OfferedTool, ToolResult
from inspector.cli.agents.showing import (
    WholeText,
    describe,
    describe_delivery,
    hide,
    mark,
    summarize,
)
from inspector.cli.client import TIMEOUT_S, Client, bin_path
from inspector.cli.request_names import load_request, split_name
from inspector.errors import InspectorError

log = logging.getLogger("inspector")

# Editors time out long calls: better to answer early and be asked again.
MAX_WAIT_S = 50.0
MAX_LISTED = 100
MAX_FILE_BYTES = 100_000

SEARCH = (
    "Inspector's search language, as in: method:POST ticket.agent.id=3 sender:github "
    'event:push after:2h -has:custom_data is:retry "some words"'
)
BIN = Argument("bin", "The bin's name.", required=True)
REQUEST = Argument("request", "The request: BIN/#7, BIN/last or BIN/ID.", required=True)
LIMIT = Argument("limit", "At most.", "integer", default=20, least=1, most=MAX_LISTED)

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tool:
    """``run`` gives JSON, or a text; what it gives is marked as written by strangers."""

    name: str
    about: str
    arguments: tuple[Argument, ...]
    run: Callable[[Client, Values], Any]
    changes: bool = False
    destroys: bool = False
    sends: bool = False

    def offer(self, client: Client) -> OfferedTool:
        """The tool, of this server."""
        return OfferedTool(
            self.name,
            self.about,
            describe_arguments(self.arguments),
            {
                "readOnlyHint": not (self.changes or self.sends),
                "destructiveHint": self.destroys,
                "openWorldHint": self.sends,
            },
            lambda given: self._call(client, given),
        )

    def _call(self, client: Client, given: Mapping[str, Any]) -> ToolResult:
        try:
            return ToolResult(mark(self.run(client, read_arguments(self.arguments, given))))
        except InspectorError as error:
            return ToolResult(mark({"error": {"code": error.code, "message": error.message}}), True)
        except click.ClickException as error:
            return ToolResult(error.message, True)
        except Exception as error:
            log.exception("The tool %s failed.", self.name)
            return ToolResult(f"Inspector failed: {type(error).__name__}.", True)


def _list_bins(client: Client, _values: Values) -> Any:
    keys = ("name", "url", "request_count", "created_at", "capacity", "last_number")
    return [{key: each[key] for key in keys} for each in client.call("GET", "/api/v1/bins")]


def _list_requests(client: Client, values: Values) -> Any:
    name = values["bin"]
    asked = {"limit": values["limit"], "q": values["q"], "before": values["before"]}
    found = client.call("GET", bin_path(name, f"/requests?{_write(asked)}"))
    return [summarize(each, name) for each in found]


def _search(client: Client, values: Values) -> Any:
    found = client.call("GET", f"/api/v1/requests?{_write(values)}")
    return [summarize(each) for each in found]


def _show(client: Client, values: Values) -> Any:
    name = split_name(values["request"])[0]
    request = load_request(client, values["request"])
    if values["field"]:
        return _read_field(request, values["field"])
    return describe(request, name, _list_secret_headers(client, name))


def _read_field(request: Values, text: str) -> Any:
    """One value of the body, long ones too."""
    from inspector.reading.paths import MISSING, find_value, parse_path  # seldom needed

    if text == "body":
        return WholeText(request.get("body") or "")
    try:
        path = parse_path(text)
    except ValueError as error:
        raise InspectorError("invalid_path", str(error)) from error
    for root in (request.get("form"), request.get("json"), request.get("parsed")):
        found = MISSING if root is None else find_value(root, path)
        if found is not MISSING:
            return WholeText(found) if isinstance(found, str) else found
    raise InspectorError("no_such_field", f"The request has no field {text[:200]}.")


def _list_secret_headers(client: Client, name: str) -> list[str]:
    """The headers that carry a shared secret, in small letters."""
    found = client.call("GET", bin_path(name, "/signatures"))["signatures"]
    return [each["header"].lower() for each in found if each.get("scheme") == "token"]


def _wait(client: Client, values: Values) -> Any:
    name, timeout_s = values.pop("bin"), values["timeout"]
    if values["after"]:
        values["after"] = values["after"].removeprefix("#")
    path = bin_path(name, f"/requests/wait?{_write(values)}")
    found = client.call("GET", path, timeout_s=timeout_s + TIMEOUT_S)
    return [summarize(each, name) for each in found]


def _diff(client: Client, values: Values) -> Any:
    from inspector.cli.following.forward import read_request  # slow to import
    from inspector.exports.comparison import comparison_to_json
    from inspector.reading.compare import compare_requests

    names = (values["a"], values["b"])
    hidden = {
        header
        for bin_name in {split_name(name)[0] for name in names}
        for header in _list_secret_headers(client, bin_name)
    }
    old, new = (read_request(load_request(client, name)) for name in names)
    found = comparison_to_json(compare_requests(old, new, tuple(values["ignore"] or ())), old, new)
    for each in found["differences"]:
        if each["section"] != "body":
            for side in ("old", "new"):
                if each[side] is not None:
                    each[side] = hide(each["name"], each[side], hidden)
    return found


def _write_schema(client: Client, values: Values) -> Any:
    path = bin_path(values.pop("bin"), f"/schema?{_write(values)}")
    text = b""
    for piece, _ in client.download(path):
        text += piece
        if len(text) > MAX_FILE_BYTES:
            break
    return text.decode("utf-8", "replace").splitlines()


def _show_answers(client: Client, values: Values) -> Any:
    return client.call("GET", bin_path(values["bin"], "/answers"))


def _list_deliveries(client: Client, values: Values) -> Any:
    found = client.call("GET", f"/api/v1/deliveries?{_write(values)}")
    return [describe_delivery(each) for each in found]


def _write(values: Values) -> str:
    """A query string: fields that are not given are left out, a list is repeated."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        listed = value if isinstance(value, list) else [] if value is None else [value]
        pairs += [(name, f"{each:g}" if isinstance(each, float) else str(each)) for each in listed]
    return urlencode(pairs)


READING = (
    Tool("bins", "List the bins: each is a URL that keeps all that is sent to it.", (), _list_bins),
    Tool(
        "requests",
        "List a bin's captured requests, the newest first; show has each one whole.",
        (
            BIN,
            Argument("q", f"Only what a search finds. {SEARCH}"),
            LIMIT,
            Argument("before", "Only older ones than this id."),
        ),
        _list_requests,
    ),
    Tool(
        "show",
        "Show a captured request: headers, query, the body read as nested fields, what was "
        "answered, whether its signature is valid. Credentials in headers are ***, long values "
        "are cut.",
        (
            REQUEST,
            Argument("field", "Only this field of the body, long values too: ticket.agent.id, "
                     "items[0].name, or body for the text as it came."),
        ),
        _show,
    ),
    Tool(
        "search",
        "Search the requests of all bins.",
        (Argument("q", SEARCH, required=True), LIMIT),
        _search,
    ),
    Tool(
        "wait",
        "Wait until a matching request has come, and list it. It answers at once when one is "
        "there already after the one that after names.",
        (
            BIN,
            Argument("after", "Only later ones than this number or id; 0 for all; otherwise those "
                     "from now on."),
            Argument("q", f"Only what a search finds. {SEARCH}"),
            Argument("method", "Only this method."),
            Argument("path", "The path behind the bin's name, exactly, or with * in it."),
            Argument("where", "Fields, each as PATH=VALUE: ticket.agent.id=3.", "array"),
            Argument("header", "Headers, each as NAME or NAME=VALUE.", "array"),
            Argument("count", "So many.", "integer", default=1, least=1, most=100),
            Argument("timeout", "Seconds.", "number", default=10.0, least=0, most=MAX_WAIT_S),
        ),
        _wait,
    ),
    Tool(
        "diff",
        "Compare two captured requests field by field.",
        (
            Argument("a", REQUEST.about, required=True),
            Argument("b", REQUEST.about, required=True),
            Argument("ignore", "Fields to leave out: ticket.date_updated, header:date.", "array"),
        ),
        _diff,
    ),
    Tool(
        "schema",
        "Write the types of all that a bin has received, to generate a receiver by.",
        (
            BIN,
            Argument("format", "The language.", default="json-schema",
                     choices=("json-schema", "typescript", "python", "pydantic")),
            Argument("event", "Only the bodies of this event, like issues.opened."),
        ),
        _write_schema,
    ),
    Tool("answers", "Show the rules by which a bin answers its senders.", (BIN,), _show_answers),
    Tool(
        "deliveries",
        "List what the emitter and replays have sent, and what came of it, the newest first.",
        (LIMIT,),
        _list_deliveries,
    ),
)  # fmt: skip
