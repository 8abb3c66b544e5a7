"""A form as its receiver sees it: the page's switch, the bin's memory, the API's ``as``."""

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DEEP = b"t[a][b][c][d][e][f]=deep&x=1&x=2"


def get_json(client: FlaskClient, path: str) -> Any:
    return client.get(path).json


def send(client: FlaskClient, body: bytes, content_type: str = FORM["Content-Type"]) -> str:
    """The path of the request that was captured."""
    assert client.post("/orders", data=body, content_type=content_type).status_code == 200
    (found, *_) = get_json(client, "/api/v1/bins/orders/requests?limit=1")
    return f"/bins/orders/requests/{found['id']}"


def read_switch(page: str) -> str:
    (pressed,) = re.findall(r'value="(\w+)"[^>]*aria-pressed="true"', page)
    return str(pressed)


def test_the_switch_shows_differences_and_the_bin_remembers_it(client: FlaskClient) -> None:
    path = send(client, DEEP)
    assert read_switch(client.get(path).text) == "php"
    assert "tree-differences" not in client.get(path).text
    moved = client.post(f"{path}/receiver", data={"receiver": "qs"})
    assert (moved.status_code, moved.headers["Location"]) == (303, path)
    page = client.get(path).text
    assert read_switch(page) == "qs"
    assert "qs cuts 1 path, puts 1 field elsewhere and keeps 1 field that PHP loses." in page
    assert "t.a.b.c.d.e.f for PHP" in page
    assert "qs reads 5 levels of brackets" in page
    assert get_json(client, "/api/v1/bins/orders")["receiver"] == "qs"


@pytest.mark.parametrize(
    ("receiver", "name"),
    [
        ("php", "$_POST[&#39;t&#39;][&#39;a&#39;]"),
        ("rack", "params[:t][:a]"),
        ("express", "req.body.t.a"),
        ("qs", "req.body.t.a"),
    ],
)
def test_copied_names_follow_the_receiver(client: FlaskClient, receiver: str, name: str) -> None:
    path = send(client, b"t[a]=1")
    page = client.get(f"{path}?as={receiver}").text
    assert read_switch(page) == receiver
    (href,) = set(re.findall(r'href="([^"]*/field\?(?:as=\w+&amp;)?path=t\.a[^"]*)"', page))
    assert ("as=" in href) is (receiver != "php")
    assert name in client.get(href.replace("&amp;", "&")).text


def test_flat_names_are_named_for_three_frameworks(client: FlaskClient) -> None:
    path = send(client, b"t[a]=1")
    page = client.get(f"{path}?as=flat").text
    (href,) = set(re.findall(r'href="([^"]*/field\?(?:as=\w+&amp;)?path=[^"]*\.0[^"]*)"', page))
    field = client.get(href.replace("&amp;", "&")).text
    for name in ('request.form["t[a]"]', 'request.POST.getlist("t[a]")[0]', 'r.Form.Get("t[a]")'):
        assert name.replace('"', "&#34;") in field


def test_a_refusal_is_said_above_the_tree(client: FlaskClient) -> None:
    page = client.get(f"{send(client, b'a=1&a[b]=2')}?as=rack").text
    assert re.search(r'class="tree-refusal"[^>]*>Rack raises ParameterTypeError', page)
    assert "PHP loses" not in page


def test_lost_fields_are_listed_and_escaped(client: FlaskClient) -> None:
    body = b"&" * 1000 + b"%3Cscript%3E=1"
    page = client.get(f"{send(client, body)}?as=qs").text
    assert "Lost: 1 field<" in page
    assert "<code>&lt;script&gt;</code>" in page
    assert "<script>" not in page.partition('id="tree"')[2]


def test_as_sent_are_the_pairs_in_wire_order(client: FlaskClient) -> None:
    page = client.get(f"{send(client, b'b[x]=1&a=2&b[y]=3')}?as=sent").text
    tree = page.partition('class="tree-list"')[2].partition("</section>")[0]
    assert re.findall(r">([ab][^<]*)</a>", tree) == ["b[x]", "a", "b[y]"]


def test_json_and_odd_receivers_leave_the_page_as_it_is(client: FlaskClient) -> None:
    page = client.get(f"{send(client, b'{}', 'application/json')}?as=qs").text
    assert "tree-receivers" not in page
    path = send(client, b"a=1")
    assert read_switch(client.get(f"{path}?as=%3Cperl%3E").text) == "php"
    client.post(f"{path}/receiver", data={"receiver": "perl"})
    assert get_json(client, "/api/v1/bins/orders")["receiver"] == "php"


def test_the_api_gives_form_notes_and_refusal_as_a_receiver(client: FlaskClient) -> None:
    path = f"/api/v1{send(client, DEEP)}"
    php, qs = get_json(client, path), get_json(client, f"{path}?as=qs")
    assert php["form"] != qs["form"]
    assert qs["form"]["x"] == ["1", "2"]
    assert [note["code"] for note in qs["form_notes"]] == ["nesting_cut", "name_repeated"]
    assert (php["form_refusal"], qs["form_refusal"]) == (None, None)
    refused = get_json(client, f"/api/v1{send(client, b'a=1&a[b]=2')}?as=rack")
    assert refused["form"] == {}
    assert "answer 400 Bad Request" in refused["form_refusal"]
    lines = client.get("/api/v1/bins/orders/export?as=flat").text.splitlines()
    assert json.loads(lines[-1])["form"] == {"a": ["1"], "a[b]": ["2"]}
    unknown = client.get(f"{path}?as=perl")
    assert (unknown.status_code, "invalid_as" in unknown.text) == (400, True)


def test_the_api_changes_the_receiver_of_a_bin(client: FlaskClient) -> None:
    changed = client.patch("/api/v1/bins/orders", json={"receiver": "express"})
    assert changed.status_code == 200
    assert get_json(client, "/api/v1/bins/orders")["receiver"] == "express"
    assert client.patch("/api/v1/bins/orders", json={"receiver": "perl"}).status_code == 400
    path = send(client, b"a=1")
    assert read_switch(client.get(path).text) == "express"
