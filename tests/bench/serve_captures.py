"""Our server without its index of words, which is filled in calm moments and would disturb others.

``python serve_captures.py PORT FOLDER [DATABASE]``
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from inspector.server import ServerProcess
from inspector.settings import Settings


def main(port: str, folder: str, database: str | None = None) -> None:
    process = ServerProcess(
        Settings(
            port=int(port),
            data_dir=Path(folder),
            database=database,
            bins=("bench",),
            index_words=False,
        )
    )
    process.start()
    signal.signal(signal.SIGTERM, lambda *_: process.stop())
    process.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
