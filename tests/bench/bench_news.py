"""How soon a capture on one server is on the streams of another, 500 open on each of two.

Both share one PostgreSQL and this machine. Times are from before the request is sent until
a stream has the row, the capture's own answer included.
"""

from __future__ import annotations

import sys
import time
from statistics import median
from urllib.request import urlopen

from tests.bench.bench_streams import STREAMS, Streams
from tests.bench.load import Verdict, inspector_server
from tests.postgresql import DURABLE_OPTIONS, find_programs, run_cluster

CAPTURES = 30


def main() -> None:
    programs = find_programs()
    if programs is None:
        sys.exit("This benchmark needs PostgreSQL's server: apt-get install postgresql.")
    verdict = Verdict()
    with (
        run_cluster(programs, DURABLE_OPTIONS) as database,
        inspector_server("--database", database) as (_, here),
        inspector_server("--database", database) as (_, elsewhere),
    ):
        own, others = Streams(here, STREAMS), Streams(elsewhere, STREAMS)
        heard_own: list[float] = []
        heard_others: list[float] = []
        # In turns: whoever is read second would be charged with the first one's reading.
        for streams, heard in [(own, heard_own), (others, heard_others)] * CAPTURES:
            for each in (own, others):
                each.drain(0.05)
            began = time.monotonic()
            urlopen(f"{here}/bench", data=b"a=1").read()
            heard += streams.time_until_all_heard(began)
    own_ms, others_ms = median(heard_own) * 1000, median(heard_others) * 1000
    print(f"       slowest: {max(heard_own) * 1000:.0f} ms here, {max(heard_others) * 1000:.0f} ms")
    verdict.note("a capture on its own server's streams, ms", own_ms)
    verdict.check("a capture on another server's streams, ms", others_ms, 200, at_most=True)
    verdict.leave()


if __name__ == "__main__":
    main()
