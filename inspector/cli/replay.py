"""``inspector replay``: send captured requests again, one or all that a search finds."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from functools import partial
from typing import Any, BinaryIO, TypeAlias

import click

from inspector.cli.client import Client, server_options
from inspector.cli.emitting.replays import replay_many
from inspector.cli.environment import option
from inspector.cli.request_names import request_path
from inspector.reading.text import escape_invisible

# A result: the API's JSON, a line about it, True when all was answered with 200 to 299.
Outcome: TypeAlias = tuple[dict[str, Any], str, bool]


@click.command("replay")
@click.argument("places", metavar="BIN/ID...", nargs=-1, required=True)
@option("--to", "url", metavar="URL", required=True, help="The URL to send to.")
@option(
    "--match",
    metavar="QUERY",
    help="All that the page's search language finds in BIN, the oldest first, but for those that "
    "the server has refused.",
)
@option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="PER_S",
    help="The number sent per second.",
)
@option("--method", help="Another method.")
@option("--header", multiple=True, metavar="'Name: value'", help="Other headers, all of them.")
@option("--body", metavar="TEXT", help="Another body.")
@option(
    "--body-file",
    type=click.File("rb"),
    metavar="FILE",
    help="Another body, byte for byte; - reads standard input.",
)
@option("--resign", is_flag=True, help="Sign anew with the bin's secret and the time of now.")
@option(
    "--json",
    "as_json",
    is_flag=True,
    help="As JSON: a delivery a line, with --match a run a line.",
)
@server_options
def command(
    places: tuple[str, ...],
    *,
    url: str,
    match: str | None,
    rate: float | None,
    method: str | None,
    header: tuple[str, ...],
    body: str | None,
    body_file: BinaryIO | None,
    resign: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> int:
    """Send captured requests again as they came, and compare each with its last try.

    A request is BIN/ID, BIN/#7 or BIN/last; with --match it is BIN alone, the server sends them,
    and Ctrl-C stops it. Exit status: 0 when every one was answered with 200 to 299, otherwise 1.
    """
    client = Client(server, token)
    fields = _read_fields(url, method, header, body, body_file, resign=resign)
    if match is None:
        run = partial(_replay_one, client, fields)
    else:
        given = fields | {"match": {"q": match}} | ({"rate": rate} if rate else {})
        run = partial(replay_many, client, given)
    failed = 0
    due = time.monotonic()
    for place in places:
        if match is None:
            time.sleep(max(0.0, due - time.monotonic()))
            due += 1 / rate if rate else 0
        result, line, succeeded = run(place)
        failed += not succeeded
        click.echo(json.dumps(result) if as_json else line)
    return 1 if failed else 0


def _read_fields(
    url: str,
    method: str | None,
    header: tuple[str, ...],
    body: str | None,
    body_file: BinaryIO | None,
    *,
    resign: bool,
) -> dict[str, Any]:
    if body is not None and body_file is not None:
        raise click.UsageError("A body is given once: --body or --body-file.")
    fields: dict[str, Any] = {"url": url}
    fields |= {name: value for name, value in (("method", method), ("body", body)) if value}
    if body_file is not None:
        fields["body_base64"] = b64encode(body_file.read()).decode()
    if resign:
        fields["resign"] = True
    if header:
        fields["headers"] = [_split_header(text) for text in header]
    return fields


def _replay_one(client: Client, fields: dict[str, Any], place: str) -> Outcome:
    delivery = client.call("POST", f"{request_path(client, place)}/replay", fields)
    return delivery, _describe(delivery), delivery["delivered"]


def _split_header(text: str) -> list[str]:
    name, colon, value = text.partition(":")
    if not colon:
        raise click.UsageError(f"{text[:60]!r}: a header is written Name: value.")
    return [name.strip(), value.strip()]


def _describe(delivery: dict[str, Any]) -> str:
    failure = delivery["failure"]
    came = failure["message"] if failure else str(delivery["status"])
    verdict = f" ({delivery['verdict']})" if delivery["verdict"] else ""
    line = f"{delivery['replay_of']} -> {delivery['method']} {delivery['url']}: {came}{verdict}"
    return escape_invisible(line)
