"""``inspector ready``: whether a server can store captures, for health checks."""

from __future__ import annotations

import json

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option
from inspector.errors import InspectorError


@click.command("ready")
@option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=5.0, show_default=True,
    metavar="SECONDS", help="The longest wait for the answer.",
)  # fmt: skip
@option("--json", "as_json", is_flag=True, help="As JSON: ready, and the reason when it is not.")
@server_options
def command(*, timeout: float, as_json: bool, server: str, token: str | None) -> int:
    """Ask a server whether it is ready: it can store captures, and was not told to stop.

    For the health check of a container or a service manager. Exit status: 0 when it is ready,
    otherwise 1, with the reason.
    """
    try:
        status, text = Client(server, token).fetch_text("/readyz", timeout_s=timeout)
    except InspectorError as error:
        if not as_json:
            raise
        status, text = 0, error.message
    is_ready = status == 200
    reason = None if is_ready else text.strip()[:500]
    if as_json:
        click.echo(json.dumps({"ready": is_ready, "reason": reason}))
    else:
        click.echo(reason or "ready", err=not is_ready)
    return 0 if is_ready else 1
