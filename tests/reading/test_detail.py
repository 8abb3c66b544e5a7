import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.reading.detail import MAX_PAIRS, MAX_VALUE_CHARS, FieldDetail, find_detail
from inspector.reading.paths import Path
from tests.reading.captures import make_form, make_request, make_sample


def get_detail(path: Path, *pairs: tuple[str, str]) -> FieldDetail:
    detail = find_detail(make_form(*pairs), path)
    assert detail is not None
    return detail


def test_a_field_is_named_in_every_language() -> None:
    detail = find_detail(make_sample(), ("ticket", "participants", "0", "person", "id"))
    assert detail is not None
    assert dict(detail.names) == {
        "Inspector": "ticket.participants.0.person.id",
        "Form field": "ticket[participants][0][person][id]",
        "PHP": "$_POST['ticket']['participants'][0]['person']['id']",
        "JavaScript (Express)": "req.body.ticket.participants[0].person.id",
        "Flask": 'request.form["ticket[participants][0][person][id]"]',
        "Django": 'request.POST["ticket[participants][0][person][id]"]',
        "Twig (helpdesk)": "{{ ticket.participants[0].person.id }}",
        "pytest (Inspector)": 'request.form["ticket"]["participants"][0]["person"]["id"]',
        "jq on Inspector's JSON": ".form.ticket.participants[0].person.id",
    }
    assert detail.parents[1] == ("participants", "ticket.participants")
    assert detail.meaning is not None
    assert detail.meaning.text == "Abed Nadir"


def test_its_pairs_are_those_on_the_wire() -> None:
    detail = get_detail(("a", "b c"), ("x", "1"), ("a[b c]", "ä"), ("a[d]", "2"))
    assert detail.pair_count == 3
    assert [(p.position, p.raw_name, p.raw_value) for p in detail.pairs] == [
        (2, "a%5Bb+c%5D", "%C3%A4")
    ]


def test_a_pair_that_was_replaced_is_shown_with_its_successor() -> None:
    detail = get_detail(("a",), ("a", "1"), ("a", "2"))
    assert detail.value == "2"
    assert [pair.is_kept for pair in detail.pairs] == [False, True]


def test_a_container_is_shown_as_json_with_all_of_its_pairs() -> None:
    pairs = [(f"a[{index}]", "x") for index in range(30)]
    detail = get_detail(("a",), *pairs)
    assert json.loads(detail.value) == ["x"] * 30
    assert (detail.kind, detail.size) == ("list", 30)
    assert (len(detail.pairs), detail.more_pairs) == (MAX_PAIRS, 30 - MAX_PAIRS)


def test_a_json_body_has_no_form_name_and_no_pairs() -> None:
    request = make_request(b'{"a": [{"b": null}]}', "application/json")
    detail = find_detail(request, ("a", "0", "b"))
    assert detail is not None
    assert (detail.kind, detail.value, detail.pairs) == ("null", "null", ())
    assert dict(detail.names) == {
        "Inspector": "a.0.b",
        "PHP, from json_decode": "$data['a'][0]['b']",
        "JavaScript (Express)": "req.body.a[0].b",
        "Flask": 'request.json["a"][0]["b"]',
        "Django": 'json.loads(request.body)["a"][0]["b"]',
        "Twig (helpdesk)": "{{ a[0].b }}",
        "jq on the body": ".a[0].b",
        "pytest (Inspector)": 'request.json["a"][0]["b"]',
        "jq on Inspector's JSON": ".json.a[0].b",
    }


def test_a_name_that_would_give_another_value_is_left_out() -> None:
    repeated = dict(get_detail(("a",), ("a", "1"), ("a", "2")).names)
    assert "Flask" not in repeated
    assert repeated["Django"] == 'request.POST["a"]'
    assert "JavaScript (Express)" not in repeated
    second = dict(get_detail(("t", "1"), ("t[]", "x"), ("t[]", "y")).names)
    assert second["Flask"] == 'request.form.getlist("t[]")[1]'


def test_long_values_are_cut_and_counted() -> None:
    detail = get_detail(("a",), ("a", "x" * 100_000))
    assert (len(detail.value), detail.cut) == (MAX_VALUE_CHARS, 36_000)


@pytest.mark.parametrize("path", [(), ("b",), ("a", "b"), ("a", "0")])
def test_what_is_not_there_has_no_detail(path: Path) -> None:
    assert find_detail(make_form(("a", "1")), path) is None


@given(st.binary(), st.lists(st.text(max_size=3), max_size=3))
def test_no_body_and_no_path_is_an_error(body: bytes, path: list[str]) -> None:
    find_detail(make_request(body), tuple(path))
