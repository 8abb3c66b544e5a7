"""How fast forms are read: against the standard library, and on bodies made to hurt.

Prints a table and exits with 1 when a target is missed. Times are of the processor,
the best of many runs; rivals take turns, so that a busy machine hits both.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from itertools import cycle
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl

from inspector.forms import DIALECTS, build, parse
from inspector.forms.php.names import CACHE
from inspector.forms.php.shapes import SHAPES
from tests.bench.measurements import keep

SAMPLE = Path(__file__).parents[1] / "forms" / "data" / "ticket_sample.body"
WARM_TARGET = 0.20
NEW_SHAPE_TARGET = 0.40
COLD_TARGET = 1.0
NOTES_TARGET = 0.25
PAIRS_TARGET = 0.50
DIALECT_TARGET = 1.5
OTHERS = tuple(name for name in DIALECTS if name != "php")
# Twice the input may take twice the time; a quadratic reader takes four times as long.
GROWTH_TARGET = 3.0
UNLIMITED = 1_000_000

HOSTILE: dict[str, Callable[[int], bytes]] = {
    "16,000 a[]=x": lambda n: b"&".join([b"a[]=x"] * (16_000 * n)),
    "16,000 a[i]=x": lambda n: b"&".join(b"a[%d]=x" % i for i in range(16_000 * n)),
    "a[i]=x and a[]=x in turns": lambda n: b"&".join(
        b"a[%d]=x&a[]=x" % (i * 3) for i in range(8_000 * n)
    ),
    "a[][b]=x": lambda n: b"&".join([b"a[][b]=x"] * (10_000 * n)),
    "array and string in turns": lambda n: b"a[]=x&b[c]=1&b=2&" * (5_000 * n),
    "one name of 1 MB": lambda n: b"a" * (1_000_000 * n) + b"=x",
    "one name of 1 MB, all dots": lambda n: b"." * (1_000_000 * n) + b"=x",
    "a[a[a[... never closed": lambda n: b"a[" * (500_000 * n) + b"=x",
    "a[a][a]... of 1 MB": lambda n: b"a" + b"[a]" * (330_000 * n) + b"=x",
    "64 levels": lambda n: b"&".join(
        b"a" + b"[%d]" % (i % 7) * 64 + b"=x" for i in range(1_000 * n)
    ),
    "64 levels of []": lambda n: b"&".join([b"a" + b"[]" * 64 + b"=x"] * (1_000 * n)),
    "65 levels": lambda n: b"&".join(
        b"a[%d]=x&a" % i + b"[b]" * 65 + b"=x" for i in range(1_000 * n)
    ),
    "%%%%... of 1 MB": lambda n: b"a=" + b"%" * (1_000_000 * n),
    "%41%41... of 1 MB": lambda n: b"a=" + b"%41" * (330_000 * n),
    "&&&&... of 1 MB": lambda n: b"&" * (1_000_000 * n),
    "bytes that are not UTF-8, 1 MB": lambda n: b"a=" + b"\xe2\xff" * (500_000 * n),
    "10,000 different names": lambda n: b"&".join(b"name%d[x]=x" % i for i in range(10_000 * n)),
}


def best_ms(run: Callable[[], object], rounds: int) -> float:
    """The shortest of so many runs, in milliseconds of processor time."""
    best = float("inf")
    for _ in range(rounds):
        started = process_time()
        run()
        best = min(best, process_time() - started)
    return best * 1000


def read_value(body: bytes, dialect: str = "php") -> object:
    """The nested data, which is made when it is first asked for."""
    return parse(body, dialect).value


def read_cold(body: bytes) -> None:
    """Read a form whose names no one has seen before."""
    CACHE.clear()
    SHAPES.clear()
    read_value(body)


def read_new_shape(body: bytes) -> None:
    """Read a form whose names were seen, but never in this order."""
    SHAPES.clear()
    read_value(body)


def read_all(body: bytes, dialect: str = "php") -> None:
    """Everything there is to know of a form."""
    form = parse(body, dialect, max_variables=UNLIMITED)
    _ = form.notes


def vary(body: bytes, number: int) -> bytes:
    """The same names, with another value in every fourth pair that has one."""
    pieces = [piece.partition(b"=") for piece in body.split(b"&")]
    return b"&".join(
        name + b"=" + (b"%d+%d" % (number, place) if value and place % 4 == 0 else value)
        for place, (name, _, value) in enumerate(pieces)
    )


def compare_with_library(body: bytes) -> bool:
    """Print our time beside ``parse_qsl``'s; True when the targets are met."""
    others = cycle([vary(body, number) for number in range(8)])
    runs: dict[str, Callable[[], object]] = {
        "parse_qsl": lambda: parse_qsl(body, keep_blank_values=True),
        "warm": lambda: parse(next(others)).value,
        "cold": lambda: read_cold(body),
        "new shape": lambda: read_new_shape(body),
        "with notes": lambda: parse(next(others)).notes,
        "with pairs": lambda: parse(next(others)).pairs,
        **{dialect: partial(read_value, body, dialect) for dialect in OTHERS},
    }
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(100):
        for name, run in runs.items():
            run()
            best[name] = min(best[name], best_ms(run, 5))
    print(f"Sample ticket, {len(body):,} bytes, {body.count(b'&') + 1} pairs")
    for name, best_time in best.items():
        print(f"  {name:<36}{best_time:9.3f} ms  {best_time / best['parse_qsl']:6.2f}")
    targets = {
        "warm": WARM_TARGET,
        "new shape": NEW_SHAPE_TARGET,
        "cold": COLD_TARGET,
        "with notes": NOTES_TARGET,
        "with pairs": PAIRS_TARGET,
    }
    print(f"  targets: {', '.join(f'{name} {target}' for name, target in targets.items())}")
    slowest = max(best[dialect] for dialect in OTHERS) / best["new shape"]
    print(f"  other dialects: {slowest:.2f} of a new shape, target {DIALECT_TARGET}")
    value = parse(body).value
    print(f"  {'build, for the way back':<36}{best_ms(lambda: build(value), 100):9.3f} ms")
    keep("forms", {name: best_time / best["parse_qsl"] for name, best_time in best.items()})
    met = all(best[name] <= target * best["parse_qsl"] for name, target in targets.items())
    return met and slowest <= DIALECT_TARGET


def grow(make: Callable[[int], bytes], read: Callable[[bytes], object]) -> tuple[float, float]:
    """The time for a hostile body, and how many times as long one twice its length takes."""
    small, large = make(1), make(2)

    def read_new(body: bytes) -> None:
        SHAPES.clear()  # A hostile sender makes each form of another shape.
        read(body)

    one, two = float("inf"), float("inf")
    for _ in range(3):
        one = min(one, best_ms(lambda: read_new(small), 1))
        two = min(two, best_ms(lambda: read_new(large), 1))
    return one, two / one


def compare_with_itself() -> bool:
    """Print how time grows with hostile input; True when it grows as the input does."""
    fine = True
    print(f"{'Hostile bodies':<38}{'value':>12}{'2n : n':>8}{'all':>12}{'2n : n':>8}")
    for name, make in HOSTILE.items():
        value_ms, value_growth = grow(make, lambda body: parse(body, max_variables=UNLIMITED).value)
        all_ms, all_growth = grow(make, read_all)
        missed = max(value_growth, all_growth) > GROWTH_TARGET
        fine = fine and not missed
        print(
            f"  {name:<36}{value_ms:9.1f} ms{value_growth:8.1f}{all_ms:9.1f} ms{all_growth:8.1f}"
            f"{'  MISSED' if missed else ''}"
        )
    return fine


def compare_dialects() -> bool:
    """Print how the time of the other readers grows; True when it grows as the input does."""
    fine = True
    print(f"{'Hostile bodies, all, 2n : n':<38}" + "".join(f"{name:>12}" for name in OTHERS))
    for name, make in HOSTILE.items():
        growths = [grow(make, partial(read_all, dialect=other))[1] for other in OTHERS]
        missed = max(growths) > GROWTH_TARGET
        fine = fine and not missed
        figures = "".join(f"{growth:12.1f}" for growth in growths)
        print(f"  {name:<36}{figures}{'  MISSED' if missed else ''}")
    return fine


def main() -> int:
    """Run all; 1 when a target was missed."""
    gc.disable()  # Its pauses fall on whoever comes next.
    met = [compare_with_library(SAMPLE.read_bytes()), compare_with_itself(), compare_dialects()]
    print("All targets met." if all(met) else "A target was MISSED.")
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
