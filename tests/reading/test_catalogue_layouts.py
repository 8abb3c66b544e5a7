"""Requests of a known layout are counted as by a walk over the fields of each."""

from collections.abc import Iterator, Mapping, Sequence
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import BodyLimits, CapturedRequest
from inspector.forms.php.shapes import SHAPES
from inspector.reading.indexing.row_plans import FieldKey
from inspector.reading.overview import catalogue as catalogue_module
from inspector.reading.overview import catalogue_layouts as layouts_module
from inspector.reading.overview.catalogue import Catalogue
from inspector.reading.overview.catalogue_layouts import Layout, Layouts, Sighting
from tests.reading.captures import FORM_TYPE, SAMPLE_BODY, make_captured, make_request


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


HEADS = st.lists(
    st.sampled_from(
        [
            *[
                b"X-A: 1\r\n",
                b"X-A: 2\r\n",
                b"x-a: 2\r\n",
                b"X-A:\r\n",
                b"X-A: \xff\r\n",
                b"X-A\r\n",
            ],
            *[b"X-A: 1\r\n two\r\n", b"X-A: 1\n", b"X-A: 1\nX-B: 2\r\n", b"X-A: 1\r\r\n", b"\r\n"],
            *[b"Content-Length: 9\r\n", b"Content-Length: 10\r\n", b"Content-Encoding: gzip\r\n"],
            *[b"Content-Type: text/plain\r\n", b"content-type: text/plain\r\n"],
            *[b"Content-Type: text/plain; charset=latin1\r\n"],
            *[b"Content-Type: application/x-www-form-urlencoded; charset=latin1\r\n"],
        ]
    ),
    max_size=2,
).map(b"".join)
LINES = [
    b"POST /deskpro HTTP/1.1",
    b"PUT /deskpro/x HTTP/1.1",
    b"POST /deskpro?q=1 HTTP/1.1",
    b"X\nY: 1",
]
RAW = [
    *[b"a=1", b"a=2", b"a=", b"a", b"a=1=2", b"=", b"", b"b[]=1", b"b[]=2", b"b%5B%5D=3", b"a=%00"],
    *[
        b"a=\0",
        b"a=\xff",
        b"a=%FF",
        b"a=+",
        b"a=[1]",
        b"{a=1",
        b"{a=1}",
        b"[a]=[2]",
        b"<a=/>",
        b" a=1",
    ],
    *[b"charset=latin1", b"_charset_=latin1", b"charset=utf-8", b"ticket[id]=1", b"ticket[id]=2"],
    *[b"\x1f\x8b\x08=1", b"\xef\xbb\xbfa=1", b"event_type=x", b"event_type=y"],
]


@st.composite
def raw_runs(draw: st.DrawFn) -> list[CapturedRequest]:
    """Requests as bytes, each one like another but for a pair, a line or how it is read."""
    pairs = draw(st.lists(st.sampled_from(RAW), min_size=1, max_size=3))
    head = b"Content-Type: %s\r\nX-A: 1\r\n" % FORM_TYPE.encode()
    made = []
    for number in range(1, draw(st.integers(4, 14)) + 1):
        row, lines, line = [*pairs], head, LINES[0]
        others: dict[str, object] = {}
        match draw(st.integers(0, 6)):
            case 0:
                row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(RAW))
            case 1:
                lines = head + draw(HEADS)
            case 2:
                lines = draw(HEADS) + head[: head.rindex(b"X-A")] + draw(HEADS)
            case 3:
                line = draw(st.sampled_from(LINES))
            case 4:
                others = draw(
                    st.sampled_from(
                        [
                            {"truncated": True},
                            {"limits": BodyLimits(1)},
                            {"limits": BodyLimits(9, 1)},
                        ]
                    )
                )
        raw_head = line + b"\r\n" + lines
        body = b"&".join(row)
        made.append(make_captured(raw_head, body, number=number, **others))
    return made


@given(raw_runs())
def test_bytes_like_the_last_ones_are_read_as_any_others(requests: list[CapturedRequest]) -> None:
    assert tell(fold(requests)) == tell(walk(requests))


FORM_LINE = b"Content-Type: %s\r\n" % FORM_TYPE.encode()


@pytest.mark.parametrize(
    ("usual", "odd"),
    [
        # Another type, another charset, by a header or by a field of the form.
        ((FORM_LINE, b"a=%E9"), (b"Content-Type: image/png\r\n", b"a=%E9")),
        ((FORM_LINE, b"a=%E9"), (FORM_LINE[:-2] + b"; charset=latin1\r\n", b"a=%E9")),
        ((FORM_LINE, b"charset=utf-8&a=%E9"), (FORM_LINE, b"charset=latin1&a=%E9")),
        ((FORM_LINE, b"_charset_=&a=%E9"), (FORM_LINE, b"_charset_=latin1&a=%E9")),
        # JSON and XML that are a form by their type, and pairs as well.
        ((FORM_LINE, b'{"a=1":2'), (FORM_LINE, b'{"a=1":2}')),
        ((FORM_LINE, b"<x a='1'/"), (FORM_LINE, b"<x a='1'/>")),
        # What PHP reads up to a zero byte.
        ((FORM_LINE, b"a=1&b=2"), (FORM_LINE, b"a=1\0&b=2")),
        # A line of a header's that is two.
        ((FORM_LINE + b"X-A: 1\r\n", b"a=1"), (FORM_LINE + b"X-A: 1\nX-B: 2\r\n", b"a=1")),
        ((FORM_LINE + b"X-A: 1\r\n", b"a=1"), (FORM_LINE + b"X-A: 1\r\n 2\r\n", b"a=1")),
    ],
)
def test_what_is_like_the_last_one_but_read_otherwise_is_not_taken_for_it(
    usual: tuple[bytes, bytes], odd: tuple[bytes, bytes]
) -> None:
    sent = [usual, usual, usual, usual, odd, usual, odd, odd, usual]
    requests = [
        make_captured(b"POST /deskpro HTTP/1.1\r\n" + lines, body, number=number)
        for number, (lines, body) in enumerate(sent, start=1)
    ]
    assert tell(fold(requests)) == tell(walk(requests))


def test_what_is_like_the_last_one_is_known_without_its_form(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[CapturedRequest] = []
    find = Layouts._find_read

    def note_and_find(layouts: Layouts, request: CapturedRequest) -> Sighting | None:
        read.append(request)
        return find(layouts, request)

    monkeypatch.setattr(Layouts, "_find_read", note_and_find)
    requests = send(*(f"ticket[id]={n}&a=&b=%20{n}" for n in range(20)))
    fold(requests)
    assert len(read) <= 4
    assert not any("form" in vars(each) for each in requests[4:])


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
