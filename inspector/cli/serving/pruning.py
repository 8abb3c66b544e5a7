"""Old requests deleted now and then, while ``inspector serve`` runs."""

from __future__ import annotations

import logging
import threading
from typing import Any

PRUNE_EVERY_S = 60.0


def prune_now_and_then(process: Any) -> None:
    """Begin, in a thread; each time a minute after the last."""

    def prune_again() -> None:
        try:
            process.services.prune()
        except Exception:
            logging.getLogger("inspector").exception("Old requests could not be deleted.")
        start_in(PRUNE_EVERY_S)

    def start_in(seconds: float) -> None:
        timer = threading.Timer(seconds, prune_again)
        timer.daemon = True
        timer.start()

    start_in(0)  # beside the server, which need not wait for it
