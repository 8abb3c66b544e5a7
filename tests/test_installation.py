"""Each installation's key is its own, and nobody else reads it."""

from __future__ import annotations

import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from inspector.errors import InspectorError
from inspector.installation import KEY_BYTES, load_key


def test_the_key_is_made_once_and_stays(tmp_path: Path) -> None:
    key = load_key(tmp_path / "data")
    assert len(key) == KEY_BYTES
    assert load_key(tmp_path / "data") == key
    assert load_key(tmp_path / "other") != key


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    load_key(tmp_path / "data")
    (file,) = (tmp_path / "data").iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_all_who_come_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(load_key, [tmp_path] * 64))) == 1


def test_a_key_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.installation._TRY_AGAIN_S", 0)
    (tmp_path / "cookie-key").write_bytes(b"secret")
    with pytest.raises(InspectorError, match="is no key of ours"):
        load_key(tmp_path)


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(InspectorError, match="cannot be used"):
        load_key(tmp_path / "file" / "data")
