"""Keeper of a program: runs it, and ends it with all its children when our standard input ends.

That happens when the server closes the pipe, and just as well when the server is killed. It
is run as a file, by a Python without our packages: standard library only.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 3.0


def main() -> int:
    """Run the command that the arguments are; its exit status."""
    try:
        program = subprocess.Popen(  # noqa: S603 - it is our user's own
            sys.argv[1:], stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        sys.stderr.write(f"{sys.argv[1]}: {error.strerror}\n")
        return 127
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: _end(program))
    threading.Thread(target=_end_with_input, args=(program,), daemon=True).start()
    status = program.wait()
    _end(program)
    return status if 0 <= status < 256 else 1


def _end_with_input(program: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 4096):
            pass
    _end(program)


def _end(program: "subprocess.Popen[bytes]") -> None:
    """Terminate the program and its children; kill those that do not end in time."""
    if sys.platform == "win32":
        program.kill()
        return
    deadline = time.monotonic() + GRACE_S
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(program.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            time.sleep(0.02)
            os.killpg(program.pid, 0)
        os.killpg(program.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
