"""Each installation's key is its own, and the same for all its instances."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from sqlalchemy import create_engine

from inspector.installation import KEY_BYTES, make_key
from inspector.storage.database.engine import open_database
from inspector.storage.database.urls import check_url
from inspector.storage.installation import ensure_value


def test_keys_are_random_but_for_one_that_an_earlier_version_left(tmp_path: Path) -> None:
    assert len({make_key(tmp_path) for _ in range(3)}) == 3
    (tmp_path / "cookie-key").write_bytes(b"too short")
    assert len(bytes.fromhex(make_key(tmp_path))) == KEY_BYTES
    key = bytes(range(KEY_BYTES))
    (tmp_path / "cookie-key").write_bytes(key)
    assert make_key(tmp_path) == key.hex()


def test_all_who_come_at_once_get_the_same(tmp_path: Path) -> None:
    engine = create_engine(check_url(f"sqlite:///{tmp_path}/i.sqlite3"))
    open_database(engine)

    def load(_number: int) -> str:
        return ensure_value(engine, "key", partial(make_key, tmp_path))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(load, range(32)))) == 1
    engine.dispose()
