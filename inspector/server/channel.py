"""waitress's connection, able to be answered by whoever knows the answer.

It leans on these seams of waitress 3.0: while ``requests`` is not empty the main
loop neither reads the socket nor writes to it without ``outbuf_lock``, so the
thread that serves the request may send; ``readable`` and ``writable`` are asked
by the main loop before each poll; ``service`` is what a worker thread runs;
``write_soon`` takes a response's bytes, the head by itself first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from waitress.channel import ClientDisconnected
from waitress.utilities import BadRequest, InternalServerError

from inspector.clock import time
from inspector.server.access_log import make_entry
from inspector.server.head import cut_to_head
from inspector.server.output import LOW_WATER_BYTES, BufferedChannel
from inspector.server.parser import ExactAdjustments, ExactParser, RequestTimeout
from inspector.server.preamble import read_opening
from inspector.server.tasks import PageTask, RefusalTask

if TYPE_CHECKING:
    from inspector.live.deferred import DeferredAnswer

log = logging.getLogger("inspector.server")


RateCheck = Callable[[str, str], None]


class Channel(BufferedChannel):
    """One connection. ``answer`` may be called by any one thread while its request is served."""

    parser_class = ExactParser

    requests: list[ExactParser]
    request: ExactParser | None
    connected: bool
    addr: tuple[str, int]
    adj: ExactAdjustments
    # The first bytes while they may be a preamble instead of a request; None once that is decided.
    _opening: bytes | None = b""
    # Why the first request is refused for what came before it.
    _opening_problem = ""
    # Bin and number of the last capture on this connection.
    previous: tuple[str, int] | None = None
    _later: DeferredAnswer | None = None
    _paused: PageTask | None = None

    def find_sender(self, _request: ExactParser) -> str:
        """The address that a request came from."""
        return str(self.addr[0])

    def check_rate(self, request: ExactParser, limit: RateCheck | None) -> None:
        """Count a request; ``TooManyRequestsError`` when its sender sends too many."""
        if limit is not None:
            limit(str(self.addr[0]), request.headers.get("X_FORWARDED_FOR", ""))

    def refuse(self) -> bool:
        """Take the first request, which is no capture, when only captures come in here."""
        return False

    def received(self, data: bytes) -> bool:
        """Cut the bytes into requests; main loop only.

        As waitress's own, except for bytes after a request that begin no other.
        """
        with self.requests_lock:
            if self.will_close or self.close_when_flushed:
                return False
            if self._opening is not None:
                data = self._settle_opening(self._opening + data)
            while data:
                request = self.request = self.request or ExactParser(self.adj)
                data = data[request.received(data) :]
                if request.completed:
                    data = request.take_rest(data)
                self._send_continue_when_due(request)
                if request.completed:
                    self._queue(request)
                elif request.is_blank:
                    self.request = None
        return True

    def _settle_opening(self, data: bytes) -> bytes:
        """Handle a preamble, if there is one; returns the bytes of the first request."""
        opening = read_opening(data, str(self.addr[0]), self.adj)
        self._opening = data if opening is None else None
        if opening is None:
            return b""
        if opening.http_2_refusal is not None:
            self._send_now(opening.http_2_refusal)
            # The client closes the connection: it might take our closing for the end of a response.
            self._linger(say_end=False)
            return b""
        self._opening_problem = opening.problem
        self.addr = opening.source or self.addr
        return data[opening.size :]

    def _send_continue_when_due(self, request: ExactParser) -> None:
        is_waiting = request.expect_continue and request.headers_finished
        if is_waiting and not (request.completed or self.requests or self.sent_continue):
            self.send_continue()

    def _queue(self, request: ExactParser) -> None:
        """Serve a complete request when all before it are answered."""
        self.request = None
        self.sent_continue = False
        if self._opening_problem and request.error is None:
            request.error = BadRequest(self._opening_problem)
        self.requests.append(request)
        if len(self.requests) == 1:
            self.server.add_task(self)

    def service(self) -> None:
        """Called on a worker thread: serve the first request, or go on with its response."""
        task, self._paused = self._paused or PageTask(self, self.requests[0]), None
        self._run(task)
        if task.is_paused:
            self._paused = task
            self._run_when_drained(lambda: self.server.task_dispatcher.add_task(self))
        elif task.later is not None:
            self.park(task.later)
        else:
            self._close_or_go_on(task.close_on_finish)
            self.server.pull_trigger()

    def _run(self, task: PageTask) -> None:
        if not self.connected:
            task.is_paused = False
            task.close_on_finish = True
            task.abandon()
            return
        try:
            task.service()
        except ClientDisconnected:
            task.close_on_finish = True
        except Exception:
            log.exception("Serving %s failed.", task.request.path)
            task.close_on_finish = True
            if not task.wrote_header:
                said = "Something went wrong here; the server's log says what"
                task.request.error = InternalServerError(said)
                RefusalTask(self, task.request).service()

    def write_soon(self, data: bytes) -> int:
        """Called by tasks with a response's bytes, the head by itself first."""
        prepared = self._prepare(data)
        return super().write_soon(prepared) if prepared else 0

    def _prepare(self, data: bytes) -> bytes:
        """The bytes of a response that may go out: for HEAD, its head (RFC 9110, 9.3.2)."""
        request = self.requests[0] if self.requests else None
        if request is None:
            return data
        is_first, request.is_answered = not request.is_answered, True
        if is_first:
            entry = make_entry(str(self.addr[0]), request)
            if entry is not None:
                entry.log(data)
        if request.command != "HEAD":
            return data
        return cut_to_head(data) if is_first else b""

    def answer(self, payload: bytes, *, close: bool) -> None:
        """Send the whole answer to the first request and go on to the next one."""
        if payload:
            self._send_now(self._prepare(payload))
        self._close_or_go_on(close)

    def answer_error(self, request: ExactParser) -> None:
        """Answer a refused request as waitress does, then close without cutting the sender off."""
        if self.connected:
            RefusalTask(self, request).service()
            self.flush_now()
        self._close_or_go_on(close=True)

    def park(self, later: DeferredAnswer) -> None:
        """Park the socket as soon as all earlier responses are out.

        This answer is the connection's last. What was sent behind its request is not
        answered, as HTTP has it (RFC 9112, 9.6), but captures among it are kept.
        """
        with self.requests_lock:
            behind, self.requests = self.requests[1:], self.requests[:1]
            unfinished, self.request = self.request, None
        self._later = later
        if not self.connected:  # The client disconnected while the application worked.
            later.end()
        self._note_unanswered((*behind, *filter(None, [unfinished])))
        self.mark()
        self.server.pull_trigger()

    def _note_unanswered(self, requests: Iterable[ExactParser]) -> None:
        """Capture what came behind the connection's last answer; not while a lock is held."""
        for request in requests:
            self.server.lane.note_unanswered(self, request)

    @property
    def waits_since(self) -> float:
        """The start of the current request, or of the idle period between two.

        By ``time.monotonic``.
        """
        request = self.request
        if request is not None:
            return request.began_at
        return time.monotonic() - (time.time() - self.last_activity)

    @property
    def unfinished_bytes(self) -> int:
        """Bytes received of an incomplete request, head and body."""
        request = self.request
        return 0 if request is None else request.held_bytes

    def refuse_when_slow(self, receive_timeout_s: float) -> None:
        """Answer 408 to a request that took longer than this to arrive; main loop only."""
        with self.requests_lock:
            request = self.request
            if request is None or self.requests:
                return
            if time.monotonic() - request.began_at < receive_timeout_s:
                return
            request.give_up(RequestTimeout(f"not here after {receive_timeout_s:g} seconds"))
            self.request = None
            self.requests.append(request)
            self.server.add_task(self)

    def _close_or_go_on(self, close: bool) -> None:
        if close:
            self._close_after_answer()
        else:
            self._go_on()
        self.last_activity = time.time()
        self.mark()

    def _close_after_answer(self) -> None:
        with self.requests_lock:
            answered, behind = self.requests[:1], self.requests[1:]
            self.requests = []
            for request in answered:
                request.close()
            if any(request.error or request.notes for request in answered):
                self.request = None
                self._linger()
            else:
                self.close_when_flushed = True
        self._note_unanswered(behind)

    def _go_on(self) -> None:
        """The first request is answered: serve the next."""
        with self.requests_lock:
            request = self.requests[0] if self.requests else None
            if request is not None:
                request.close()
                self.requests.pop(0)
            if not self.connected:
                return
            # The next response gets a new buffer, so that this one's memory is freed.
            self.current_outbuf_count = self.adj.outbuf_high_watermark
            has_much = self.total_outbufs_len > self.adj.outbuf_high_watermark
            if self.requests and not has_much:
                self.server.add_task(self)
            elif self.request is not None and not self.requests:
                self._send_continue_when_due(self.request)
        if has_much:
            self._run_when_drained(self._serve_next)

    def _serve_next(self) -> None:
        with self.requests_lock:
            if self.connected and self.requests:
                self.server.add_task(self)

    def readable(self) -> bool:
        """True when the main loop should read; called before each poll."""
        if self._lingering_until:
            return not self.will_close
        return bool(super().readable())

    def writable(self) -> bool:
        """True when the main loop has something to do here; called before each poll."""
        if self._lingering_until and time.monotonic() > self._lingering_until:
            self.will_close = True
        has_to_do = self._later is not None or self._when_drained is not None
        return has_to_do or bool(super().writable())

    def handle_write(self) -> None:
        """Send what is buffered, then park the socket when it is time.

        Also called for a socket that reading, in the same turn of the loop, has found closed.
        """
        if not self.connected:
            return
        if self._later is None:
            super().handle_write()
            self._end_when_flushed()
            if self.total_outbufs_len <= LOW_WATER_BYTES:
                self._act_when_drained()
            return
        with self.outbuf_lock:
            self._flush_exception(self._flush_some, do_close=False)
        if self.will_close:
            self.handle_close()
        elif not self.total_outbufs_len:
            self._leave()

    def handle_close(self) -> None:
        """The connection is over; half a request is noted as such."""
        request, self.request = self.request, None
        if request is not None and not request.completed:
            self.server.lane.note_broken_off(self, request)
        super().handle_close()
        self._act_when_drained()
        later, self._later = self._later, None
        if later is not None:
            later.end()

    def drop(self) -> None:
        """Close when no thread is left that could go on with a response."""
        self._when_drained = None
        self._abandon_paused()
        self.handle_close()

    def cancel(self) -> None:
        """Called by waitress at the end, for one that still waits for a worker thread."""
        super().cancel()
        self._abandon_paused()

    def _abandon_paused(self) -> None:
        paused, self._paused = self._paused, None
        if paused is not None:
            paused.abandon()

    def _leave(self) -> None:
        later, self._later = self._later, None
        park: Callable[..., None] = self.server.parked.park
        socket = self.socket
        request = self.requests[0]
        head_only, entry = request.command == "HEAD", make_entry(str(self.addr[0]), request)
        with self.outbuf_lock, self.requests_lock:
            self.del_channel()
            self.connected = False
            for outbuf in self.outbufs:
                outbuf.close()
            for request in self.requests:
                request.close()
            self.requests = []
        park(socket, later, head_only=head_only, entry=entry)
