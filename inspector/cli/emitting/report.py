"""The output of ``inspector emit``: omissions, the response, a series as it runs and its end.

Answers are strangers' bytes: control characters in them never reach the terminal.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from http import HTTPStatus

import click

from inspector.emitter import (
    Composition,
    DeliveryResult,
    PreparedRequest,
    Series,
    SeriesPlan,
    SeriesProgress,
)

MAX_SHOWN_CHARS = 4_000
REDRAW_EVERY_S = 0.1
# How long Ctrl-C waits for what is under way; a second one does not.
FINISH_S = 10.0
BAR_CHARS = 30
# Control characters but tab and line feed, and those that change the direction of text.
_STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def say_left_out(request: PreparedRequest, composition: Composition) -> None:
    """On stderr: what of the action and the ticket is not in the request, and why."""
    notes = composition.own_ticket.notes if composition.own_ticket else ()
    for note in notes:
        click.echo(f"ticket: {_plain(note)}", err=True)
    for left_out in request.left_out:
        click.echo(_plain(str(left_out)), err=True)


def say_result(result: DeliveryResult) -> None:
    """Print the answer, or the failure."""
    for attempt in result.attempts[:-1]:
        answer = attempt.exchanges[-1].answer
        came = (
            attempt.failure.message
            if attempt.failure
            else _status(answer.status if answer else None)
        )
        click.echo(f"attempt {attempt.number}: {_plain(came)}", err=True)
    if result.answer is not None:
        last = result.last
        click.echo(
            f"{_status(result.status)} in {last.total_ms:.1f} ms "
            f"(connected in {last.connect_ms or 0:.1f}, first byte after "
            f"{last.first_byte_ms or 0:.1f})"
        )
        text = result.answer.body.decode("utf-8", "replace")
        if text:
            click.echo(_plain(text[:MAX_SHOWN_CHARS]).rstrip("\n"))
        if len(text) > MAX_SHOWN_CHARS or result.answer.truncated:
            click.echo(f"... only the first {MAX_SHOWN_CHARS:,} characters are shown.", err=True)
    if result.failure is not None:
        click.echo(_plain(result.failure.message), err=True)
    elif result.redirect_to is not None:
        click.echo(f"Not followed: it redirects to {_plain(result.redirect_to)}", err=True)


def _status(status: int | None) -> str:
    try:
        return f"{status} {HTTPStatus(status or 0).phrase}"
    except ValueError:
        return str(status)


def _plain(text: str) -> str:
    return _STEERING.sub(
        lambda char: f"\\x{ord(char[0]):02x}", text.encode("utf-8", "replace").decode()
    )


def run_series(
    plan: SeriesPlan,
    composition: Composition,
    on_result: Callable[[int, DeliveryResult], None] | None = None,
) -> SeriesProgress:
    """Send them all, with a progress bar on a terminal; the progress at the end.

    Ctrl-C lets deliveries under way finish, a second one breaks them off.
    """
    options = composition.action.options
    series = Series(plan, composition.prepare, options=options, on_result=on_result)
    with series:
        try:
            _watch(series)
        except KeyboardInterrupt:
            click.echo("\nStopping ...", err=True)
            series.stop()
            try:
                series.wait(FINISH_S)
            except KeyboardInterrupt:
                series.abort()
                series.wait(FINISH_S)
    return series.progress()


def _watch(series: Series) -> None:
    shows_bar = sys.stderr.isatty()
    while not series.wait(REDRAW_EVERY_S):
        if shows_bar:
            click.echo(f"\r{draw_progress(series.progress())}\x1b[K", err=True, nl=False)
    if shows_bar:
        click.echo(f"\r{draw_progress(series.progress())}\x1b[K", err=True)


def draw_progress(progress: SeriesProgress) -> str:
    """One line: a bar, how many, how fast, and the counts so far."""
    filled = BAR_CHARS * progress.done // progress.total
    counts = [f"{status}: {count:,}" for status, count in progress.statuses.items()]
    failed = sum(progress.failures.values())
    if failed:
        counts.append(f"no answer: {failed:,}")
    line = (
        f"[{'#' * filled}{'-' * (BAR_CHARS - filled)}] {progress.done:,}/{progress.total:,} "
        f"{progress.rate_per_s:,.0f}/s  {'  '.join(counts)}"
    )
    return line[: shutil.get_terminal_size().columns - 1]


def print_summary(progress: SeriesProgress) -> None:
    """The counts of a series, its failures and its latencies, as text."""
    click.echo(
        f"{progress.done:,} of {progress.total:,} sent in {progress.elapsed_s:.1f} s "
        f"({progress.rate_per_s:,.0f} a second){', stopped' if progress.stopped else ''}"
    )
    for status, count in progress.statuses.items():
        click.echo(f"  {_status(status):<28} {count:>9,}")
    for code, count in progress.failures.items():
        click.echo(f"  {code:<28} {count:>9,}  {_plain(progress.examples[code])}")
    if progress.histogram:
        percentiles = [f"p{percent:g} {ms:.1f}" for percent, ms in progress.percentiles.items()]
        figures = [f"mean {progress.mean_ms:.1f}", *percentiles, f"max {progress.max_ms:.1f}"]
        click.echo(f"  ms: {'  '.join(figures)}")
        for line in draw_histogram(progress.histogram):
            click.echo(f"  {line}")


def draw_histogram(histogram: list[tuple[float, int]]) -> list[str]:
    """A line for each bucket from the first used one on; the fullest has the longest bar."""
    used = [position for position, (_, count) in enumerate(histogram) if count]
    if not used:
        return []
    most = max(count for _, count in histogram)
    return [
        f"{'up to ' + format(bound, 'g'):>12} ms {count:>9,} {'#' * -(-BAR_CHARS * count // most)}"
        for bound, count in histogram[used[0] :]
    ]
