"""Requests of a known layout are counted as by a walk over the fields of each."""

from collections.abc import Iterator, Mapping, Sequence
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.forms.php.shapes import SHAPES
from inspector.reading.overview import catalogue as catalogue_module
from inspector.reading.overview import catalogue_layouts as layouts_module
from inspector.reading.overview.catalogue import Catalogue
from inspector.reading.overview.catalogue_layouts import FieldKey, Layout, Layouts, Sighting
from tests.reading.captures import SAMPLE_BODY, make_request


class NoLayouts(Layouts):
    """None is ever known, so that each request is walked."""

    def find(self, request: CapturedRequest) -> Sighting | None:
        return None

    def learn(
        self, request: CapturedRequest, walked: Mapping[FieldKey, list[str]]
    ) -> tuple[Layout | None, Layout | None]:
        return None, None


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bounds that short runs reach; no shape is known from before."""
    monkeypatch.setattr(layouts_module, "MAX_LAYOUTS", 3)
    monkeypatch.setattr(catalogue_module, "MAX_FIELDS", 9)
    monkeypatch.setattr(catalogue_module, "MAX_SUBJECTS", 2)
    monkeypatch.setattr(catalogue_module, "MAX_DISTINCT", 3)
    SHAPES.clear()
    yield
    SHAPES.clear()


def walk(requests: Sequence[CapturedRequest]) -> Catalogue:
    return fold(requests, NoLayouts())


def fold(requests: Sequence[CapturedRequest], layouts: Layouts | None = None) -> Catalogue:
    catalogue = Catalogue()
    if layouts is not None:
        catalogue._layouts = layouts
    for request in requests:
        catalogue.add(request)
    return catalogue


def tell(catalogue: Catalogue) -> object:
    """All that a catalogue says, but for hashes."""
    fields = [
        (
            each.name,
            (each.first_number, each.first_at, each.last_number, each.last_at),
            (each.present, each.empty, each.distinct, each.many, each.varies, each.examples),
            (each.changes, each.changed_from, each.changed_in),
            catalogue.is_new(each),
        )
        for each in catalogue.fields.values()
    ]
    return (
        fields,
        [*catalogue.points],
        (catalogue.request_count, catalogue.first_number, catalogue.last_number),
        (catalogue.hidden, catalogue.has_tickets),
    )


VALUES = ["", "1", "2", "x%20y", "%FF", "%00", "{%22a%22:1}", "{%22id%22:1}", "[3]", "[]", "+"]
NAMES = [
    *["ticket[id]", "ticket[agent][id]", "ticket[cc][]", "ticket[cc][][id]", "ticket", "ticket.id"],
    *["ticket[id][x]", "event_type", "event_type[a]", "a", "a[0]", "a[k]", "a[]", "[", "b%5Bid]"],
]
BODIES = st.lists(st.sampled_from(NAMES), max_size=5, unique=False).map(tuple)


@st.composite
def runs(draw: st.DrawFn) -> list[CapturedRequest]:
    """Requests of a few rows of names, which come again and again with other values."""
    rows = draw(st.lists(BODIES, min_size=1, max_size=3))
    queries = st.sampled_from(["", "", "?page=1", "?page[]=1&page[]=2", "?q"])
    headers = st.sampled_from([(), (("X-A", ""),), (("X-A", "1"), ("x-a", "2"))])
    types = st.sampled_from(["application/x-www-form-urlencoded"] * 9 + ["", "text/plain"])
    made = []
    for number in range(1, draw(st.integers(2, 25)) + 1):
        row = draw(st.sampled_from(rows))
        body = "&".join(f"{name}={draw(st.sampled_from(VALUES))}" for name in row)
        request = make_request(
            body.encode(),
            draw(types),
            number=number * 2,
            received_us=number * 1_000_000,
            request_line=f"POST /deskpro{draw(queries)} HTTP/1.1",
            headers=draw(headers),
        )
        made.append(request)
    return made


@given(runs())
def test_a_catalogue_says_what_a_walk_over_every_field_says(
    requests: list[CapturedRequest],
) -> None:
    assert tell(fold(requests)) == tell(walk(requests))


def send(*bodies: str) -> list[CapturedRequest]:
    return [make_request(body.encode(), number=n) for n, body in enumerate(bodies, start=1)]


@pytest.mark.parametrize(
    "bodies",
    [
        # Empty, then not, then empty again.
        ["a=1", "a=2", "a=", "a=", "a=3", "a=3", "a="],
        # A value with others inside in the midst of those without.
        ["a=1&b=1", "a=1&b=1", "a=1&b=2", 'a={"x":1}&b=3', "a=1&b=4", "a=1&b=4"],
        # A ticket that is JSON in a text has its id there, and one that is a list has none.
        ["ticket=1", "ticket=1", 'ticket={"id":4}', "ticket=1", 'ticket={"id":4}'],
        ["ticket[]=1&b=1", "ticket[]=1&b=2", "ticket[]=1&b=3"],
        [f"ticket[id][x]={1 + turn % 2}&b={turn}" for turn in range(8)],
        # Two layouts have a field in common, with the same value or another.
        ["a=1&b=1", "a=1&b=1", "a=2", "a=2", "a=2", "a=1&b=1", "a=1&b=1", "a=3"],
        # More layouts than are kept, each met again after it was let go of.
        [f"{name}=1&same={turn}" for turn in range(6) for name in "abcdefgh"[: turn + 1]],
    ],
)
def test_what_is_odd_is_counted_as_by_a_walk(bodies: list[str]) -> None:
    requests = send(*bodies)
    assert tell(fold(requests)) == tell(walk(requests))


def test_names_that_come_again_are_not_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[CapturedRequest] = []
    collect = catalogue_module._collect

    def note_and_collect(request: CapturedRequest) -> dict[FieldKey, list[str]]:
        walked.append(request)
        return collect(request)

    monkeypatch.setattr(catalogue_module, "_collect", note_and_collect)
    fold(send(*(f"ticket[id]={n}&a=" for n in range(20))))
    assert len(walked) <= 4


def test_names_that_never_come_again_are_not_kept() -> None:
    layouts = Layouts()
    fold(send(*(f"f{n}=1" for n in range(50))), layouts)
    assert not layouts._plans


@pytest.mark.slow
def test_a_bin_of_one_sender_is_read_in_half_the_time_of_a_walk() -> None:
    def time_it(layouts: Layouts | None) -> float:
        requests = [
            make_request(SAMPLE_BODY + b"&ticket[id]=%d" % (number % 50), number=number)
            for number in range(1, 301)
        ]
        began = process_time()
        fold(requests, layouts)
        return process_time() - began

    pairs = [(time_it(None), time_it(NoLayouts())) for _ in range(4)]
    assert min(known for known, _ in pairs) < min(walked for _, walked in pairs) / 2
