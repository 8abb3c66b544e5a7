"""Webhooks of some fifty senders, and bodies of other formats: told, titled, laid out, found."""

from __future__ import annotations

import json
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from inspector.domain.content import import_zstd
from tests.domain.webhooks import WEBHOOKS, Webhook

SOAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>
<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><Notification><Id>04l</Id>
<sObject><sf:Name xmlns:sf="urn:sobject">Acme</sf:Name></sObject></Notification></notifications>
</soapenv:Body></soapenv:Envelope>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xmlns:yt="urn:videos">
<entry><yt:videoId>VIDEO</yt:videoId><title>A film</title></entry></feed>"""
QUERY = (
    b'{"query": "query Film($id: ID!) {\\n  film(id: $id) { title }\\n}", "variables": {"id": 1}}'
)


class Other(NamedTuple):
    """A body, the language of its layout, and a search that finds it by a field or a word."""

    kind: str
    body: bytes
    language: str
    search: str
    coding: str = ""


OTHERS = [
    Other("text/xml", SOAP, "XML", '["soapenv:Envelope"]["soapenv:Body"].notifications'
          '.Notification.sObject["sf:Name"]["#text"]=Acme'),
    Other("application/atom+xml", ATOM, "XML", "feed.entry.title:film"),
    Other("application/json", QUERY, "GraphQL", "variables.id=1"),
    Other("application/x-ndjson", b'{"a":1}\n{"a":2}\n', "JSON lines", "[].a=2"),
    Other("text/html", b"<!doctype html><p>Hello reader", "HTML", "reader"),
    Other("text/csv", b"id;name\n1;Ann\n", "CSV", "ann"),
    Other("application/yaml", b"on: push\njobs: [build]\n", "YAML", "build"),
    Other("application/json", import_zstd().compress(b'{"packed":"tight"}'), "JSON", "packed=tight",
          "zstd"),
]  # fmt: skip


def show(client: FlaskClient, number: int) -> str:
    page: str = client.get(f"/bins/orders/requests/1-{number}").text
    return page


def find(client: FlaskClient, query: str) -> list[int]:
    answer = client.get("/api/v1/bins/orders/requests", query_string={"q": query, "limit": 500})
    return [each["number"] for each in answer.json or []]


def send(client: FlaskClient, webhook: Webhook) -> None:
    kind = "application/x-www-form-urlencoded" if webhook.is_form else "application/json"
    body = urlencode(webhook.body) if webhook.is_form else json.dumps(webhook.body)
    headers = {"Content-Type": kind} | webhook.headers
    assert client.post("/orders", data=body, headers=headers).status_code == 200


@pytest.mark.slow
def test_webhooks_of_each_sender_are_told_titled_laid_out_and_found(client: FlaskClient) -> None:
    for webhook in WEBHOOKS:
        send(client, webhook)
    rows = client.get("/bins/orders?limit=500").text
    for number, webhook in enumerate(WEBHOOKS, 1):
        page = show(client, number)
        name = webhook.sender
        assert str(escape(name)) in page, name
        assert number in find(client, f'sender:"{name}"'), name
        if webhook.event:
            assert str(escape(webhook.event[:80])) in page, name
            assert number in find(client, f'event:"{webhook.event}"'), name
        if webhook.delivery:
            assert number in find(client, f'delivery:"{webhook.delivery}"'), name
        if not webhook.is_form:
            assert "JSON, laid out" in page, name
            assert '<span class="c-key">' in page, name
        is_told = webhook.title != "POST /hooks"  # A row has the path in another place.
        if is_told and number > len(WEBHOOKS) - 40:  # in the list's first piece
            assert str(escape(webhook.title)) in rows, name


def test_bodies_of_other_formats_are_laid_out_and_found(client: FlaskClient) -> None:
    for other in OTHERS:
        headers = {"Content-Type": other.kind, "Content-Encoding": other.coding}
        client.post("/orders", data=other.body, headers=headers)
    for number, other in enumerate(OTHERS, 1):
        page = show(client, number)
        assert f"{other.language}, laid out" in page or f"<h4>{other.language}</h4>" in page
        assert find(client, other.search) == [number], other.search
