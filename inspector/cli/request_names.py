"""Requests as commands name them: ``BIN/ID``, ``BIN/#7`` and ``BIN/last``."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import click

from inspector.cli.client import Client, bin_path
from inspector.errors import InspectorError


def split_name(name: str) -> tuple[str, str]:
    """The bin and the request within it. Raises ``UsageError`` for a bin alone."""
    bin_name, slash, request_id = name.strip().strip("/").rpartition("/")
    if not slash:
        raise click.UsageError(f"{name[:60]} names a bin: say BIN/ID, BIN/#7 or BIN/last.")
    return bin_name, request_id


def request_path(client: Client, name: str) -> str:
    """The API's path of a request. Raises ``request_not_found`` where ``last`` names none."""
    bin_name, request_id = split_name(name)
    if request_id == "last":
        newest = client.call("GET", bin_path(bin_name, "/requests?limit=1"))
        if not newest:
            raise InspectorError("request_not_found", f"There is no request in {bin_name}.")
        request_id = str(newest[0]["id"])
    return bin_path(bin_name, f"/requests/{quote(request_id.removeprefix('#'), safe='')}")


def load_request(client: Client, name: str) -> dict[str, Any]:
    """A request's JSON."""
    found: dict[str, Any] = client.call("GET", request_path(client, name))
    return found
