"""What a request is made of: the article's rules, byte for byte."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter import (
    DeliveryOptions,
    PreparedRequest,
    WebhookAction,
    render,
    sample_body,
    sample_context,
)
from inspector.emitter.preparing import check_header
from inspector.errors import InspectorError

URL = "http://127.0.0.1:8787/deskpro"
TICKET: Any = {
    "ticket": {"id": "5", "subject": "Hierarchy problem", "sla": {"id": ""}},
    "event_type": "update",
}


def prepare(context: Any = TICKET, **action: Any) -> PreparedRequest:
    return render(WebhookAction(**{"url": URL, **action}), context)


def error_of(call: Callable[[], object]) -> InspectorError:
    with pytest.raises(InspectorError) as caught:
        call()
    return caught.value


def test_the_whole_request_byte_for_byte() -> None:
    request = prepare(
        headers=(("X-Deskpro-TicketId", "{{ ticket.id }}"),),
        custom_data="{{ ticket.subject }}",
    )
    assert request.raw == (
        b"POST /deskpro HTTP/1.1\r\n"
        b"Host: 127.0.0.1:8787\r\n"
        b"User-Agent: Inspector\r\n"
        b"Accept: */*\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 127\r\n"
        b"X-Deskpro-TicketId: 5\r\n"
        b"\r\n"
        b"ticket%5Bid%5D=5&ticket%5Bsubject%5D=Hierarchy+problem&ticket%5Bsla%5D%5Bid%5D="
        b"&event_type=update&custom_data=Hierarchy+problem"
    )


def test_the_sample_is_sent_byte_for_byte_as_php_builds_it() -> None:
    recorded = (Path(__file__).parent / "data" / "sample.body").read_bytes()
    action = WebhookAction(URL, custom_data='for ~ äöü & {"a": 1}')
    assert render(action, sample_context()).body == recorded
    assert sample_body() == recorded.rpartition(b"=")[0] + b"="


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_post_put_and_delete_carry_the_ticket(method: str) -> None:
    request = prepare(sample_context(), method=method)
    assert request.request_line == f"{method} /deskpro HTTP/1.1"
    pairs = parse_qsl(request.body.decode(), keep_blank_values=True)
    assert len(pairs) == 197
    assert pairs[-1] == ("custom_data", "")


def test_a_get_has_an_empty_body() -> None:
    request = prepare(sample_context(), method="GET", custom_data="x")
    assert request.body == b""
    names = [name.lower() for name, _ in request.headers]
    assert "content-type" not in names
    assert "content-length" not in names
    assert [str(item) for item in request.left_out] == [
        "body: not sent, a GET request has an empty body"
    ]


def test_fields_are_sent_in_the_helpdesks_order_and_custom_data_is_the_actions() -> None:
    context: Any = {
        "event_performer": "agent",
        "custom_data": "the ticket's own",
        "extra": "1",
        "event_type": "update",
        "event_method": "web",
        "person_context": {"id": "1"},
        "ticket": {"id": "5"},
    }
    body = prepare(context, custom_data="ours").body
    assert [name for name, _ in parse_qsl(body.decode())] == [
        "ticket[id]",
        "person_context[id]",
        "event_type",
        "event_method",
        "event_performer",
        "extra",
        "custom_data",
    ]
    assert body.endswith(b"&custom_data=ours")


@dataclass(frozen=True)
class Data:
    id: str
    given: Any
    sent: bytes
    left_out: tuple[str, ...] = ()


DATA = [
    Data("nothing defined", None, b"custom_data="),
    Data("an empty text", "", b"custom_data="),
    Data(
        "a variable without a value",
        "{{ ticket.sla.id }}",
        b"custom_data=",
        ("custom_data: sent empty, `ticket.sla.id` has no value",),
    ),
    Data("a text", "a b&c", b"custom_data=a+b%26c"),
    Data(
        "named values",
        (("id", "{{ ticket.id }}"), ("{{ ticket.id }}", "x")),
        b"custom_data%5Bid%5D=5&custom_data%5B5%5D=x",
    ),
    Data(
        "a named value without a value",
        (("sla", "{{ ticket.sla.id }}"),),
        b"custom_data%5Bsla%5D=",
        ("custom_data[sla]: sent empty, `ticket.sla.id` has no value",),
    ),
    Data("no named values", (), b"custom_data="),
]


@pytest.mark.parametrize("case", DATA, ids=attrgetter("id"))
def test_custom_data_is_always_sent(case: Data) -> None:
    request = prepare({"ticket": {"id": "5"}}, custom_data=case.given)
    assert request.body == b"ticket%5Bid%5D=5&" + case.sent
    assert tuple(map(str, request.left_out)) == case.left_out


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{ ticket.sla.id }}", "`ticket.sla.id` has no value"),
        ("{{ ticket.no.such.thing }}", "`ticket.no.such.thing` has no value"),
        ("{{ nothing }} {{ ticket.sla.id }}", "`nothing`, `ticket.sla.id` have no value"),
        ("{% if ticket.id == 'x' %}1{% endif %}", "its template gives no text"),
        ("", "its template gives no text"),
    ],
)
def test_a_header_without_a_value_is_not_sent(template: str, why: str) -> None:
    request = prepare(headers=(("X-Escalated", template),))
    assert "X-Escalated" not in dict(request.headers)
    assert [str(item) for item in request.left_out] == [f"X-Escalated: not sent, {why}"]


def test_a_custom_header_takes_the_place_of_ours_and_repeats_stay() -> None:
    request = prepare(
        headers=(("x-a", "1"), ("content-type", "text/plain"), ("X-A", "2"), ("Host", "desk"))
    )
    assert request.headers == (
        ("User-Agent", "Inspector"),
        ("Accept", "*/*"),
        ("Content-Length", str(len(request.body))),
        ("x-a", "1"),
        ("content-type", "text/plain"),
        ("X-A", "2"),
        ("Host", "desk"),
    )


@pytest.mark.parametrize("bad", ["a\rb", "a\nb", "a\r\nX-Evil: 1", "a\0b", "a\x0bb", "a\x7f"])
def test_no_control_character_gets_into_a_header_through_a_template(bad: str) -> None:
    context: Any = {"ticket": {"subject": bad}}
    value = error_of(lambda: prepare(context, headers=(("X-A", "{{ ticket.subject }}"),)))
    assert (value.code, value.details["header"]) == ("invalid_header", "X-A")
    assert "X-A" in value.message
    name = error_of(lambda: prepare(context, headers=(("{{ ticket.subject }}", "1"),)))
    assert name.code == "invalid_header"
    url = error_of(lambda: prepare(context, url="http://h/{{ ticket.subject }}"))
    assert url.code == "invalid_url"


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "é", "a(b)", "[x]", "a/b"])
def test_a_headers_name_is_a_token(name: str) -> None:
    assert error_of(lambda: check_header(name, "1")).code == "invalid_header"


def test_a_headers_value_has_a_limit_in_bytes() -> None:
    check_header("X-A", "ü" * 4095)
    assert "longer than 8,190 bytes" in error_of(lambda: check_header("X-A", "ü" * 4096)).message


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding"])
def test_what_says_where_the_body_ends_cannot_be_set(name: str) -> None:
    assert error_of(lambda: prepare(headers=((name, "1"),))).code == "header_reserved"


def test_basic_auth_comes_from_the_options_or_the_url_and_is_never_in_the_url_shown() -> None:
    by_options = prepare(options=DeliveryOptions(basic_auth=("Aladdin", "open sesame")))
    assert dict(by_options.headers)["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    by_url = prepare(url="http://Aladdin:open%20sesame@h/x")
    assert dict(by_url.headers)["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert str(by_url.url) == "http://h/x"
    by_header = prepare(url="http://a:b@h/", headers=(("authorization", "Bearer x"),))
    assert [value for name, value in by_header.headers if name.lower() == "authorization"] == [
        "Bearer x"
    ]


def test_a_template_error_names_field_and_line() -> None:
    error = error_of(lambda: prepare(headers=(("X-A", "1"), ("X-B", "a\n{% if %}"))))
    assert (error.code, error.details["field"]) == ("template_error", "headers.1")
    assert error.message.startswith("Line 2:")


ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("field", ["url", "headers", "custom_data"])
def test_half_a_character_is_refused_wherever_it_comes_from(field: str) -> None:
    given: dict[str, Any] = {
        "url": "http://h/{{ x }}",
        "headers": (("X-A", "{{ x }}"),),
        "custom_data": "{{ x }}",
    }
    error = error_of(lambda: prepare({"x": "\ud800"}, **{field: given[field]}))
    assert "half a character" in error.message


def test_bytes_that_are_not_utf_8_go_out_as_they_came() -> None:
    request = prepare({"ticket": {"x": "\udcff"}}, headers=(("X-A", "{{ ticket.x }}"),))
    assert request.body == b"ticket%5Bx%5D=%FF&custom_data="
    assert b"X-A: \xff\r\n" in request.head


@given(name=ANY_TEXT, value=ANY_TEXT)
def test_no_header_makes_a_second_line(name: str, value: str) -> None:
    try:
        request = prepare({"name": name, "value": value}, headers=(("{{ name }}", "{{ value }}"),))
    except InspectorError:
        return
    lines = request.head.split(b"\r\n")
    assert len(lines) == 1 + len(request.headers) + 2
    assert b"\n" not in b"".join(lines)
    assert b"\0" not in request.head


def test_the_date_of_nothing_is_todays_and_that_is_said() -> None:
    today = datetime.now(UTC)
    request = prepare(
        {"ticket": {"date_closed": "", "id": "5"}},
        url="http://h/{{ ticket.date_closed|date('Y') }}",
        headers=(
            ("X-Closed", "{{ ticket.date_closed|date('Y-m-d') }}"),
            ("X-Id", "{{ ticket.id }}"),
        ),
        custom_data="{{ ticket.gone|date('Y') }}{{ ticket.gone|date('m') }}",
    )
    sent = dict(request.headers)["X-Closed"]
    later = datetime.now(UTC)
    assert sent in (f"{today:%Y-%m-%d}", f"{later:%Y-%m-%d}")
    assert request.url.path == f"/{sent[:4]}"
    assert [str(each) for each in request.left_out] == [
        "url: sent, but the date of nothing is today's (`ticket.date_closed` has no value)",
        "X-Closed: sent, but the date of nothing is today's (`ticket.date_closed` has no value)",
        "custom_data: sent, but the date of nothing is today's (`ticket.gone` has no value)",
    ]
