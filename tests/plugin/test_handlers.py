"""The threads of a test's answering functions, without a server."""

import threading

import pytest

from inspector.domain.answers.answer import Answer
from inspector.testing.handlers import MAX_THREADS, HandlerThreads


@pytest.fixture
def threads() -> HandlerThreads:
    return HandlerThreads()


def count_ours() -> int:
    return sum(each.name == "inspector-answer" for each in threading.enumerate())


def test_each_job_is_told_once_and_no_thread_stays(threads: HandlerThreads) -> None:
    told: list[int] = []
    done = threading.Semaphore(0)

    def tell(answer: Answer) -> None:
        told.append(answer.status)
        done.release()

    for number in range(100):
        assert threads.run(lambda status=200 + number: Answer(status), tell)  # type: ignore[misc]
    for _ in range(100):
        assert done.acquire(timeout=10)
    assert sorted(told) == list(range(200, 300))
    assert threads.close() == 0
    assert count_ours() == 0


def test_no_more_threads_than_allowed(threads: HandlerThreads) -> None:
    release, started = threading.Event(), threading.Semaphore(0)
    told: list[Answer] = []

    def ask() -> Answer:
        started.release()
        release.wait(10)
        return Answer()

    for _ in range(MAX_THREADS * 3):
        threads.run(ask, told.append)
    for _ in range(MAX_THREADS):
        assert started.acquire(timeout=10)
    assert not started.acquire(timeout=0.05)
    assert count_ours() == MAX_THREADS
    release.set()
    for _ in range(MAX_THREADS * 2):
        assert started.acquire(timeout=10)
    threads.close()
    assert len(told) == MAX_THREADS * 3


def test_closing_breaks_off_what_waits_and_what_runs(threads: HandlerThreads) -> None:
    release, started = threading.Event(), threading.Semaphore(0)
    told: list[Answer] = []

    def ask() -> Answer:
        started.release()
        release.wait(10)
        return Answer(201)

    for _ in range(MAX_THREADS + 1):
        threads.run(ask, told.append)
    for _ in range(MAX_THREADS):
        assert started.acquire(timeout=10)
    assert threads.close() == MAX_THREADS
    assert told == [Answer(dropped=True)] * (MAX_THREADS + 1)
    assert not threads.run(ask, told.append)
    release.set()
    for each in threading.enumerate():
        if each.name == "inspector-answer":
            each.join(10)
    assert len(told) == MAX_THREADS + 1, "nobody is told twice, nor after the end"


def test_one_who_cannot_be_told_does_not_end_the_others(
    threads: HandlerThreads, caplog: pytest.LogCaptureFixture
) -> None:
    told = threading.Event()

    def fail(answer: Answer) -> None:
        raise OSError("The connection is gone.")

    threads.run(Answer, fail)
    threads.run(Answer, lambda answer: told.set())
    assert told.wait(10)
    assert threads.close() == 0
    assert [each.getMessage() for each in caplog.records] == [
        "An answer could not be given; its request is stored."
    ]
