"""The pages that read captures more closely, as a browser without JavaScript gets them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape

from inspector.app import create_app
from inspector.domain import CapturedRequest
from inspector.reading.overview import allowance, big_bins
from inspector.reading.overview.catalogue import Catalogue
from inspector.settings import Settings
from inspector.web.pages.overview import fields
from tests.reading.captures import SAMPLE_BODY

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202e\u0000&#x27;"


def capture(client: FlaskClient, body: str | bytes = "", **headers: str) -> None:
    answer = client.post("/orders", data=body, headers={**FORM, **headers})
    assert answer.status_code == 200


def get_page(client: FlaskClient, path: str, **headers: str) -> str:
    answer = client.get(f"/bins/orders{path}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a bin with two hostile requests, which its tests only look at."""
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("hostile"), bins=("orders",)))
    client = app.test_client()
    for end in "ab":
        form = {
            "v": HOSTILE + end,
            f"ticket[{HOSTILE}]": HOSTILE,
            "ticket[id]": HOSTILE,
            "ticket[subject]": HOSTILE,
            "event_type": HOSTILE,
            "u": f"http://x.example/{HOSTILE}",
            "e": f'a"onclick="alert(1)@example.com{HOSTILE}',
        }
        client.post("/orders", data=form, headers={"X-Odd": "<script>alert(1)</script>"})
    yield client
    app.extensions["inspector"].close()


def show(page: str) -> str:
    """A page's text, tags taken out and white space evened."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


class AttributeParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.update(name for name, _ in attrs)


def list_attributes(page: str) -> set[str]:
    """The names of all attributes of all tags, as a parser finds them."""
    parser = AttributeParser()
    parser.feed(page)
    return parser.names


def test_the_tree_of_a_ticket_is_small_on_the_wire(client: FlaskClient) -> None:
    capture(client, SAMPLE_BODY + b"&custom_data=")
    page = get_page(client, "/requests/1-1")
    assert page.count('href="/bins/orders/requests/1-1/field?path=') > 197
    assert len(gzip.compress(page.encode())) < 20_000


def test_the_filter_works_without_javascript(client: FlaskClient) -> None:
    capture(client, SAMPLE_BODY)
    page = get_page(client, "/requests/1-1?filter=email+boss")
    assert "1 of 196 fields" in show(page)
    assert "<mark>boss</mark>@alllc.example.com" in page
    assert "gravatar_url" not in page.partition('class="tree-list"')[2].partition("</section>")[0]


@pytest.mark.parametrize(("opened", "is_open"), [("all", True), ("none", False)])
def test_the_tree_opens_and_folds_without_javascript(
    client: FlaskClient, opened: str, is_open: bool
) -> None:
    capture(client, SAMPLE_BODY)
    tree = get_page(client, f"/requests/1-1?open={opened}").partition('class="tree-list"')[2]
    details = re.findall(r"<details( open)?>", tree.partition("</section>")[0])
    assert len(details) > 20
    assert set(details) == {" open" if is_open else ""}


def test_a_field_has_a_page_that_names_it_everywhere(client: FlaskClient) -> None:
    capture(client, "ticket[agent][id]=3&ticket%5Bagent%5D%5Bid%5D=4")
    page = get_page(client, "/requests/1-1/field?path=ticket.agent.id")
    text = show(page)
    for name in (
        "ticket[agent][id]",
        "{{ ticket.agent.id }}",
        str(escape('request.form["ticket"]["agent"]["id"]')),
        ".form.ticket.agent.id",
        "ticket[agent][id]=3 replaced by a later one",
        "ticket%5Bagent%5D%5Bid%5D=4",
    ):
        assert name in text
    assert "/bins/orders/fields?path=ticket.agent.id" in page


def test_the_menu_is_a_fragment_of_the_fields_page(client: FlaskClient) -> None:
    capture(client, "a=1")
    answer = client.get("/bins/orders/requests/1-1/field?path=a", headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith("<section")
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "status", "sentence"),
    [
        ("/requests/1-1/field?path=b", 404, "has no field b"),
        ("/requests/1-1/field", 404, "has no field"),
        ("/requests/1-1/field?path=a..b", 400, "no path from character 2 on"),
        ("/requests/1-9/field?path=a", 404, "There is no request"),
        ("/compare", 400, "no request of this bin"),
        ("/compare?a=x", 400, "no request of this bin"),
        ("/compare?a=1-1&b=zz", 400, "no request of this bin"),
        ("/compare?a=99", 404, "There is no request"),
        ("/compare?a=2-1", 400, "no request of this bin"),
        ("/fields?path=nope", 200, "No request has a field nope"),
        ("/fields?path=a..b", 400, "no path from character 2 on"),
        ("/fields?path=header:", 400, "After header: comes a name"),
    ],
)
def test_what_is_not_there_is_said(
    hostile: FlaskClient, path: str, status: int, sentence: str
) -> None:
    answer = hostile.get(f"/bins/orders{path}")
    assert answer.status_code == status
    assert sentence in show(answer.text)


def test_two_requests_are_compared_older_first(client: FlaskClient) -> None:
    capture(client, "a=one+two&gone=11")
    capture(client, "a=one+three&new=1")
    for query in ("a=1-2", "a=1-2&b=1-1", "a=1-1&b=1-2", "a=2&b=1", "a=%232&b=%231"):
        page = get_page(client, f"/compare?{query}")
        assert "one <del>two</del>" in page
        assert "one <ins>three</ins>" in page
        assert "1 changed 1 added 1 removed" in show(page)


def test_the_first_request_has_nothing_before_it(client: FlaskClient) -> None:
    capture(client)
    assert "no earlier request" in get_page(client, "/compare?a=1-1")


def test_the_previous_request_about_the_same_ticket_is_found(client: FlaskClient) -> None:
    for ticket, agent in (("5", "3"), ("6", "4"), ("5", "7")):
        capture(client, f"ticket[id]={ticket}&ticket[agent][id]={agent}")
    page = get_page(client, "/compare?a=3&b=ticket")
    assert 'name="b" value="1"' in page
    assert "<del>3</del>" in page
    assert "no earlier request" in get_page(client, "/compare?a=2&b=ticket")


def test_the_previous_of_a_ticket_is_offered_where_there_is_one_elsewhere(
    client: FlaskClient,
) -> None:
    for ticket in ("5", "6", "5", "5"):
        capture(client, f"ticket[id]={ticket}")
    capture(client, "ticket[id]=%22%5B")
    offers = {n: "Previous of ticket" in get_page(client, f"/compare?a={n}") for n in range(1, 6)}
    assert offers == {1: False, 2: False, 3: True, 4: False, 5: False}
    assert "both about ticket 5" in show(get_page(client, "/compare?a=4"))
    assert "both about" not in show(get_page(client, "/compare?a=3"))


def test_the_history_of_a_field_leads_to_the_requests_that_changed_it(client: FlaskClient) -> None:
    for ticket, agent in (("5", "3"), ("6", "4"), ("5", "7")):
        capture(client, f"ticket[id]={ticket}&ticket[agent][id]={agent}")
    page = get_page(client, "/fields?path=ticket.agent.id")
    assert "Changed within one ticket 1" in show(page)
    assert "compare?a=1-3&amp;b=1-1" in page
    assert "compare?a=1-3&amp;b=1-2" in page


def test_changes_say_in_words_between_which_requests_they_are(client: FlaskClient) -> None:
    capture(client, "a=1")
    capture(client, "a=2")
    assert "counted from each request to the next" in show(get_page(client, "/fields"))
    assert "differs from the request before 1 time;" in show(get_page(client, "/fields?path=a"))
    capture(client, "a=2&ticket[id]=1")
    capture(client, "a=2&ticket[id]=2")
    text = show(get_page(client, "/fields"))
    assert "Changes in a ticket" in text
    assert "counted within one ticket" in text
    text = show(get_page(client, "/fields?path=a"))
    assert "compared with the previous one about the same ticket" in text
    assert "of all tickets" in text


def test_the_catalogue_says_what_came_and_grows_with_the_bin(client: FlaskClient) -> None:
    capture(client, "a=1&b=", **{"X-Deskpro-TicketId": "5"})
    assert "header:x-deskpro-ticketid" in show(get_page(client, "/fields"))
    capture(client, "a=2&c=x")
    text = show(get_page(client, "/fields"))
    assert "in 2 requests, #1 to #2" in text
    assert "a all – 2 1 #2 1 2 #1 #2" in text
    assert "c 1 50 % – 1 1 #2 x #2 #2" in text


def test_the_catalogue_is_made_anew_when_requests_were_deleted(client: FlaskClient) -> None:
    capture(client, "secret=1")
    capture(client, "a=1")
    assert "secret" in get_page(client, "/fields")
    assert client.delete("/api/v1/bins/orders/requests/1-1").status_code == 204
    assert "secret" not in get_page(client, "/fields")
    client.delete("/api/v1/bins/orders/requests")
    assert "No request has come" in get_page(client, "/fields")


def test_a_full_bin_keeps_its_catalogue(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.patch("/api/v1/bins/orders", json={"capacity": 3})
    added: list[int] = []
    add = Catalogue.add

    def note_and_add(catalogue: Catalogue, request: CapturedRequest) -> None:
        added.append(request.number)
        add(catalogue, request)

    monkeypatch.setattr(Catalogue, "add", note_and_add)
    for number in range(1, 9):
        capture(client, f"a={number}")
        get_page(client, "/fields")
    assert added == list(range(1, 9))


def test_the_newest_are_read_and_all_on_request(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(big_bins, "SAMPLE", 3)
    for number in range(1, 6):
        capture(client, f"a={number}")
    for query in ("sort=path", "path=a"):
        page = get_page(client, f"/fields?{query}")
        assert "These are the newest 3 of 5 requests. Read all 5" in show(page)
        link = f"/bins/orders/fields?{query}&read=all"
        assert link in unescape(page)
        for address in (link, f"/bins/orders/fields?{query}"):
            text = show(get_page(client, address.removeprefix("/bins/orders")))
            assert "Read all" not in text
            assert "5 requests" in text


@pytest.fixture
def one_at_a_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look reads one request."""
    monkeypatch.setattr(fields, "TIME_S", -1.0)
    monkeypatch.setattr(allowance, "LEAST_READ", 1)


def test_a_small_bin_is_read_whole_however_slow_the_machine_is(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fields, "TIME_S", -1.0)
    for number in range(1, 5):
        capture(client, f"a{number}=1")
    assert "read so far" not in get_page(client, "/fields")


@pytest.mark.usefixtures("one_at_a_look")
def test_a_long_reading_is_shown_piece_by_piece(client: FlaskClient) -> None:
    for number in range(1, 5):
        capture(client, f"a{number}=1")
    page = get_page(client, "/fields?filter=a")
    assert "1 of 4 requests are read so far" in show(page)
    assert "/bins/orders/fields?filter=a&read=on" in unescape(page)
    asked = {"headers": {"HX-Request": "true"}}
    piece = client.get("/bins/orders/fields?filter=a&read=", **asked)
    assert 'id="reading"' in piece.text
    assert 'value="2" max="4"' in piece.text
    assert "<table" not in piece.text
    assert piece.headers["HX-Retarget"] == "#reading"
    while piece.headers["HX-Retarget"] == "#reading":
        piece = client.get("/bins/orders/fields?filter=a&read=", **asked)
    assert piece.headers["HX-Retarget"] == "#findings"
    assert piece.text.lstrip().startswith('<div id="findings">')
    assert "a4" in piece.text
    assert "read so far" not in piece.text


@pytest.mark.usefixtures("one_at_a_look")
def test_without_javascript_a_reading_goes_on_by_its_link(client: FlaskClient) -> None:
    for number in range(1, 5):
        capture(client, f"a={number}")
    assert "read so far" in get_page(client, "/fields?path=a")
    page = get_page(client, "/fields?path=a&read=on")
    assert "read so far" not in page
    assert "differs from the request before 3 times" in show(page)


@pytest.mark.usefixtures("one_at_a_look")
def test_what_comes_during_a_reading_is_read_too(client: FlaskClient) -> None:
    for number in range(1, 4):
        capture(client, f"a={number}")
    for _ in range(3):
        page = get_page(client, "/fields")
    assert "read so far" not in page
    capture(client, "b=1")
    assert "in 4 requests, #1 to #4" in show(get_page(client, "/fields"))


@pytest.mark.parametrize("kind", ["catalogues", "series_of_fields"])
def test_only_so_much_of_what_was_read_is_kept(app: Flask, client: FlaskClient, kind: str) -> None:
    kept: big_bins.Aggregates[Catalogue] = getattr(app.extensions["inspector"], kind)
    query = "?path=a" if kind == "series_of_fields" else ""
    for number in range(kept.max_kept + 3):
        client.post("/api/v1/bins", json={"name": f"bin-{number}"})
        assert client.get(f"/bins/bin-{number}/fields{query}").status_code == 200
    assert len(kept._kept) == kept.max_kept


def test_the_catalogue_sorts_and_filters_by_links(client: FlaskClient) -> None:
    capture(client, "b=1&a=2")
    capture(client, "a=3")
    page = get_page(client, "/fields?sort=-distinct&filter=a")
    assert 'aria-sort="descending"' in page
    assert "?sort=distinct&amp;filter=a" in page or "?sort=distinct&filter=a" in page
    assert 'value="-distinct"' in page


def test_the_catalogue_narrows_to_what_varies_by_links_that_keep_the_rest(
    client: FlaskClient,
) -> None:
    capture(client, "order[state]=open&order[name]=x&note=1")
    capture(client, "order[state]=done&order[name]=x")
    page = get_page(client, "/fields?filter=order&sort=path")
    assert "All 2 Missing in some 0 With different values 1" in show(page)
    link = "/bins/orders/fields?show=varying&filter=order&sort=path"
    assert link in unescape(page)
    page = get_page(client, link.removeprefix("/bins/orders"))
    table = show(page.partition("<tbody>")[2].partition("</tbody>")[0])
    assert "state" in table
    assert "name" not in table
    assert 'name="show" value="varying"' in page
    assert "sort=-path&show=varying&filter=order" in unescape(page)


def test_a_field_that_some_lack_leads_to_those(client: FlaskClient) -> None:
    for body in ("a=1&b[x%20y]=1", "a=1", "a=1&b[x%20y]=2", "a=1"):
        capture(client, body)
    page = get_page(client, "/fields?show=missing")
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    assert table.count("<tr>") == 1
    link = re.search(r'href="([^"]+)" title="the 2 requests without it"', table)
    assert link is not None
    found = client.get(unescape(link[1])).text
    assert re.findall(r'data-number="(\d+)"', found) == ["4", "2"]


def test_a_request_says_what_it_lacks(client: FlaskClient) -> None:
    for _ in range(3):
        capture(client, "a=1&b<b>=2", **{"X-Kind": "full"})
    capture(client, "a=1")
    page = get_page(client, "/requests/4/lacks")
    assert "no X-Kind ; 3 of 4 had it" in show(page)
    assert "b&lt;b&gt;" in page
    assert "every field" in get_page(client, "/requests/1/lacks")
    assert "/lacks" in get_page(client, "/requests/4")
    assert client.get("/bins/orders/requests/9/lacks").status_code == 404


def test_the_catalogue_says_when_nothing_varies(client: FlaskClient) -> None:
    capture(client, "a=1")
    assert "None of these fields has come with different values" in show(
        get_page(client, "/fields?show=varying")
    )
    page = get_page(client, "/fields?show=varying&filter=nowhere")
    assert "No field has “nowhere”" in show(page)


@pytest.mark.parametrize("by", ["", "?by=method"])
def test_the_timeline_is_a_picture_with_words(client: FlaskClient, by: str) -> None:
    capture(client, "event_type=update%3C%26")
    answer = client.get(f"/bins/orders/timeline.svg{by}")
    assert answer.mimetype == "image/svg+xml"
    picture = ElementTree.fromstring(answer.text)
    names = {child.tag.rpartition("}")[2]: child.text for child in picture}
    assert "Captures over time by" in (names["title"] or "")
    assert ("POST: 1" if by else "update<&: 1") in (names["desc"] or "")


def test_an_empty_bin_has_these_pages_too(client: FlaskClient) -> None:
    page = get_page(client, "/fields")
    assert "No request has come" in page
    assert "<form class=" not in page
    assert "No requests yet" in get_page(client, "/fields?path=a")
    assert "No requests yet" in get_page(client, "/timeline.svg")


class UnmarkedFinder(HTMLParser):
    """Collects texts that name an odd character outside of the mark that sets it apart."""

    def __init__(self) -> None:
        super().__init__()
        self.within: list[str] = []
        self.marked = 0
        self.unmarked: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        is_mark = tag == "span" and ("class", "odd") in attrs
        self.within.append("mark" if is_mark else tag)

    def handle_endtag(self, tag: str) -> None:
        while self.within and self.within.pop() not in {tag, "mark"}:
            pass

    def handle_data(self, data: str) -> None:
        if "[U+" not in data or not self.within:
            return
        if self.within[-1] == "mark":
            self.marked += 1
        elif self.within[-1] not in {"title", "desc", "textarea"}:  # They take no markup.
            self.unmarked.append(data)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "?q=odd",
        "?q=x%E2%80%AE%22",
        "/requests/1-1",
        "/requests/1-1?filter=odd",
        "/requests/1-1?filter=%E2%80%AE%E2%80%8B",
        "/requests/1-2",
        "/requests/1-3",
        "/requests/1-4",
        "/compare?a=1-4",
        "/fields",
        "/fields?by=method",
        "/fields?filter=%E2%80%AE%E2%80%8Bno",
    ],
)
def test_odd_characters_are_marked_wherever_a_stranger_is_quoted(
    odd: FlaskClient, path: str
) -> None:
    finder = UnmarkedFinder()
    finder.feed(get_page(odd, path))
    assert finder.marked
    assert not finder.unmarked


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlaskClient]:
    """A client of a bin whose requests have odd characters wherever they can have them."""
    app = create_app(Settings(data_dir=tmp_path_factory.mktemp("odd"), bins=("orders",)))
    client = app.test_client()
    url, odd = "/orders", "odd\u202e\u200b\ufeff\U000e0041"
    names = {f"a{odd}": odd, f"ticket[{odd}][{odd}]": odd, f"ticket[{odd}][b]": "1"}
    facts = {f"ticket[{name}]": odd for name in ("id", "subject", "status", "ref")}
    facts |= {f"ticket[agent][{name}]": odd for name in ("id", "name", "display_name")}
    client.post(url, data=names | facts | {"event_type": odd, "custom_data": odd})
    data = {f"f{odd}": (BytesIO(b"1"), f"{odd}.png", f"text/x;n={odd}"), f"m{odd}": odd}
    client.post(url, data=data, content_type="multipart/form-data")
    client.post(f"{url}/{quote(odd)}", query_string={odd: odd}, json={odd: {odd: [odd]}})
    head = {f"X-{odd}".encode().decode("latin-1"): odd.encode().decode("latin-1")}
    head["Cookie"] = f"c{odd}=v{odd}".encode().decode("latin-1")
    text = f'{{"l\\ud800": "\\udfff", "{odd}1": 1, "{odd}2": [{{"{odd}": ""}}]}}'
    client.post(url, data=text, headers=head, content_type="application/json")
    yield client
    app.extensions["inspector"].close()


@pytest.mark.parametrize(
    "path",
    [
        "/requests/1-2",
        "/requests/1-2?filter=script",
        "/requests/1-2/field?path=v",
        "/compare?a=1-2",
        "/fields",
        "/fields?filter=%3Cscript%3E",
        "/fields?path=v",
        "/fields?path=%5B%22%3Cscript%3E%22%5D",
        "/timeline.svg",
    ],
)
def test_nothing_captured_is_markup(hostile: FlaskClient, path: str) -> None:
    page = get_page(hostile, path)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\x00" not in page
    names = list_attributes(page)
    assert "href" in names or path.endswith("svg")
    assert not [name for name in names if name == "style" or name.startswith("on")]


ODD = "\u202egnp\u200b\ufeff\U000e0041"


class MarkParser(HTMLParser):
    """Gathers a page's text outside marks, titles and what a person edits."""

    def __init__(self) -> None:
        super().__init__()
        self.unmarked: list[str] = []
        self._inside: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if ("class", "odd") in attrs or tag in ("title", "desc", "textarea"):
            self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside is None and "[U+" in data:
            self.unmarked.append(data)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "?q=gnp",
        "/requests/1-1?open=all",
        "/requests/1-1?filter=gnp",
        "/requests/1-1/field?path=ticket.id",
        "/requests/1-1/field?path=" + quote(f'ticket["n{ODD}"]'),
        "/requests/1-2?open=all",
        "/requests/1-3",
        "/compare?a=1-1&b=1-2",
        "/fields",
        "/fields?path=" + quote(f'ticket["n{ODD}"]'),
        "/fields?path=" + quote(f'query:["q{ODD}"]'),
    ],
)
def test_what_hides_or_turns_text_is_marked_in_names_too(client: FlaskClient, path: str) -> None:
    form = {f"ticket[n{ODD}]": "x", "ticket[id]": "5", "ticket[subject]": ODD, "event_type": ODD}
    form |= {
        f"ticket[agent][{ODD}]": ODD,
        "ticket[agent][name]": ODD,
        "l[]": ODD,
        "e[]": f"{ODD}@a",
    }
    capture(client, f"{urlencode(form)}&bad%ff=%fe&custom_data=")
    client.post(f"/orders/{quote(ODD)}?{quote('q' + ODD)}=1", json={f"k{ODD}": {ODD: [ODD]}})
    client.post("/orders", data={f"f{ODD}": (BytesIO(b"x"), f"name{ODD}.png")})
    page = get_page(client, path)
    assert not set(ODD) - set("gnp") & set(page)
    parser = MarkParser()
    parser.feed(page)
    assert parser.unmarked == []


def test_a_megabyte_in_one_word_stays_small_on_every_page(client: FlaskClient) -> None:
    word = "x" * 1_000_000
    for end in "ab":
        capture(client, f"ticket[{word}]={word}&v={word}{end}&ticket[id]={word}")
    for path in ("/requests/1-2", "/compare?a=2", "/fields", "/fields?path=v"):
        assert len(get_page(client, path)) < 200_000
    assert len(get_page(client, "/requests/1-2/field?path=v")) < 400_000
