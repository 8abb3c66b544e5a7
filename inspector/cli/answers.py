"""``inspector answers``: the rules by which a bin answers, shown or set from a file."""

from __future__ import annotations

import json
import sys
from typing import TextIO

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.options import json_option
from inspector.domain.json_bodies import write_json
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible


@click.command("answers")
@click.argument("name", metavar="BIN")
@click.argument("file", type=click.File("r", encoding="utf-8"), required=False)
@option("--reset", is_flag=True, help="Let the answers of all rules begin anew.")
@option("--clear", is_flag=True, help="Answer 200 and ok again.")
@json_option
@server_options
def command(
    name: str,
    *,
    file: TextIO | None,
    reset: bool,
    clear: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Show the rules by which BIN answers, or set them from FILE: JSON or TOML, - for stdin."""
    if (file is not None) + reset + clear > 1:
        raise click.UsageError("Give FILE, --reset or --clear, one of them.")
    client, path = Client(server, token), bin_path(name, "/answers")
    if clear:
        client.call("DELETE", path)
    elif reset:
        client.call("POST", f"{path}/reset")
    elif file is not None:
        client.call("PUT", path, _read(file.read()))
    rules = client.call("GET", path)
    if as_json:
        click.echo(write_json(rules))
        return
    text = json.dumps(rules, indent=2, ensure_ascii=False)
    # A terminal obeys no character that a rule holds.
    shown = "\n".join(map(escape_invisible, text.split("\n")))
    click.echo(shown if sys.stdout.isatty() else text)


def _read(text: str) -> dict[str, object]:
    from inspector.answers.files import parse_answers  # shown without it

    data = parse_answers(text)
    if not isinstance(data, dict):
        raise InspectorError("invalid_rules", "Answers are an object with rules.", field="rules")
    return data
