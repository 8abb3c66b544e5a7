"""The description is valid, says what is there, and cannot say anything else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

Document = dict[str, Any]


@pytest.fixture
def document(client: FlaskClient) -> Document:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert isinstance(answer.json, dict)
    return answer.json


def test_every_route_below_the_prefix_is_described(app: Flask, document: Document) -> None:
    routed = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/v1/") and method not in ("HEAD", "OPTIONS")
    }
    prefix = document["servers"][0]["url"]
    described = {
        (prefix + path, method) for path, calls in document["paths"].items() for method in calls
    }
    assert routed == described


def test_every_schema_is_one(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert {"BinJson", "RequestJson", "ErrorJson"} <= schemas.keys()
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


def test_everything_referred_to_is_there(document: Document) -> None:
    referred = set(re.findall(r"#/components/schemas/(\w+)", str(document)))
    assert referred == document["components"]["schemas"].keys()


def test_every_call_says_what_it_is_and_has_a_name_of_its_own(document: Document) -> None:
    calls = [call for path in document["paths"].values() for call in path.values()]
    assert len({call["operationId"] for call in calls}) == len(calls)
    for call in calls:
        assert call["summary"].endswith(".")
        for parameter in call.get("parameters", ()):
            assert parameter["description"], (call["operationId"], parameter["name"])


def test_every_field_of_an_answer_is_described(client: FlaskClient, document: Document) -> None:
    client.post("/orders", data=b"ticket[id]=5&a.b=1&event_type=x")
    made = client.post("/api/v1/bins", json={"private": True}).json
    (request,) = client.get("/api/v1/bins/orders/requests?columns=a").json or []
    error = client.get("/api/v1/bins/none").json
    for name, value in (("BinJson", made), ("RequestJson", request), ("ErrorJson", error)):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        Draft202012Validator(schema).validate(value)
        assert value is not None
        assert value.keys() == document["components"]["schemas"][name]["properties"].keys()
