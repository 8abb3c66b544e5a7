"""``inspector emit``: send webhook actions from the terminal, without a server."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from inspector.cli.client import Client, server_options
from inspector.cli.emitting.bodies import read_body_flags
from inspector.cli.emitting.json_output import print_delivery, print_preview, print_series
from inspector.cli.emitting.recording import Recorder
from inspector.cli.emitting.report import (
    print_summary,
    run_series,
    say_left_out,
    say_result,
)
from inspector.cli.emitting.saved import (
    load_action,
    load_request,
    load_ticket,
    save_file,
    save_on_server,
)
from inspector.cli.environment import option
from inspector.cli.lines import escape_pieces
from inspector.domain.deliveries import SOURCES
from inspector.emitter import (
    METHODS,
    Change,
    Composition,
    DeliveryOptions,
    PreparedRequest,
    SeriesPlan,
    TicketChoice,
    WebhookAction,
    all_variations,
    parse_set,
    send,
)
from inspector.emitter.actions import MAX_RETRIES, CustomData, TemplatePair
from inspector.emitter.changes import split_path
from inspector.emitter.tickets import MAX_TICKET_BYTES
from inspector.errors import InspectorError

# A name of custom data and its equals sign; a template or the beginning of a URL is none.
_NAMED = re.compile(r"[^\s={}/?#:&\"'<>]+=")


@click.command("emit", context_settings={"allow_extra_args": True})
@option(
    "--to",
    metavar="URL",
    help="The URL to send to, a template too. The newest bin of the server by default.",
)
@server_options
@option(
    "--source",
    type=click.Choice(SOURCES),
    help="The kind of rule that sends the action; the sample ticket suits it.  [default: trigger]",
)
@option(
    "--method",
    metavar="|".join(METHODS),
    help="With a --body of one kind or another any other, too.  [default: POST]",
)
@option(
    "--header",
    multiple=True,
    metavar="'Name: {{ ... }}'",
    help="A header, name and value templates; one without a value is not sent.",
)
@option(
    "--data",
    multiple=True,
    metavar="TEXT|KEY=VALUE",
    help="Custom data: one text, or named values; templates.",
)
@option("--body", metavar="TEXT", help="A text in the place of the ticket; a template.")
@option("--body-json", metavar="JSON", help="JSON in the place of the ticket; a template.")
@option(
    "--body-form",
    multiple=True,
    metavar="KEY=VALUE",
    help="A form in the place of the ticket; templates.",
)
@option(
    "--body-file",
    type=click.File("rb"),
    metavar="FILE",
    help="A file's bytes in the place of the ticket; - reads standard input.",
)
@option(
    "--variation",
    type=click.Choice([variation.name for variation in all_variations()]),
    help="Another variation of the sample than the source's usual one. Beside --ticket: where "
    "the fields come from that it lacks.",
)
@option(
    "--ticket",
    type=click.File("rb"),
    metavar="FILE",
    help="Your own ticket, sent in the sample's place: JSON, lines of name: value, or a form's "
    "body; - reads standard input.",
)
@option(
    "--ticket-of",
    metavar="BIN/ID",
    help="The ticket of a request that the server has captured, instead of --ticket.",
)
@option(
    "--set",
    "set_",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change the ticket: ticket.id=5; {n} in the value is the number in a series.",
)
@option("--unset", multiple=True, metavar="PATH", help="Take something out of the ticket.")
@option("--count", type=int, default=1, show_default=True, help="The number of deliveries.")
@option("--first", type=int, default=1, show_default=True, help="The first value of {n}.")
@option(
    "--rate",
    type=float,
    metavar="PER_S",
    help="Deliveries a second; as fast as possible without it.",
)
@option(
    "--concurrency",
    type=int,
    default=1,
    show_default=True,
    help="The number of deliveries at once.",
)
@option(
    "--retries",
    type=click.IntRange(0, MAX_RETRIES),
    help="Attempts beyond the first.  [default: 0]",
)
@option("--timeout", type=float, metavar="SECONDS", help="For each attempt.  [default: 30]")
@option("--follow-redirects", is_flag=True, help="Go where a redirect points.")
@option("--no-verify-tls", is_flag=True, help="Trust any certificate.")
@option(
    "--sign",
    metavar="SCHEME:SECRET",
    help="Sign as a vendor does: github:hush, stripe:whsec_... or the JSON object of a bin's "
    "signatures.",
)
@option("--tamper", is_flag=True, help="Sign so that it has to be refused.")
@option("--basic-auth", metavar="USER:PASSWORD", help="Sent as an Authorization header.")
@option(
    "--action",
    metavar="NAME|FILE",
    help="Begin with an action that was saved in the page, or in a file; other flags change it.",
)
@option(
    "--save",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the action and its ticket to a file.",
)
@option(
    "--save-as",
    metavar="NAME",
    help="Keep the action and its ticket on the server, among those of the page.",
)
@option(
    "--request",
    metavar="BIN/ID",
    help="Begin with a request that the server has captured and all it had; other flags change it.",
)
@option("--dry-run", is_flag=True, help="Print the exact request and send nothing.")
@option(
    "--json",
    "as_json",
    is_flag=True,
    help="The API's JSON of the delivery, with --dry-run of the preview; of several a summary.",
)
def command(**chosen: Any) -> int:
    """Send test webhooks as the helpdesk would, or show them byte for byte.

    Exit status: 0 when every delivery was answered with 200 to 299, otherwise 1.
    """
    if misplaced := click.get_current_context().args:
        raise click.UsageError(f"{misplaced[0]} has no place there. Where to send is --to URL.")
    client = Client(chosen["server"], chosen["token"])
    if chosen["action"] and chosen["request"]:
        raise click.UsageError("Begin with one of --action and --request.")
    loaded = load_action(chosen["action"], client) if chosen["action"] else None
    if chosen["request"]:
        loaded = load_request(chosen["request"], client)
    if chosen["ticket_of"]:
        chosen["captured"] = load_ticket(chosen["ticket_of"], client)
    url = chosen["to"] or (loaded.action.url if loaded else None) or _find_bin(client)
    try:
        composition = _compose(url, loaded, chosen)
        plan = SeriesPlan(chosen["count"], chosen["first"], chosen["rate"], chosen["concurrency"])
    except InspectorError as error:
        raise click.UsageError(error.message) from error
    if chosen["save"]:
        save_file(composition, chosen["save"])
    if chosen["save_as"]:
        save_on_server(composition, chosen["save_as"], client)
    try:
        request = composition.prepare(plan.first)
    except InspectorError as error:
        raise _name_flag(error, composition.action) from error
    if not chosen["as_json"]:
        say_left_out(request, composition)
    if chosen["dry_run"] and chosen["as_json"]:
        print_preview(request, composition)
        return 0
    if chosen["dry_run"]:
        is_shown = sys.stdout.isatty()  # the ticket may be a stranger's
        sys.stdout.buffer.writelines(escape_pieces([request.raw]) if is_shown else [request.raw])
        sys.stdout.buffer.flush()
        if plan.count > 1:
            click.echo(f"\nThe first of {plan.count:,}; nothing was sent.", err=True)
        return 0
    return _send(plan, composition, request, client, as_json=chosen["as_json"])


def _send(
    plan: SeriesPlan,
    composition: Composition,
    request: PreparedRequest,
    client: Client,
    *,
    as_json: bool,
) -> int:
    """Send one delivery or a series, and log it on the server; returns the exit status."""
    named = click.get_current_context().get_parameter_source("server")
    recorder = Recorder(
        client,
        composition,
        is_series=plan.count > 1,
        finds_server=named is ParameterSource.DEFAULT,
    )
    if plan.count > 1:
        progress = run_series(plan, composition, recorder.note)
        recorder.tell()
        (print_series if as_json else print_summary)(progress)
        return 0 if progress.delivered == progress.total else 1
    result = send(request, options=composition.action.options)
    recorder.note(plan.first, result)
    recorder.tell()  # first, as printing fails when the reader has gone, like head
    if as_json:
        print_delivery(result, composition)
    else:
        say_result(result)
    return 0 if result.delivered else 1


def _compose(url: str, begun: Composition | None, chosen: Mapping[str, Any]) -> Composition:
    """The action and its ticket as the flags change what was begun. Raises ``InspectorError``."""
    action = begun.action if begun else WebhookAction(url=url)
    given: dict[str, Any] = {"url": url}
    given |= {name: chosen[name] for name in ("source", "method") if chosen[name]}
    if chosen["header"]:
        given["headers"] = tuple(_split_header(text) for text in chosen["header"])
    if chosen["data"]:
        given["custom_data"] = _read_data(chosen["data"])
    if (body := read_body_flags(chosen)) is not None:
        given |= {"body": body, "custom_data": given.get("custom_data")}
    given["options"] = _read_options(action.options, chosen)
    ticket = begun.ticket if begun else TicketChoice()
    if chosen["variation"]:
        ticket = replace(ticket, variation=chosen["variation"])
    if chosen["ticket"]:
        raw = chosen["ticket"].read(MAX_TICKET_BYTES + 1)
        ticket = replace(ticket, text=raw.decode("utf-8", "surrogateescape"))
    if chosen["ticket_of"]:
        ticket = replace(ticket, text=chosen["captured"])
    changes = (*ticket.changes, *_read_changes(chosen))
    return Composition(replace(action, **given), replace(ticket, changes=changes))


def _read_changes(chosen: Mapping[str, Any]) -> list[Change]:
    for path in chosen["unset"]:
        split_path(path)
    changed = [parse_set(text) for text in chosen["set_"]]
    return [*changed, *(Change(path, None) for path in chosen["unset"])]


def _read_options(options: DeliveryOptions, chosen: Mapping[str, Any]) -> DeliveryOptions:
    given: dict[str, Any] = {}
    if chosen["timeout"] is not None:
        given = dict.fromkeys(
            ("timeout_s", "connect_timeout_s", "first_byte_timeout_s"), chosen["timeout"]
        )
    if chosen["retries"] is not None:
        given["retries"] = chosen["retries"]
    if chosen["follow_redirects"]:
        given["follow_redirects"] = True
    if chosen["no_verify_tls"]:
        given["verify_tls"] = False
    if chosen["sign"]:
        given["sign"] = chosen["sign"]
    if chosen["tamper"]:
        given["tamper"] = True
    if chosen["basic_auth"]:
        user, _, password = chosen["basic_auth"].partition(":")
        given["basic_auth"] = (user, password)
    return replace(options, **given)


def _split_header(text: str) -> TemplatePair:
    name, colon, value = text.partition(":")
    if not colon:
        raise InspectorError("invalid_header", f"{text[:60]!r}: a header is written Name: value.")
    return name, value.strip()


def _read_data(texts: tuple[str, ...]) -> CustomData:
    if len(texts) == 1 and not _NAMED.match(texts[0]):
        return texts[0]
    if not all(_NAMED.match(text) for text in texts):
        odd = next(text for text in texts if not _NAMED.match(text))
        message = (
            "Custom data is one text, or named values, each written key=value; "
            f"{odd[:60]!r} has no such name."
        )
        raise InspectorError("invalid_action", message)
    pairs = (text.partition("=") for text in texts)
    return tuple((name, value) for name, _, value in pairs)


def _name_flag(error: InspectorError, action: WebhookAction) -> InspectorError:
    """The error of a template, with the flag that the template stands in."""
    field, _, position = str(error.details.get("field", "")).partition(".")
    pairs = action.body.pairs if action.body else ()
    rows = {"headers": action.headers, "custom_data": action.custom_data, "form": pairs}.get(field)
    name = f" {rows[int(position)][0]}" if position and isinstance(rows, tuple) else ""
    flag = {
        "url": "--to",
        "headers": "--header",
        "custom_data": "--data",
        "form": "--body-form",
    }.get(field, "--body" if field == "body" else None)
    if error.code != "template_error" or flag is None:
        return error
    return InspectorError(error.code, f"{flag}{name}: {error.message}")


def _find_bin(client: Client) -> str:
    """The newest bin's URL below the server's own, which a tunnel's is not.

    Raises ``InspectorError`` when there is no server, or no bin.
    """
    try:
        bins: list[dict[str, Any]] = client.call("GET", "/api/v1/bins")
    except InspectorError as error:
        raise InspectorError(error.code, f"{error.message} Or say --to URL.") from error
    if not bins:
        raise InspectorError(
            "no_destination", f"The server at {client.server} has no bin. Say --to URL."
        )
    return f"{client.server}/{bins[0]['name']}"
