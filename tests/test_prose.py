"""Summaries and the descriptions of the API name things by nouns, or say by verbs what is done."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from inspector.app import create_app
from inspector.cli.main import root
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


# The rest of a sentence that began above another line of code, or a number without its noun.
RESTS = re.compile(r"(?:and|or|but|nor|which|that|who|as|whose)\b|So (?:many|much|long|few)\b")
# A whole sentence ends; a heading within a file is ruled off.
ENDS = re.compile(r"""[.:?!)"'`]\Z|-{4}\Z""")


def list_comments(source: str) -> Iterator[tuple[int, str]]:
    """Each comment on lines of its own, those one below another as one, by its first line."""
    lines = source.split("\n")
    found: list[tuple[int, int, list[str]]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        (line, column), text = token.start, token.string
        if token.type != tokenize.COMMENT or not lines[line - 1].strip().startswith("#"):
            continue
        if found and found[-1][0] + len(found[-1][2]) == line and found[-1][1] == column:
            found[-1][2].append(text.strip("# "))
        else:
            found.append((line, column, [text.strip("# ")]))
    for first, _, texts in found:
        yield first, " ".join(texts)


def is_whole(comment: str) -> bool:
    """True for whole sentences, or a noun with a full stop."""
    return RESTS.match(comment) is None and ENDS.search(comment) is not None


@pytest.mark.parametrize(
    ("comment", "whole"),
    [
        ("Letters that a shell reads as themselves.", True),
        ("-- times ------", True),
        ("and what bash looks at within double quotes.", False),
        ("Quotes are not trusted,", False),
        ("So many are kept.", False),
        ("Android is another matter.", True),
    ],
)
def test_a_comment_is_told_from_the_rest_of_one(comment: str, whole: bool) -> None:
    assert is_whole(comment) == whole


def test_comments_below_one_another_are_one() -> None:
    source = "# a\n# b.\nx = 1  # c\n# d.\nif x:\n    # e.\n    pass\n"
    assert list(list_comments(source)) == [(1, "a b."), (4, "d."), (6, "e.")]


def test_each_comment_is_whole_within_its_own_lines() -> None:
    faults = [
        f"{file.relative_to(PACKAGE)}:{line} {comment}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, comment in list_comments(file.read_text(encoding="utf-8"))
        if not is_whole(comment)
    ]
    assert faults == []


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


def list_helps(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    """The help of each option of a command and of those below it."""
    for parameter in command.params:
        if text := getattr(parameter, "help", None):
            yield f"{name} {parameter.name}", str(text)
    if isinstance(command, click.Group):
        context = click.Context(command)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            yield from list_helps(found, f"{name} {inner}")


def test_options_are_described_by_nouns() -> None:
    helps = list(list_helps(root, "inspector"))
    assert len(helps) > 150
    assert [f"{name}: {text}" for name, text in helps if find_fault(text)] == []
