"""The processor that a server keeps to, beside those of other servers of this machine."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress

PREFIX = "\0inspector-processor-"

_claims: list[socket.socket] = []


def keep_to_one_cpu() -> None:
    """Let this thread, and those that it starts, run on one processor.

    On several, a thread that works out a page takes the interpreter's lock whenever the main
    loop lets go of it, and each capture waits for it a few times. Servers share the
    processors: each takes one that no other has, while there is one. Linux only.
    """
    if sys.platform != "linux":
        return
    allowed = sorted(os.sched_getaffinity(0))
    first = os.getpid() % len(allowed)
    in_turn = allowed[first:] + allowed[:first]
    chosen = next(filter(_claim, in_turn), in_turn[0])
    with suppress(OSError):
        os.sched_setaffinity(0, {chosen})


def _claim(processor: int) -> bool:
    """Claim a processor by an abstract socket's name, which ends with its process (unix(7))."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"{PREFIX}{processor}")
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True
