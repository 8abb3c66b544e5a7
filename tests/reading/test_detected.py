"""Bodies that are not what their type says, and senders, in the tree and in searches."""

import pytest

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.content import FORM, JSON, find_content
from inspector.reading.query import parse_query
from inspector.testing.received import ReceivedRequest
from tests.domain.webhooks import WEBHOOKS, Webhook
from tests.reading.captures import FORM_TYPE, make_request


def capture(webhook: Webhook) -> CapturedRequest:
    sent = webhook.message
    headers = {**dict(sent.raw_headers)}
    kind = headers.pop("Content-Type")
    return make_request(sent.body, kind, headers=tuple(headers.items()))


def test_json_that_was_sent_as_a_form_has_json_fields_and_phps_form_beside_them() -> None:
    request = make_request(b'{"a":{"b":[1.50]}}', FORM_TYPE)
    assert find_content(request) == (JSON, {"a": {"b": [1.5]}})
    assert request.form is not None
    assert request.form.value == {'{"a":{"b":': {"1.50": ""}}  # PHP's way with brackets
    assert ReceivedRequest(request).at("a.b[0]") == 1.5


@pytest.mark.parametrize("kind", ["text/plain", "", "application/json"])
def test_a_form_under_another_type_is_read_as_a_form(kind: str) -> None:
    request = make_request(b"ticket[id]=5&ticket[subject]=Hello", kind)
    assert find_content(request) == (FORM, {"ticket": {"id": "5", "subject": "Hello"}})
    assert request.title == "Hello"


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/plain", "application/json"])
def test_json_lines_are_the_list_of_their_values(kind: str) -> None:
    request = make_request(b'{"a":1}\n{"a":2}\n', kind)
    assert find_content(request) == (JSON, [{"a": 1}, {"a": 2}])
    assert parse_query("[].a=2 is:json").matches(request)


def test_json_in_latin_1_is_read_when_it_says_so() -> None:
    body = '{"name":"José"}'.encode("latin-1")
    request = make_request(body, "application/json; charset=iso-8859-1")
    assert request.json == {"name": "José"}
    assert make_request(body, "application/json").json is None
    text = make_request(body, "text/plain; charset=windows-1252")
    assert text.json == {"name": "José"}
    utf_8 = make_request('{"name":"José"}'.encode(), "application/json; charset=iso-8859-1")
    assert utf_8.json == {"name": "José"}


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda each: each.sender)
def test_each_sender_is_found_by_name_event_and_delivery(webhook: Webhook) -> None:
    request, other = capture(webhook), make_request(b"a=1")
    terms = [f'sender:"{webhook.sender}"']
    terms += [f'event:"{webhook.event}"'] if webhook.event else []
    terms += [f'delivery:"{webhook.delivery}"'] if webhook.delivery else []
    for term in terms:
        assert parse_query(term).matches(request), term
        assert not parse_query(f"-{term}").matches(request), term
        assert not parse_query(term).matches(other), term


def test_an_event_is_found_by_its_words_and_a_sender_by_a_part_of_its_name() -> None:
    github = next(capture(each) for each in WEBHOOKS if each.sender == "GitHub")
    assert parse_query("event:issues").matches(github)
    assert parse_query("event:OPENED").matches(github)
    assert not parse_query("event:pened").matches(github)
    assert parse_query("sender:hub").matches(github)
    with pytest.raises(InspectorError, match="no known sender"):
        parse_query("sender:nobody")
