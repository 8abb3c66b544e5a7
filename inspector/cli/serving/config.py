"""The configuration file of ``inspector serve``: TOML, a key for each flag.

A flag comes first, then its variable, then the file. Every key and value is checked when
the file is read, and a problem names the file and the key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

MAX_CONFIG_BYTES = 1_000_000


def use_config(context: click.Context, _param: click.Parameter, path: Path | None) -> None:
    """Take what the file says for the flags that are not given. Raises ``UsageError``."""
    if path is not None:
        context.default_map = read_config(path, context)


def read_config(path: Path, context: click.Context) -> dict[str, Any]:
    """The values of a file by the names of the command's parameters. Raises ``UsageError``."""
    import tomllib  # most servers have no file

    try:
        with path.open("rb") as file:
            given = tomllib.loads(file.read(MAX_CONFIG_BYTES).decode("utf-8"))
    except OSError as error:
        raise _refuse(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refuse(path, f"is no TOML: {error}") from error
    options = {
        each.opts[0].removeprefix("--"): each
        for each in context.command.params
        if isinstance(each, click.Option) and each.name != "config"
    }
    found: dict[str, Any] = {}
    for key, value in given.items():
        flag = key.replace("_", "-")
        option = options.get(flag)
        if option is None:
            import difflib

            close = difflib.get_close_matches(flag, options, 1)
            meant = f" Do you mean {close[0]}?" if close else ""
            raise _refuse(path, f"has {key[:60]!r}, which is no setting.{meant}")
        assert option.name is not None  # noqa: S101 - every option has one
        try:
            found[option.name] = _convert(option, value, context)
        except (click.BadParameter, ValueError) as error:
            message = error.message if isinstance(error, click.BadParameter) else str(error)
            raise _refuse(path, f"has a wrong {key}: {message}") from error
    return found


def _convert(option: click.Option, value: Any, context: click.Context) -> Any:
    """The value as the flag would give it. Raises ``BadParameter`` or ``ValueError``."""
    if option.is_flag:
        if not isinstance(value, bool):
            raise ValueError("it is true or false.")
        return value
    if option.multiple:
        if isinstance(value, dict):
            value = [f"{name}={each}" for name, each in value.items()]
        values = value if isinstance(value, list) else [value]
        return [option.type.convert(_write(each), option, context) for each in values]
    return option.type.convert(_write(value), option, context)


def _write(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("it is a text or a number.")
    return str(value)


def _refuse(path: Path, problem: str) -> click.UsageError:
    return click.UsageError(f"--config {path} {problem}")
