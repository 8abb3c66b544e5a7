"""``inspector export``: all captures of a bin as one file."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.lines import escape_pieces, format_size
from inspector.cli.options import receiver_option
from inspector.errors import InspectorError


@click.command("export")
@click.argument("bin_name", metavar="BIN")
@option(
    "--format",
    "form",
    type=click.Choice(("har", "jsonl", "csv", "html")),
    default="jsonl",
    show_default=True,
    help="HTTP Archive 1.2 or the API's JSON a request a line, which import reads back, or a table "
    "of fields, or a page for people without Inspector, which it does not.",
)
@option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; standard output without it.",
)
@option(
    "--match",
    "query",
    metavar="QUERY",
    default="",
    help="Only the requests that this search finds.",
)
@receiver_option("jsonl")
@server_options
def command(
    bin_name: str,
    *,
    form: str,
    output: Path | None,
    query: str,
    receiver: str,
    server: str,
    token: str | None,
) -> None:
    """Write the requests of BIN, oldest first.

    A file or a pipe gets them exactly; a terminal gets control characters escaped.
    """
    client = Client(server, token)
    reading = "" if receiver == "php" else f"&as={receiver}"
    wanted = f"&q={quote(query, safe='')}" if query else ""
    path = bin_path(bin_name, f"/export?format={form}{reading}{wanted}")
    pieces: Iterator[bytes] = (piece for piece, _ in client.download(path))
    if output is None and sys.stdout.isatty():
        pieces = escape_pieces(pieces)
    with _open(output) as file:
        written = 0
        for piece in pieces:
            file.write(piece)
            written += len(piece)
            _show_progress(written, output)
        file.flush()
    if output is not None:
        _clear_progress()
        click.echo(f"{output}: {format_size(written)}", err=True)


@contextlib.contextmanager
def _open(output: Path | None) -> Iterator[BinaryIO]:
    """Standard output, or a file that gets its name only once it is complete."""
    if output is None:
        yield sys.stdout.buffer
        return
    try:
        if output.exists() and not output.is_file():
            with output.open("wb") as device:
                yield device
        else:
            with _open_new(output.resolve()) as file:
                yield file
    except OSError as error:
        raise InspectorError(
            "not_writable", f"{output} cannot be written: {error.strerror}."
        ) from error


@contextlib.contextmanager
def _open_new(output: Path) -> Iterator[BinaryIO]:
    part = output.with_name(f".{output.name[:200]}.{os.getpid()}.part")
    with part.open("xb") as file:
        try:
            yield file
            file.close()
            part.replace(output)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def _show_progress(written: int, output: Path | None) -> None:
    if output is not None and sys.stderr.isatty():
        click.echo(f"\r{output}: {format_size(written)} ...", nl=False, err=True)


def _clear_progress() -> None:
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
