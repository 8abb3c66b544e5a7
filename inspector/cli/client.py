"""Talking to a running server, with what the standard library has: a command must start at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from ssl import SSLError
from typing import Any, TypeVar
from urllib.parse import SplitResult, quote, urlsplit

import click

from inspector.cli.environment import option
from inspector.cli.serving.secrets import find_token
from inspector.domain.json_bodies import parse_api_json
from inspector.errors import InspectorError

DEFAULT_SERVER = "http://127.0.0.1:8787"
TIMEOUT_S = 30.0
# An event stream has a heartbeat every 15 s; a silence this long is a lost connection.
STREAM_TIMEOUT_S = 60.0
# A table's columns are found in all of a bin's requests before its first byte can be sent.
DOWNLOAD_TIMEOUT_S = 900.0
READ_BYTES = 65_536

MAX_TEXT_BYTES = 100_000
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def server_options(command: Decorated) -> Decorated:
    """``--server`` and ``--token``, which every command has that asks a server."""
    for decorate in (
        option(
            "--token",
            show_envvar=True,
            callback=find_token,
            help="The server's token, or a private bin's secret; INSPECTOR_TOKEN_FILE names a file "
            "with it.",
        ),
        option(
            "--server",
            metavar="URL",
            show_envvar=True,
            default=DEFAULT_SERVER,
            show_default=True,
            help="The server to ask.",
        ),
    ):
        command = decorate(command)
    return command


@dataclass(frozen=True, slots=True)
class Event:
    """One Server-Sent Event."""

    id: str
    name: str
    data: str


class LostError(Exception):
    """The connection broke off in the middle of a stream."""


def split_url(text: str) -> SplitResult | None:
    """The parts of a URL that can be asked: http or https, a host, a port that there can be."""
    parts = urlsplit(text)
    try:
        is_usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if is_usable else None


class Client:
    """Calls of one server's API.

    Raises ``InspectorError``: the server's own code and sentence, or
    ``server_unreachable`` with what to do.
    """

    def __init__(self, server: str, token: str | None = None) -> None:
        parts = split_url(server if "//" in server else f"http://{server}")
        if parts is None:
            raise click.UsageError(f"{server!r} is no server. Write it like {DEFAULT_SERVER}.")
        if "@" in parts.netloc:
            message = "--server takes no user and password in its URL; a token is --token TOKEN."
            raise click.UsageError(message)
        self.server = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._prefix = parts.path.rstrip("/")
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(
        self,
        method: str,
        path: str,
        fields: dict[str, Any] | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> Any:
        """The JSON that a call answers, its numbers as sent; None when it answers nothing."""
        with self._ask(method, path, fields, timeout_s=timeout_s) as answer:
            data = answer.read()
        return parse_api_json(data) if data else None

    def fetch_text(self, path: str, *, timeout_s: float) -> tuple[int, str]:
        """Status and text of a page that is no call of the API, whatever the status is."""
        with self._ask("GET", path, timeout_s=timeout_s, raises=False) as answer:
            return answer.status, answer.read(MAX_TEXT_BYTES).decode("utf-8", "replace")

    def upload(self, path: str, data: bytes) -> Any:
        """Post a file; the JSON that the call answers."""
        with self._ask("POST", path, data) as answer:
            return json.loads(answer.read())

    def pages(self, path: str) -> Iterator[Any]:
        """All entries of a list, following its ``Link`` from page to page."""
        following: str | None = path
        while following:
            with self._ask("GET", following) as answer:
                yield from parse_api_json(answer.read())
                following = _find_next(answer.headers.get("Link") or "")
                following = (
                    following and urlsplit(following)._replace(scheme="", netloc="").geturl()
                )
                if following and self._prefix:
                    following = following.removeprefix(self._prefix)

    def download(self, path: str) -> Iterator[tuple[bytes, int | None]]:
        """A file piece by piece, each with the whole size when the server said it."""
        with self._ask("GET", path, timeout_s=DOWNLOAD_TIMEOUT_S) as answer:
            length = answer.headers.get("Content-Length")
            size = int(length) if length else None
            try:
                while piece := answer.read(READ_BYTES):
                    yield piece, size
            except (OSError, HTTPException) as error:
                raise InspectorError(
                    "broken_off", f"The server broke off in the middle: {_say(error)}."
                ) from error

    def events(self, path: str, last_id: str | None) -> Iterator[Event]:
        """A stream's events after ``last_id``, behind an ``open`` that says where it begins.

        Raises ``LostError`` when it ends.
        """
        headers = {"Last-Event-ID": last_id} if last_id else {}
        with self._ask("GET", path, headers=headers, timeout_s=STREAM_TIMEOUT_S) as answer:
            fields: dict[str, str] = {}
            try:
                while line := answer.readline():
                    text = line.decode("utf-8", "replace").rstrip("\r\n")
                    name, _, value = text.partition(": ")
                    if text and name:
                        known = fields.get(name)
                        fields[name] = value if known is None else f"{known}\n{value}"
                    elif "event" in fields:
                        yield Event(fields.get("id", ""), fields["event"], fields.get("data", ""))
                    elif "id" in fields:
                        yield Event(fields["id"], "open", "")
                    if not text:
                        fields = {}
            except (OSError, HTTPException) as error:
                raise LostError(_say(error)) from error
        raise LostError("the server ended it")

    @contextmanager
    def _ask(
        self,
        method: str,
        path: str,
        fields: dict[str, Any] | bytes | None = None,
        *,
        headers: dict[str, str] | None = None,
        timeout_s: float = TIMEOUT_S,
        raises: bool = True,
    ) -> Iterator[HTTPResponse]:
        kind = HTTPSConnection if self._is_tls else HTTPConnection
        connection = kind(self._host, self._port, timeout=timeout_s)
        sent = {**self._headers, **(headers or {})}
        body: bytes | None = None
        if isinstance(fields, bytes):
            body, sent["Content-Type"] = fields, "application/octet-stream"
        elif fields is not None:
            body, sent["Content-Type"] = json.dumps(fields).encode(), "application/json"
        try:
            try:
                connection.request(method, self._prefix + path, body, sent)
                answer = connection.getresponse()
            except (OSError, HTTPException) as error:
                raise InspectorError("server_unreachable", self._explain(error)) from error
            if raises and answer.status >= 400:
                raise _read_error(answer, self.server)
            yield answer
        finally:
            connection.close()

    def _explain(self, error: OSError | HTTPException) -> str:
        """The reason for which there is no response, and a remedy."""
        if isinstance(error, SSLError):
            from inspector.emitter.http_client.problems import (
                speaks_plain_http,  # slow to import
            )

            if speaks_plain_http(error):
                return f"{self.server} speaks plain HTTP: write http://, not https://."
        return (
            f"No server answers at {self.server} ({_say(error)}). "
            "Start one with: inspector serve; or name another with --server."
        )


def bin_path(name: str, rest: str = "") -> str:
    """The API's path for a bin."""
    if not name:
        raise click.UsageError("The bin's name is empty.")
    return f"/api/v1/bins/{quote(name, safe='')}{rest}"


def _read_error(answer: HTTPResponse, server: str) -> InspectorError:
    try:
        error = json.loads(answer.read(1_000_000))["error"]
        code, message = str(error["code"]), str(error["message"])
    except (ValueError, KeyError, TypeError):
        return InspectorError(
            "not_inspector", f"{server} answered {answer.status}, which is not Inspector's way."
        )
    if answer.status == 401:
        message += " Give its token or the bin's secret with --token."
    return InspectorError(code, message)


def _find_next(link: str) -> str | None:
    for part in link.split(","):
        target, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            return target.strip().strip("<>")
    return None


def _say(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).rstrip(".")
