"""``inspector ready``: whether a server can store captures, for health checks."""

from __future__ import annotations

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option


@click.command("ready")
@option(
    "--timeout", type=click.FloatRange(min=0, min_open=True), default=5.0, show_default=True,
    metavar="SECONDS", help="How long to wait for the answer.",
)  # fmt: skip
@server_options
def command(*, timeout: float, server: str, token: str | None) -> int:
    """Ask a server whether it is ready: it can store captures, and was not told to stop.

    For the health check of a container or a service manager. Exit status: 0 when it is ready,
    otherwise 1, with the reason.
    """
    status, text = Client(server, token).fetch_text("/readyz", timeout_s=timeout)
    click.echo("ready" if status == 200 else text.strip()[:500], err=status != 200)
    return 0 if status == 200 else 1
