"""The tunnel of ``inspector serve``: begun when the server is, and ended with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from inspector.errors import InspectorError

if TYPE_CHECKING:
    from inspector.cli.tunnel.programs import TunnelProgram
    from inspector.server import ServerProcess


def read_tunnel(text: str | None, public_url: str | None) -> TunnelProgram | None:
    """The program that ``--tunnel`` names.

    Raises ``UsageError`` for what is none, ``tunnel_missing`` where it is not installed.
    """
    if text is None:
        return None
    if public_url:
        raise click.UsageError("--tunnel finds the public address out: leave --public-url away.")
    from inspector.cli.tunnel.programs import find_tunnel  # most servers have none
    from inspector.cli.tunnel.running import check_installed

    try:
        program = find_tunnel(text)
    except InspectorError as error:
        raise click.UsageError(error.message) from error
    check_installed(program)
    return program


@contextmanager
def open_tunnel(process: ServerProcess, program: TunnelProgram | None, name: str) -> Iterator[None]:
    """A context manager: a tunnel while the body runs the server; its URL for this bin is printed.

    A tunnel that never opens ends the server, with ``tunnel_ended`` or ``tunnel_silent``; one
    that ends later leaves it to this machine.
    """
    if program is None:
        yield
        return
    from inspector.cli.tunnel.running import Tunnel

    failures: list[InspectorError] = []

    def tell(url: str) -> None:
        process.tunnel_url = url
        click.echo(f"Webhooks from the internet come by {url}/{name} ({program.name}).")

    def note_end(error: InspectorError) -> None:
        if process.tunnel_url is None:
            failures.append(error)
            process.stop()
            return
        process.tunnel_url = None
        click.echo(f"{error.message} Nothing comes from the internet any more.", err=True)

    port = process.open_tunnel_door(names_sender=program.names_sender)
    click.echo(f"Waiting for {program.name} to say the public address.")
    tunnel = Tunnel(program, port, tell, note_end)
    try:
        yield
    finally:
        tunnel.stop()
    if failures:
        raise failures[0]
