"""The picture above a bin's list: when its requests came."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from inspector.capture import Capture
from inspector.reading.overview.activity import MAX_KEPT
from inspector.reading.overview.timeline import Timeline
from inspector.storage.outcomes import Stored
from inspector.web.services import Services

NOON_S = 1_777_636_800  # 2026-05-01T12:00


@pytest.fixture
def services(app: Flask) -> Services:
    services: Services = app.extensions["inspector"]
    return services


def store(services: Services, *seconds: int, method: bytes = b"POST") -> None:
    for second in seconds:
        head = method + b" /orders HTTP/1.1\r\n"
        capture = Capture("orders", (NOON_S + second) * 1_000_000, head, bytes, 0)
        assert isinstance(services.writer.store(capture), Stored)


def draw(services: Services) -> Timeline | None:
    with services.app.app_context():
        return services.activities.draw(services.bins.get("orders"))


def list_totals(timeline: Timeline | None) -> list[int]:
    return [column.total for column in timeline.columns] if timeline else []


def list_bars(client: FlaskClient, query: str = "") -> list[tuple[str, str]]:
    """Where each bar leads and what it says."""
    page = client.get(f"/bins/orders{query}").text
    found = re.findall(r'<a href="([^"]*)" tabindex="-1"[^>]*><title>([^<]*)<', page)
    return [(unescape(href), unescape(title)) for href, title in found]


def test_what_came_since_the_last_look_is_added(services: Services) -> None:
    assert draw(services) is None
    store(services, 0, 0, 3)
    assert list_totals(draw(services)) == [2, 0, 0, 1]
    store(services, 4, method=b"GET")
    timeline = draw(services)
    assert list_totals(timeline) == [2, 0, 0, 1, 1]
    assert timeline is not None
    assert (timeline.kinds, timeline.totals) == (("POST", "GET"), (3, 1))


def test_what_a_full_bin_let_go_of_and_what_was_deleted_is_not_drawn(
    services: Services, client: FlaskClient
) -> None:
    client.patch("/api/v1/bins/orders", json={"capacity": 2})
    store(services, 0, 1)
    assert list_totals(draw(services)) == [1, 1]
    store(services, 2, 3)
    assert list_totals(draw(services)) == [1, 1]
    client.delete("/api/v1/bins/orders/requests")
    assert draw(services) is None


def test_a_big_bin_is_counted_piece_by_piece_from_the_newest_on(
    services: Services, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.reading.overview.activity.MAX_COUNTED", 3)
    store(services, *range(8))
    assert 'hx-trigger="redraw, load delay:100ms"' in client.get("/bins/orders").text
    timeline = draw(services)
    assert timeline is not None
    assert (timeline.totals, timeline.is_whole) == ((6,), False)
    store(services, 8)
    timeline = draw(services)
    assert timeline is not None
    assert (list_totals(timeline), timeline.is_whole) == ([1] * 9, True)
    assert 'hx-trigger="redraw"' in client.get("/bins/orders").text
    store(services, *range(9, 14))
    assert list_totals(draw(services)) == [1] * 3
    assert "POST: 14" in client.get("/bins/orders/timeline.svg?by=method").text


def test_columns_become_fine_again_when_the_old_ones_are_gone(
    services: Services, client: FlaskClient
) -> None:
    client.patch("/api/v1/bins/orders", json={"capacity": 3})
    store(services, -90_000, 0, 1)
    coarse = draw(services)
    store(services, 2)
    draw(services)
    fine = draw(services)
    assert coarse is not None
    assert fine is not None
    assert (coarse.width_s, fine.width_s) == (1_800, 1)
    assert list_totals(fine) == [1, 1, 1]


def test_a_bar_leads_to_the_requests_of_its_time(services: Services, client: FlaskClient) -> None:
    store(services, 0, 0, 3)
    (first, says), (second, _) = list_bars(client)
    assert says == "2026-05-01 12:00:00 UTC, 1 s: 2 POST"
    assert re.findall(r'id="r(\d+)"', client.get(first).text) == ["2", "1"]
    assert re.findall(r'id="r(\d+)"', client.get(second).text) == ["3"]
    assert client.get(first).text.count("data-off") == 1


def test_the_picture_for_those_without_scripts_is_of_all_requests(
    services: Services, client: FlaskClient
) -> None:
    store(services, 0, 1)
    assert "POST: 2" in client.get("/bins/orders/timeline.svg?by=method").text


@pytest.mark.usefixtures("app")
def test_methods_are_no_markup_in_the_picture(services: Services, client: FlaskClient) -> None:
    store(services, 0, method=b'"><b>&lt;')
    ((_, says),) = list_bars(client)
    assert says.endswith('1 "><b>&lt;')
    assert "<b>" not in client.get("/bins/orders").text


def test_only_so_many_bins_are_remembered(services: Services, client: FlaskClient) -> None:
    bins: Any = services.bins
    with services.app.app_context():
        for number in range(MAX_KEPT + 3):
            bins.create(f"bin-{number}")
            services.activities.draw(bins.get(f"bin-{number}"))
    assert len(services.activities._kept) == MAX_KEPT
