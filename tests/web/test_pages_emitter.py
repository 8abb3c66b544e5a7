"""The emitter's page by forms alone: what is typed, shown, sent, kept, and refused."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from inspector.emitter import (
    Composition,
    DeliveryOptions,
    TicketChoice,
    WebhookAction,
    make_change,
    series_runs,
)
from inspector.errors import StorageUnavailableError
from inspector.forms import Form, parse
from inspector.web.pages import emitter_view
from inspector.web.pages.emitter_form import Draft, make_draft, read_draft
from inspector.web.pages.emitter_view import build_ticket_tree, show_bytes
from inspector.web.services import Services
from tests.emitter.receiver import Receiver

HTMX = {"HX-Request": "true"}
FIELDS = {"name": "Mine", "source": "trigger", "method": "POST", "verify_tls": "1"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def services(app: Flask) -> Services:
    services: Services = app.extensions["inspector"]
    return services


def press(client: FlaskClient, do: str, htmx: bool = False, **fields: Any) -> TestResponse:
    """Press a button of the form; a list as a value is a repeated field."""
    return client.post(
        "/emitter", data={**FIELDS, **fields, "do": do}, headers=HTMX if htmx else {}
    )


def read_fields(page: str, name: str) -> list[str]:
    """The values of a field in the page's markup."""
    return [
        unescape(value) for value in re.findall(rf'<input[^>]*name="{name}" value="([^"]*)"', page)
    ]


def test_the_page_begins_with_the_newest_bin_and_the_samples_bytes(client: FlaskClient) -> None:
    page = client.get("/emitter").text
    assert read_fields(page, "url") == ["http://localhost/orders"]
    assert "POST /orders HTTP/1.1" in page
    assert "ticket%5Bdate_created_ts%5D=1400681937" in page
    assert "<html" in page
    assert "<html" not in client.get("/emitter", headers=HTMX).text


def test_a_preview_says_what_is_left_out_and_sends_nothing(
    client: FlaskClient, receiver: Receiver
) -> None:
    fields = FIELDS | {
        "url": f"{receiver.url}/{{{{ ticket.department.id }}}}",
        "header_name": ["X-Escalated", ""],
        "header_value": ["{{ ticket.sla.id }}", ""],
    }
    answer = client.post("/emitter/preview", data=fields)
    assert answer.status_code == 200
    assert (
        "<strong>X-Escalated</strong>: not sent, <code>ticket.sla.id</code> has no value"
        in answer.text
    )
    assert f"Host: 127.0.0.1:{receiver.port}" in answer.text
    assert receiver.connections == 0


@pytest.mark.parametrize(
    ("fields", "place", "input_name", "sentence"),
    [
        (
            {"header_name": ["A", "B"], "header_value": ["", "{{"]},
            "headers",
            "header_value 2",
            "Header 2: Line 1",
        ),
        (
            {"header_name": ["A", "B C"], "header_value": ["", "1"]},
            "headers",
            "header_name 2",
            "Header 2: &#39;B C&#39; cannot be",
        ),
        (
            {"data_kind": "named", "data_name": "k", "data_value": "{{"},
            "data",
            "data_value 1",
            "Value 1: Line 1",
        ),
        ({"data_kind": "text", "data_text": "{{"}, "data", "data_text ", "Line 1"),
        ({"url": "{{"}, "url", "url ", "Line 1"),
        ({"ticket_text": "{bad"}, "ticket", "ticket_text ", "The JSON is wrong in line 1"),
        ({"timeout_s": "x"}, "options", "timeout_s ", "Timeout: x is no number"),
        ({"retries": "99"}, "options", "retries ", "Extra attempts: must be 0 to"),
        ({"sign": "githb:x"}, "options", "sign ", "Sign with: There is no scheme githb; the near"),
        ({"count": "x"}, "plan", "count ", "Deliveries: x is no number"),
        (
            {"change_op": ["set", "set"], "change_path": ["ticket.a", "ticket[[.b"]}
            | {"change_value": ["1", "1"]},
            "changes",
            "change_path 2",
            "ticket[[.b",
        ),
        (
            {"change_op": "unset", "change_path": "ticket.nope", "change_value": ""},
            "changes",
            "change_path 1",
            "",
        ),
        ({"body_kind": "text", "body_text": "{{"}, "body", "body_text ", "Line 1"),
        (
            {"body_kind": "form", "body_name": ["a", "b"], "body_value": ["1", "{{"]},
            "body",
            "body_value 2",
            "Field 2: Line 1",
        ),
    ],
)
def test_what_is_wrong_is_said_by_its_place_in_the_form(
    client: FlaskClient, fields: dict[str, Any], place: str, input_name: str, sentence: str
) -> None:
    """Said in place, by the preview and by the page; and gone with the next preview."""
    form = {**FIELDS, "url": "http://h/", **fields}
    do = "series" if place == "plan" else "send"
    pages = [client.post("/emitter", data={**form, "do": do}).text]
    if place != "plan":  # The preview shows one of many.
        pages.append(client.post("/emitter/preview", data=form).text)
    for page in pages:
        (found,) = find_problems(page)
        assert found[:-1] == (place, *input_name.split(" "))
        assert found[-1].startswith(sentence)
    mended = client.post("/emitter/preview", data={**FIELDS, "url": "http://h/"}).text
    assert not find_problems(mended)


def find_problems(page: str) -> list[tuple[str, ...]]:
    """The place, input, row and text of each problem."""
    return re.findall(
        r'<p id="problem-(\w+)-\d+" data-code="\w+" data-input="(\w*)" data-row="(\d*)">([^<]*)',
        page,
    )


def test_every_field_that_is_wrong_has_its_own_sentence(client: FlaskClient) -> None:
    """Those of a row name it, and one that is mended goes while the others stay."""
    wrong: dict[str, Any] = {
        "url": "{{ ticket.",
        "name": " ",
        "method": "A B",
        "header_name": ["X A", "X-B", "X-C"],
        "header_value": ["1", "2", "{{ x|upprcase }}"],
        "data_kind": "named",
        "data_name": ["a", "b"],
        "data_value": ["{{", "1"],
        "change_op": ["unset", "set", "unset"],
        "change_path": ["ticket.nope", "ticket.id", "ticket.nor"],
        "change_value": ["", "7", ""],
        "timeout_s": "soon",
        "first": "x",
    }
    expected = {
        ("url", "url", ""),
        ("url", "name", ""),
        ("url", "method", ""),
        ("headers", "header_name", "1"),
        ("headers", "header_value", "3"),
        ("data", "data_value", "1"),
        ("changes", "change_path", "1"),
        ("changes", "change_path", "3"),
        ("options", "timeout_s", ""),
        ("plan", "first", ""),
    }
    for at, do in (("/emitter", "send"), ("/emitter/preview", "")):
        page = client.post(at, data={**FIELDS, **wrong, "do": do}).text
        assert {found[:-1] for found in find_problems(page)} == expected
        assert "And 9 in the form." in page
    mended = {**FIELDS, **wrong, "url": "http://h/", "timeout_s": "5", "first": "1"}
    page = client.post("/emitter/preview", data=mended).text
    left = {each for each in expected if each[1] not in ("url", "timeout_s", "first")}
    assert {found[:-1] for found in find_problems(page)} == left


def test_a_form_with_many_problems_says_the_first_ones(client: FlaskClient) -> None:
    many = {"header_name": ["X A"] * 50, "header_value": ["1"] * 50, "url": "http://h/"}
    page = client.post("/emitter/preview", data={**FIELDS, **many}).text
    assert [found[2] for found in find_problems(page)] == [str(row) for row in range(1, 11)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"url": ""}, "invalid_action"),
        ({"url": "{{ ticket."}, "template_error"),
        ({"url": "file:///etc/passwd"}, "unsupported_scheme"),
        ({"name": " "}, "invalid_action"),
        ({"method": "PATCH"}, "invalid_action"),
        ({"header_name": "X", "header_value": "a\r\nb"}, "invalid_header"),
        ({"timeout_s": "soon"}, "invalid_timeout_s"),
        ({"timeout_s": "nan"}, "invalid_timeout_s"),
        ({"retries": "99"}, "invalid_options"),
        ({"ticket_text": "<b>no</b>"}, "invalid_ticket"),
        ({"variation": "<b>"}, "variation_not_found"),
        ({"change_op": "set", "change_path": "a.b", "change_value": ""}, "invalid_path"),
        ({"change_op": "unset", "change_path": "ticket.x", "change_value": ""}, "path_not_found"),
        ({"first": "x"}, "invalid_first"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form_and_nothing_is_lost(
    client: FlaskClient, fields: dict[str, Any], code: str
) -> None:
    given: dict[str, Any] = {
        "url": "http://127.0.0.1:9/",
        "data_kind": "text",
        "data_text": "mine",
    } | fields
    previewed = client.post("/emitter/preview", data=FIELDS | given)
    answer = press(client, "send", **given)
    for each in (previewed, answer):
        assert f'data-code="{code}"' in each.text, each.text
    assert answer.status_code == 400
    assert "mine</textarea>" in answer.text
    assert "<b>" not in answer.text
    fragment = press(client, "send", htmx=True, **given)
    assert fragment.status_code == 200  # htmx swaps nothing for an error
    assert f'data-code="{code}"' in fragment.text


def test_the_page_says_what_templates_can_do(client: FlaskClient) -> None:
    page = unescape(client.get("/emitter").text)
    assert "<code>{{ ticket.sla.id ?? 'no SLA' }}</code></td><td>no SLA</td>" in page
    assert "Europe/London') }}</code></td><td>21 May 2014, 15:18</td>" in page
    assert "<code>date_modify</code>" in page


def test_the_body_can_be_read_as_fields(client: FlaskClient) -> None:
    fields = {"url": "http://127.0.0.1:9/", "ticket_text": '{"a b": "<b>é & =", "c": ["\u202e"]}'}
    shown = client.post("/emitter/preview", data=FIELDS | fields | {"data_kind": "nothing"}).text
    lines = "ticket[a b]: &lt;b&gt;é &amp; =\nticket[c][0]: "
    assert lines in shown
    assert "\u202e" not in shown
    for other in ({"method": "GET"}, {"header_name": "Content-Type", "header_value": "a/b"}):
        shown = client.post("/emitter/preview", data=FIELDS | fields | other).text
        assert "Body as sent" not in shown


def test_the_body_can_be_read_as_each_receiver_reads_it(client: FlaskClient) -> None:
    deep = '{"a": {"b": {"c": {"d": {"e": "<b>"}}}}, "tags": ["1", "2"]}'
    fields = {"url": "http://127.0.0.1:9/", "ticket_text": deep, "data_kind": "nothing"}
    shown = client.post("/emitter/preview", data=FIELDS | fields).text
    assert "As PHP and Express and qs read it" in shown
    assert "As Rails reads it" in shown  # It makes objects of lists that have indices.
    deeper = deep.replace('"<b>"', '{"f": {"g": "<b>"}}')
    shown = client.post("/emitter/preview", data=FIELDS | fields | {"ticket_text": deeper}).text
    assert "As PHP and Express read it" in shown
    qs = unescape(shown.partition("As qs reads it")[2].partition("</pre>")[0])
    assert '"[f][g]": "<b>"' in qs
    assert "&lt;b&gt;" in shown
    assert '"<b>"' not in shown


def test_the_body_is_read_once_for_each_receiver(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes most of a page's time, and a preview is made as one types."""
    read: list[str] = []

    def note(body: bytes, receiver: str) -> Form:
        read.append(receiver)
        return parse(body, receiver)

    monkeypatch.setattr(emitter_view, "parse", note)
    fields = {"url": "http://127.0.0.1:9/", "ticket_text": '{"id": 7}', "data_kind": "nothing"}
    shown = client.post("/emitter/preview", data=FIELDS | fields).text
    assert "read it</summary>" in shown
    assert sorted(read) == sorted(emitter_view.NESTING)


def test_options_are_open_when_something_is_chosen(client: FlaskClient) -> None:
    assert not Draft().has_options
    assert not make_draft(Composition(WebhookAction(url="http://h/"))).has_options
    for name, text in (("retries", "1"), ("timeout_s", "5"), ("user", "ann"), ("verify_tls", "")):
        draft = read_draft(MultiDict({"verify_tls": "1", name: text}))
        assert draft.has_options


def test_a_delivery_is_shown_kept_and_sent_again(client: FlaskClient, receiver: Receiver) -> None:
    fields: dict[str, Any] = {
        "url": f"{receiver.url}/in",
        "source": "sla",
        "method": "PUT",
        "header_name": ["X-Mine", "X-Mine"],
        "header_value": ["1", "2"],
        "data_kind": "named",
        "data_name": ["a b", ""],
        "data_value": ["{{ ticket.subject }}", ""],
        "user": "ann",
        "password": "secret",
    }
    answer = press(client, "send", **fields)
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"])
    assert "200" in page.text
    assert "PUT /in HTTP/1.1" in page.text
    assert "curl " in page.text
    assert client.post(f"{answer.headers['Location']}/send").status_code == 303
    first, second = receiver.requests
    assert first == second
    assert b"\r\nX-Mine: 1\r\nX-Mine: 2\r\n" in first
    assert b"\r\nAuthorization: Basic YW5uOnNlY3JldA==\r\n" in first
    assert b"&custom_data%5Ba+b%5D=" in first
    compared = client.get("/emitter/compare?a=1&b=2").text
    assert "The two requests say the same" in compared
    assert "Authorization: Basic ***" in page.text
    shown = [client.get(path).text for path in ("/emitter", "/emitter/deliveries/1")]
    shown += [client.get(f"/api/v1/deliveries{path}").text for path in ("", "/1")]
    for text in (page.text, compared, *shown):
        assert "YW5uOnNlY3JldA" not in text
        assert "secret" not in text


def test_a_delivery_is_sent_again_with_a_changed_field(
    client: FlaskClient, receiver: Receiver
) -> None:
    press(client, "send", url=receiver.url, data_kind="text", data_text="kept")
    page = client.get("/emitter?again=1").text
    leaves = dict(zip(read_fields(page, "leaf_path"), read_fields(page, "leaf_was"), strict=True))
    assert leaves["ticket.date_created_ts"] == "1400681937"
    answer = press(
        client,
        "send",
        url=receiver.url,
        data_kind="text",
        data_text="kept",
        leaf_path=["ticket.date_created_ts", "ticket.workflow"],
        leaf_was=["1400681937", ""],
        leaf_value=["99", ""],
    )
    assert answer.status_code == 303
    first, second = receiver.requests
    old, new = b"date_created_ts%5D=1400681937&", b"date_created_ts%5D=99&"
    assert b"&ticket%5B" + new in second
    assert second.split(b"\r\n\r\n")[1] == first.split(b"\r\n\r\n")[1].replace(old, new)
    compared = client.get("/emitter/compare?a=1&b=2").text
    assert "ticket.date_created_ts" in compared


def test_buttons_change_the_form_and_keep_the_rest(client: FlaskClient) -> None:
    fields: dict[str, Any] = {
        "url": "http://127.0.0.1:9/",
        "header_name": ["A", "B", ""],
        "header_value": ["1", "2", ""],
        "change_op": ["set", "set"],
        "change_path": ["ticket.id", ""],
        "change_value": ["5", ""],
    }
    page = press(client, "drop:headers:0", **fields).text
    assert read_fields(page, "header_name") == ["B"]
    page = press(client, "unset:ticket.subject", **fields).text
    assert read_fields(page, "change_path") == ["ticket.id", "ticket.subject", ""]
    assert "ticket.subject" not in read_fields(page, "leaf_path")
    leaves = dict(zip(read_fields(page, "leaf_path"), read_fields(page, "leaf_was"), strict=True))
    assert leaves["ticket.id"] == "5"
    for odd in ("drop:headers:x", "drop:name:0", "drop:headers:99", "nothing", "drop:"):
        assert press(client, odd, **fields).status_code == 200


def test_no_character_changes_on_its_way_through_the_form(client: FlaskClient) -> None:
    odd = "\u200b\u202e\xa0\ufeff\xad<&\"'>"
    fields: dict[str, Any] = {
        "url": "http://127.0.0.1:9/",
        "change_op": "set",
        "change_path": "ticket.subject",
        "change_value": odd,
        "data_kind": "text",
        "data_text": odd,
    }
    page = press(client, "refresh", **fields).text
    assert read_fields(page, "change_value") == [odd, ""]
    assert f"\n{odd}</textarea>" in unescape(page)
    leaves = dict(zip(read_fields(page, "leaf_path"), read_fields(page, "leaf_was"), strict=True))
    assert leaves["ticket.subject"] == odd


def test_another_sites_page_can_send_nothing(client: FlaskClient, receiver: Receiver) -> None:
    for path in ("/emitter", "/emitter/preview", "/api/v1/deliveries"):
        answer = client.post(
            path,
            data={**FIELDS, "url": receiver.url, "do": "send"},
            headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
        )
        assert answer.status_code == 403
    assert receiver.connections == 0


def test_a_captured_requests_ticket_is_taken_over(client: FlaskClient, receiver: Receiver) -> None:
    client.put("/orders", data={"ticket[id]": "77", "ticket[a]": "é", "custom_data": "theirs"})
    page = client.get("/emitter?from=orders/1-1").text
    assert '"id": "77"' in unescape(page)
    assert "<option selected>PUT</option>" in page
    for place in ("orders/1-1", "http://localhost/bins/orders/requests/1-1"):
        loaded = press(client, "load", url=receiver.url, ticket_from=place).text
        assert '"a": "é"' in unescape(loaded)
    missing = press(client, "load", url=receiver.url, ticket_from="orders/1-9")
    assert missing.status_code == 404
    client.post("/orders", data=b"no ticket", headers={"X-Empty": ""})
    refused = client.get("/emitter?from=orders/1-2")
    assert refused.status_code == 400
    assert "No action can say all of this request" in refused.text


def test_an_action_is_saved_sent_edited_copied_and_deleted(
    client: FlaskClient, receiver: Receiver
) -> None:
    fields: dict[str, Any] = {"url": receiver.url, "name": "Order's hook", "variation": "macro"}
    assert press(client, "save", **fields).headers["Location"] == "/emitter?action=1#actions"
    page = client.get("/emitter?action=1").text
    assert read_fields(page, "action_id") == ["1"]
    assert '<option value="macro" selected>' in page
    press(client, "save", **fields | {"name": "Renamed", "action_id": "1"})
    press(client, "save:new", **fields | {"name": "Another", "action_id": "1"})
    client.post("/emitter/actions/1/copy")
    page = client.get("/emitter").text
    assert re.findall(r'class="saved-name" href="[^"]*">([^<]*)<', page) == [
        "Another", "Copy of Renamed", "Renamed",
    ]  # fmt: skip
    assert client.post("/emitter/actions/1/send").status_code == 303
    assert len(receiver.requests) == 1
    assert "Delete the action Renamed?" in client.get("/emitter/actions/1/delete").text
    client.post("/emitter/actions/1/delete")
    assert client.get("/emitter?action=1").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["deliveries/9", "deliveries/x", "compare?a=1", "series/x", "under-way/x", "actions/9/delete"],
)
def test_what_is_not_there_is_a_page_that_says_so(client: FlaskClient, path: str) -> None:
    assert client.get(f"/emitter/{path}").status_code == 404


def test_strangers_bytes_are_shown_escaped(client: FlaskClient) -> None:
    body = b"<script>alert(1)</script>\x1b\xe2\x80\xae"
    head = b"HTTP/1.1 200 <i>Fine</i>\r\nX-Odd: <b>\xff\r\nContent-Length: %d\r\n\r\n" % len(body)
    with Receiver(head + body) as receiver:
        answer = press(client, "send", url=receiver.url, name="<u>name</u>")
    page = client.get(answer.headers["Location"]).text
    for markup in ("<script>alert", "<i>Fine", "<b>", "<u>name", "\u202e"):
        assert markup not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_slow_delivery_is_waited_for_by_looking_again(
    client: FlaskClient, services: Services
) -> None:
    late = b"HTTP/1.1 503 X\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n"
    with Receiver(late) as receiver:
        answer = press(client, "send", url=receiver.url, retries="1")
        place = answer.headers["Location"]
        assert place.startswith("/emitter/under-way/")
        assert "Stop trying" in client.get(place).text
        assert client.post(f"{place}/stop").status_code == 303
        services.outbox.get(place.rpartition("/")[2]).wait(5)
        assert client.get(place).headers["Location"] == "/emitter/deliveries/1"
    assert len(receiver.requests) == 1
    assert "503" in client.get("/emitter/deliveries/1").text


def wait_for_end(client: FlaskClient, place: str) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        fragment = client.get(place, headers=HTMX).text
        if "hx-trigger" not in fragment:
            return fragment
        time.sleep(0.02)
    raise AssertionError("it never ended")


def list_names(client: FlaskClient, services: Services, place: str) -> list[str]:
    """The names of a series' logged deliveries, once it is over."""
    run = services.series.get(place.rpartition("/")[2])
    assert run.thread is not None
    run.thread.join(30)
    lines = client.get(f"/api/v1/deliveries?limit=500&run={run.id}").json or []
    log = client.get("/api/v1/deliveries").json or []
    assert [(each["run"], each["in_run"]) for each in log] == [(run.id, len(lines))] * bool(lines)
    return [each["name"] for each in lines]


def test_a_series_runs_to_its_end_and_logs_each_delivery(
    client: FlaskClient, receiver: Receiver, services: Services
) -> None:
    answer = press(
        client,
        "series",
        url=receiver.url,
        count="120",
        concurrency="4",
        first="10",
        change_op="set",
        change_path="ticket.id",
        change_value="{n}",
    )
    place = answer.headers["Location"]
    ended = wait_for_end(client, place)
    assert "Done: 120 of 120" in unescape(ended)
    assert '<progress class="bar" max="120" value="120">' in ended
    assert "<strong>200</strong> 120" in ended
    assert "<svg" in ended
    numbers = {
        int(raw.partition(b"ticket%5Bid%5D=")[2].split(b"&")[0]) for raw in receiver.requests
    }
    assert numbers == set(range(10, 130))
    assert "All are listed under" in ended
    again = client.get(f"/emitter?series={place.rpartition('/')[2]}").text
    for field in ('name="count" value="120"', 'name="first" value="10"', 'value="{n}"'):
        assert field in again
    assert '<details class="card compose-part more plan" id="plan" open>' in again
    assert "120 of 120 deliveries, " in client.get("/emitter").text
    names = list_names(client, services, place)
    assert sorted(names) == sorted(f"Mine #{number}" for number in range(10, 130))


def test_a_long_series_logs_the_first_and_those_that_fail(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(series_runs, "KEPT_FIRST", 3)
    monkeypatch.setattr(series_runs, "KEPT_FAILED", 2)
    bad = b"HTTP/1.1 500 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    good = bad.replace(b"500", b"200")
    with Receiver(good, bad, good, good, bad, good, bad, bad) as receiver:
        place = press(client, "series", url=receiver.url, count="8").headers["Location"]
        ended = unescape(wait_for_end(client, place))
    names = list_names(client, services, place)
    assert names == [f"Mine #{number}" for number in (7, 5, 3, 2, 1)]
    assert "of those after them 2 that failed." in " ".join(ended.split())
    assert "The others are counted here only." in ended


def test_a_series_goes_on_when_nothing_can_be_stored(
    client: FlaskClient, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_deliveries: object) -> None:
        raise StorageUnavailableError("The disk is full.", 1)

    monkeypatch.setattr(services.deliveries, "add_all", refuse)
    place = press(client, "series", url=receiver.url, count="5").headers["Location"]
    assert list_names(client, services, place) == []
    assert "5 could not be stored" in client.get(place).text
    assert len(receiver.requests) == 5


def test_a_series_without_an_answer_tells_no_times(client: FlaskClient, services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    place = press(client, "series", url=url, count="3").headers["Location"]
    ended = wait_for_end(client, place)
    assert "<strong>connection refused</strong> 3" in ended
    assert "p50" not in ended
    list_names(client, services, place)
    assert "3 of 3 deliveries, 3 not delivered" in client.get("/emitter").text


def test_a_series_is_stopped(client: FlaskClient, receiver: Receiver) -> None:
    fields: dict[str, Any] = {"url": receiver.url, "count": "5000", "rate": "50"}
    place = press(client, "series", **fields).headers["Location"]
    assert "Stop</button>" in client.get(place).text
    client.post(f"{place}/stop")
    assert "Stopped: " in wait_for_end(client, place)
    assert len(receiver.requests) < 5000


@pytest.mark.parametrize("count", ["0", "100001", "x", "1e30"])
def test_a_series_is_bounded(client: FlaskClient, receiver: Receiver, count: str) -> None:
    assert press(client, "series", url=receiver.url, count=count).status_code == 400
    assert receiver.connections == 0


def test_only_so_many_series_run_at_once(
    client: FlaskClient, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.series, "_max_running", 0)
    answer = press(client, "series", url=receiver.url, count="5")
    assert answer.status_code == 503
    assert 'data-code="too_many_series"' in answer.text


def test_ones_own_large_ticket_travels_with_the_form(client: FlaskClient) -> None:
    text = '{"id": 5, "notes": "%s"}' % ("x" * 900_000)
    page = press(client, "refresh", url="http://127.0.0.1:9/", ticket_text=text)
    assert page.status_code == 200
    assert "data-code" not in page.text


def test_what_was_sent_is_listed_page_by_page_and_forgotten(
    client: FlaskClient, services: Services, receiver: Receiver
) -> None:
    with client.application.app_context():
        press(client, "send", url=receiver.url)
        services.deliveries.add_all([services.deliveries.get(1)] * 101)
    beside_the_form = client.get("/emitter").text
    assert len(re.findall('class="delivery-line"', beside_the_form)) == 12
    first = client.get("/emitter/deliveries").text
    assert len(re.findall('class="delivery-line"', first)) == 100
    older = re.search(r'href="(/emitter/deliveries\?before=\d+)"', first)
    assert older is not None
    rest = client.get(older[1], headers=HTMX).text
    assert re.findall(r'href="/emitter/deliveries/(\d+)"', rest) == ["2", "1"]
    assert "hx-get" not in rest  # An older page does not become the newest.
    assert "Delete all deliveries?" in client.get("/emitter/deliveries/clear").text
    client.post("/emitter/deliveries/clear")
    assert "Nothing sent yet" in client.get("/emitter/deliveries").text


def test_a_delivery_to_our_own_bin_leads_there(client: FlaskClient, services: Services) -> None:
    with client.application.app_context():
        press(client, "send", url="http://localhost/orders/x")
        press(client, "send", url="http://localhost/nobody")
    assert 'href="/bins/orders"' in client.get("/emitter/deliveries/1").text
    assert 'href="/bins/nobody"' not in client.get("/emitter/deliveries/2").text


def test_a_replay_has_nothing_to_edit(client: FlaskClient, receiver: Receiver) -> None:
    client.post("/orders", data=b"\0")
    client.post("/api/v1/bins/orders/requests/1-1/replay", json={"url": receiver.url})
    page = client.get("/emitter/deliveries/1").text
    assert '<a class="button" href="/bins/orders/requests/1-1/replay">Change and send</a>' in page
    assert client.get("/emitter?again=1").status_code == 400


def test_a_tree_shows_only_so_many_leaves_and_names_what_a_path_can() -> None:
    tree = build_ticket_tree({"ticket": {"a.b": "1", "c]": "2", "": "3", "list": ["x", "y"]}})
    (ticket,) = tree.nodes
    assert [(node.label, node.path) for node in ticket.children] == [
        ("a.b", "ticket[a.b]"), ("c]", None), ("", None), ("list", "ticket.list"),
    ]  # fmt: skip
    assert [node.path for node in ticket.children[3].children] == ["ticket.list.0", "ticket.list.1"]
    large = build_ticket_tree({"ticket": {str(number): "" for number in range(1_234)}})
    assert len(large.nodes[0].children) == 1_000
    assert large.hidden == 234


def test_bytes_that_are_no_text_are_dumped() -> None:
    assert show_bytes(b"\xff").hex.startswith("00000000  ff")
    assert show_bytes(b"a\0b").text is None
    assert show_bytes("é".encode()).text == "é"


COMPOSITIONS = [
    Composition(WebhookAction(url="http://h/")),
    Composition(
        WebhookAction(
            url="http://h/{{ ticket.id }}",
            name="é",
            source="macro",
            method="DELETE",
            headers=(("A", "1"), ("A", "2")),
            custom_data=(("a", "1"), ("b", "line\nline")),
        ),
        TicketChoice("sla-failure", '{"id": 1}\n', (make_change("ticket.a", None),)),
    ),
    Composition(WebhookAction(url="http://h/", custom_data="")),
    Composition(
        WebhookAction(
            url="http://h/",
            options=DeliveryOptions(
                timeout_s=60.0, connect_timeout_s=2.0, first_byte_timeout_s=3.0, retries=2
            ),
        )
    ),
    Composition(
        WebhookAction(
            url="http://h/",
            options=DeliveryOptions(
                timeout_s=0.1234567891, connect_timeout_s=0.1 + 0.2, basic_auth=("a", "b:c")
            ),
        )
    ),
]


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_a_form_means_what_it_was_made_from(composition: Composition) -> None:
    assert make_draft(composition).compose().to_json()[0]["headers"] == [
        list(pair) for pair in composition.action.headers
    ]
    assert make_draft(composition).compose() == composition


TIMEOUTS = {"timeout_s": 60.0, "connect_timeout_s": 2.0, "first_byte_timeout_s": 3.0}


def test_an_actions_timeouts_survive_the_page_and_sending_it(
    client: FlaskClient, receiver: Receiver
) -> None:
    action = {"url": receiver.url, "options": TIMEOUTS}
    body = {"action": {**action, "name": "Slow"}}
    saved = client.post("/api/v1/actions", json=body).json or {}
    sent = client.post(f"/emitter/actions/{saved['id']}/send", headers=HTMX)
    assert sent.status_code == 200
    page = client.get(f"/emitter?action={saved['id']}").text
    fields: dict[str, Any] = {
        name: read_fields(page, name)[0] for name in (*TIMEOUTS, "url", "name")
    }
    assert press(client, "save", action_id=saved["id"], **fields).status_code == 303
    (line,) = client.get("/api/v1/deliveries").json or []
    for place in (f"/api/v1/deliveries/{line['id']}", f"/api/v1/actions/{saved['id']}"):
        options = (client.get(place).json or {})["action"]["options"]
        assert {name: options[name] for name in TIMEOUTS} == TIMEOUTS


CREDENTIALS: dict[str, Any] = {
    "user": "ann",
    "password": "s3cret",
    "header_name": ["X-Api-Key", "{{ 'Cookie' }}", "X-Seen"],
    "header_value": ["s3cret", "sid=s3cret", "seen"],
}


def read_form(page: str) -> dict[str, Any]:
    """What the browser would send back of the page's form."""
    names = ("url", "user", "password", "origin", "action_id", "header_name", "header_value")
    return {name: read_fields(page, name) for name in names}


@pytest.mark.slow
def test_no_page_shows_what_proves_who_sends_and_it_is_sent_again(
    client: FlaskClient, receiver: Receiver
) -> None:
    url = receiver.url.replace("//", "//user:S3C@RET@")
    press(client, "send", url=url, **CREDENTIALS)
    press(client, "save", url=url, **CREDENTIALS)
    press(client, "series", url=url, count="2", **CREDENTIALS)
    series = re.findall(r"/emitter/series/([^\"]+)", client.get("/emitter").text)[0]
    for place in ("?again=1", "?action=1", f"?series={series}"):
        page = client.get(f"/emitter{place}").text
        assert "s3cret" not in page
        assert "S3C" not in page
        assert "czNjcmV0" not in page  # in base64
        form = read_form(page)
        assert form["password"] == ["***"]
        before = len(receiver.requests)
        preview = client.post("/emitter/preview", data={**FIELDS, **form}).text
        assert "Authorization: Basic ***" in preview
        assert press(client, "send", **form).status_code == 303
        assert receiver.requests[before:] == receiver.requests[:1]
    form = read_form(client.get("/emitter?action=1").text)
    assert press(client, "save", **form).status_code == 303
    kept = client.get("/api/v1/actions/1?credentials=true").json or {}
    assert kept["action"]["options"]["basic_auth"] == ["ann", "s3cret"]
    assert kept["action"]["url"] == url


def test_a_hidden_password_that_is_not_kept_any_more_is_asked_for(client: FlaskClient) -> None:
    press(client, "send", url="http://127.0.0.1:1/", **CREDENTIALS)
    form = read_form(client.get("/emitter?again=1").text)
    client.post("/emitter/deliveries/clear")
    answer = press(client, "send", **form)
    assert answer.status_code == 400
    assert "Enter it again." in answer.text


def test_nothing_was_sent_where_nothing_answered_the_connection(client: FlaskClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
    shown = press(client, "send", htmx=True, url=url).text
    assert "What was sent" not in shown
    assert 'What would have been sent <span class="count">0 of ' in shown
    assert "<td>no answer</td>" in shown
    press(client, "send", url=url)
    compared = client.get("/emitter/compare?a=1&b=2").text
    assert compared.count("no answer</span> <small>Nothing listens at") == 2
    assert "connection_refused" not in shown + compared


def test_what_could_not_be_stored_was_sent_all_the_same(
    client: FlaskClient, services: Services, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_delivery: object) -> None:
        raise StorageUnavailableError("The disk is full.", 1)

    monkeypatch.setattr(services.deliveries, "add", refuse)
    answer = press(client, "send", url=receiver.url)
    assert answer.status_code == 303
    shown = client.get(answer.headers["Location"])
    assert shown.status_code == 200
    assert "It could not be stored" in shown.text
    assert "200 OK" in shown.text
    assert "/emitter/deliveries/0" not in shown.text
    assert "It could not be stored" in press(client, "send", htmx=True, url=receiver.url).text
    assert len(receiver.requests) == 2


def test_a_list_that_is_set_has_a_row_for_each_entry() -> None:
    change = make_change("ticket.labels", ["a", {"b": "c"}])
    before = Composition(WebhookAction(url="http://h/"), TicketChoice(changes=(change,)))
    after = make_draft(before).compose()
    assert after.make_context() == before.make_context()


def test_a_form_with_anything_in_it_is_read() -> None:
    assert read_draft(MultiDict([("leaf_path", "x"), ("do", "y"), ("name", "\0")])).name == "\0"


def test_a_captured_json_is_changed_with_its_numbers_as_they_were_sent(client: FlaskClient) -> None:
    client.post("/orders", data=b'{"a": 1.50, "b": 1e400}', content_type="application/json")
    page = unescape(client.get("/emitter?from=orders/1-1").text)
    assert '\n{"a": 1.50, "b": 1e400}</textarea>' in page
    loaded = press(client, "load", url="http://h.test/", ticket_from="orders/1-1").text
    assert '"a": 1.50,\n  "b": 1e400\n' in unescape(loaded)
