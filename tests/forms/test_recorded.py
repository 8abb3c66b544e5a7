"""What PHP answered, recorded (see data/README.md), against what ``parse`` gives."""

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from inspector.forms import Value, parse, to_json_safe

DATA = Path(__file__).parent / "data"
CASES = [json.loads(line) for line in (DATA / "cases.jsonl").read_text("utf-8").splitlines()]
UTF_8_CASES = [case for case in CASES if "expected" in case]
BYTE_CASES = [case for case in CASES if "expected_hex" in case]


def get_body(case: dict[str, Any]) -> bytes:
    return b64decode(case["body_b64"]) if "body_b64" in case else case["body"].encode()


def as_object(expected: Any) -> Any:
    """PHP's top level, where ours differs: always an object."""
    if isinstance(expected, list):
        return {str(index): entry for index, entry in enumerate(expected)}
    return expected


def as_hex(value: Value) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape").hex()
    if isinstance(value, list):
        return [as_hex(entry) for entry in value]
    return {as_hex(key): as_hex(entry) for key, entry in value.items()}


def test_no_recorded_case_is_missing() -> None:
    assert (len(UTF_8_CASES), len(BYTE_CASES)) == (348, 13)


# Texts are compared, because == on dicts ignores the order of keys.
@pytest.mark.parametrize("case", UTF_8_CASES, ids=lambda case: case["id"])
def test_value_is_php_s(case: dict[str, Any]) -> None:
    value = parse(get_body(case)).value
    assert json.dumps(value) == json.dumps(as_object(case["expected"]))


@pytest.mark.parametrize("case", BYTE_CASES, ids=lambda case: case["id"])
def test_value_that_is_not_utf_8_keeps_php_s_bytes(case: dict[str, Any]) -> None:
    value = parse(get_body(case)).value
    assert json.dumps(as_hex(value)) == json.dumps(as_object(case["expected_hex"]))


@pytest.mark.parametrize("case", BYTE_CASES, ids=lambda case: case["id"])
def test_json_of_what_is_not_utf_8_is_php_s(case: dict[str, Any]) -> None:
    safe = to_json_safe(parse(get_body(case)).value)
    assert json.dumps(safe) == json.dumps(case["expected_substituted"])


def test_the_careful_pass_agrees_with_the_quick_one() -> None:
    forms = {case["id"]: parse(get_body(case)) for case in CASES}
    assert [
        id_
        for id_, form in forms.items()
        if json.dumps(form._trace.value) != json.dumps(form.value)
    ] == []


@pytest.mark.parametrize(
    "case", [case for case in CASES if "php_warning" in case], ids=lambda case: case["id"]
)
def test_what_php_warns_of_is_noted(case: dict[str, Any]) -> None:
    codes = {note.code for note in parse(get_body(case)).notes}
    assert codes & {"nesting_exceeded", "variables_exceeded"}
