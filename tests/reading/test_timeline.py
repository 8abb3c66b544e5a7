from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.overview.catalogue import Point
from inspector.reading.overview.timeline import (
    COLUMNS,
    MAX_KINDS,
    MAX_KINDS_COUNTED,
    OTHERS,
    Activity,
    build_timeline,
)

SECOND = 1_000_000


def make_points(*seconds: int, method: str = "POST", event: str = "") -> list[Point]:
    return [Point(n, at * SECOND, method, event) for n, at in enumerate(seconds, 1)]


def test_nothing_has_no_timeline() -> None:
    assert build_timeline([]) is None


def test_one_capture_is_one_column() -> None:
    timeline = build_timeline(make_points(1_400_000_000))
    assert timeline is not None
    assert (len(timeline.columns), timeline.highest, timeline.width_s) == (1, 1, 1)


@pytest.mark.parametrize(
    ("last", "width_s"),
    [
        (30, 1),
        (100, 2),
        (3_600, 120),
        (86_400, 1_800),
        (86_400 * 365, 604_800),
        (10**9, 19_353_600),
    ],
)
def test_columns_have_a_width_people_think_in(last: int, width_s: int) -> None:
    timeline = build_timeline(make_points(0, last))
    assert timeline is not None
    assert timeline.width_s == width_s
    assert len(timeline.columns) <= COLUMNS
    assert [column.total for column in timeline.columns if column.total] == [1, 1]


def test_kinds_are_events_where_there_are_any() -> None:
    points = [*make_points(1, 2, event="update"), *make_points(3, method="GET")]
    by_event, by_method = build_timeline(points), build_timeline(points, "method")
    assert by_event is not None
    assert (by_event.by, by_event.kinds, by_event.totals) == ("event", ("update", "none"), (2, 1))
    assert by_method is not None
    assert (by_method.kinds, by_method.totals) == (("POST", "GET"), (2, 1))


def test_rare_kinds_are_summed_up() -> None:
    points = [
        point for kind in range(9) for point in make_points(*range(kind + 1), method=f"M{kind}")
    ]
    timeline = build_timeline(points)
    assert timeline is not None
    assert timeline.kinds == ("M8", "M7", "M6", "M5", "others")
    assert len(timeline.kinds) == MAX_KINDS
    assert sum(timeline.totals) == len(points)


@given(st.lists(st.integers(0, 253_402_300_799), min_size=1))
def test_every_capture_is_counted_once(seconds: list[int]) -> None:
    timeline = build_timeline(make_points(*seconds))
    assert timeline is not None
    assert sum(column.total for column in timeline.columns) == len(seconds)
    assert len(timeline.columns) <= COLUMNS
    assert timeline.highest == max(column.total for column in timeline.columns)


def test_columns_join_one_another_and_begin_at_whole_widths() -> None:
    timeline = build_timeline(make_points(7, 200, 3_000))
    assert timeline is not None
    columns = timeline.columns
    assert all(one.end == other.start for one, other in pairwise(columns))
    assert all(column.start.timestamp() % timeline.width_s == 0 for column in columns)
    assert columns[0].start.timestamp() <= 7 < columns[0].end.timestamp()


def test_what_a_full_bin_let_go_of_leaves_the_picture() -> None:
    activity = Activity()
    for second in (1, 1, 1, 2, 100):
        activity.add(second, "POST")
    activity.drop_oldest(4)
    timeline = activity.to_timeline("method")
    assert timeline is not None
    assert (activity.total, [column.total for column in timeline.columns]) == (1, [1])
    assert activity.is_coarse
    activity.drop_oldest(10)
    assert (activity.total, activity.to_timeline("method")) == (0, None)


def test_methods_without_number_are_counted_as_others() -> None:
    activity = Activity()
    for number in range(MAX_KINDS_COUNTED * 3):
        activity.add(number % 7, f"M{number}")
    timeline = activity.to_timeline("method")
    assert timeline is not None
    assert timeline.kinds[-1] == OTHERS
    assert sum(timeline.totals) == MAX_KINDS_COUNTED * 3
