"""The pages."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Flask

from inspector.domain import Bin, CapturedRequest

blueprint = Blueprint("pages", __name__)


def render_rows(app: Flask, bin_: Bin, requests: Sequence[CapturedRequest]) -> str:  # noqa: ARG001
    """The list's rows for these requests (oldest first), as they are put on top of it."""
    return "".join(f"<li>{request.number}</li>" for request in requests)
