"""What is asked of the newest of a bin does not walk over the older ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from inspector.domain import Bin
from inspector.storage.models import db
from inspector.storage.rows import has_imported
from inspector.web.services import Services
from tests.storage.test_storage import make_capture

QUESTIONS: dict[str, Callable[[Services, Bin, int], object]] = {
    "neighbours": lambda services, bin_, number: services.requests.neighbours(bin_, number),
    "keys": lambda services, bin_, number: services.requests.list_keys(
        bin_, limit=5, after=number, newest_first=False
    ),
    "load_after": lambda services, bin_, number: services.requests.load_after(
        bin_, number, limit=5
    ),
    "page": lambda services, bin_, number: services.requests.page(bin_, limit=5, after=number),
    "counts": lambda services, bin_, number: services.requests.count_by_time(
        bin_, after=number, up_to=number + 5, width_s=60
    ),
    "imported": lambda _, bin_, number: has_imported(bin_, number),
}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/test.sqlite3"


def fill(services: Services, count: int) -> None:
    for _ in range(count - 1):
        services.writer.submit(make_capture(), lambda _: None)
    services.writer.store(make_capture())


def count_steps(app: Flask, ask: Callable[[], object]) -> int:
    """The instructions of SQLite's machine that a question takes."""
    count = 0

    def step() -> int:
        nonlocal count
        count += 1
        return 0

    driver: Any = db.session.connection().connection.driver_connection
    driver.set_progress_handler(step, 1)
    try:
        ask()
    finally:
        driver.set_progress_handler(None, 1)
        db.session.rollback()
    return count


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("pinned", [False, True])
def test_a_question_about_the_newest_takes_as_long_in_a_big_bin(
    app: Flask, services: Services, name: str, pinned: bool
) -> None:
    services.bins.create("b1", capacity=1_990)
    steps = []
    for count in (100, 1_900):
        fill(services, count)
        bin_ = services.bins.get("b1")
        if count == 100:
            services.annotator.annotate(bin_, "3", pinned=pinned)
        last = bin_.last_number

        def ask(bin_: Bin = bin_, number: int = last - 10) -> object:
            return QUESTIONS[name](services, bin_, number)

        steps.append(count_steps(app, ask))
    assert bin_.kept_below == ((3,) if pinned else ())
    assert steps[0] > 5
    assert steps[1] < 2 * steps[0]
