"""How many webhooks a second one process sends to our own server, and what making one costs.

Both run on this machine, the server in a process of its own and durable, so the
two share its processors. Exits with 1 when the rate wanted is missed.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import process_time

from inspector.emitter import (
    Change,
    Composition,
    DeliveryOptions,
    PreparedRequest,
    Series,
    SeriesPlan,
    TicketChoice,
    WebhookAction,
)
from tests.servers import LiveServer

WANTED_PER_S = 2_000
COUNT = 10_000
CONCURRENCIES = (1, 4, 16, 32, 64)


def measure_series(name: str, prepare: Callable[[int], PreparedRequest], concurrency: int) -> float:
    plan = SeriesPlan(count=COUNT, concurrency=concurrency)
    cpu_s = process_time()
    with Series(plan, prepare, options=DeliveryOptions()) as series:
        series.wait()
        progress = series.progress()
    assert progress.delivered == COUNT, (progress.statuses, progress.failures)
    cpu_ms = (process_time() - cpu_s) * 1000 / COUNT
    times = "  ".join(f"p{percent:g} {ms:.1f}" for percent, ms in progress.percentiles.items())
    print(
        f"  {name:30} {concurrency:3} at once {progress.rate_per_s:7,.0f}/s"
        f"  {cpu_ms:.2f} ms of processor each  {times} ms"
    )
    return progress.rate_per_s


def main() -> int:
    """Measure, print, and say by the exit status whether the rate is reached."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LiveServer(Path(folder), ["--bin", "bench"]) as server,
    ):
        headers = (("X-Deskpro-TicketId", "{{ ticket.id }}"), ("X-Subject", "{{ ticket.subject }}"))
        action = WebhookAction(f"{server.url}/bench", headers=headers)

        # As the page and the command do it: --set 'ticket.id={n}'.
        choice = TicketChoice(changes=(Change("ticket.id", "{n}"),))
        numbered = Composition(action, choice).prepare

        started = process_time()
        for number in range(1000):
            numbered(number)
        print(f"  preparing one: {process_time() - started:.3f} ms of processor")
        request = numbered(5)
        best = 0.0
        for concurrency in CONCURRENCIES:
            measure_series("the same request", lambda _: request, concurrency)
            best = max(best, measure_series("a request of its own each", numbered, concurrency))
    reached = best >= WANTED_PER_S
    missed = "" if reached else "  MISSED"
    print(f"  best of those of their own {best:,.0f}/s, wanted {WANTED_PER_S:,}/s{missed}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
