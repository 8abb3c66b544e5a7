"""Pictures made small elsewhere, and what other files are."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from base64 import b64encode

import pytest
from flask.testing import FlaskClient
from PIL import Image, PngImagePlugin

from inspector.reading.files import thumbnails

SECRET = b"where it was taken"


def make_picture(kind: str = "PNG", size: tuple[int, int] = (900, 300)) -> bytes:
    made = io.BytesIO()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    options = {"pnginfo": text} if kind == "PNG" else {}
    Image.new("RGB", size, "red").save(made, kind, **options)
    return made.getvalue()


def make_bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it has so many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + chunk(b"IDAT", zlib.compress(bytes(9999)))
        + chunk(b"IEND", b"")
    )


def show(client: FlaskClient, number: int = 1) -> str:
    page: str = client.get(f"/bins/orders/requests/1-{number}").text
    return page


@pytest.mark.process
def test_a_picture_is_written_anew_and_small(client: FlaskClient) -> None:
    sent = make_picture()
    assert SECRET in sent
    client.post("/orders", data=sent, content_type="image/png")
    page = show(client)
    assert "<strong>PNG picture</strong>, 900 × 300 pixels" in page
    assert 'src="/bins/orders/requests/1-1/picture"' in page
    found = client.get("/bins/orders/requests/1-1/picture")
    assert (found.status_code, found.mimetype) == (200, "image/png")
    assert "sandbox" in found.headers["Content-Security-Policy"]
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert SECRET not in found.data
    with Image.open(io.BytesIO(found.data)) as made:
        assert made.size == (640, 213)
        assert made.convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    again = client.get(
        "/bins/orders/requests/1-1/picture", headers={"If-None-Match": found.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.process
def test_a_picture_in_a_part_and_a_damaged_one(client: FlaskClient) -> None:
    files = {
        "a": (io.BytesIO(make_picture("JPEG")), "a.jpg"),
        "b": (io.BytesIO(b"GIF89a\x01"), "b"),
    }
    client.post("/orders", data=files)
    page = show(client)
    assert "JPEG picture" in page
    assert 'src="/bins/orders/requests/1-1/parts/0/picture"' in page
    assert client.get("/bins/orders/requests/1-1/parts/0/picture").data.startswith(b"\x89PNG")
    damaged = client.get("/bins/orders/requests/1-1/parts/1/picture")
    assert damaged.status_code == 404
    assert "damaged" in damaged.text


def test_a_bomb_is_named_and_not_decoded(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.post("/orders", data=make_bomb(60_000, 60_000), content_type="image/png")
    page = show(client)
    assert "60,000 × 60,000 pixels" in page
    assert "too large to be shown" in page
    assert "<img class" not in page
    monkeypatch.setattr(thumbnails, "find_spec", lambda _name: None)
    client.post("/orders", data=make_picture(), content_type="image/png")
    assert "pip install &#39;request-inspector[pictures]&#39;" in show(client, 2)
    assert client.get("/bins/orders/requests/1-2/picture").status_code == 404


def test_what_is_no_picture_has_none(client: FlaskClient) -> None:
    client.post(
        "/orders", data=b"<svg xmlns='http://www.w3.org/2000/svg'/>", content_type="image/svg+xml"
    )
    assert client.get("/bins/orders/requests/1-1/picture").status_code == 404
    assert "<img class" not in show(client)


def test_an_archive_lists_its_entries(client: FlaskClient) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(150):
            archive.writestr(f"word/<b>{number}.xml", "x" * number)
    client.post("/orders", data=made.getvalue(), content_type="application/octet-stream")
    page = show(client)
    assert "<strong>Word document</strong>" in page
    assert "<caption>150 entries</caption>" in page
    assert '<th scope="row">word/&lt;b&gt;7.xml</th><td>7 B</td>' in page
    assert "And 50 more." in page
    found = client.get("/api/v1/bins/orders/requests/1-1").json or {}
    assert (found["file"]["kind"], found["file"]["entry_count"]) == ("Word document", 150)
    assert found["file"]["entries"][7] == {"name": "word/<b>7.xml", "size": 7}


def test_a_text_that_begins_like_a_file_is_none(client: FlaskClient) -> None:
    client.post("/orders", data=b"BMW and MZ", content_type="text/plain")
    client.post("/orders", data={"a": (io.BytesIO(b"%PDF-1.4 x"), "a.pdf")})
    found = client.get("/api/v1/bins/orders/requests").json or []
    assert found[1]["file"] is None
    assert found[0]["parts"][0]["file"]["kind"] == "PDF document"
    assert "BMP" not in show(client)


@pytest.mark.process
@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "data:;charset=x;base64,"])
def test_a_picture_in_base64_is_written_anew_like_any_other(
    client: FlaskClient, prefix: str
) -> None:
    sent = make_picture(size=(900, 300)) + bytes(40_000)  # longer than any short text
    client.post("/orders", json={"a": {"photo": prefix + b64encode(sent).decode()}})
    assert "PNG picture in base64, 900 × 300 pixels" in show(client)
    at = "/bins/orders/requests/1-1/field"
    page = client.get(f"{at}?path=a.photo").text
    assert "<strong>PNG picture</strong>, 900 × 300 pixels" in page
    assert f'src="{at}/picture?path=a.photo"' in page
    found = client.get(f"{at}/picture?path=a.photo")
    assert (found.status_code, found.mimetype) == (200, "image/png")
    assert SECRET not in found.data
    with Image.open(io.BytesIO(found.data)) as made:
        assert made.size == (640, 213)


@pytest.mark.parametrize(
    "text",
    [
        "text",
        "data:image/png;base64,",
        "data:image/svg+xml;base64," + b64encode(b"<svg onload=alert(1)>" * 9).decode(),
        b64encode(b"\x89PNG\r\n\x1a\n").decode() + "!" * 30_000,
        b64encode(b"%PDF-1.7" * 9).decode(),
        b64encode(make_bomb(60_000, 60_000)).decode(),
        "data:" + ";a=b" * 10_000,
        "A" * 100_001,
    ],
)
def test_what_is_no_picture_in_base64_is_none_of_ours(client: FlaskClient, text: str) -> None:
    client.post("/orders", json={"a": text})
    at = "/bins/orders/requests/1-1/field"
    page = client.get(f"{at}?path=a")
    assert page.status_code == 200
    assert 'class="picture"' not in page.text
    assert client.get(f"{at}/picture?path=a").status_code == 404
    assert client.get(f"{at}/picture?path=b").status_code == 404


@pytest.mark.process
def test_a_damaged_picture_in_base64_is_a_sentence(client: FlaskClient) -> None:
    client.post("/orders", json={"a": b64encode(make_picture()[:80]).decode()})
    found = client.get("/bins/orders/requests/1-1/field/picture?path=a")
    assert found.status_code == 404
    assert "damaged" in found.text
