"""Requests with known names are read as by a walk over their fields."""

from __future__ import annotations

from collections.abc import Iterator
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain import CapturedRequest
from inspector.forms.php.shapes import SHAPES
from inspector.reading.indexing import readings as readings_module
from inspector.reading.indexing.readings import FieldReader, walk
from tests.reading.captures import SAMPLE_BODY, make_request

# A text with values inside, one that is no finite number, and a key that cannot be summed up.
TEXTS = st.sampled_from(
    ["", "1", "2", "7.5", "x", "nan", "1e999", '{"a": {"b": 2}}', "[1]", "%FF", "3" * 300]
)
NAMES = st.sampled_from(["a", "b[c]", "b[d]", "l[]", "l[][x]", "a[b]", "b", "%00k", "k%C3%A9"])
FORMS = st.lists(st.tuples(NAMES, TEXTS), max_size=5)
HEADERS = st.lists(
    st.tuples(st.sampled_from(["X-A", "x-a", "Host"]), st.sampled_from(["1", "2", "{}"])),
    max_size=2,
)


@pytest.fixture(autouse=True)
def few_are_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A bound that short runs reach; no shape is known from before."""
    monkeypatch.setattr(readings_module, "MAX_KNOWN", 3)
    SHAPES.clear()
    yield
    SHAPES.clear()


def make(
    form: list[tuple[str, str]], headers: list[tuple[str, str]], query: str
) -> CapturedRequest:
    body = "&".join(f"{name}={text}" for name, text in form).encode()
    return make_request(body, request_line=f"POST /b1{query} HTTP/1.1", headers=tuple(headers))


@given(
    st.lists(
        st.tuples(FORMS, HEADERS, st.sampled_from(["", "?q=1", "?q[a]=2"]), st.data()), max_size=6
    )
)
def test_what_was_met_before_is_read_as_by_a_walk(
    requests: list[tuple[list[tuple[str, str]], list[tuple[str, str]], str, st.DataObject]],
) -> None:
    reader = FieldReader()
    for form, headers, query, data in requests:
        for _ in range(4):  # The same names, and other texts of some.
            texts = data.draw(st.lists(TEXTS, min_size=len(form), max_size=len(form)))
            named = [(name, text) for (name, _), text in zip(form, texts, strict=True)]
            request = make(named, headers, query)
            found, expected = reader.read(request), walk(request)
            assert list(found.fields) == list(expected.fields)
            assert found.names == expected.names
            assert list(found.names or ()) == list(expected.names or ())
            assert found.containers == expected.containers


def test_a_ticket_of_known_names_is_read_by_what_differs() -> None:
    def tickets(first: int) -> list[CapturedRequest]:
        return [
            make_request(SAMPLE_BODY.replace(b"%5Bid%5D=", b"%%5Bid%%5D=%d" % number))
            for number in range(first, first + 60)
        ]

    def took(read: object, requests: list[CapturedRequest]) -> float:
        assert callable(read)
        for each in requests:
            assert each.form is not None  # read before, for it is not what is measured
            assert each.detected is None
        began = process_time()
        for each in requests:
            read(each)
        return process_time() - began

    reader = FieldReader()
    for each in tickets(0)[:3]:
        reader.read(each)
    assert len(reader._known) == 1
    by_names = min(took(reader.read, tickets(100 * turn)) for turn in range(1, 5))
    by_walks = min(took(walk, tickets(100 * turn)) for turn in range(5, 8))
    assert by_names < by_walks / 2


def test_what_is_kept_is_bounded() -> None:
    reader = FieldReader()
    for number in range(40):
        for _ in range(3):
            reader.read(make([(f"n{number}", "1")], [], ""))
    assert len(reader._known) == 3
    before = dict(reader._known)
    big = make([("big", "x" * readings_module.MAX_KEPT_BYTES)], [], "")
    for _ in range(3):
        reader.read(big)
    assert reader._known == before
    reader.clear()
    assert not reader._known


def test_a_field_with_another_text_keeps_its_names(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = FieldReader()

    def make_ticket(text: str) -> CapturedRequest:
        return make([("ticket[id]", text), ("ticket[on]", "1")], [], "")

    for text in "12345":
        reader.read(make_ticket(text))

    def refuse(*_: object) -> tuple[str, ...]:
        raise AssertionError("the names were worked out anew")

    expected = walk(make_ticket("77"))
    monkeypatch.setattr(readings_module, "list_keys", refuse)
    readings_module._remember_field.cache_clear()
    assert reader.read(make_ticket("77")) == expected
