"""Summaries are remembered by the bytes they were worked out from, and not without end."""

from __future__ import annotations

import pytest

from inspector.domain import summaries
from inspector.domain.messages import BodyLimits
from inspector.domain.summaries import RequestSummary, recall_summary

LIMITS = BodyLimits()


@pytest.fixture(autouse=True)
def nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "_kept", {})


def recall(head: bytes, body: bytes, subject: str, limits: BodyLimits = LIMITS) -> str | None:
    return recall_summary(head, body, limits, lambda: RequestSummary(subject, None, None)).subject


def test_the_same_bytes_are_worked_out_once() -> None:
    assert recall(b"head", b"body", "first") == "first"
    assert recall(b"head", b"body", "again") == "first"


@pytest.mark.parametrize(
    ("head", "body", "limits"),
    [
        (b"head", b"Body", LIMITS),
        (b"Head", b"body", LIMITS),
        (b"headb", b"ody", LIMITS),
        (b"head", b"body", BodyLimits(max_depth=1)),
    ],
)
def test_other_bytes_or_limits_are_another_request(
    head: bytes, body: bytes, limits: BodyLimits
) -> None:
    recall(b"head", b"body", "first")
    assert recall(head, body, "other", limits) == "other"


def test_the_oldest_and_the_large_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summaries, "MAX_KEPT", 2)
    for number in range(3):
        recall(b"", b"%d" % number, "first")
    assert [recall(b"", b"%d" % number, "again") for number in (1, 2, 0)] == [
        "first",
        "first",
        "again",
    ]
    recall(b"", b"large", "x" * 1001)
    assert recall(b"", b"large", "again") == "again"
