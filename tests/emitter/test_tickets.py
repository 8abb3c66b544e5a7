"""One's own tickets: three formats, one meaning, and a sentence for what is none of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.domain.deliveries import SOURCES
from inspector.emitter import WebhookAction, render, sample_context
from inspector.emitter.tickets import LoadedTicket, context_of, parse_ticket
from inspector.emitter.variations import all_variations, get_variation
from inspector.errors import InspectorError
from inspector.forms import build

PRINTED = Path(__file__).parent / "data" / "ticket_sample.tsv"


def load(text: str) -> LoadedTicket:
    return parse_ticket(text.encode())


def message_for(data: bytes) -> str:
    with pytest.raises(InspectorError) as caught:
        parse_ticket(data)
    assert caught.value.code == "invalid_ticket"
    return caught.value.message


def test_the_listing_that_the_article_prints_gives_the_sample() -> None:
    with_tabs = PRINTED.read_text("utf-8")
    with_colons = with_tabs.replace("\t", ": ")
    for listing in (with_tabs, with_colons, with_colons.replace("\n", "\r\n \r\n ")):
        loaded = load(listing)
        assert (loaded.format, loaded.notes) == ("lines", ())
        assert loaded.context == sample_context()


def test_the_sample_comes_back_from_its_json_and_from_its_body() -> None:
    by_json = load(json.dumps(sample_context(), indent=1))
    by_form = parse_ticket(build(sample_context()))
    assert (by_json.format, by_form.format) == ("json", "form")
    assert by_json.context == by_form.context == sample_context()


def test_values_of_json_become_texts_as_the_helpdesk_makes_them() -> None:
    loaded = load('{"ticket": {"a": true, "b": false, "c": null, "d": 5, "e": 1.5, "f": [1]}}')
    assert loaded.context == {
        "ticket": {"a": "1", "b": "", "c": "", "d": "5", "e": "1.5", "f": ["1"]}
    }


@pytest.mark.parametrize(
    "text", ['{"id": 5, "subject": "x"}', "id: 5\nsubject: x", "id=5&subject=x"]
)
def test_a_ticket_alone_is_taken_for_the_ticket(text: str) -> None:
    assert load(text).context == {"ticket": {"id": "5", "subject": "x"}}


def test_custom_data_stays_the_actions_and_that_is_said() -> None:
    loaded = load("ticket[id]=5&custom_data[a]=1&extra=2&event_type=update")
    assert loaded.context == {"ticket": {"id": "5"}, "event_type": "update", "extra": "2"}
    assert loaded.notes == ("custom_data: not taken over, for custom data is the action's.",)
    assert load("ticket[id]=5&custom_data=").notes == ()
    assert context_of({"ticket": {"id": "5"}, "custom_data": "x"}) == {"ticket": {"id": "5"}}


def test_lines_may_have_colons_brackets_and_equals_signs_in_their_values() -> None:
    loaded = load(
        "ticket[url]: http://h/?a=b&c=[d]\n"
        "ticket[time]:10:30\n"
        "ticket[empty]:\n"
        "  ticket[spaces] :  two \n"
        "event_type\tupdate"
    )
    assert loaded.context == {
        "ticket": {
            "url": "http://h/?a=b&c=[d]",
            "time": "10:30",
            "empty": "",
            "spaces": " two ",
        },
        "event_type": "update",
    }


def test_a_form_with_a_colon_in_it_is_a_form() -> None:
    assert load("ticket[time]=10:30\n").context == {"ticket": {"time": "10:30"}}


def test_lists_out_of_order_are_put_in_order_in_a_listing_only() -> None:
    scattered = "ticket[a][1]{0}x{1}ticket[a][0]{0}y"
    listing = load(scattered.format(": ", "\n"))
    assert (listing.context, listing.notes) == ({"ticket": {"a": ["y", "x"]}}, ())
    form = load(scattered.format("=", "&"))
    assert form.context == {"ticket": {"a": {"1": "x", "0": "y"}}}
    assert len(form.notes) == 1


def test_what_php_would_change_is_noted() -> None:
    assert "PHP reads the name as" in load("ti cket[id]=5&ticket[id]=6").notes[0]


def test_a_form_may_have_bytes_that_are_no_utf_8() -> None:
    assert parse_ticket(b"ticket[a]=%FF\xfe").context == {"ticket": {"a": "\udcff\udcfe"}}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "is empty"),
        (b" \n ", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b'{"ticket": }', "wrong in line 1, column 12"),
        (b"[1, 2]", "is an object"),
        (b'{"a": ' * 100 + b"1" + b"}" * 100, "nested deeper than 64"),
        (b"[" * 100_000, "nested deeper than 64"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "a number that is too long"),
        (b'{"a": [' + b"1," * 100_000 + b"1]}", "more than 100,000 values"),
        (b'{"a": "\xff"}', "not UTF-8: byte 8 is 0xff"),
        (b"ticket[id]: \xff", "not UTF-8: byte 13 is 0xff"),
        (b"ticket[id]: 5\n\nhttp//x", "Line 3 is not `name: value`: 'http//x'"),
        (b"hello", "begins with 'hello'"),
        (b"x" * 5_000_001, "larger than 5,000,000 bytes"),
        (b"a" + b" " * 200_000, "begins with 'a"),
        (b"a" + b"[" * 200_000, "begins with 'a["),
        (b"a" + b"[]" * 200_000, "begins with 'a[]"),
    ],
    ids=lambda value: str(value[:30]),
)
def test_what_is_no_ticket_is_refused_with_a_sentence(data: bytes, says: str) -> None:
    assert says in message_for(data)


@given(st.binary() | st.text().map(str.encode) | st.text('ticke[]:=& \n{}"1,\t').map(str.encode))
def test_any_bytes_give_a_ticket_or_a_sentence(data: bytes) -> None:
    try:
        loaded = parse_ticket(data)
    except InspectorError:
        return
    assert parse_ticket(data) == loaded
    context_of(loaded.context)


def test_what_is_neither_json_nor_text_is_our_own_mistake() -> None:
    with pytest.raises(TypeError):
        context_of({"ticket": {"x": object()}})


def test_every_source_has_a_variation_that_can_be_sent() -> None:
    assert {variation.source for variation in all_variations()} == set(SOURCES)
    for variation in all_variations():
        request = render(WebhookAction("http://h/"), variation.make_context())
        assert request.body.endswith(b"&custom_data=")
        assert variation.title
        assert variation.note


def test_variations_suit_their_sources() -> None:
    def context(name: str) -> Any:
        return get_variation(name).make_context()

    assert context("article") == sample_context()
    for name in ("trigger", "escalation", "sla", "macro"):
        ticket = context(name)["ticket"]
        assert (ticket["id"], ticket["agent"]["name"]) == ("5", "Annie Edison")
        assert ticket["agent"]["id"] == context(name)["person_context"]["id"] == "2"
    assert get_variation("sla").name == "sla-warning"
    assert context("sla")["ticket"]["ticket_slas"][0]["sla_status"] == "warning"
    assert context("sla-failure")["ticket"]["ticket_slas"][0]["sla_status"] == "fail"
    assert context("macro")["ticket"]["agent"]["name"] == "Annie Edison"
    assert context("escalation")["ticket"]["total_user_waiting"] == "7200"
    with pytest.raises(InspectorError) as caught:
        get_variation("nosuch")
    assert caught.value.code == "variation_not_found"


@pytest.mark.parametrize(
    "text",
    [
        "ticket[id]=5\nticket[subject]=a=b & c%20+\n",
        "ticket[id]=5\r\n\r\n  ticket[subject]=a=b & c%20+",
    ],
)
def test_one_pair_a_line_is_one_field_a_line(text: str) -> None:
    assert load(text).context == {"ticket": {"id": "5", "subject": "a=b & c%20+"}}


def test_a_form_that_was_wrapped_is_still_a_form() -> None:
    text = "ticket%5Bid%5D=5&\nticket%5Bsubject%5D=a+b\nticket%5Bx%5D=1&ticket%5By%5D=2\n"
    assert load(text).context == {"ticket": {"id": "5", "subject": "a b", "x": "1", "y": "2"}}


def test_a_line_end_within_a_value_stays() -> None:
    text = "ticket[subject]=one\ntwo&ticket[id]=5"
    assert load(text).context == {"ticket": {"subject": "one\ntwo", "id": "5"}}
