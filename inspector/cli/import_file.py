"""``inspector import``: look at a colleague's capture."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import click

from inspector.capture import Capture
from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.options import json_option
from inspector.errors import InspectorError
from inspector.exports.saved import (
    is_line,
    read_lines,
    read_saved,
    to_line,
)
from inspector.reading.text import escape_invisible

# A server takes 10 MB at a time; a batch stays well below.
BATCH_BYTES = 4_000_000


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@option(
    "--bin",
    "bin_name",
    metavar="NAME",
    required=True,
    help="The bin they go to; made when it is not there.",
)
@option(
    "--skip-unreadable",
    is_flag=True,
    help="Leave out requests that cannot be read; else one refuses the file.",
)
@json_option
@server_options
def command(
    file: Path,
    *,
    bin_name: str,
    skip_unreadable: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Put the requests of FILE into a bin: an HTTP Archive, JSON lines or one raw request."""
    client = Client(server, token)
    with _open(file) as source:
        left_out: list[str] | None = [] if skip_unreadable else None
        read = _make_reader(source, left_out)
        # The whole file is read before anything is sent, so an unreadable one leaves nothing half
        # done.
        total = sum(1 for _ in read())
        for sentence in () if as_json else left_out or ():
            click.echo(f"Left out: {escape_invisible(sentence)}", err=True)
        capacity = _ensure_bin(client, bin_name, total)
        done = 0
        for batch, count in _cut(read()):
            client.upload(bin_path(bin_name, "/import"), batch)
            done += count
            if sys.stderr.isatty():
                click.echo(f"\r{done:,} of {total:,} ...\033[K", nl=False, err=True)
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)
    if as_json:
        found = {"imported": done} | ({} if left_out is None else {"left_out": left_out})
        click.echo(json.dumps(found))
    else:
        word = "request" if done == 1 else "requests"
        click.echo(f"Imported {done:,} {word} into {client.server}/bins/{bin_name}")
    if done > capacity:
        click.echo(f"The bin keeps {capacity:,} requests: earlier ones have gone.", err=True)


@contextlib.contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    """The file, or a copy of standard input, which can be read more than once."""
    try:
        with contextlib.ExitStack() as stack:
            if str(file) == "-":
                source: BinaryIO = sys.stdin.buffer
            else:
                source = stack.enter_context(file.open("rb"))
            if not source.seekable():
                kept = stack.enter_context(tempfile.TemporaryFile())
                shutil.copyfileobj(source, kept)
                source = kept
            yield source
    except OSError as error:
        raise InspectorError("not_readable", f"{file} cannot be read: {error.strerror}.") from error


def _make_reader(source: BinaryIO, left_out: list[str] | None) -> Callable[[], Iterable[Capture]]:
    """A reader that gives all captures anew: JSON lines one by one, anything else at once."""
    now_us = time.time_ns() // 1000
    source.seek(0)
    if is_line(source.readline()):

        def read() -> Iterable[Capture]:
            source.seek(0)
            if left_out is not None:
                left_out.clear()  # Each pass over the file collects them anew.
            return read_lines(source, "", now_us, left_out=left_out)

        return read
    source.seek(0)
    captures = list(read_saved(source.read(), "", now_us, left_out=left_out))
    return lambda: captures


def _ensure_bin(client: Client, name: str, total: int) -> int:
    """The capacity of the bin; one made for the file keeps all of it."""
    try:
        found = client.call("GET", bin_path(name))
    except InspectorError as error:
        if error.code != "bin_not_found":
            raise
        found = client.call("POST", "/api/v1/bins", {"name": name})
        if found["capacity"] < total:
            found = client.call("PATCH", bin_path(name), {"capacity": total})
    return int(found["capacity"])


def _cut(captures: Iterable[Capture]) -> Iterator[tuple[bytes, int]]:
    """JSON lines of a few megabytes each, and how many requests are in them."""
    lines: list[str] = []
    size = 0
    for capture in captures:
        line = to_line(capture)
        if lines and size + len(line) > BATCH_BYTES:
            yield "\n".join(lines).encode(), len(lines)
            lines, size = [], 0
        lines.append(line)
        size += len(line)
    if lines:
        yield "\n".join(lines).encode(), len(lines)
