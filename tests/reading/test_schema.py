"""The schema of a bin's bodies: true to them in each format, and no sender's name is code."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter

from inspector.domain import CapturedRequest
from inspector.errors import InspectorError
from inspector.reading.overview.big_bins import Snapshot
from inspector.reading.schema import FORMATS, BodyShapes, write_schema
from inspector.reading.schema.events import MAX_EVENTS
from inspector.reading.schema.shapes import MAX_DEPTH, MAX_PROPERTIES, MAX_SHAPES
from tests.domain.webhooks import WEBHOOKS
from tests.reading.captures import make_form, make_request

JSON = "application/json"
TSC = shutil.which("tsc")
NUMBERS = count()
HOSTILE = [
    "*/ alert(1) /*",
    '"""\nimport os\n"""',
    "'); __import__('os').system('id') #",
    "\u2028\u2029\r\n// x",
    "__proto__",
    "__class__",
    "_x",
    "model_config",
    "validate",
    "copy",
    "class",
    "None",
    "int",
    "str",
    "a-b",
    "a_b",
    "",
    "1",
    "${x}`",
    "<script>",
    "\ud800",
    "\x00",
    "Ünïcode",
    "constructor",
    "Array",
    "Field",
]


def capture(*bodies: Any, headers: tuple[tuple[str, str], ...] = ()) -> list[CapturedRequest]:
    made = [json.dumps(body).encode() for body in bodies]
    return [
        make_request(body, JSON, number=number, headers=headers)
        for number, body in enumerate(made, 1)
    ]


def look_at(requests: list[CapturedRequest]) -> Snapshot[BodyShapes]:
    shapes = BodyShapes()
    for each in requests:
        shapes.add(each)
    count = len(requests)
    return Snapshot(shapes, count, count, count, True)


def read_json_schema(requests: list[CapturedRequest], event: str | None = None) -> Any:
    schema = json.loads(write_schema("b", look_at(requests), "json-schema", event))
    Draft202012Validator.check_schema(schema)
    return schema


def run(source: str) -> dict[str, Any]:
    """The names that generated Python defines.

    ``TypedDict`` comes from where pydantic wants it before Python 3.12.
    """
    assert source.isascii()
    module = ModuleType(f"generated_{next(NUMBERS)}")
    sys.modules[module.__name__] = module  # Types are looked up there.
    source = source.replace(", NotRequired, TypedDict", "").replace(
        "import Any, Union",
        "import Any, Union\nfrom typing_extensions import NotRequired, TypedDict",
    )
    exec(compile(source, "generated", "exec", dont_inherit=True), module.__dict__)
    return module.__dict__


def check_formats(requests: list[CapturedRequest]) -> None:
    """Each format takes all the bodies that it was made of."""
    look = look_at(requests)
    bodies = [each.json for each in requests]
    validator = Draft202012Validator(json.loads(write_schema("b", look)))
    models = [run(write_schema("b", look, form)) for form in ("python", "pydantic")]
    for body in bodies:
        validator.validate(body)
        for namespace in models:
            TypeAdapter(namespace["AnyBody"]).validate_python(body)
    assert write_schema("b", look, "typescript").isascii()


def test_always_sometimes_and_never_are_told_by_event() -> None:
    sent = [
        ("opened", {"a": 1, "b": "x", "c": {"d": None}}),
        ("opened", {"a": 2.5, "c": {"d": True, "e": []}}),
        ("closed", {"a": 1, "reason": "x"}),
    ]
    requests = []
    for event, body in sent:
        requests += capture(body, headers=(("X-GitHub-Event", event),))
    whole = read_json_schema(requests)
    assert [each["$ref"] for each in whole["anyOf"]] == ["#/$defs/Opened", "#/$defs/Closed"]
    opened = whole["$defs"]["Opened"]
    assert opened["required"] == ["a", "c"]
    assert opened["properties"]["a"] == {"type": "number"}
    assert opened["properties"]["b"] == {"$comment": "In 1 of 2", "type": "string"}
    assert opened["properties"]["c"]["properties"]["d"] == {"type": ["boolean", "null"]}
    assert opened["$comment"] == "Never with this event: reason"
    assert read_json_schema(requests, "closed")["required"] == ["a", "reason"]
    typescript = write_schema("b", look_at(requests), "typescript")
    assert "  b?: string; // in 1 of 2\n" in typescript
    assert "  reason?: never;\n" in typescript
    with pytest.raises(InspectorError, match=r"no body of the event 'x'\. There is 'opened'"):
        read_json_schema(requests, "x")


def test_a_form_is_texts_as_php_nests_them() -> None:
    schema = read_json_schema(
        [make_form(("ticket[id]", "5"), ("tags[]", "a"), ("custom_data", ""))]
    )
    assert schema["properties"]["ticket"]["properties"] == {"id": {"type": "string"}}
    assert schema["properties"]["tags"] == {"type": "array", "items": {"type": "string"}}


def test_equal_objects_are_one_type() -> None:
    user = {"id": 1, "login": "ann"}
    text = write_schema("b", look_at(capture({"user": user, "owner": user})), "typescript")
    assert text.count("interface") == 2
    assert "owner: User;" in text


@pytest.mark.parametrize("webhook", WEBHOOKS, ids=lambda each: each.sender)
def test_each_format_takes_the_webhooks_of_a_sender(webhook: Any) -> None:
    if not webhook.is_form:
        check_formats(capture(webhook.body))


def test_names_that_strangers_choose_are_names_and_no_code() -> None:
    bodies: list[dict[str, Any]] = [{name: {name: [1, {name: "x"}]} for name in HOSTILE}]
    bodies.append({"a": 1})
    look = look_at(capture(*bodies))
    schema = json.loads(write_schema("b", look))
    for body in bodies:
        Draft202012Validator(schema).validate(body)
    typed, models = (run(write_schema("b", look, form)) for form in ("python", "pydantic"))
    assert set(typed["Body"].__annotations__) == {*HOSTILE, "a"}
    fields = models["Body"].model_fields.items()
    found = {name if field.alias is None else field.alias for name, field in fields}
    assert found == {*HOSTILE, "a"} - {"\ud800"}
    sendable = {key: value for key, value in bodies[0].items() if key != "\ud800"}
    made = models["Body"].model_validate(sendable).model_dump(by_alias=True, exclude_unset=True)
    assert made.keys() == sendable.keys()
    for form in FORMATS:
        assert write_schema("b", look, form).isascii()


def test_events_and_bins_with_hostile_names_stay_inside_their_lines() -> None:
    requests = []
    for event in HOSTILE:
        body = {"type": event, "id": "evt_1", "object": "event", "api_version": "1", "data": {}}
        body |= {"data": {"object": {}}}
        requests += capture(body)
    look = look_at(requests)
    for form in ("python", "pydantic"):
        run(write_schema("*/\n'''", look, form))
    comments = re.findall(r"^\s*//.*$", write_schema("b\n*/x", look, "typescript"), re.MULTILINE)
    assert len(comments) == 1, "the bin's line alone, none that a name has begun"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*"abc", "a-b", "_a", "class"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(json_values, min_size=1, max_size=4))
def test_any_json_is_taken_by_its_own_schema(bodies: list[Any]) -> None:
    check_formats(capture(*bodies))


def test_data_as_keys_is_a_map() -> None:
    body = {"by_id": {f"k{number}": {"n": number} for number in range(MAX_PROPERTIES + 1)}}
    schema = read_json_schema(capture(body, {"by_id": {"later": {"n": 1, "m": 2}}}))
    values = schema["properties"]["by_id"]["additionalProperties"]
    assert values["properties"]["n"] == {"type": "integer"}
    assert values["required"] == ["n"]
    check_formats(capture(body))


def test_what_is_kept_is_bounded_whatever_is_sent() -> None:
    shapes = BodyShapes()
    deep: Any = 1
    for _ in range(150):
        deep = {"a": deep}
    bodies = [deep, [[]] * 1000, {"x" * 10_000: 1}]
    bodies += [{f"{number}-{n}": {"a": {"b": n}} for n in range(200)} for number in range(120)]
    for each in capture(*bodies):
        shapes.add(each)
    for number in range(2 * MAX_EVENTS):
        (request,) = capture({"a": 1}, headers=(("X-GitHub-Event", f"event {number}"),))
        shapes.add(request)
    assert len(shapes.events) <= MAX_EVENTS + 1
    text = write_schema("b", Snapshot(shapes, 1, 1, 1, True))
    assert text.count('"type"') <= MAX_SHAPES + MAX_EVENTS + 1
    assert "x" * 10_000 not in text
    assert text.count('"a"') > MAX_DEPTH - 2, "and still it is told as far as it goes"


def test_integers_are_not_made_of_fractions_and_big_numbers_stay_numbers() -> None:
    requests = [make_request(b'{"a": 1, "b": 1.0, "c": 1e400, "d": 12345678901234567890}', JSON)]
    kinds = {name: each["type"] for name, each in read_json_schema(requests)["properties"].items()}
    assert kinds == {"a": "integer", "b": "number", "c": "number", "d": "integer"}


def test_python_says_what_is_optional() -> None:
    look = look_at(capture({"a": 1, "b": None}, {"a": 2}))
    typed = run(write_schema("b", look, "python"))["Body"]
    assert (typed.__required_keys__, typed.__optional_keys__) == ({"a"}, {"b"})
    model = run(write_schema("b", look, "pydantic"))["Body"]
    assert issubclass(model, BaseModel)
    assert [name for name, each in model.model_fields.items() if each.is_required()] == ["a"]
    assert get_type_hints(model)["a"] is int


def test_typescript_has_no_line_that_is_not_of_its_form(tmp_path: Path) -> None:
    bodies = [{name: {name: [1, {name: "x"}]} for name in HOSTILE}, *(w.body for w in WEBHOOKS)]
    text = write_schema("b\n*/", look_at(capture(*bodies)), "typescript")
    type_ = r"(?:[A-Za-z0-9]+|Array<|Record<string, |>| \| )+"
    key = r'(?:[A-Za-z_$][A-Za-z0-9_$]*|"(?:[^"\\]|\\.)*")'
    line = re.compile(
        rf"(?://.*|export interface [A-Za-z0-9]+ \{{|  {key}\??: {type_};(?: // in \d+ of \d+)?"
        rf"|\}}|export type [A-Za-z0-9]+ = {type_};|)"
    )
    assert [each for each in text.splitlines() if not line.fullmatch(each)] == []
    assert text.count("{") - text.count("${x}") == text.count("interface ")
    if TSC is not None:
        path = tmp_path / "schema.ts"
        path.write_text(text)
        subprocess.run([TSC, "--strict", "--noEmit", str(path)], check=True)
