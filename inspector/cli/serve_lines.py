"""The lines that ``inspector serve`` prints, one for each request that it captures.

A terminal that does not keep up, or a pipe that nobody reads, must never hold up the
server: lines are printed by a thread of their own, and what is too much is counted.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

import click

from inspector.cli.lines import format_request
from inspector.clock import time
from inspector.domain import CapturedRequest

log = logging.getLogger("inspector")

# More lines a second than a person reads; beyond them a number is printed. Each line costs captures
# time, and nobody reads along in a flood.
MAX_LINES, FLOOD_LINES = 100, 10
# Lines printed at once; the others once the flood pauses, or after a while.
FEW_LINES = 20
PAUSE_S, FLOOD_S = 0.1, 1.0
# The bytes that a writable pipe takes at once (PIPE_BUF).
MAX_LINE_BYTES = 4096
CLOSE_S = 2.0

Load = Callable[[int, int, int], Sequence[CapturedRequest]]


class RequestLines:
    """Prints requests as they are stored; ``load(bin_id, after, limit)`` gives them.

    ``positions`` are the bins' highest numbers at the start; ``private`` are the ids of private
    bins, whose requests show nothing but method, path and size.
    """

    def __init__(
        self, load: Load, positions: Mapping[int, int], private: Callable[[int], bool]
    ) -> None:
        self._load = load
        self._positions = dict(positions)
        self._private = private
        self._news: dict[int, int] = {}
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="inspector-lines", daemon=True)

    def start(self) -> None:
        """Start printing."""
        self._thread.start()

    def hear(self, news: Mapping[int, int]) -> None:
        """Note new requests of bins; called by the writer, and cheap."""
        with self._changed:
            self._news.update(news)
            self._changed.notify()

    def stop(self) -> None:
        """End the thread, after the line that it is printing."""
        self._stopping.set()
        with self._changed:
            self._changed.notify()
        self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            with self._changed:
                while not self._news and not self._stopping.is_set():
                    self._changed.wait()
            limit = MAX_LINES if self._see_calm() else FLOOD_LINES
            with self._changed:
                news, self._news = self._news, {}
            try:
                for bin_id, newest in news.items():
                    self._print(bin_id, newest, limit)
            except OSError:
                return  # Nobody reads any more.
            except Exception as error:  # a full disk, say; the next line brings what is missing
                reason = str(error).partition("\n")[0]
                told = log.isEnabledFor(logging.DEBUG)
                log.warning("Lines for requests wait: %s", reason, exc_info=told)
            self._stopping.wait(PAUSE_S)

    def _see_calm(self) -> bool:
        """Wait a while for a flood to end; False when it still goes on."""
        give_up_at = time.monotonic() + FLOOD_S
        while time.monotonic() < give_up_at:
            seen = dict(self._news)
            known = self._positions
            count = sum(newest - known.get(bin_id, 0) for bin_id, newest in seen.items())
            if count <= FEW_LINES or self._stopping.wait(PAUSE_S) or seen == self._news:
                return True
        return False

    def _print(self, bin_id: int, newest: int, limit: int) -> None:
        """Print a line for each new request of a bin, the last ``limit`` of them."""
        after = self._positions.get(bin_id, 0)
        skipped = max(0, newest - after - limit)
        if skipped:
            _write(f"... and {skipped:,} more")
        found = self._load(bin_id, after + skipped, limit)
        is_private = self._private(bin_id)
        for request in found:
            _write(format_request(_describe(request, is_private=is_private)))
        self._positions[bin_id] = max(newest, after, *(each.number for each in found))


def _describe(request: CapturedRequest, *, is_private: bool) -> dict[str, object]:
    """The fields of a request's JSON that its line shows."""
    refusal = request.refusal
    summary = None if is_private else request.summary
    given = None if is_private else request.answer
    results = () if is_private else request.signature_results
    return {
        "received_at": request.received_at.isoformat(),
        "number": request.number,
        "method": request.method,
        "path": request.path,
        "ticket": summary and {"id": summary.ticket_id, "subject": summary.subject},
        "body_size": request.body_size,
        "answer": given and {"status": given.status, "outcome": given.outcome},
        "signatures": [{"result": each} for each in results],
        "refused": refusal and {"status": refusal.status},
    }


def _write(line: str) -> None:
    """Print a line, or leave it out where the reader has not read what came before."""
    try:
        output = sys.stdout.fileno()
    except (OSError, ValueError, AttributeError):
        click.echo(line)
        return
    if sys.platform == "win32":
        click.echo(line)
        return
    if not select.select([], [output], [], 0)[1]:
        return
    encoding = sys.stdout.encoding or "utf-8"
    os.write(output, line.encode(encoding, "backslashreplace")[: MAX_LINE_BYTES - 1] + b"\n")
