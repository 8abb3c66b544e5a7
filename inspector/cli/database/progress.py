"""A line on the terminal that says how far a copy is."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

import click

from inspector.clock import time

TERMINAL_EVERY_S = 0.1
# A log file is not filled with lines.
LOG_EVERY_S = 10.0


class ProgressLine:
    """A context manager; ``show`` says how far it is, on stderr and not too often."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._next_at = time.monotonic() + (0 if self._is_terminal else LOG_EVERY_S)
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._width:
            click.echo("\r" + " " * self._width + "\r", err=True, nl=False)

    def show(self, what: str, table: str, done: int, total: int) -> None:
        """``copied requests: 1,000 of 5,000``."""
        now = time.monotonic()
        if now < self._next_at:
            return
        self._next_at = now + (TERMINAL_EVERY_S if self._is_terminal else LOG_EVERY_S)
        line = f"{what} {table}: {done:,} of {total:,}"
        if self._is_terminal:
            click.echo("\r" + line.ljust(self._width), err=True, nl=False)
            self._width = max(self._width, len(line))
        else:
            click.echo(line, err=True)
