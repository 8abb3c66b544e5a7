"""Searching a bin in its page, as a browser without JavaScript does, and as htmx does."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.reading.captures import FORM_TYPE, SAMPLE_BODY

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>\u202e"


def send(client: FlaskClient, body: str | bytes, path: str = "") -> None:
    answer = client.post(f"/orders{path}", data=body, content_type=FORM_TYPE)
    assert answer.status_code == 200


def get(client: FlaskClient, query: str, path: str = "", **headers: str) -> str:
    answer = client.get(f"/bins/orders{path}?q={quote(query)}", headers=headers)
    assert answer.status_code == 200
    return answer.text


def list_numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="r(\d+)"', page)]


def find_steps(page: str) -> dict[str, str]:
    return dict(re.findall(r'id="step-([jk])"[^>]*? href="([^"]*)"', page))


@pytest.fixture
def tickets(client: FlaskClient) -> FlaskClient:
    """Ten tickets; the agent of every third is Troy."""
    for number in range(1, 11):
        agent = "Troy" if number % 3 == 0 else "Annie"
        send(client, f"ticket[id]={number}&ticket[agent][name]={agent}+B")
    return client


def test_a_row_says_why_it_is_there(tickets: FlaskClient) -> None:
    page = get(tickets, "troy")
    assert list_numbers(page) == [9, 6, 3]
    why = "<code><bdi>ticket.agent.name</bdi></code> <bdi><mark>Troy</mark> B</bdi>"
    assert page.count(why) == 3


def test_without_a_search_rows_give_no_reasons(tickets: FlaskClient) -> None:
    assert "row-why" not in get(tickets, "")


def test_what_matched_is_never_markup(client: FlaskClient) -> None:
    send(client, f"{quote(HOSTILE)}={quote('needle ' + HOSTILE)}")
    page = get(client, "needle")
    assert list_numbers(page) == [1]
    assert "<img src=x" not in page
    assert "\u202e" not in page


def test_older_and_newer_are_those_of_the_search(tickets: FlaskClient) -> None:
    at = "/bins/orders/requests/1-{}?q=troy".format
    assert find_steps(get(tickets, "troy", "/requests/1-6")) == {"j": at(3), "k": at(9)}
    assert find_steps(get(tickets, "troy", "/requests/1-9")) == {"j": at(6)}
    between = find_steps(get(tickets, "troy", "/requests/1-4", **HTMX))
    assert between == {"j": at(3), "k": at(6)}


def test_a_wrong_query_is_explained_and_the_list_stays(tickets: FlaskClient) -> None:
    page = unescape(get(tickets, 'subject "open'))
    assert "double quote is not closed" in page
    assert 'aria-invalid="true"' in page
    assert list_numbers(page) == list(range(10, 0, -1))
    assert "?q=" not in page.partition('id="rows"')[2].partition("</ol>")[0]


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("agent.name:Troy", "ticket.agent.name:Troy"),
        ("ticket.agnet.name:troy", "ticket.agent.name:troy"),
        ("has:agent", "has:ticket.agent"),
    ],
)
def test_a_name_that_no_field_has_is_put_right(
    tickets: FlaskClient, query: str, meant: str
) -> None:
    page = get(tickets, query)
    assert list_numbers(page) == []
    assert "Nothing found" in page
    assert f'href="/bins/orders?q={quote(meant)}"' in page
    assert list_numbers(get(tickets, meant))


def test_examples_are_made_of_what_the_bin_holds(client: FlaskClient) -> None:
    send(client, SAMPLE_BODY)
    help_text = get(client, "").partition('class="search-help"')[2].partition("</details>")[0]
    links = [unescape(each) for each in re.findall(r'<a href="([^"]+)"', help_text)]
    assert [link.partition("?q=")[2] for link in links[:2]] == [
        "hierarchy",
        quote('ticket.agent.display_name_real="Annie Edison"'),
    ]
    own = links[:3]
    for link in own:
        assert list_numbers(client.get(link).text) == [1], link


def test_an_empty_bin_has_examples_too(client: FlaskClient) -> None:
    assert "ticket.agent.id=3" in get(client, "")


def test_news_of_a_search_are_its_matches_and_how_far_was_looked(tickets: FlaskClient) -> None:
    news = tickets.get("/bins/orders?q=troy&after=1-3", headers=HTMX)
    assert list_numbers(news.text) == [9, 6]
    assert "row-why" in news.text
    assert news.headers["Inspector-Newest"] == "1-10"
    nothing = tickets.get("/bins/orders?q=troy&after=1-9", headers=HTMX)
    assert (nothing.status_code, nothing.headers["Inspector-Newest"]) == (204, "1-10")


def test_a_full_page_of_matches_goes_on_below(client: FlaskClient) -> None:
    for number in range(1, 53):
        send(client, f"n={number}&word=needle")
    page = get(client, "needle")
    assert len(list_numbers(page)) == 50
    older = re.search(r'href="([^"]+before=[^"]+)"', page)
    assert older is not None
    assert "Older matches" in page
    assert list_numbers(client.get(unescape(older[1])).text) == [2, 1]


def test_a_search_out_of_time_says_how_far_it_came(
    tickets: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.storage.search.search.STEP", 4)
    search = app.extensions["inspector"].search
    find = search.find
    monkeypatch.setattr(search, "find", lambda *args, **kwargs: find(*args, **kwargs, time_s=0))
    page = get(tickets, "ticket.id=1")
    assert "Searched back to #7." in page
    assert "Search further" in page
    assert "Nothing found" not in page.partition('class="list-empty"')[0]


def test_a_search_goes_on_by_itself_until_a_page_is_full(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 121):
        send(client, f"n={number}")
    monkeypatch.setattr("inspector.storage.search.search.STEP", 30)
    search = app.extensions["inspector"].search
    find, search._time_s = search.find, 60
    monkeypatch.setattr(search, "find", lambda *args, **kwargs: find(*args, **kwargs, time_s=0))
    page = get(client, "n!=0")
    found = []
    while more := re.search(r'<a class="button quiet" href="([^"]+)"[^>]*hx-trigger="load', page):
        page = client.get(unescape(more[1]), headers={"HX-Request": "true"}).text
        found += list_numbers(page)
        assert 'id="list-title" hx-swap-oob="true">Found' in page
    assert found == list(range(90, 60, -1))
    # All others were counted, though they are not shown.
    assert '<span data-count="120">120</span> of 120' in page
    assert "Search further" in page


def test_a_field_leads_to_the_requests_that_have_it(tickets: FlaskClient) -> None:
    menu = tickets.get("/bins/orders/requests/1-6/field?path=ticket.agent.name", headers=HTMX).text
    links = [unescape(each) for each in re.findall(r'href="(/bins/orders\?q=[^"]+)"', menu)]
    found = [list_numbers(tickets.get(link).text) for link in links]
    assert found == [[9, 6, 3], list(range(10, 0, -1))]


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ("agent:3", "ticket.agent.id=3"),
        ("status:awaiting_agent", "ticket.status=awaiting_agent"),
        ("agent=3", "ticket.agent.id=3"),
        ("agnet:3", "ticket.agent.id=3"),
        ("agnet.id=3", "ticket.agent.id=3"),
        ("statsu:awaiting_agent", "ticket.status=awaiting_agent"),
        ("subject:printer", "ticket.subject:printer"),
        ("method:POST agent:3 status:a", "method:POST ticket.agent.id=3 ticket.status:a"),
    ],
)
def test_a_search_by_a_short_name_is_answered_by_one_that_works(
    client: FlaskClient, query: str, meant: str
) -> None:
    send(
        client,
        "ticket[id]=1&ticket[agent][id]=3&ticket[status]=awaiting_agent&ticket[subject]=A+printer",
    )
    send(client, "ticket[id]=2&ticket[agent][id]=5&ticket[status]=resolved")
    page = get(client, query)
    offered = re.findall(r'href="/bins/orders\?q=([^"]*)"><code>', page)
    assert unquote(offered[0]) == meant
    for each in offered:
        assert list_numbers(get(client, unquote(each))) == [1]
    client.post("/bins", data={"name": "newer"})
    client.post("/newer", data={"ticket[agent][agentgroup_ids][]": "3"})
    everywhere = client.get("/", query_string={"q": query}).text
    assert set(offered) <= set(re.findall(r'href="/\?q=([^"]*)"><code>', everywhere))


def test_a_short_name_with_a_value_that_no_request_has_gets_no_search_that_finds_nothing(
    client: FlaskClient,
) -> None:
    send(client, "ticket[agent][id]=3")
    page = get(client, "agent:99")
    assert "There is no filter agent:" in page
    assert "Did you mean" not in page


def test_matches_are_counted_beyond_the_page_or_estimated(
    client: FlaskClient, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 241):
        send(client, f"n={number % 2}")
    search = app.extensions["inspector"].search
    count, search._time_s = search.count, 60
    assert ">120</span> of 240" in get(client, "n=1")
    monkeypatch.setattr(search, "count", lambda *args, **kwargs: count(*args, **kwargs, time_s=0))
    # The newest hundred fill the page, and one step of fifty is always counted.
    assert ">about 120</span> of 240" in get(client, "n=1")
    monkeypatch.setattr("inspector.web.pages.request_list.LEAST_FOR_ESTIMATE", 90)
    assert ">75+</span> of 240" in get(client, "n=1")


def test_suggestions_name_what_a_bin_has(tickets: FlaskClient) -> None:
    page = tickets.get("/bins/orders/suggestions", query_string={"q": "is:ticket agent:troy"}).text
    assert 'role="option"' in page
    assert "<code>ticket.agent.name=&#34;Troy B&#34;</code>" in page
    assert 'data-query="is:ticket ticket.agent.name=&#34;Troy B&#34;"' in page
    assert tickets.get("/bins/none/suggestions?q=a").status_code == 404
    assert (
        tickets.get("/bins/orders/suggestions", query_string={"q": "<" * 2000}).text.strip() == ""
    )


def test_hostile_values_are_only_text_in_suggestions(client: FlaskClient) -> None:
    client.post("/orders", json={"a<b>": '<script>alert("x")</script>', "agent": "'\"><i>&amp;"})
    for typed in ("a", "agent:", "script", "i", "b"):
        page = client.get("/bins/orders/suggestions", query_string={"q": typed}).text
        assert "<script" not in page
        assert "<i>" not in page
        assert "<b>" not in page


def test_a_query_being_typed_changes_nothing_until_it_is_one(tickets: FlaskClient) -> None:
    htmx = {"HX-Request": "true"}
    query = {"q": "metod:P", "typed": "1"}
    assert tickets.get("/bins/orders", query_string=query, headers=htmx).status_code == 204
    found = tickets.get("/bins/orders", query_string={"q": '"vip', "typed": "1"}, headers=htmx)
    assert 'id="list"' in found.text
    assert "typed" not in found.text


@pytest.mark.parametrize("zone", ["", "No/Such", "../../etc/passwd", "\xff", "a" * 500])
def test_a_zone_that_is_none_is_utc(tickets: FlaskClient, zone: str) -> None:
    tickets.set_cookie("zone", zone)
    page = get(tickets, "after:2001-01-01T00:00")
    assert "without a zone are UTC" in page
