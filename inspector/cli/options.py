"""Options that several commands have, with the same words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from inspector.cli.environment import option
from inspector.forms import DIALECTS

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = option(
    "--json",
    "as_json",
    is_flag=True,
    help="The API's JSON, one object a line.",
)
limit_option = option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most."
)


def receiver_option(when: str) -> Callable[[Command], Command]:
    """``--as-seen-by``: which receiver's reading of forms the JSON has; ``when`` it is JSON."""
    return option(
        "--as-seen-by",
        "receiver",
        type=click.Choice(DIALECTS),
        default="php",
        show_default=True,
        help=f"With {when}: form and form_notes as this receiver reads them.",
    )
