"""The page about templates: it names what there is, and nothing else."""

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.messages import TAGS

PAGE = Path(__file__).parents[2] / "docs" / "templates.md"


@pytest.mark.parametrize(
    ("row", "names"),
    [("filters", FILTERS), ("functions", FUNCTIONS), ("tests", TESTS), ("tags", TAGS)],
)
def test_the_page_about_templates_names_them_all(row: str, names: Iterable[str]) -> None:
    (cells,) = re.findall(rf"^\| {row} \| (.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(re.findall(r"`([^`]+)`", cells)) == sorted(names)
