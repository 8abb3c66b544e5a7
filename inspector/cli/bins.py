"""``inspector bins``: make, list and delete the bins of a running server."""

from __future__ import annotations

from typing import Any

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.lines import print_table
from inspector.cli.options import json_option
from inspector.domain.json_bodies import write_json
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible


@click.group("bins", invoke_without_command=True)
@json_option
@server_options
@click.pass_context
def command(ctx: click.Context, *, as_json: bool, server: str, token: str | None) -> None:
    """Make, list and delete bins; lists them when nothing else is said."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_bins, as_json=as_json, server=server, token=token)


@command.command("list")
@json_option
@server_options
def list_bins(*, as_json: bool, server: str, token: str | None) -> None:
    """All bins, the newest first."""
    client = Client(server, token)
    bins: list[dict[str, Any]] = client.call("GET", "/api/v1/bins")
    if as_json:
        for each in bins:
            click.echo(write_json(each))
        return
    if not bins:
        click.echo("There are no bins yet. Make one with: inspector bins create", err=True)
        return
    rows = [
        (
            escape_invisible(each["name"]),
            f"{each['request_count']:,}",
            f"{each['let_go_count']:,}",
            "private" if each["private"] else "",
            each["url"],
        )
        for each in bins
    ]
    print_table(("NAME", "REQUESTS", "LET GO", "", "URL"), rows, right={1, 2})


@command.command("create")
@click.argument("name", required=False)
@option("--private", is_flag=True, help="Only its secret opens it; the secret is shown once.")
@option("--capacity", type=click.IntRange(1, 1_000_000), help="The number of requests it keeps.")
@option("--ttl", metavar="DURATION", help="The age to which it keeps a request, like 30d or 12h.")
@json_option
@server_options
def create(
    name: str | None,
    *,
    private: bool,
    capacity: int | None,
    ttl: str | None,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Make a bin and print its URL; without NAME it gets one."""
    client = Client(server, token)
    fields = {"name": name, "private": private or None, "capacity": capacity, "ttl": ttl}
    made = client.call(
        "POST", "/api/v1/bins", {key: value for key, value in fields.items() if value is not None}
    )
    if as_json:
        click.echo(write_json(made))
        return
    click.echo(made["url"])
    if made.get("secret"):
        click.echo(f"Its secret, shown this once: {made['secret']}", err=True)


@command.command("keep")
@click.argument("name")
@option("--capacity", type=click.IntRange(1, 1_000_000), help="The number of requests it keeps.")
@option(
    "--ttl",
    metavar="DURATION",
    help="The age to which it keeps a request, like 30d or 12h; none for the server's own limit.",
)
@json_option
@server_options
def keep(
    name: str,
    *,
    capacity: int | None,
    ttl: str | None,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Choose how many requests a bin keeps, and how long; without an option, show it."""
    client = Client(server, token)
    fields = {"capacity": capacity, "ttl": ttl}
    chosen = {field: value for field, value in fields.items() if value is not None}
    now = client.call("PATCH" if chosen else "GET", bin_path(name), chosen or None)
    if as_json:
        click.echo(write_json(now))
        return
    age = f", each for {now['ttl']}" if now["ttl"] else ""
    click.echo(f"{name} keeps the newest {now['capacity']:,} requests{age}.")


@command.command("delete")
@click.argument("name")
@server_options
def delete(name: str, *, server: str, token: str | None) -> None:
    """Delete a bin with all it holds."""
    Client(server, token).call("DELETE", bin_path(name))


@command.command("clear")
@click.argument("name")
@server_options
def clear(name: str, *, server: str, token: str | None) -> None:
    """Delete all requests of a bin, the pinned too; the bin stays and numbering continues."""
    Client(server, token).call("DELETE", bin_path(name, "/requests"))


@command.command("answer")
@click.argument("name")
@option("--status", type=click.IntRange(200, 599), help="200 where another option is given.")
@option("--header", metavar="'NAME: VALUE'", multiple=True, help="A header; may be given again.")
@option("--body", metavar="TEXT", help="The body; without one a 200 says ok.")
@option(
    "--delay",
    metavar="SECONDS",
    type=click.FloatRange(0, 300),
    help="The wait before the answer.",
)
@option("--insist", is_flag=True, help="Let Set-Cookie and its like go out too.")
@json_option
@server_options
def answer(name: str, *, as_json: bool, server: str, token: str | None, **chosen: Any) -> None:
    """Choose one answer for all requests to a bin; without an option, show it.

    Rules, sequences and presets: `inspector answers`.
    """
    client = Client(server, token)
    if any(value not in (None, (), False) for value in chosen.values()):
        now = _choose_answer(client, name, chosen)
    else:
        now = client.call("GET", bin_path(name))["answer"]
    if as_json:
        click.echo(write_json(now))
        return
    waits = f" after {now['delay_s']:g} s" if now["delay_s"] else ""
    click.echo(f"{name} answers {now['status']}{waits}, {len(now['body'].encode()):,} bytes.")


def _choose_answer(client: Client, name: str, chosen: dict[str, Any]) -> dict[str, Any]:
    from inspector.domain.answers.documents import parse_header_lines  # only this command needs it

    fields = {
        "status": chosen["status"] or 200,
        "headers": parse_header_lines("\n".join(chosen["header"])),
        "body": chosen["body"],
        "delay_s": chosen["delay"] or 0.0,
        "insist": chosen["insist"],
    }
    try:
        now: dict[str, Any] = client.call("PUT", f"{bin_path(name)}/answer", fields)["answer"]
    except InspectorError as error:
        if error.code != "header_reaches_further":
            raise
        raise InspectorError(error.code, f"{error.message} Say so with --insist.") from error
    return now
