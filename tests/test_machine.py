"""The machinery around the tests: skips that CI does not accept, and a database server."""

import pytest
from sqlalchemy import create_engine, text

from tests.machine import skip_without
from tests.postgresql import make_database


def test_a_missing_program_skips_and_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="sudo apt-get install chromium"):
        skip_without("Chromium", "chromium")


def test_with_ci_set_a_missing_program_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="sudo apt-get install chromium"):
        skip_without("Chromium", "chromium")


def test_each_database_is_empty_and_gone_afterwards(postgresql_url: str) -> None:
    names = "SELECT datname FROM pg_database WHERE datname LIKE 'test_%'"
    admin = create_engine(postgresql_url)
    with admin.connect() as connection:
        others = set(connection.scalars(text(names)))
    with make_database(postgresql_url) as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (i int)"))
            assert set(connection.scalars(text(names))) - others == {engine.url.database}
        # The engine keeps its connection open: dropping the database ends it.
    with admin.connect() as connection:
        assert set(connection.scalars(text(names))) == others
    engine.dispose()
    admin.dispose()
