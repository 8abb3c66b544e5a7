"""Secrets that ``inspector serve`` and the other commands read from files.

Everybody on a machine can see a command line, and every child process a variable; a file, such
as a container's or a service manager's secret, is readable by its owner alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

MAX_SECRET_BYTES = 65_536
# The settings that may come from a file, by the name of the parameter that names it.
FILES = {
    "token_file": "token",
    "database_file": "database",
    "secret_key_file": "secret_key",
}


def read_secrets(chosen: dict[str, Any]) -> dict[str, Any]:
    """The parameters with the secrets of their files in them. Raises ``UsageError``."""
    taken = {name: value for name, value in chosen.items() if name not in FILES}
    for file, name in FILES.items():
        path = chosen.get(file)
        if path is None:
            taken.setdefault(name, None)
            continue
        flag = f"--{file.replace('_', '-')}"
        if taken.get(name) is not None:
            raise click.UsageError(f"{flag} and --{name} are the same secret: give one of them.")
        taken[name] = read_secret(path, flag)
    return taken


def read_secret(path: Path, flag: str) -> str:
    """The text of a secret's file, without the line end behind it. Raises ``UsageError``."""
    try:
        with path.expanduser().open("rb") as file:
            text = file.read(MAX_SECRET_BYTES + 1).decode("utf-8")
    except OSError as error:
        raise click.UsageError(f"{flag} {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{flag} {path} is no text.") from error
    if len(text) > MAX_SECRET_BYTES:
        raise click.UsageError(f"{flag} {path} is too large for a secret.")
    secret = text.strip("\r\n")
    if not secret.strip():
        raise click.UsageError(f"{flag} {path} is empty.")
    return secret


def find_token(_context: click.Context, _param: click.Parameter, token: str | None) -> str | None:
    """The token that was given, else that of the file in ``INSPECTOR_TOKEN_FILE``."""
    if token is not None:
        return token
    from inspector.settings import find_token_file  # most callers give it, or need none

    path = find_token_file()
    return None if path is None else read_secret(path, "INSPECTOR_TOKEN_FILE")
