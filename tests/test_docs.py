"""What the README says is so."""

from __future__ import annotations

import re

from inspector.forms import build, parse
from inspector.reading.query import FLAGS, parse_query
from tests.reference import README, render_readme


def test_the_reference_is_what_the_code_says() -> None:
    readme = README.read_text(encoding="utf-8")
    assert readme == render_readme(readme), "run `make docs` and commit what it writes"


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
