"""Alembic, driven from the package: no ini file, no command line of its own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import ResolutionError
from alembic.util.exc import CommandError
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent.parent / "migrations"


def make_config() -> Config:
    """Alembic's settings, pointing at the migrations shipped in the package."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def head_revision() -> str:
    """The newest revision among the shipped migrations."""
    head = ScriptDirectory.from_config(make_config()).get_current_head()
    assert head is not None  # noqa: S101 - we ship at least one
    return head


def migrate(connection: Connection, target: str = "head") -> None:
    """Upgrade to a revision, the newest by default, in the caller's transaction.

    Raises ``LookupError`` when the database is at a revision we do not ship.
    """
    config = make_config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, target)
    except (CommandError, ResolutionError) as error:
        raise LookupError(str(error)) from error
