"""``inspector bins``: make, list and delete the bins of a running server."""

from __future__ import annotations

from typing import Any

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.lines import print_table
from inspector.reading.text import escape_invisible


@click.group("bins", invoke_without_command=True)
@server_options
@click.pass_context
def command(ctx: click.Context, server: str, token: str | None) -> None:
    """Make, list and delete bins; lists them when nothing else is said."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_bins, server=server, token=token)


ENVIRONMENT = {"auto_envvar_prefix": "INSPECTOR"}


@command.command("list", context_settings=ENVIRONMENT)
@server_options
def list_bins(*, server: str, token: str | None) -> None:
    """All bins, the newest first."""
    client = Client(server, token)
    bins: list[dict[str, Any]] = client.call("GET", "/api/v1/bins")
    if not bins:
        click.echo("There are no bins yet. Make one with: inspector bins create", err=True)
        return
    rows = [
        (
            escape_invisible(each["name"]),
            f"{each['request_count']:,}",
            "private" if each["private"] else "",
            each["url"],
        )
        for each in bins
    ]
    print_table(("NAME", "REQUESTS", "", "URL"), rows, right={1})


@command.command("create", context_settings=ENVIRONMENT)
@click.argument("name", required=False)
@click.option("--private", is_flag=True, help="Only its secret opens it; the secret is shown once.")
@click.option("--capacity", type=click.IntRange(1, 1_000_000), help="How many requests it keeps.")
@server_options
def create(
    name: str | None, *, private: bool, capacity: int | None, server: str, token: str | None
) -> None:
    """Make a bin and print its URL; without NAME it gets one."""
    client = Client(server, token)
    fields = {"name": name, "private": private or None, "capacity": capacity}
    made = client.call(
        "POST", "/api/v1/bins", {key: value for key, value in fields.items() if value is not None}
    )
    click.echo(made["url"])
    if made.get("secret"):
        click.echo(f"Its secret, shown this once: {made['secret']}", err=True)


@command.command("delete", context_settings=ENVIRONMENT)
@click.argument("name")
@server_options
def delete(name: str, *, server: str, token: str | None) -> None:
    """Delete a bin with all it holds."""
    Client(server, token).call("DELETE", bin_path(name))
