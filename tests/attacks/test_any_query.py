"""A query string of any bytes at every page and call: never an error of ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from inspector.app import create_app
from inspector.settings import Settings
from tests.clients import ReadingClient

QUERIES = ("q=\x80&before=\x80&after=\xff&limit=\xe5(", "\x80", "q=Jos\xc3\xa9\xc3")


@pytest.mark.parametrize("query", QUERIES)
def test_bytes_that_are_no_text_are_no_error_of_ours(tmp_path: Path, query: str) -> None:
    app: Flask = create_app(Settings(data_dir=tmp_path, bins=("b1",)))
    app.test_client_class = ReadingClient
    client = app.test_client()
    client.post("/b1", data={"a": "1"})
    values = {"name": "b1", "bin_name": "b1", "request_id": "1", "number": 1}
    statuses = {}
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()) or rule.rule.endswith(("/events", "/stream", "/wait")):
            continue
        asked = {argument: values.get(argument, 1) for argument in rule.arguments}
        _, path = rule.build(asked) or ("", "/")
        for method in ("GET", "DELETE"):
            response = client.open(path, method=method, environ_overrides={"QUERY_STRING": query})
            statuses[method, path] = response.status_code
    app.extensions["inspector"].close()
    assert len(statuses) > 50
    assert {each: status for each, status in statuses.items() if status >= 500} == {}
