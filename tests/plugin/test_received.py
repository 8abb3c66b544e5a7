"""A received request has each field of the API's JSON as an attribute."""

from __future__ import annotations

import inspect
from typing import get_type_hints

import pytest
import requests

from inspector.testing import ReceivedRequest, WebhookBin
from inspector.testing.attributes import CapturedField, JsonField
from inspector.web.api.request_json import RequestJson

# Written only where somebody asked for columns.
FIELDS = sorted(get_type_hints(RequestJson).keys() - {"columns"})
# Those that a test gets in another shape than the JSON's.
IN_ANOTHER_SHAPE = {"body", "headers", "parts"}
PLAIN = {
    name: field
    for name, field in inspect.getmembers(ReceivedRequest)
    if isinstance(field, JsonField | CapturedField)
}


@pytest.fixture
def received(webhook_bin: WebhookBin) -> ReceivedRequest:
    requests.post(webhook_bin.url_for("/a%20b?x=1"), data={"a[b]": "c\xe9"}, timeout=10)
    return webhook_bin.wait()


def test_no_field_is_missing_or_another(received: ReceivedRequest) -> None:
    told = received.to_json()
    assert sorted(told) == FIELDS
    for name in FIELDS:
        value = getattr(received, name)
        assert name in IN_ANOTHER_SHAPE or value == told[name], name


def test_an_attribute_cannot_be_set(received: ReceivedRequest) -> None:
    for name in PLAIN:
        with pytest.raises(AttributeError, match=name):
            setattr(received, name, "something else")
    assert received.method == "POST"


def test_help_says_what_an_attribute_means() -> None:
    assert len(PLAIN) > 30
    assert ReceivedRequest.form.__doc__ == "The form as PHP nests it, None when the body is none."


def test_an_attribute_of_the_capture_makes_no_json(received: ReceivedRequest) -> None:
    assert (received.method, received.number, received.sub_path) == ("POST", 1, "/a%20b")
    assert "_json" not in received.__dict__
    assert received.form == {"a": {"b": "c\xe9"}}
    assert "_json" in received.__dict__
