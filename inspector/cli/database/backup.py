"""``inspector backup``: a database as one file, of a running server too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from inspector.cli.database.progress import ProgressLine
from inspector.cli.environment import option
from inspector.settings import Settings


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@option("--database", help="The server's --database; its SQLite file by default.")
@option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="The server's --data-dir.",
)
def command(*, file: Path, database: str | None, data_dir: Path | None) -> None:
    """Write all that a server keeps, as it is now, into FILE: an SQLite database.

    The server may run meanwhile. `inspector serve --database sqlite:///FILE` opens it, and
    `inspector copy` brings it back into PostgreSQL.
    """
    from inspector.storage.database.faults import said_of_database
    from inspector.storage.transfer.backup import back_up  # slow to import

    settings = Settings(database=database)
    if data_dir is not None:
        settings = replace(settings, data_dir=data_dir)
    with said_of_database(), ProgressLine() as progress:
        count = back_up(settings.database_url, file, progress.show)
    size = file.stat().st_size
    requests = "request" if count == 1 else "requests"
    click.echo(f"{file} has {count:,} {requests} in {size:,} bytes. Keep it secret: its bins are.")
