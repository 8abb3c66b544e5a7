"""A real Inspector server inside the test process."""

from __future__ import annotations

import re
import secrets
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from inspector.errors import InspectorError
from inspector.live.news import News
from inspector.testing.arguments import read_number, read_text
from inspector.testing.bins import WebhookBin
from inspector.testing.handlers import HandlerThreads

if TYPE_CHECKING:
    import ssl

    from inspector.domain import CapturedRequest
    from inspector.server import ServerProcess
    from inspector.storage.embedded import EmbeddedStore

# How long a sender may still be in the middle of its request when the server stops.
FINISH_S = 1.0
MAX_CONNECTIONS = 300
MAX_STREAMS = 100
LOAD_LIMIT = 500
DEFAULT_MAX_BODY_BYTES = 10_000_000
MAX_LABEL_CHARS = 48


def _read_size(max_body: int | str) -> int:
    if not isinstance(max_body, str):
        return read_number("max_body", max_body)
    from inspector.settings import parse_size  # most servers keep the usual size

    return parse_size(max_body)


class InspectorServer:
    """The server, on a free port of 127.0.0.1; a context manager.

    What it captures is on disk before it is answered, in a temporary folder that goes when the
    server stops, or in ``data_dir``, which stays. ``host`` ``0.0.0.0`` lets senders in
    containers reach it, by ``public_url`` when they know the machine by another name; ``port``
    0 takes a free one; more than ``max_body`` bytes of a body (a number, or like ``"10MB"``)
    are answered 413. With a server's context ``tls`` it speaks HTTPS. Leaving the context
    without an error raises the first exception of a function that answers requests.
    """

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
        max_body: int | str = DEFAULT_MAX_BODY_BYTES,
        public_url: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._data_dir = data_dir
        self._host, self._port = read_text("host", host), read_number("port", port)
        self._max_body = _read_size(max_body)
        self._public_url, self._tls = public_url, tls
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._process: ServerProcess | None = None
        self._store: EmbeddedStore | None = None
        self._bins: dict[int, WebhookBin] = {}
        self.url: str = ""
        self.handler_threads: HandlerThreads = HandlerThreads()
        self._shown: News = News()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        if error is None:
            self.raise_handler_errors()

    def start(self) -> None:
        """Be reachable when this returns. Raises ``RuntimeError`` when it runs already."""
        if self._process is not None:
            raise RuntimeError("The server runs already.")
        self._bins.clear()
        self.handler_threads = HandlerThreads()
        # Bins' highest numbers with a chosen answer: tests see requests only up to these.
        self._shown = News()
        self._shown.listen(self._note_arrivals)
        folder = self._data_dir
        if folder is None:
            # On Windows a virus scanner may hold a file open, which must not fail a test.
            self._temporary = tempfile.TemporaryDirectory(
                "", "inspector-", ignore_cleanup_errors=True
            )
            folder = Path(self._temporary.name)
        try:
            self._process = process = self._make_process(folder)
        except BaseException:
            self._remove_files()
            raise
        url = replace(process.settings, port=process.port).base_url
        if self._tls is not None and self._public_url is None:
            url = f"https{url.removeprefix('http')}"
        self.url = url

    def _make_process(self, folder: Path) -> ServerProcess:
        """A running one. Neither Flask nor SQLAlchemy is imported before a page is asked for."""
        # waitress and SQLite, which a test session without bins must not load.
        from inspector.domain.bins import MAX_CAPACITY
        from inspector.server import ServerProcess
        from inspector.server.backend import make_backend, open_store
        from inspector.settings import Settings

        settings = Settings(
            host=self._host,
            port=self._port,
            public_url=self._public_url,
            max_body_bytes=self._max_body,
            data_dir=folder,
            capacity=MAX_CAPACITY,
            max_bins=MAX_CAPACITY,
            # As many connections as the usual limit on open files allows.
            max_connections=MAX_CONNECTIONS,
            max_streams=MAX_STREAMS,
            index_words=False,
        )
        self._store = open_store(settings)
        backend = make_backend(self._store, settings)
        process = ServerProcess(settings, backend=backend, finish_s=FINISH_S, tls=self._tls)
        try:
            process.start()
        except BaseException:
            backend.close()
            raise
        # The main loop chooses the answers of a batch before it comes to the batch's news.
        shown = self._shown
        backend.news.listen(lambda news: process.call_soon(lambda: shown.publish(dict(news))))
        process.run_in_thread()
        return process

    def stop(self) -> None:
        """Store and answer what was accepted, end every thread, remove the files."""
        process = self._process
        if process is None:
            return
        still_running = self.handler_threads.close()
        self._process = self._store = None
        process.stop()
        self._remove_files()
        if still_running:
            warnings.warn(
                f"{still_running} function(s) given to respond_with() still run although the "
                "server has stopped.",
                ResourceWarning,
                stacklevel=2,
            )

    def _remove_files(self) -> None:
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def database_url(self) -> str:
        """The URL for ``inspector serve --database`` that opens the same bins."""
        return self._running()[0].settings.database_url

    def create_bin(
        self, name: str | None = None, private: bool = False, *, label: str = ""
    ) -> WebhookBin:
        """A fresh bin, with a generated name when none is given.

        ``label`` makes the generated name tell where it comes from. Raises
        ``InspectorError`` for a name that is taken or cannot be one.
        """
        process, store = self._running()
        bin_id, made, secret = store.create_bin(
            name or make_name(label), private=private, capacity=process.settings.capacity
        )
        bin_ = WebhookBin(self, bin_id, made, secret)
        self._bins[bin_id] = bin_
        process.answer_by(bin_id, bin_.script)
        return bin_

    @property
    def bins(self) -> list[WebhookBin]:
        """The bins made here and not retired, in the order of their making."""
        return list(self._bins.values())

    def retire(self, bin_: WebhookBin) -> None:
        """Retire a bin: its later requests are stored, but not reported or answered by rules."""
        if self._bins.pop(bin_.id, None) is not None and self._process is not None:
            self._process.answer_by(bin_.id, None)

    def take_handler_errors(self) -> list[BaseException]:
        """The errors that functions given to ``respond_with`` have raised since the last call."""
        return [error for bin_ in self.bins for error in bin_.take_handler_errors()]

    def raise_handler_errors(self) -> None:
        """Raise the first of ``take_handler_errors``, if any; a note counts the others."""
        errors = self.take_handler_errors()
        if len(errors) > 1:
            errors[0].add_note(f"{len(errors) - 1} more were raised by functions that answer.")
        if errors:
            raise errors[0]

    def set_signatures(self, bin_id: int, document: str | None) -> None:
        """Keep a bin's secrets for signatures."""
        self._running()[1].set_signatures(bin_id, document)

    def set_relay(self, bin_id: int, document: str | None) -> None:
        """Keep where a bin's requests are passed on to."""
        self._running()[1].set_relay(bin_id, document)

    def call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call of the API, ``path`` below ``/api/v1``; what it answers.

        Raises ``InspectorError`` for one that is refused.
        """
        with self._running()[0].app.test_client() as client:
            answer = client.open(f"/api/v1{path}", method=method, json=body, base_url=self.url)
        found: dict[str, Any] = answer.get_json()
        if answer.status_code >= 400:
            raise InspectorError(**{"code": "refused", "message": answer.status, **found["error"]})
        return found

    def load_after(
        self, bin_id: int, number: int, limit: int = LOAD_LIMIT
    ) -> Sequence[CapturedRequest]:
        """A bin's stored requests numbered above ``number``, oldest first."""
        return self._running()[1].load_after(bin_id, number, limit)

    @property
    def news_count(self) -> int:
        """A count of stored batches: take it, look, then ``wait_for_news``."""
        return self._running_news().count

    def wait_for_news(self, seen: int, timeout_s: float) -> None:
        """Wait until requests were stored beyond ``seen``, or the time is up."""
        self._running_news().wait(seen, timeout_s)

    def _note_arrivals(self, news: Mapping[int, int]) -> None:
        for bin_id, number in news.items():
            bin_ = self._bins.get(bin_id)
            if bin_ is not None:
                bin_.script.note(number)

    def _running_news(self) -> News:
        self._running()
        return self._shown

    def _running(self) -> tuple[ServerProcess, EmbeddedStore]:
        if self._process is None or self._store is None:
            raise RuntimeError("The server is not running: use it in a with statement.")
        return self._process, self._store


def make_name(label: str) -> str:
    """A bin's name that begins with ``label``, made fit, and ends like no other."""
    readable = re.sub(r"[^a-z0-9]+", "-", label.lower())[:MAX_LABEL_CHARS].strip("-")
    unique = secrets.token_hex(4)
    return f"{readable}-{unique}" if readable else unique
