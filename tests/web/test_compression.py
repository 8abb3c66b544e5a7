"""What is compressed on its way, and what never is."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
from flask.testing import FlaskClient

GZIP = {"Accept-Encoding": "gzip, deflate"}
# Names a page's own scripts, anew for each page.
NONCE = re.compile(rb'nonce="[^"]+"')


@pytest.mark.parametrize("path", ["/", "/static/components.css", "/api/v1/openapi.json"])
def test_the_same_comes_smaller_when_asked_for(client: FlaskClient, path: str) -> None:
    plain, small = client.get(path), client.get(path, headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert NONCE.sub(b"", gzip.decompress(small.data)) == NONCE.sub(b"", plain.data)
    assert int(small.headers["Content-Length"]) == len(small.data) < len(plain.data) / 2
    assert "Accept-Encoding" in plain.headers["Vary"]
    assert "Accept-Encoding" in small.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/static/components.css", "/api/v1/openapi.json"])
def test_brotli_is_smaller_still(client: FlaskClient, path: str) -> None:
    asked = {"Accept-Encoding": "gzip, deflate, br, zstd"}
    plain = client.get(path)
    by_gzip = client.get(path, headers=GZIP)
    for _ in range(2):  # of a file the second is kept
        small = client.get(path, headers=asked)
        assert small.headers["Content-Encoding"] == "br"
        assert NONCE.sub(b"", brotli.decompress(small.data)) == NONCE.sub(b"", plain.data)
        assert int(small.headers["Content-Length"]) == len(small.data) < len(by_gzip.data)
    refused = client.get(path, headers={"Accept-Encoding": "br;q=0, gzip"})
    assert refused.headers["Content-Encoding"] == "gzip"


def test_a_cached_file_is_known_again(client: FlaskClient) -> None:
    first = client.get("/static/components.css", headers=GZIP)
    again = {**GZIP, "If-None-Match": first.headers["ETag"]}
    assert first.headers["ETag"].startswith("W/")
    assert client.get("/static/components.css", headers=again).status_code == 304


def test_captured_bytes_and_answers_to_captures_stay_as_they_are(client: FlaskClient) -> None:
    body = b"x" * 5_000
    answer = client.post("/orders", data=body, headers=GZIP)
    download = client.get("/api/v1/bins/orders/requests/1-1/body", headers=GZIP)
    assert download.data == body
    for each in (answer, download):
        assert "Content-Encoding" not in each.headers
        assert "Vary" not in each.headers


def test_head_is_what_get_would_say(client: FlaskClient) -> None:
    path = "/api/v1/openapi.json"
    get, head = client.get(path, headers=GZIP), client.head(path, headers=GZIP)
    assert head.data == b""
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


def test_small_answers_and_clients_that_refuse_get_them_plain(client: FlaskClient) -> None:
    assert "Content-Encoding" not in client.get("/readyz", headers=GZIP).headers
    refusing = {"Accept-Encoding": "gzip;q=0"}
    assert "Content-Encoding" not in client.get("/", headers=refusing).headers
