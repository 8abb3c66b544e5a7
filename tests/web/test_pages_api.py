"""The API's page says what the API's description says."""

from __future__ import annotations

import re
import shlex
from html import unescape

from flask.testing import FlaskClient


def test_each_call_is_shown_with_what_it_takes(client: FlaskClient) -> None:
    described = client.get("/api/v1/openapi.json").get_json()
    answer = client.get("/api")
    assert answer.status_code == 200
    for path, operations in described["paths"].items():
        assert path in answer.text
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in answer.text
            for parameter in operation.get("parameters", ()):
                assert f"<code>{parameter['name']}</code>" in answer.text
    for bounds in (
        "default 10; 0 to 300",
        "default 50; 1 to 500",
        "default jsonl",
        "1 to 1,000,000",
    ):
        assert bounds in answer.text


def test_what_is_below_the_api_and_no_call_is_an_error_in_json(client: FlaskClient) -> None:
    answer = client.get("/api/nothing")
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (404, "not_found")


def test_each_call_has_a_curl_line_that_it_understands(client: FlaskClient) -> None:
    """Sent as it stands: what is missing is a thing to be found, never something in the call."""
    client.post("/api/v1/bins", json={"name": "orders"})
    client.post("/orders", json={"n": 1})
    client.post("/orders", json={"n": 2})
    page = client.get("/api").text
    calls = page.count('<article class="card api-call"')
    lines = [unescape(line) for line in re.findall(r"<pre><code>(curl .*?)</code></pre>", page)]
    assert len(lines) == calls > 40
    for line in sorted(lines, key=lambda line: "DELETE" in line):
        if "@requests.har" in line or line.endswith(("/events", "/wait", "/send --json '{}'")):
            continue
        words = shlex.split(line)[1:]
        method = words[words.index("-X") + 1] if "-X" in words else None
        url = next(word for word in words if word.startswith("http"))
        body = words[words.index("--json") + 1] if "--json" in words else None
        answer = client.open(
            url.replace("http://localhost", ""),
            method=method or ("POST" if body else "GET"),
            data=body,
            content_type="application/json" if body else None,
        )
        assert answer.status_code < 400 or answer.status_code in (404, 409), (line, answer.text)
