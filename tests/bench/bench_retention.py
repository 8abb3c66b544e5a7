"""Age on PostgreSQL: rows deleted in steps, as we do, beside the drop of a day's partition.

``ROWS`` requests (a million by default) of 30 days in 20 bins lie in one table and, the same,
in a table of 30 partitions, a day each. Then the oldest day goes from both; the first page of a
bin's list and the storing of captures are timed on both. Figures for docs/scale.md.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.bench.load import Verdict
from tests.postgresql import DURABLE_OPTIONS, connect, find_programs, run_cluster

ROWS = int(os.environ.get("ROWS", "1000000"))
DAYS = 30
BINS = 20
STEP = 500
DAY_US = 86_400_000_000
COLUMNS = (
    "bin_id bigint NOT NULL, number bigint NOT NULL, received_us bigint NOT NULL,"
    " method text NOT NULL, raw_head bytea NOT NULL, body bytea NOT NULL"
)
BODY = "decode(repeat(md5(g::text), 60), 'hex')"  # 960 bytes that do not compress to nothing


def main() -> None:
    programs = find_programs()
    if programs is None:
        sys.exit("This benchmark needs PostgreSQL's server: apt-get install postgresql.")
    verdict = Verdict()
    with run_cluster(programs, DURABLE_OPTIONS) as url, connect(url) as connection:
        make_tables(connection)
        rates = {table: time_storing(connection, table) for table in ("plain", "parted")}
        pages = {table: time_pages(connection, table) for table in ("plain", "parted")}
        print(f"storing, rows/s:        plain {rates['plain']:,.0f}, parted {rates['parted']:,.0f}")
        print(f"a page of 50, ms:       plain {pages['plain']:.2f}, parted {pages['parted']:.2f}")
        report_removal(connection)
        verdict.check(
            "a page: one table / 30 partitions", pages["plain"] / pages["parted"], 1.0, at_most=True
        )
    verdict.leave()


def make_tables(connection: Any) -> None:
    connection.execute(f"CREATE TABLE plain (id bigserial PRIMARY KEY, {COLUMNS})")
    connection.execute("CREATE UNIQUE INDEX plain_by_number ON plain (bin_id, number)")
    connection.execute(
        f"CREATE TABLE parted (id bigserial, {COLUMNS}) PARTITION BY RANGE (received_us)"
    )
    for day in range(DAYS + 1):
        connection.execute(
            f"CREATE TABLE day{day} PARTITION OF parted"
            f" FOR VALUES FROM ({day * DAY_US}) TO ({(day + 1) * DAY_US})"
        )
    # PostgreSQL takes no unique index without the column that a table is parted by.
    connection.execute("CREATE INDEX parted_by_number ON parted (bin_id, number)")
    for table in ("plain", "parted"):
        began = time.monotonic()
        connection.execute(
            f"INSERT INTO {table} (bin_id, number, received_us, method, raw_head, body)"
            f" SELECT g % {BINS}, g / {BINS}, g::bigint * {DAYS * DAY_US // ROWS}, 'POST',"
            f" decode(repeat('41', 200), 'hex'), {BODY} FROM generate_series(0, {ROWS - 1}) g"
        )
        connection.execute(f"VACUUM ANALYZE {table}")
        print(
            f"{table}: {ROWS:,} rows in {time.monotonic() - began:.0f} s, {size(connection, table)}"
        )


def time_storing(connection: Any, table: str) -> float:
    """Rows a second, by COPY in batches of 64, each a commit."""
    number = 10_000_000
    began = time.monotonic()
    for _ in range(60):
        with (
            connection.transaction(),
            connection.cursor() as cursor,
            cursor.copy(
                f"COPY {table} (bin_id, number, received_us, method, raw_head, body) FROM STDIN"
            ) as copy,
        ):
            for _ in range(64):
                number += 1
                copy.write_row((1, number, DAYS * DAY_US + 1, "POST", b"A" * 200, os.urandom(960)))
    return 60 * 64 / (time.monotonic() - began)


def time_pages(connection: Any, table: str) -> float:
    """Milliseconds of a bin's first page: planned and executed, as our statements are."""
    return statistics.median(
        timed(
            lambda turn=turn: connection.execute(  # type: ignore[misc]
                f"SELECT number, received_us, method, raw_head FROM {table}"
                " WHERE bin_id = %s AND number >= %s ORDER BY number DESC LIMIT 50",
                (turn % BINS, 1),
                prepare=False,
            ).fetchall()
        )
        for turn in range(100)
    )


def report_removal(connection: Any) -> None:
    steps: list[float] = []
    gone = 0
    for bin_id in range(BINS):
        while True:
            began = time.monotonic()
            with connection.transaction():
                rows = connection.execute(
                    "SELECT number FROM plain WHERE bin_id = %s AND received_us < %s"
                    " ORDER BY number LIMIT %s",
                    (bin_id, DAY_US, STEP),
                ).fetchall()
                if rows:
                    connection.execute(
                        "DELETE FROM plain WHERE bin_id = %s AND number <= %s",
                        (bin_id, rows[-1][0]),
                    )
            if not rows:
                break
            gone += len(rows)
            steps.append(time.monotonic() - began)
    vacuum = timed(lambda: connection.execute("VACUUM plain")) / 1000
    drop = timed(lambda: connection.execute("DROP TABLE day0")) / 1000
    total = sum(steps)
    print(
        f"a day of {gone:,} rows:  in steps {total:.2f} s ({gone / total:,.0f} rows/s, the longest"
        f" step {max(steps) * 1000:.0f} ms), vacuum {vacuum:.2f} s; dropped {drop:.3f} s"
    )
    per_million = 1_000_000 * (total + vacuum) / gone
    print(
        f"a million rows a day:   {per_million:.0f} s of work, {per_million / 864:.2f} % of the day"
    )
    print(f"after it:               plain {size(connection, 'plain')}, used again")


def timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return (time.monotonic() - began) * 1000


def size(connection: Any, table: str) -> str:
    row = connection.execute(
        "SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree(%s)"
        if table == "parted"
        else "SELECT pg_total_relation_size(%s)",
        (table,),
    ).fetchone()
    return f"{int(row[0]) / 1e6:,.0f} MB"


if __name__ == "__main__":
    main()
