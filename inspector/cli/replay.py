"""``inspector replay``: send captured requests again, one or all that a search finds."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.request_names import request_path, split_name
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible


@click.command("replay", context_settings={"auto_envvar_prefix": "INSPECTOR"})
@click.argument("places", metavar="BIN/ID...", nargs=-1, required=True)
@click.option("--to", "url", metavar="URL", required=True, envvar="INSPECTOR_TO", help="Where to.")
@click.option(
    "--match",
    metavar="QUERY",
    help="All that the page's search language finds in BIN, the oldest first, but for those that "
    "the server has refused.",
)
@click.option(
    "--rate",
    type=click.FloatRange(min=0, min_open=True),
    metavar="PER_S",
    help="How many a second.",
)
@click.option("--method", help="Another method.")
@click.option(
    "--header", multiple=True, metavar="'Name: value'", help="Other headers, all of them."
)
@click.option("--body", metavar="TEXT", help="Another body.")
@click.option("--resign", is_flag=True, help="Sign anew with the bin's secret and the time of now.")
@click.option(
    "--json", "as_json", is_flag=True, envvar="INSPECTOR_JSON", help="A delivery a line, as JSON."
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
    resign: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> int:
    """Send captured requests again as they came, and compare each with its last try.

    A request is BIN/ID, BIN/#7 or BIN/last; with --match it is BIN alone. Exit status: 0 when
    every one was answered with 200 to 299, otherwise 1.
    """
    client = Client(server, token)
    fields: dict[str, Any] = {"url": url}
    fields |= {name: value for name, value in (("method", method), ("body", body)) if value}
    if resign:
        fields["resign"] = True
    if header:
        fields["headers"] = [_split_header(text) for text in header]
    found = _list_matching(client, places, match) if match is not None else map(split_name, places)
    failed, due = 0, time.monotonic()
    for bin_name, request_id in found:
        time.sleep(max(0.0, due - time.monotonic()))
        due += 1 / rate if rate else 0
        path = request_path(client, f"{bin_name}/{request_id}")
        try:
            delivery = client.call("POST", f"{path}/replay", fields)
        except InspectorError as error:
            if match is None or error.code != "cannot_replay":
                raise
            failed += 1  # The others are not held up by it.
            click.echo(f"{bin_name}/{request_id}: not sent: {error.message}", err=True)
            continue
        failed += not delivery["delivered"]
        click.echo(json.dumps(delivery) if as_json else _describe(delivery))
    return 1 if failed else 0


def _list_matching(client: Client, bins: tuple[str, ...], match: str) -> Iterator[tuple[str, str]]:
    """The requests of each bin that match, the oldest first, without those that were refused."""
    for name in bins:
        path = bin_path(name, f"/requests?{urlencode({'q': match, 'limit': 500})}")
        ids = [str(each["id"]) for each in client.pages(path) if each["refused"] is None]
        if not ids:
            raise InspectorError("request_not_found", f"No request of {name} matches {match!r}.")
        yield from ((name, request_id) for request_id in reversed(ids))


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
