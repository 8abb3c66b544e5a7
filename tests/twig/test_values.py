"""What values mean, against what PHP itself made of them (data/record_php_comparisons.php)."""

import json
from pathlib import Path
from typing import Any

import pytest

from inspector.forms.casts import text_of
from inspector.twig import TemplateError, render_twig
from inspector.twig.values import Work, compare_values, is_true, to_text

RECORDED = json.loads((Path(__file__).parent / "data" / "php_comparisons.json").read_text("utf-8"))


@pytest.mark.parametrize("sign", ["eq", "lt", "lteq", "gt", "gteq"])
def test_every_pair_compares_as_in_php(sign: str) -> None:
    rows = [row for row in RECORDED["pairs"] if sign in row]
    assert len(rows) > 700
    wrong = [
        row
        for row in rows
        if compare_values(Work(10_000), sign, row["left"], row["right"]) != row[sign]
    ]
    assert wrong == []


def test_every_value_is_as_true_as_in_php() -> None:
    wrong = [value for value, truth in RECORDED["truths"] if is_true(value) != truth]
    assert wrong == []


@pytest.mark.parametrize(("value", "text"), RECORDED["texts"])
def test_every_value_is_written_as_php_writes_it(value: Any, text: str) -> None:
    assert text_of(value) == text
    assert to_text(value) == text


TWIG = json.loads((Path(__file__).parent / "data" / "twig.json").read_text("utf-8"))


@pytest.mark.parametrize(("source", "rendered"), TWIG["rendered"], ids=str)
def test_a_template_gives_what_twig_gives(source: str, rendered: str) -> None:
    assert render_twig(source, TWIG["context"]) == rendered


@pytest.mark.parametrize("source", TWIG["refused"])
def test_what_twig_refuses_is_refused_here(source: str) -> None:
    with pytest.raises(TemplateError):
        render_twig(source, TWIG["context"])
