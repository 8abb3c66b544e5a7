"""Command-line options, each with an environment variable: ``--port`` is ``INSPECTOR_PORT``.

There is no other way to give an option a variable, so that none goes without, and none has a
name of its own. The few variables that no option stands for are in ``inspector.settings``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

PREFIX = "INSPECTOR_"

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def option(*names: str, **how: Any) -> Callable[[Decorated], Decorated]:
    """``click.option``, with the variable of the first long flag among its ``names``."""
    flag = next(name for name in names if name.startswith("--"))
    variable = PREFIX + flag.removeprefix("--").upper().replace("-", "_")
    return click.option(*names, envvar=variable, **how)
