"""Summaries and the descriptions of the API name things by nouns, or say by verbs what is done."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inspector.app import create_app
from inspector.settings import Settings

PACKAGE = Path(__file__).parent.parent / "inspector"
# A clause in the place of a noun, a verb of speech in the place of one that people search for,
# or a summary that cannot be read without its neighbour.
CLAUSES = (
    "What",
    "Which",
    "Whether",
    "Whose",
    "Whatever",
    "Who",
    "Whoever",
    "When",
    "Where",
    "How",
)
SPEECH = ("Tell", "Tells", "Hear", "Hears", "Mind", "Minds", "Say", "Says", "Owe", "Owes")
NEIGHBOURS = ("The same.", "The same ", "The reverse", "The other way")


def list_summaries(source: str) -> Iterator[tuple[str, str]]:
    """Name and summary of each docstring of a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text = ast.get_docstring(node)
            if text:
                yield getattr(node, "name", "the module"), text.splitlines()[0]


def find_fault(summary: str) -> str | None:
    """The beginning that is not allowed; None for a good summary."""
    first = summary.split()[0]
    if first in CLAUSES + SPEECH:
        return first
    return next((each for each in NEIGHBOURS if summary.startswith(each)), None)


@pytest.mark.parametrize(
    ("summary", "fault"),
    [
        ("What it was made from.", "What"),
        ("Hear of what others store.", "Hear"),
        ("The same for several.", "The same "),
        ("The definition of a delivery.", None),
        ("Whole header lines.", None),
        ("The sameness of two texts.", None),
    ],
)
def test_a_clause_is_told_from_a_noun(summary: str, fault: str | None) -> None:
    assert find_fault(summary) == fault


@pytest.mark.parametrize("package", sorted(path.name for path in PACKAGE.iterdir()))
def test_each_summary_can_be_searched_for(package: str) -> None:
    place = PACKAGE / package
    files = [place] if place.suffix == ".py" else place.rglob("*.py")
    faults = [
        f"{file.relative_to(PACKAGE)} {name}: {summary}"
        for file in files
        for name, summary in list_summaries(file.read_text(encoding="utf-8"))
        if find_fault(summary)
    ]
    assert faults == []


def list_descriptions(document: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Each description and summary of an OpenAPI document, with its place."""
    if isinstance(document, dict):
        for key, value in document.items():
            if key in ("description", "summary") and isinstance(value, str):
                yield place, value
            yield from list_descriptions(value, f"{place}/{key}")
    elif isinstance(document, list):
        for index, value in enumerate(document):
            yield from list_descriptions(value, f"{place}/{index}")


def test_descriptions_are_found_wherever_they_are() -> None:
    document = {"a": [{"description": "Whether it is."}], "description": {"description": "A bin."}}
    found = list(list_descriptions(document))
    assert found == [("/a/0", "Whether it is."), ("/description", "A bin.")]


def test_the_api_describes_its_fields_by_nouns(tmp_path: Path) -> None:
    app = create_app(Settings(data_dir=tmp_path))
    document = app.test_client().get("/api/v1/openapi.json").get_json()
    app.extensions["inspector"].close()
    described = [each for each in list_descriptions(document) if each[1]]
    assert len(described) > 500
    assert [f"{place}: {text}" for place, text in described if find_fault(text)] == []
