"""A body's section: laid out or as it was sent, with all of it to copy."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient

ORDER = b'<a b="1"><c>x</c><script>alert(1)</script></a>'


def show(client: FlaskClient, query: str = "") -> str:
    page: str = client.get(f"/bins/orders/requests/1-1{query}").text
    return page


def find_body(page: str) -> str:
    return page[page.index('<details id="body"') :].partition("</details>")[0]


def test_a_body_is_laid_out_in_colours_or_as_sent(client: FlaskClient) -> None:
    client.post("/orders", data=b'{"a":[1,"<b>"]}', content_type="application/json")
    laid_out = find_body(show(client))
    assert '<span class="c-key">"a"</span>: [\n    <span class="c-num">1</span>' in laid_out
    assert '<span class="c-str">"&lt;b&gt;"</span>' in laid_out
    assert "JSON, laid out" in laid_out
    assert " open" not in laid_out.partition(">")[0]
    sent = find_body(show(client, "?body=sent"))
    assert "{&#34;a&#34;:[1,&#34;&lt;b&gt;&#34;]}" in sent
    assert "?body=laid-out#body" in sent
    assert " open" in sent.partition(">")[0]


def test_nothing_of_markup_is_markup_in_the_page(client: FlaskClient) -> None:
    client.post("/orders", data=ORDER, content_type="text/html")
    body = find_body(show(client))
    assert "HTML, laid out" in body
    assert "<script>alert" not in body
    assert "style=" not in body
    assert '<span class="c-tag">&lt;script</span>' in body


def test_all_of_a_body_is_there_to_copy(client: FlaskClient) -> None:
    client.post("/orders", data=ORDER, content_type="application/xml")
    sent = client.get("/bins/orders/requests/1-1/text")
    assert sent.data == ORDER
    assert sent.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in sent.headers["Content-Security-Policy"]
    assert sent.mimetype == "text/plain"
    laid_out = client.get("/bins/orders/requests/1-1/text?body=laid-out")
    assert laid_out.text == '<a b="1">\n  <c>x</c>\n  <script>alert(1)</script>\n</a>'
    client.post("/orders", data=b"\xff\x00" * 50, content_type="image/png")
    assert client.get("/bins/orders/requests/1-2/text").status_code == 404


def test_a_table_and_the_json_of_a_part_are_laid_out(client: FlaskClient) -> None:
    client.post("/orders", data=b"id,name\n1,<i>\n", content_type="text/csv")
    assert "<th>id</th><th>name</th></tr>" in show(client)
    assert "<td>1</td><td>&lt;i&gt;</td>" in show(client)
    part = b'--b\r\nContent-Disposition: form-data; name="j"\r\nContent-Type: application/json\r\n'
    client.post(
        "/orders",
        data=part + b'\r\n{"k":1}\r\n--b--',
        content_type="multipart/form-data; boundary=b",
    )
    page = client.get("/bins/orders/requests/1-2").text
    assert '<span class="c-key">"k"</span>: <span class="c-num">1</span>' in page


@pytest.mark.parametrize("body", [b'{"a":', b"\xff\x00", b"plain"])
def test_a_body_without_a_layout_has_no_choice(client: FlaskClient, body: bytes) -> None:
    client.post("/orders", data=body, content_type="application/json")
    assert "?body=" not in find_body(show(client))


def test_a_body_longer_than_a_page_says_so(client: FlaskClient) -> None:
    client.post("/orders", data=b"[" + b"1," * 60_000 + b"1]", content_type="application/json")
    assert "Only the beginning is laid out" in show(client)


def test_binary_formats_and_xml_are_trees_that_say_how_they_are_read(client: FlaskClient) -> None:
    client.post("/orders", data=b"\x12\x07testing\x08\x96\x01", content_type="application/protobuf")
    page = show(client)
    assert "names are field numbers" in page
    assert 'field?path=2">2</a>' in page
    assert "<span>testing</span>" in page
    client.post("/orders", data=ORDER, content_type="application/xml")
    page = client.get("/bins/orders/requests/1-2").text
    assert "<code>@name</code> is an attribute" in page
    assert ">@b</a>" in page
    client.post(
        "/orders", data=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', content_type="text/xml"
    )
    assert "never resolved" in client.get("/bins/orders/requests/1-3").text


def test_no_key_of_the_page_does_two_things(client: FlaskClient) -> None:
    client.post("/orders", data=ORDER, content_type="application/xml")
    keys = re.findall(r'data-key="([a-z])"', show(client, "?body=laid-out"))
    assert sorted(keys) == sorted(set(keys))
    assert "b" in keys
