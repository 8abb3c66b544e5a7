"""Static files: found in both layouts, named by content, and third-party ones exactly as known."""

from hashlib import sha256
from pathlib import Path

import pytest

from inspector import assets

CHECKOUT = Path(__file__).resolve().parent.parent

VENDORED = {
    "htmx-2.min.js": "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de",
    "hx-sse-2.min.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}


@pytest.fixture
def static(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A static folder of the test's own, inside a package folder of the test's own."""
    package = tmp_path / "checkout" / "inspector"
    (package / "static").mkdir(parents=True)
    monkeypatch.setattr(assets, "__file__", str(package / "assets.py"))
    assets.asset_url.cache_clear()
    return package / "static"


def test_vendored_files_are_the_ones_we_know() -> None:
    folder = assets.find_folder("static") / "vendor"
    found = {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert found == VENDORED


def test_a_checkout_has_its_folders_at_the_top_level() -> None:
    assert assets.find_folder("static") == CHECKOUT / "static"
    assert assets.find_folder("templates") == CHECKOUT / "templates"


def test_the_packages_own_folder_comes_first(static: Path) -> None:
    (static.parent.parent / "static").mkdir()
    assert assets.find_folder("static") == static


def test_a_missing_folder_is_said_with_its_place(static: Path) -> None:
    with pytest.raises(FileNotFoundError, match="install Inspector again"):
        assets.find_folder("templates")


def test_the_url_changes_with_the_content_and_only_with_it(static: Path) -> None:
    (static / "a.css").write_bytes(b"a { }")
    first = assets.asset_url("a.css")
    assert first == "/static/a.css?v=" + sha256(b"a { }").hexdigest()[:8]

    (static / "a.css").write_bytes(b"a{}")
    assert assets.asset_url("a.css") == first, "read once in a process"
    assets.asset_url.cache_clear()
    assert assets.asset_url("a.css") != first


def test_a_file_in_a_folder_keeps_its_path() -> None:
    assert assets.asset_url("vendor/htmx-2.min.js") == "/static/vendor/htmx-2.min.js?v=71ea6718"


@pytest.mark.parametrize("name", ["missing.css", "", "..", "../assets.py", "/etc/passwd"])
def test_what_is_no_static_file_has_no_url(name: str, static: Path) -> None:
    (static.parent / "assets.py").touch()
    with pytest.raises(ValueError, match="no static file"):
        assets.asset_url(name)
