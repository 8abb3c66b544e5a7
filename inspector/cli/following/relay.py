"""``inspector relay``: pass a bin's requests on to a program, and print what it says."""

from __future__ import annotations

import json
from collections import OrderedDict
from typing import Any

import click

from inspector.cli.client import Client, Event, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.following.events import follow
from inspector.domain.json_bodies import parse_api_json
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible

# Requests that wait for their program, to be named when it has answered.
MAX_REMEMBERED = 2_000


@click.command("relay")
@click.argument("bin_name", metavar="BIN")
@click.argument("url", metavar="URL")
@option("--no-wait", is_flag=True, help="Let the bin answer by its rules, and pass on behind.")
@option(
    "--since",
    metavar="ID",
    help="Pass on first what came from this request on (ID, or 0 for all) and has no answer yet.",
)
@option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="The time that the program may take, 30 by default.",
)
@option(
    "--match",
    metavar="QUERY",
    help="Only what the page's search language finds, as in 'ticket.agent.id=3 method:POST'.",
)
@option("--resign", is_flag=True, help="Sign anew with the bin's secret and the time of now.")
@option("--insist", is_flag=True, help="Let the program's Set-Cookie and its like go back, too.")
@option("--json", "as_json", is_flag=True, help="One object a line, as JSON.")
@server_options
def command(
    bin_name: str,
    url: str,
    *,
    no_wait: bool,
    since: str | None,
    timeout: float | None,
    match: str | None,
    resign: bool,
    insist: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Pass each request to BIN on to the program at URL, until Ctrl-C.

    The server stores it first and sends it from where it runs; its sender gets the program's
    own answer. For a program that only this machine can reach, use tail --forward-to.
    """
    client, path = Client(server, token), bin_path(bin_name)
    given: dict[str, Any] = {"url": url, "wait": not no_wait, "resign": resign, "insist": insist}
    if timeout is not None:
        given["timeout"] = timeout
    if match is not None:
        given["match"] = {"q": match}
    lines = _Lines(as_json)
    began = False
    try:
        for event in follow(client, bin_name):
            if event.name == "open" and not began:
                _note_earlier(client, path)
                relay = client.call("PUT", f"{path}/relay", given)
                began = True
                shown = escape_invisible(relay["url"])
                click.echo(f"{bin_name} relays to {shown}. Ctrl-C ends that.", err=True)
                if since is not None:
                    client.call("POST", f"{path}/relay/send", {"since": since.removeprefix("#")})
            lines.take(event)
    except KeyboardInterrupt:
        click.echo(err=True)
    finally:
        if began:
            client.call("DELETE", f"{path}/relay")


def _note_earlier(client: Client, path: str) -> None:
    """Print the relay that this one replaces."""
    try:
        earlier = client.call("GET", f"{path}/relay")
    except InspectorError as error:
        if error.code != "relay_not_found":
            raise
        return
    click.echo(f"Instead of {escape_invisible(earlier['url'])}.", err=True)


class _Lines:
    """Prints the outcome of each relayed request."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._waiting: OrderedDict[int, str] = OrderedDict()

    def take(self, event: Event) -> None:
        """Remember a request, or print what its program said."""
        if event.name not in ("request", "relayed"):
            return
        data = parse_api_json(event.data)
        if event.name == "request":
            self._waiting[data["number"]] = f"{data['method']} {data['path']}"
            if len(self._waiting) > MAX_REMEMBERED:
                self._waiting.popitem(last=False)
        elif self._as_json:
            click.echo(json.dumps(data))
        else:
            click.echo(_describe(data, self._waiting.pop(data["number"], "")))


def _describe(data: dict[str, Any], named: str) -> str:
    relay = data["relay"]
    line = f"#{data['number']} {named[:200]} -> "
    if relay["error"] is not None:
        line += f"no answer: {relay['error']['message']}"
    else:
        line += f"{relay['status']} in {relay['duration_ms']:.0f} ms"
        if relay["withheld"]:
            them = "it" if len(relay["withheld"]) == 1 else "them"
            line += f", without its {', '.join(relay['withheld'])} (--insist lets {them} go back)"
    return escape_invisible(line)
