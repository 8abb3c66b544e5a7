"""``inspector copy``: copy a database into another."""

from __future__ import annotations

import click

from inspector.cli.database.progress import ProgressLine
from inspector.cli.environment import option


@click.command("copy")
@option(
    "--from",
    "source",
    metavar="URL",
    required=True,
    help="The database to read.",
)
@option(
    "--to",
    "target",
    metavar="URL",
    required=True,
    help="An empty one, which is filled.",
)
def command(*, source: str, target: str) -> None:
    """Copy everything from one database into another: SQLite to PostgreSQL, and back.

    Run again, it goes on where it was ended. A server may go on writing to the first one; what
    it stores after the copy has begun is not in it.
    """
    from inspector.storage.database.faults import said_of_database
    from inspector.storage.transfer.copying import copy_database  # slow to import

    with said_of_database(), ProgressLine() as progress:
        copied = copy_database(source, target, progress.show)
    for table in copied:
        click.echo(f"{table.checksum.rows:>12,} {table.name:18} sha256 {table.checksum.digest}")
    click.echo("Both databases were read again and have the same.")
