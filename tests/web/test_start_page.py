"""The start page costs the same however much its bins hold."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event


def test_the_start_page_counts_no_requests(app: Flask, client: FlaskClient) -> None:
    for name in ("desk", "shop"):
        client.post("/api/v1/bins", json={"name": name})
        for _ in range(3):
            assert client.post(f"/{name}", data="a=1").status_code == 200
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(" ".join(statement.split()))

    engine = app.extensions["inspector"].engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        page = client.get("/")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert page.status_code == 200
    about_requests = [each for each in asked if re.search(r"\bFROM requests\b", each)]
    # The newest of each bin, by its key.
    assert len(about_requests) == 2
    for each in about_requests:
        assert "count(" not in each.lower()
        assert "LIMIT" in each
        assert "requests.bin_id = " in each
