"""Probes beside the worker threads: a hanging database does not make the server look dead.

Liveness is the main loop's own; readiness and metrics, which ask the database, have a
thread of theirs.
"""

from __future__ import annotations

from waitress.task import ThreadedTaskDispatcher

from inspector.domain.answers.answer import Answer, render_answer
from inspector.server.channel import Channel

_ASKING = (b"/readyz", b"/metrics")
# The number of waiting probes beyond which further ones get 503, for the database hangs.
MAX_WAITING = 20
_HEADERS = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
_ALIVE = Answer(200, _HEADERS, b"ok\n")
_DRAINING = Answer(503, _HEADERS, b"the server is told to stop, and serves what still comes\n")
_LATE = Answer(503, _HEADERS, b"the database does not answer in time\n")


class ProbeLane:
    """Takes ``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self) -> None:
        self._dispatcher = ThreadedTaskDispatcher()
        self._dispatcher.set_thread_count(1)

    def take(self, channel: Channel) -> bool:
        """Take the channel's first request when it is a probe; main loop or with its lock held."""
        request = channel.requests[0]
        if request.command not in ("GET", "HEAD"):
            return False
        path = request.own_path.path
        if path == b"/healthz":
            self._answer(channel, _ALIVE)
        elif path == b"/readyz" and channel.server.is_draining:
            self._answer(channel, _DRAINING)
        elif path in _ASKING:
            if len(self._dispatcher.queue) >= MAX_WAITING:
                self._answer(channel, _LATE)
            else:
                self._dispatcher.add_task(channel)
        else:
            return False
        return True

    def stop(self) -> None:
        """End the thread."""
        self._dispatcher.shutdown(timeout=2)

    @staticmethod
    def _answer(channel: Channel, answer: Answer) -> None:
        request = channel.requests[0]
        close = request.connection_close
        payload = render_answer(
            answer, head_only=False, http_1_0=request.version == "1.0", close=close
        )
        # Later, on the main loop: the caller still holds the channel's lock.
        channel.server.trigger.pull_trigger(lambda: channel.answer(payload, close=close))
