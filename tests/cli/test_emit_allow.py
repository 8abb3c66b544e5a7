"""``serve --emit-allow``: checked before anything starts."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from inspector.cli.serve import command


@pytest.mark.parametrize("value", ["http://x/", "a b", "10.0.0.0/99", ""])
def test_a_value_that_is_no_destination_is_wrong_usage(value: str) -> None:
    done = CliRunner().invoke(command, ["--emit-allow", value])
    assert done.exit_code == 2
    assert "to send to" in done.output
