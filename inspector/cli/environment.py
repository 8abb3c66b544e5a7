"""Command-line options, each with an environment variable: ``--port`` is ``INSPECTOR_PORT``.

Options get their variables here alone, so none lacks one and none has another name. The few
variables that no option stands for are in ``inspector.settings``.
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
