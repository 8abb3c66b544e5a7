"""What the README says is so."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from inspector.cli.main import root
from inspector.forms import build, parse
from inspector.reading.marks import FLAGS
from inspector.reading.query import parse_query
from inspector.settings import VARIABLES
from tests.reference import README, render_readme

ROOT = README.parent


def read(name: str) -> str:
    return (ROOT / "inspector" / name).read_text(encoding="utf-8")


def test_the_reference_is_what_the_code_says() -> None:
    readme = README.read_text(encoding="utf-8")
    assert readme == render_readme(readme), "run `make docs` and commit what it writes"


def all_commands() -> list[click.Command]:
    context = click.Context(root)
    found: list[click.Command] = []
    left = [root.get_command(context, name) for name in root.list_commands(context)]
    while left:
        command = left.pop()
        assert command is not None
        found.append(command)
        if isinstance(command, click.Group):
            left += [command.get_command(context, name) for name in command.list_commands(context)]
    return found


def test_each_flag_has_an_environment_variable() -> None:
    for command in all_commands():
        assert "auto_envvar_prefix" not in command.context_settings
        for flag in command.params:
            if isinstance(flag, click.Option):
                long = next(each for each in flag.opts if each.startswith("--"))
                name = long.removeprefix("--").upper().replace("-", "_")
                assert flag.envvar == f"INSPECTOR_{name}", f"{command.name} {flag.opts}"


def test_the_environment_is_read_in_two_places() -> None:
    readers = {
        path.relative_to(ROOT / "inspector").as_posix()
        for path in (ROOT / "inspector").rglob("*.py")
        if re.search(r"os\.(environ|getenv)|\benvvar=", path.read_text(encoding="utf-8"))
    }
    assert readers == {"settings.py", "cli/environment.py"}
    options = (ROOT / "inspector" / "cli").rglob("*.py")
    by_hand = [path.name for path in options if "@click.option(" in path.read_text("utf-8")]
    assert by_hand == []
    named = set(re.findall(r"environ(?:\.get|\.pop)\(\"(\w+)\"", read("settings.py")))
    assert named == set(VARIABLES)


@pytest.mark.parametrize("name", VARIABLES)
def test_each_variable_without_a_flag_is_in_the_readme(name: str) -> None:
    assert f"`{name}`" in README.read_text(encoding="utf-8")


def test_each_example_of_the_search_language_is_one() -> None:
    readme = README.read_text(encoding="utf-8")
    section = readme.partition("### Searching\n")[2].partition("<!--")[0]
    examples = [cell for cell in re.findall(r"\| `(.+?)` \|", section) if cell]
    assert len(examples) > 8
    for example in examples:
        assert parse_query(example)
    assert {f"is:{flag}" for flag in FLAGS} <= set(re.findall(r"is:[a-z]+", section))


def test_the_librarys_example_is_what_happens() -> None:
    form = parse(b"a[b][]=1&a[b][]=2&x.y=3")
    assert form.value == {"a": {"b": ["1", "2"]}, "x_y": "3"}
    assert [note.code for note in form.notes] == ["name_changed"]
    assert build({"a": {"b": ["1", "2"]}}) == b"a%5Bb%5D%5B0%5D=1&a%5Bb%5D%5B1%5D=2"


DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("*.md")]
PLACE = re.compile(r"`((?:inspector|templates|tests|static|docs|requirements)/[\w./-]+)`")
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)[^)]*\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_place_that_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [name for name in PLACE.findall(text) if not (ROOT / name).exists()]
    missing += [name for name in LINK.findall(text) if not (document.parent / name).exists()]
    assert missing == []


def test_each_room_is_on_the_map() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = [path.parent.name for path in (ROOT / "inspector").glob("*/__init__.py")]
    assert [room for room in rooms if not re.search(rf"\b{room}\b", text)] == []


def test_each_make_target_of_the_documents_is_one() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    told = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`?\bmake ([a-z]+)\b", document.read_text(encoding="utf-8"))
        if f"`make {name}" in document.read_text(encoding="utf-8")
        or f"$ make {name}" in document.read_text(encoding="utf-8")
    }
    assert told <= targets
