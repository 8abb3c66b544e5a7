"""Fields that were sent and that PHP would not read: said at the top of a page and in the list."""

from __future__ import annotations

import re
from html import unescape

import pytest
from flask.testing import FlaskClient

from inspector.cli.lines import format_request
from inspector.forms.losses import MAX_LOSSES
from tests.reading.captures import FORM_TYPE, SAMPLE_BODY

MANY = "&".join(f"field_{number}=x" for number in range(1_200))


def read_pages(client: FlaskClient, body: str | bytes) -> tuple[str, str]:
    """The list and the page of a request with that body, up to its fields, as text."""
    client.post("/orders", data=body, content_type=FORM_TYPE)
    at = client.get("/api/v1/bins/orders/requests").get_json()[0]["id"]
    page = client.get(f"/bins/orders/requests/{at}", headers={"HX-Request": "true"}).text
    top = page.partition('class="tree-list"')[0]
    row = client.get("/bins/orders").text.partition('<ol id="rows"')[2].partition("</li>")[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", top))), row


@pytest.mark.parametrize("first", ["", "ticket[id]=5&"])
def test_a_subject_and_custom_data_behind_the_thousandth_field_were_sent(
    client: FlaskClient, first: str
) -> None:
    body = f"{first}{MANY}&ticket[subject]=Printer&custom_data=a&ticket[status]=open"
    top, row = read_pages(client, body)
    at = 1_201 + bool(first)
    says = "sent, but PHP would not read it: field {:,} of at most 1,000"
    assert f"subject {says.format(at)}" in top
    assert f"custom_data: {says.format(at + 1)}" in top
    assert "no subject" not in top
    assert "not sent" not in top
    assert f"Status{says.format(at + 2)}" in top
    assert f"{at + 2 - 1_000} lost</span>" in row


@pytest.mark.parametrize(
    ("lost", "name", "reason"),
    [
        ("custom_data=a&custom_data[x]=1", "custom_data", "gives way to another"),
        ("custom_data=a&custom_data=", "custom_data", "gives way to another"),
        ("custom.data=a", "custom.data", "PHP reads the name as “custom_data”"),
        ("custom_data" + "[a]" * 70 + "=1", "custom_data", "levels of brackets"),
        ("ticket[a][=1", "ticket[a][", "ticket"),
        ("_.Host-a=1", "_.Host-a", "no key begin with __Host-"),
        (" x=1", "x", "takes off spaces"),
    ],
)
def test_a_field_lost_otherwise_is_named_with_the_reason(
    client: FlaskClient, lost: str, name: str, reason: str
) -> None:
    top, row = read_pages(client, f"ticket[id]=5&{lost}")
    assert "PHP would not read 1 field under the name sent" in top
    said = top.partition("under the name sent")[2]
    assert name in said
    assert reason in said
    assert "1 lost</span>" in row


def test_custom_data_nested_too_deep_is_not_said_to_be_absent(client: FlaskClient) -> None:
    top, _ = read_pages(client, "ticket[id]=5&custom_data" + "[a]" * 70 + "=1")
    assert "custom_data: sent, but PHP would not read it: There are more than 64 levels" in top


@pytest.mark.parametrize("body", [SAMPLE_BODY, "ticket[id]=5&a[]=1&a[]=2&b-c=&d=%26+.&e"])
def test_a_form_that_php_reads_whole_has_no_losses(client: FlaskClient, body: str | bytes) -> None:
    top, row = read_pages(client, body)
    assert "would not read" not in top
    assert "lost</span>" not in row


def test_the_tree_does_not_call_absent_what_was_sent(client: FlaskClient) -> None:
    client.post("/orders", data=f"ticket[id]=5&{MANY}&custom_data=a", content_type=FORM_TYPE)
    at = client.get("/api/v1/bins/orders/requests").get_json()[0]["id"]
    page = client.get(f"/bins/orders/requests/{at}?filter=&order=").text
    absent = re.findall(r'<li class="absent"><b>(\w+)</b><div><i>([^<]*)', page)
    assert absent == [
        ("person_context", "not sent"),
        ("custom_data", "sent, but PHP would not read it: field 1,202 of at most 1,000"),
    ]


def test_the_api_says_what_the_page_says(client: FlaskClient) -> None:
    client.post(
        "/orders", data=f"{MANY}&ticket[subject]=Printer&custom_data=a", content_type=FORM_TYPE
    )
    client.post("/orders", data=SAMPLE_BODY, content_type=FORM_TYPE)
    whole, found = client.get("/api/v1/bins/orders/requests").get_json()
    assert whole["form_lost"] == []
    assert found["form_lost"][-2:] == [
        {
            "name": name,
            "message": f"sent, but PHP would not read it: field {at} of at most 1,000",
        }
        for name, at in (("ticket[subject]", "1,201"), ("custom_data", "1,202"))
    ]
    assert "  202 lost" in format_request(found)
    assert "lost" not in format_request(whole)


def test_many_lost_fields_are_bounded_in_the_api(client: FlaskClient) -> None:
    client.post("/orders", data="a" * 10 + "&b" * 5_000, content_type=FORM_TYPE)
    (found,) = client.get("/api/v1/bins/orders/requests").get_json()
    assert len(found["form_lost"]) == MAX_LOSSES
    assert f"  {MAX_LOSSES:,} or more lost" in format_request(found)
