"""Recorded answers of real receivers (see data/README.md) against what ``parse`` gives."""

import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import DIALECTS, parse
from tests.forms.agreement import DIALECTS as RECEIVERS
from tests.forms.agreement import REFUSED, foretell
from tests.forms.data.record_receivers import HERE, list_bodies
from tests.receivers.bodies import PIECES

BODIES = list_bodies()


def load_answers(receiver: str) -> dict[str, dict[str, Any]]:
    text = (HERE / "receivers" / f"{receiver}.jsonl").read_text("utf-8")
    answers = [json.loads(line) for line in text.splitlines()]
    return {answer["id"]: answer for answer in answers}


def agrees(value: Any, answer: dict[str, Any]) -> bool:
    """Whether a value is the one that was answered, keys in the same order."""
    if value is REFUSED or "error" in answer:
        return value is REFUSED and "error" in answer
    text = json.dumps(value)
    if "sha256" in answer:
        return sha256(text.encode()).hexdigest() == str(answer["sha256"])
    return text == json.dumps(answer["value"])


@pytest.mark.parametrize("receiver", RECEIVERS)
def test_every_recorded_answer_is_what_we_say(receiver: str) -> None:
    answers = load_answers(receiver)
    assert answers.keys() == BODIES.keys()
    assert len(answers) > 600
    wrong = [
        name for name, body in BODIES.items() if not agrees(foretell(receiver, body), answers[name])
    ]
    assert wrong == []


def find_text(value: Any, path: tuple[str, ...]) -> str:
    """What stands at a path, Rack's nil as an empty text."""
    for key in path:
        value = value[int(key)] if isinstance(value, list) else value[key]
    assert value is None or isinstance(value, str)
    return value or ""


def assert_is_whole(body: bytes, dialect: str) -> None:
    """The quick pass and the careful one agree, and each kept pair is where it says."""
    form = parse(body, dialect)
    careful = form._dialect.trace(body, form._options)
    assert json.dumps(careful.value) == json.dumps(form.value)
    assert len(form.pairs) + form.unlisted == len([piece for piece in body.split(b"&") if piece])
    for pair in form.pairs:
        if pair.is_kept:
            assert pair.path is not None
            assert find_text(form.value, pair.path) == pair.value
    if form.refusal:
        assert form.value == {}
        assert not any(pair.is_kept for pair in form.pairs)


@pytest.mark.slow
@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_kept_pair_is_where_it_says(dialect: str) -> None:
    for name, body in BODIES.items():
        if dialect != "php" or "NUL" not in name:
            assert_is_whole(body, dialect)


@pytest.mark.parametrize("dialect", [name for name in DIALECTS if name != "php"])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_both_passes_agree_on_anything(dialect: str, pieces: list[bytes]) -> None:
    assert_is_whole(b"".join(pieces), dialect)


@pytest.mark.parametrize("dialect", DIALECTS)
@given(body=st.binary(max_size=200))
def test_no_content_is_an_error(dialect: str, body: bytes) -> None:
    form = parse(body, dialect)
    json.dumps(form.value)
    assert all(note.code and note.message for note in form.notes)


def test_an_unknown_dialect_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match=r"'perl'.*php, rack, qs, express, flat"):
        parse(b"", "perl")
