"""The pages as markup: fragments and wholes, hostile content, bounds."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from urllib3 import encode_multipart_formdata
from werkzeug.test import TestResponse

from inspector.web.pages.request_list import ROWS, render_rows

SAMPLE_TSV = Path(__file__).parents[1] / "forms" / "data" / "ticket_sample.tsv"
DISPOSITION = b"Content-Disposition: form-data"
HTMX = {"HX-Request": "true"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def capture(client: FlaskClient, count: int = 1, path: str = "/orders", **how: object) -> None:
    for _ in range(count):
        client.post(path, **how)


def show(client: FlaskClient, number: int = 1, **how: object) -> str:
    answer = client.get(f"/bins/orders/requests/1-{number}", **how)
    assert answer.status_code == 200
    return answer.text


def load_json(client: FlaskClient, path: str, **query: str) -> Any:
    return json.loads(client.get(f"/api/v1/bins/orders/{path}", query_string=query).data)


def row_numbers(answer: TestResponse) -> list[int]:
    return [int(number) for number in re.findall(r'data-number="(\d+)"', answer.text)]


@pytest.mark.parametrize("path", ["/bins/orders", "/bins/orders/requests/1-1"])
def test_one_url_is_a_page_and_a_fragment_of_it(client: FlaskClient, path: str) -> None:
    capture(client)
    page, fragment = client.get(path), client.get(path, headers=HTMX)
    assert "<!doctype html>" in page.text
    assert "<html" not in fragment.text
    body = re.sub(r"<title>.*</title>\n?", "", fragment.text).strip()
    assert body in page.text or 'id="list"' in body
    assert "HX-Request" in page.headers["Vary"]
    assert page.headers["Vary"] == fragment.headers["Vary"]


def test_a_row_says_which_ticket_it_is_from_a_form_and_from_json(client: FlaskClient) -> None:
    ticket = {"id": 5, "subject": "Hierarchy"}
    capture(client, json={"ticket": ticket, "event_type": "update"})
    capture(
        client, data={"ticket[id]": "5", "ticket[subject]": "Hierarchy", "event_type": "update"}
    )
    rows = re.findall(r'row-title">(.*?)<.*?row-facts">(.*?)</span> *</span>', _one_line(client))
    assert len(rows) == 2
    facts = "<span>ticket 5</span> <span>update</span> <span>Deskpro</span> <span>"
    assert set(rows) == {("Hierarchy", f"{facts}69 B"), ("Hierarchy", f"{facts}64 B")}


def _one_line(client: FlaskClient) -> str:
    return re.sub(r"\s+", " ", client.get("/bins/orders").text)


@pytest.mark.parametrize("header", ["HX-Boosted", "HX-History-Restore-Request"])
def test_boosted_and_restored_pages_are_whole(client: FlaskClient, header: str) -> None:
    assert "<!doctype html>" in client.get("/bins/orders", headers={**HTMX, header: "true"}).text


def test_a_page_has_the_newest_and_a_way_to_the_older(client: FlaskClient) -> None:
    capture(client, ROWS + 3)
    first = client.get("/bins/orders")
    assert row_numbers(first) == list(range(ROWS + 3, 3, -1))
    assert "?before=1-4" in first.text
    second = client.get("/bins/orders?before=1-4")
    assert row_numbers(second) == [3, 2, 1]
    assert "?before=" not in second.text
    assert "sse-connect" in first.text
    assert "sse-connect" not in second.text


def test_news_come_as_rows_none_or_too_many(client: FlaskClient) -> None:
    capture(client, 3)
    answer = client.get("/bins/orders?after=1-1", headers=HTMX)
    assert row_numbers(answer) == [3, 2]
    assert 'id="list"' not in answer.text
    assert client.get("/bins/orders?after=1-3", headers=HTMX).status_code == 204
    capture(client, ROWS)
    assert client.get("/bins/orders?after=1-1", headers=HTMX).status_code == 205


@pytest.mark.parametrize("number", [1, 30, ROWS + 10, ROWS * 2])
def test_a_shared_link_has_its_row_in_the_list(client: FlaskClient, number: int) -> None:
    capture(client, ROWS * 2)
    answer = client.get(f"/bins/orders/requests/1-{number}")
    assert number in row_numbers(answer)
    assert answer.text.count('aria-current="true"') == 1


def test_a_position_that_is_none_is_explained(client: FlaskClient) -> None:
    answer = client.get("/bins/orders?before=2-1")
    assert answer.status_code == 404
    assert "There is no request 2-1 in this bin" in answer.text


def test_rows_need_no_request_and_come_newest_first(app: Flask, client: FlaskClient) -> None:
    capture(client, 2)
    services = app.extensions["inspector"]
    with app.app_context():
        bin_ = services.bins.get("orders")
        requests = services.requests.load_after(bin_, 0, limit=9)
        assert [request.number for request in requests] == [1, 2]
        markup = render_rows(bin_, requests)
    assert re.findall(r'id="r(\d)"', markup) == ["2", "1"]


HOSTILE = "<img src=x onerror=alert(1)>\u202e\x1b[31m\x00\"'`"


def test_nothing_captured_becomes_markup(client: FlaskClient) -> None:
    quoted = "".join(f"%{byte:02X}" for byte in HOSTILE.encode())
    body = f"ticket[subject]={quoted}&{quoted}={quoted}&custom_data={quoted}&event_type={quoted}"
    client.post(
        f"/orders/%3Cscript%3E?q={quoted}",
        data=body,
        headers={**FORM, "X-Evil": "<script>alert(1)</script>", "Cookie": "<b>=<i>"},
    )
    for page in (show(client), client.get("/bins/orders").text, client.get("/").text):
        assert "<img src=x" not in page
        assert "<script>" not in page
        assert not re.search("[\u202e\x00\x1b]", page)
    assert "&lt;img src=x onerror=alert(1)&gt;" in show(client)


def test_bytes_that_are_no_text_break_no_page(client: FlaskClient) -> None:
    client.post("/orders/%ff?%fe=%fd", data=b"ticket[subject]=%ff%fe\xff&%c3=%28", headers=FORM)
    assert r"\xff" in show(client)
    assert client.get("/bins/orders").status_code == 200


def test_a_pair_that_was_lost_is_shown_and_marked(client: FlaskClient) -> None:
    client.post("/orders", data=b"a=1&a=2&[x]=3", headers=FORM)
    page = show(client)
    assert page.count("<tr data-lost>") == 2
    assert "replaced by a later pair" in page
    assert "dropped by PHP" in page


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"ticket[id]=1", "not sent"),
        (b"ticket[id]=1&custom_data=", "sent, empty"),
        (b"ticket[id]=1&custom_data=hello", "<bdi>hello</bdi>"),
        (b"ticket[id]=1&custom_data[a]=1&custom_data[b]=2", "2 entries"),
    ],
    ids=["absent", "empty", "text", "named"],
)
def test_custom_data_says_what_became_of_it(client: FlaskClient, body: bytes, said: str) -> None:
    client.post("/orders", data=body, headers=FORM)
    assert re.search(r"<code>custom_data</code>:\s*(<i[^>]*>)?" + re.escape(said), show(client))


def test_a_word_of_a_megabyte_is_cut_and_can_be_had(client: FlaskClient) -> None:
    client.post("/orders", data=b"a=" + b"x" * 1_000_000, headers=FORM)
    page = show(client)
    assert len(page) < 150_000
    assert "1,000,000 characters in all" in page
    assert "/api/v1/bins/orders/requests/1-1/body" in page


def test_a_long_path_is_whole_above_the_headers(client: FlaskClient) -> None:
    path = "/orders/" + "x" * 900
    capture(client, path=f"{path}?a=%20b")
    headers = show(client).partition('id="headers"')[2]
    assert f"POST {path}?a=%20b HTTP/1.1" in headers


def test_a_search_names_its_page(client: FlaskClient) -> None:
    page = client.get("/bins/orders?q=method:POST").text
    title = "<title>method:POST · orders · Inspector</title>"
    assert title in page
    assert title in client.get("/bins/orders?q=method:POST", headers=HTMX).text


def test_a_crowd_of_pairs_is_bounded_and_counted(client: FlaskClient) -> None:
    client.post("/orders", data=b"a=b&" * 20_000, headers=FORM)
    page = show(client)
    assert len(page) < 1_000_000
    assert "18,500 further pairs are not shown" in page


def test_a_binary_body_is_shown_in_hex(client: FlaskClient) -> None:
    client.post("/orders", data=b"\x00\x01ABC" + bytes(100_000), content_type="image/png")
    page = show(client)
    assert "00000000  00 01 41 42 43 00" in page
    assert "|..ABC..........." in page
    assert "The first 4,096 of 100,005 bytes are shown" in page


def test_a_coded_body_is_shown_decoded_and_as_sent(client: FlaskClient) -> None:
    client.post(
        "/orders",
        data=gzip.compress(b"hello inside"),
        headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"},
    )
    page = show(client)
    assert "Decoded from gzip" in page
    assert "hello inside" in page
    assert "00000000  1f 8b" in page


def test_a_coding_that_does_not_fit_is_said(client: FlaskClient) -> None:
    client.post("/orders", data=b"plain", headers={"Content-Encoding": "gzip"})
    assert "The body is not gzip" in show(client)


def test_parts_are_listed_and_downloaded_never_shown(client: FlaskClient) -> None:
    boundary = "b0"
    body = (
        b"--b0\r\nContent-Disposition: form-data; name=page; "
        b'filename="../evil \xe2\x80\xae.html"\r\nContent-Type: text/html\r\n\r\n'
        b"<script>alert(1)</script>\r\n--b0--"
    )
    client.post("/orders", data=body, content_type=f"multipart/form-data; boundary={boundary}")
    assert "&lt;script&gt;alert(1)" in show(client)
    part = client.get("/bins/orders/requests/1-1/parts/0")
    assert part.data == b"<script>alert(1)</script>"
    assert part.mimetype == "application/octet-stream"
    assert part.headers["Content-Disposition"] == 'attachment; filename="evil_.html"'
    assert client.get("/bins/orders/requests/1-1/parts/1").status_code == 404


def test_a_ticket_in_parts_is_a_ticket_with_its_files_beside_it(client: FlaskClient) -> None:
    with SAMPLE_TSV.open(encoding="utf-8") as lines:
        fields = dict(line.rstrip("\n").split("\t") for line in lines)
    file = ("note.txt", b"the note's own text", "text/plain")
    body, content_type = encode_multipart_formdata({**fields, "ticket[attachments][]": file})
    client.post("/orders", data=body, content_type=content_type)
    client.post("/orders", data=fields)
    in_parts, urlencoded = (load_json(client, f"requests/1-{number}") for number in (1, 2))
    assert in_parts["content_type"].startswith("multipart/form-data")
    for key in ("form", "form_data", "form_notes", "ticket", "person_context", "event"):
        assert in_parts[key] == urlencoded[key], key
    page = show(client)
    assert "Hierarchy problem" in page
    assert page.count('class="part"') == 1, "fields are among the fields, not among the parts"
    assert "note.txt" in page
    for query in ("is:ticket", "is:form", 'ticket.agent.display_name_real="Annie Edison"'):
        found = load_json(client, "requests", q=query)
        assert [each["number"] for each in found] == [2, 1], query
    assert [each["number"] for each in load_json(client, "requests", q="note's own")] == [1]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=B", b"--B\r\n%s\r\n\r\nx\r\n" % DISPOSITION),
        ("multipart/form-data; boundary=B ; x", b""),
    ],
    ids=["after a part without a name", "with a blank in the boundary"],
)
def test_a_field_that_php_leaves_is_shown_and_found(
    client: FlaskClient, content_type: str, body: bytes
) -> None:
    body += b'--B\r\n%s; name="a"\r\n\r\nlost\r\n--B--\r\n' % DISPOSITION
    client.post("/orders", data=body, content_type=content_type)
    parts = show(client).partition('<details id="parts"')[2].partition("</details>")[0]
    assert "lost" in parts
    assert len(load_json(client, "requests", q="lost")) == 1


def test_a_body_without_its_boundary_is_found_by_its_text(client: FlaskClient) -> None:
    for content_type in ("multipart/form-data", "multipart/form-data; boundary=B"):
        client.post("/orders", data=b"what was lost", content_type=content_type)
    assert len(load_json(client, "requests", q="was lost")) == 2


def test_a_broken_json_body_says_where_it_breaks(client: FlaskClient) -> None:
    body = b'{"subject": "<b>",\n "id" 5}'
    client.post("/orders", data=body, content_type="application/json")
    (note,) = load_json(client, "requests/1-1")["json_notes"]
    assert (note["code"], note["line"], note["column"]) == ("broken", 2, 7)
    page = show(client)
    assert escape(note["message"]) in page
    assert page.index(escape(note["message"])) < page.index('id="headers"'), "it is told first"


def test_numbers_are_shown_and_given_out_with_the_digits_they_had(client: FlaskClient) -> None:
    sent = '{"price": 1.50, "list": [1E2, -0, 12345678901234567890.10], "far": 1e400, "a": "é"}'
    client.post("/orders", data=sent.encode(), content_type="application/json")
    page = show(client)
    for number in ("1.50", "1E2", "-0", "12345678901234567890.10", "1e400"):
        assert f'<span data-kind="number">{number}</span>' in page
    field = client.get("/bins/orders/requests/1-1/field?path=list").text
    assert "[\n  1E2,\n  -0,\n  12345678901234567890.10\n]" in field
    written = f',"json":{sent.replace(" ", "")}'
    for path in ("requests", "requests/1-1", "requests/wait?after=0", "export?format=jsonl"):
        answer = client.get(f"/api/v1/bins/orders/{path}").text
        assert written in answer, path
        (found,) = loaded if isinstance(loaded := json.loads(answer), list) else [loaded]
        assert found["json"]["price"] == 1.5
    assert "1.50,1E2,-0,12345678901234567890.10,1e400" in client.get(
        "/api/v1/bins/orders/export?format=csv"
    ).text.replace("'", "")


def test_a_name_that_is_there_twice_is_told_beside_the_tree(client: FlaskClient) -> None:
    body = b'{"ticket": {"id": 5, "id": 6}}'
    client.post("/orders", data=body, content_type="application/json")
    (note,) = load_json(client, "requests/1-1")["json_notes"]
    assert (note["code"], note["name"], note["line"]) == ("key_repeated", "ticket.id", None)
    assert "<code>ticket.id</code> The name is there 2 times" in show(client)


def test_a_bin_that_is_not_there_is_made_from_its_page(client: FlaskClient) -> None:
    page = client.get("/bins/no-such")
    assert page.status_code == 404
    assert 'name="name" value="no-such"' in page.text
    assert client.post("/bins", data={"name": "no-such"}).location == "/bins/no-such"
    assert client.get("/bins/no-such").status_code == 200
    for path in ("/bins/N%22o", "/bins/no-such/requests/9-9", "/nowhere/at/all"):
        assert "Create this bin" not in client.get(path).text, path


def test_a_sender_to_a_bin_that_is_not_there_is_told_how_to_make_it(client: FlaskClient) -> None:
    answer = client.post("/nobody/hook")
    assert answer.status_code == 404
    assert answer.text == (
        "There is no bin named nobody. To make it: inspector bins create nobody\n"
    )


def test_headers_and_cookies_are_shown_in_order(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    client.post("/orders", headers=[("X-B", "1"), ("X-A", ""), ("Cookie", "a=1; b; =c")])
    page = show(client)
    assert page.index("X-B") < page.index("X-A")
    assert '<i class="none">empty</i>' in page
    cookies = page[page.index('id="cookies"') : page.index('id="body"')]
    assert re.findall(r'<th scope="row">(.*?)</th>', cookies) == [
        "<bdi>a</bdi>",
        "<bdi>b</bdi>",
        '<i class="none">empty</i>',
    ]


def test_a_missing_bin_and_a_missing_request_are_pages(client: FlaskClient) -> None:
    for path in ("/bins/nowhere", "/bins/orders/requests/1-99", "/bins/orders/requests/x"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "<!doctype html>" in answer.text


def test_deleting_asks_by_get_and_acts_by_post(client: FlaskClient) -> None:
    capture(client, 3)
    assert "Delete request 2?" in client.get("/bins/orders/requests/1-2/delete").text
    assert client.post("/bins/orders/requests/1-2/delete").status_code == 303
    assert row_numbers(client.get("/bins/orders")) == [3, 1]
    assert "Its 2 requests are deleted" in client.get("/bins/orders/clear").text
    assert client.post("/bins/orders/clear").status_code == 303
    assert row_numbers(client.get("/bins/orders")) == []
    assert "It holds no requests." in client.get("/bins/orders/delete").text
    assert client.post("/bins/orders/delete").status_code == 303
    assert client.get("/bins/orders").status_code == 404


def test_a_test_webhook_needs_a_socket_of_ours(client: FlaskClient) -> None:
    answer = client.post("/bins/orders/test")
    assert answer.status_code == 400
    assert "inspector serve" in answer.text


def test_every_page_of_an_error_leads_back(client: FlaskClient) -> None:
    def list_links(path: str, came_from: str = "") -> list[str]:
        page = client.get(path, headers={"Referer": came_from}).text
        return re.findall(
            r'href="([^"]*)"', page.partition('class="ways"')[2].partition("</nav>")[0]
        )

    assert list_links("/bins/orders/requests/9-9") == ["/bins/orders", "/"]
    assert list_links("/bins/no-such/requests/1-1") == ["/"]
    capture(client)
    here = "/bins/orders/requests/1-1"
    for below in ("nope", "parts/9", "field?path=nope"):
        wanted = [here, "/bins/orders", "/"] if below != "nope" else ["/bins/orders", "/"]
        assert list_links(f"{here}/{below}") == wanted
    assert list_links("/bins/orders/nope") == ["/bins/orders", "/"]
    assert list_links("/emitter/nope/x") == ["/emitter", "/emitter/deliveries", "/"]
    for address in ("/bins", "/bins/"):
        assert client.get(address).headers["Location"] == "/"
    assert list_links("/emitter/deliveries/99") == ["/emitter", "/emitter/deliveries", "/"]
    assert list_links("/static/none", "http://localhost/bins/orders?q=a%22") == [
        "/bins/orders?q=a%22",
        "/",
    ]
    for elsewhere in ("http://evil.test/x", "http://localhost//evil.test/x", "javascript:x()"):
        assert list_links("/static/none", elsewhere) == ["/"], elsewhere
    assert "There is nothing at this address." in client.get("/static/none").text


def test_only_so_many_bins_are_shown(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.web.pages.bins.MAX_BINS_SHOWN", 2)
    for name in ("one", "two"):
        client.post("/bins", data={"name": name})
    page = client.get("/").text
    assert "1 older bin is not shown" in page
    assert "orders" not in page


def test_every_attribute_that_would_run_is_absent(client: FlaskClient) -> None:
    """What the Content-Security-Policy would refuse does not occur in the first place."""
    client.post("/orders", data=b"ticket[subject]=x", headers=FORM)
    for page in (client.get("/").text, client.get("/bins/orders").text, show(client)):
        assert not re.search(r"<[^>]*\s(style|on[a-z]+)=", page)
        assert not re.search(r"<script(?![^>]*\ssrc=)", page)
        assert not re.search(r"<style", page)


def test_a_page_with_a_ticket_weighs_little(client: FlaskClient) -> None:
    """Fifty tickets listed, one with 196 fields open, all that a browser fetches, compressed."""
    ticket = (Path(__file__).parents[1] / "reading" / "ticket_sample.body").read_bytes()
    capture(client, ROWS, data=ticket, headers=FORM)
    page = show(client, ROWS)
    assets = set(re.findall(r'(?:src|href)="(/static/[^"?#]+)', page))
    assert len(assets) > 10
    fetched = [page.encode(), *(client.get(path).data for path in assets)]
    assert sum(len(gzip.compress(each, 6)) for each in fetched) < 100_000


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"custom_data": ""}, "sent, empty"),
        ({"custom_data": "vip"}, "vip"),
        ({"custom_data": {"a": 1, "b": 2}}, "2 entries"),
        ({"custom_data": 0}, "0"),
        ({"custom_data": None}, "null"),
        ({}, "not sent"),
    ],
)
def test_custom_data_is_read_from_json_too(
    client: FlaskClient, sent: dict[str, object], said: str
) -> None:
    client.post("/orders", json={"ticket": {"id": 5}, **sent})
    line = re.search(r"<li><code>custom_data</code>: (.*)</li>", show(client))
    assert line is not None
    assert re.sub(r"<[^>]*>", "", line[1]) == said


def test_a_form_without_a_pair_shows_no_fields(client: FlaskClient) -> None:
    client.post("/orders", data=b"", headers=FORM)
    assert 'id="fields"' not in show(client)


def test_a_text_with_an_odd_byte_is_shown_found_and_in_the_api(client: FlaskClient) -> None:
    capture(client, data=b"printer on fire\n" * 9 + b"caf\xe9", content_type="text/plain")
    (listed,) = json.loads(client.get("/api/v1/bins/orders/requests?q=printer").data)
    assert listed["body"].endswith("caf\N{REPLACEMENT CHARACTER}")
    assert 'caf<span class="odd"' in client.get(f"/bins/orders/requests/{listed['id']}").text
    assert "printer on fire" in client.get("/api/v1/bins/orders/export?format=csv").text


def test_all_fields_begin_with_those_that_some_requests_lack(client: FlaskClient) -> None:
    """Those that come together are one entry; the fewer lack them, the earlier."""
    for number in range(6):
        body = {"id": number} | ({"a": 1, "b": 2} if number != 3 else {})
        client.post("/orders", json=body, headers={"X-Odd": "1"} if number % 2 else {})
    page = client.get("/bins/orders/fields").text
    told = re.search('<p class="hint" id="missing">(.*?)</p>', page)
    assert told is not None
    assert re.sub("<[^>]+>", "", told[1]) == (
        "Not in every request: a and 1 more (1 request without),"
        " header:x-odd (3 requests without) all 3"
    )
    address = re.findall(r'href="(/bins/orders\?[^"]+)"', told[1])[0]
    assert row_numbers(client.get(address)) == [4]
    assert 'id="missing"' not in client.get("/bins/orders/fields?path=id").text
