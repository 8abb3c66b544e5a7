"""The access log: a line for each response, where it is switched on."""

from __future__ import annotations

import logging
from typing import NamedTuple

from inspector.capture import split_request_line
from inspector.clock import time
from inspector.server.logs import ACCESS
from inspector.server.parser import ExactParser

_log = logging.getLogger(ACCESS)


class AccessEntry(NamedTuple):
    """A request that is not answered yet; ``received_us`` since the epoch."""

    peer: str
    request_line: bytes
    received_us: int

    def log(self, response: bytes) -> None:
        """Write the line; ``response`` begins with the status line, or is empty for none."""
        took_ms = max(0.0, (time.time_ns() // 1000 - self.received_us) / 1000)
        line = self.request_line.decode("utf-8", "backslashreplace")
        # Interim answers (RFC 9110, 15.2) get no line.
        while response[9:10] == b"1" and b"\r\n\r\n" in response:
            response = response.partition(b"\r\n\r\n")[2]
        status = response[9:12].decode("latin-1") or "-"
        method, target, _ = split_request_line(self.request_line)
        fields = {
            "peer": self.peer,
            "method": method.decode("latin-1"),
            "target": target.decode("utf-8", "backslashreplace"),
            "status": int(status) if status.isdigit() else None,
            "duration_ms": round(took_ms, 1),
        }
        extra = {"fields": fields}
        _log.info('%s "%s" %s %.1f ms', self.peer, line, status, took_ms, extra=extra)


def make_entry(peer: str, request: ExactParser) -> AccessEntry | None:
    """The entry for a request, None where no access log is kept."""
    if not _log.isEnabledFor(logging.INFO):
        return None
    line = request.raw_head.partition(b"\n")[0].rstrip(b"\r")
    return AccessEntry(peer, line, request.received_us or time.time_ns() // 1000)
