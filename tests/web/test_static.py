"""Static files are cached for ever only under the URL that names their content."""

import pytest
from flask.testing import FlaskClient

from inspector.assets import asset_url, find_folder

HTMX = "vendor/htmx-2.min.js"


def test_the_url_with_the_contents_hash_is_cached_for_ever(client: FlaskClient) -> None:
    answer = client.get(asset_url(HTMX))
    assert answer.status_code == 200
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=00000000", "?w=71ea6718"])
def test_any_other_url_of_it_is_asked_for_again(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/static/{HTMX}{query}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"
    again = client.get(answer.request.path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("path", ["missing.css", "../pyproject.toml", "..%2fpyproject.toml", ""])
def test_what_is_no_static_file_is_not_found(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_every_kind_of_file_we_have_is_served_as_what_it_is(client: FlaskClient) -> None:
    static = find_folder("static")
    for path in static.rglob("*.*"):
        answer = client.get(f"/static/{path.relative_to(static).as_posix()}")
        assert answer.data == path.read_bytes()
        assert answer.content_type != "application/octet-stream", path
