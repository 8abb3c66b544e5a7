"""Pages, API calls and refusals, written to their connection without waiting for its reader.

It leans on these seams of waitress 3.0: ``Task.write`` builds the head before the first
bytes of the body; ``start_response`` and ``finish`` are called around the application.
"""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from waitress.task import ErrorTask, WSGITask

from inspector.clock import time
from inspector.web.statuses import CODES_OF_STATUS

if TYPE_CHECKING:
    from inspector.live.deferred import DeferredAnswer

# Unsent bytes at which a response is paused.
HIGH_WATER_BYTES = 1_000_000
# A response that takes longer than this to make is a long one, like an export, and gives way to
# captures.
LONG_S = 0.1
# After a page that took longer than this, the next one waits a little while captures come.
HEAVY_S = 0.005


class PageTask(WSGITask):  # type: ignore[misc]
    """A page or API call.

    The application may park its response by ``environ["inspector.park"]``. One that is
    made faster than it is read is paused: ``is_paused``, and ``service`` goes on with it
    later, on whichever worker thread. ``environ["inspector.pause"]`` may name a function
    to be called then, to let go of what others need.
    """

    response_headers: list[tuple[str, str]]

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.later: DeferredAnswer | None = None
        self.is_paused = False
        # What the application keeps in context variables follows the response from thread
        # to thread.
        self._context = contextvars.copy_context()
        self._pieces: Iterable[bytes] | None = None
        self._rest: Iterator[bytes] = iter(())
        self._worked_s = 0.0

    def get_environment(self) -> dict[str, Any]:
        """Waitress's environ, with the undecoded target and the way to park."""
        environ: dict[str, Any] = super().get_environment()
        environ["REQUEST_URI"] = self.request.request_uri
        environ["inspector.park"] = self._park
        environ["inspector.is_cut"] = self.request.truncated
        return environ

    def _park(self, later: DeferredAnswer) -> None:
        self.later = later

    def start(self) -> None:
        """Called by waitress first: say so when this is the connection's last response."""
        super().start()
        if self.request.connection_close:
            self.set_close_on_finish()

    def service(self) -> None:
        """Run the application, or go on with its response."""
        self.channel.last_activity = time.time()  # However long it waited for a thread.
        if self.is_paused:
            self.is_paused = False
            try:
                self.execute()
                if not self.is_paused:
                    self.finish()
            except OSError:
                self.close_on_finish = True
        else:
            super().service()
        if self.later is None:
            self.channel.flush_now()

    def execute(self) -> None:
        """Called by waitress between ``start`` and ``finish``; may end in a pause."""
        try:
            if self._pieces is None:
                self._pieces = self._run_application()
                self._rest = iter(self._pieces)
            self._write_pieces()
        except BaseException:
            self.abandon()
            raise
        if not self.is_paused:
            self.abandon()
        elif "inspector.pause" in self.get_environment():
            self._context.run(self.get_environment()["inspector.pause"])

    def _write_pieces(self) -> None:
        while (piece := self._make_piece()) is not None:
            if piece:
                self.write(piece)
            if self.channel.total_outbufs_len > HIGH_WATER_BYTES and not self._is_whole():
                self.is_paused = True
                return
        if self.content_length is not None and self.has_body and not self._is_whole():
            # Otherwise the reader would wait for the rest for ever.
            self.set_close_on_finish()

    def _run_application(self) -> Iterable[bytes]:
        server = self.channel.server
        if server.page_pace.rest_s:
            time.sleep(server.page_pace.rest_s)
        began = time.monotonic()
        pieces: Iterable[bytes] = self._context.run(
            server.application, self.get_environment(), self._start_response
        )
        worked_s = time.monotonic() - began
        if worked_s > HEAVY_S:
            server.page_pace.note_work(worked_s)
        return pieces

    def _make_piece(self) -> bytes | None:
        """The next piece of the body; behind one of a long response comes a rest."""
        began = time.monotonic()
        piece = self._context.run(next, self._rest, None)
        worked_s = time.monotonic() - began
        self._worked_s += worked_s
        if self._worked_s > LONG_S:
            pace = self.channel.server.pace
            pace.note_work(worked_s)
            if pace.rest_s:
                time.sleep(pace.rest_s)
        return piece

    def _is_whole(self) -> bool:
        length = self.content_length
        return length is not None and self.content_bytes_written >= length

    def abandon(self) -> None:
        """Close the application's response without reading the rest."""
        pieces, self._pieces, self._rest = self._pieces, (), iter(())
        close: Callable[[], None] | None = getattr(pieces, "close", None)
        if close is not None:
            self._context.run(close)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        if exc_info is not None and self.wrote_header:
            raise exc_info[1]
        if any({"\r", "\n"} & {*name, *value} for name, value in [("", status), *headers]):
            raise ValueError("a line end in a response's head")
        self.complete = True
        self.status = status
        ours = [pair for pair in self.response_headers if pair[0] == "Connection"]
        self.response_headers = [*ours, *headers]
        lengths = [value for name, value in headers if name.lower() == "content-length"]
        self.content_length = int(lengths[-1]) if lengths else None
        return self.write

    def write(self, data: bytes) -> None:
        """Send, unless the response comes later."""
        if self.later is None:
            super().write(data)

    def finish(self) -> None:
        """Called by waitress last; the response may be paused, parked, or out."""
        if not self.is_paused and self.later is None:
            super().finish()


class RefusalTask(ErrorTask):  # type: ignore[misc]
    """A refusal before any view has seen the request: below ``/api`` in the shape of its errors."""

    def execute(self) -> None:
        """Write the refusal, then close."""
        request, error = self.request, self.request.error
        if not request.own_path.path.startswith(b"/api/"):
            super().execute()
            return
        code = CODES_OF_STATUS.get(error.code, "bad_request")
        told = {"error": {"code": code, "message": f"{error.reason}: {error.body}."}}
        body = json.dumps(told).encode() + b"\n"
        self.status = f"{error.code} {error.reason}"
        self.response_headers.append(("Content-Type", "application/json"))
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)
