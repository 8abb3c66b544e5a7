"""The API's page says what the API's description says."""

from __future__ import annotations

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
