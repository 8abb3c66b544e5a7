"""Answer rules: which answers, in which turn, and what is wrong with those that cannot be."""

import json
from operator import attrgetter
from typing import Any, NamedTuple

import pytest

from inspector.answers.rules import NO_RULES, AnswerRules, dump_rules, load_rules, read_rules
from inspector.domain.answers.answer import DEFAULT
from inspector.errors import InspectorError
from tests.answers.conftest import Ask

RETRY = [{"status": 503}, {"status": 503}, {"status": 200, "body": "at last"}]


def rules(*each: dict[str, Any]) -> AnswerRules:
    return read_rules({"rules": list(each)})


def test_the_first_rule_that_matches_answers(ask: Ask) -> None:
    found = rules(
        {"match": {"path": "/a"}, "answers": [{"status": 401}]},
        {"match": {"method": "POST"}, "answers": [{"status": 402}]},
        {"answers": [{"status": 403}]},
    )
    assert [
        found.choose(found.find(request), 1).status
        for request in (ask("POST", "/a"), ask("POST", "/b"), ask("GET", "/b"))
    ] == [401, 402, 403]


def test_what_no_rule_is_for_gets_the_default(ask: Ask) -> None:
    found = rules({"match": {"path": "/a"}, "answers": [{"status": 401}]})
    assert found.find(ask("GET", "/b")) is None
    assert found.choose(None, 1) == DEFAULT


@pytest.mark.parametrize(
    ("then", "statuses"),
    [
        ("last", [503, 503, 200, 200, 200, 200]),
        ("repeat", [503, 503, 200, 503, 503, 200]),
        ("default", [503, 503, 200, 200, 200, 200]),
    ],
)
def test_answers_come_in_turn(then: str, statuses: list[int]) -> None:
    found = rules({"answers": RETRY, "then": then})
    answers = [found.choose(0, turn) for turn in range(1, 7)]
    assert [answer.status for answer in answers] == statuses
    assert answers[2].body == b"at last"
    assert answers[3].body == {"last": b"at last", "repeat": b"", "default": b"ok\n"}[then]


def test_a_preset_of_several_answers_is_a_sequence() -> None:
    found = rules({"answers": [{"preset": "unavailable-then-ok"}]})
    assert [found.choose(0, turn).status for turn in (1, 2, 3, 4)] == [503, 503, 200, 200]


def test_rules_are_kept_as_they_were_given() -> None:
    given = {
        "rules": [
            {
                "name": "teapot",
                "match": {"method": "POST", "headers": {"X-A": None}, "q": "ticket.id=5"},
                "answers": [
                    {"status": 418, "headers": [["X-B", "1"]], "body": "{{ request.method }}",
                     "template": True, "delay": 0.5},
                    {"status": 200, "body_base64": "/wA="},
                    {"drop": True},
                    {"cut_after": 1, "drip": 2.0},
                    {"json": {"a": 1}},
                    {"preset": "zoom", "secret": "s3cret"},
                ],
                "then": "repeat",
            }
        ]
    }  # fmt: skip
    found = read_rules(given)
    kept = load_rules(dump_rules(found))
    assert kept.to_json(secrets=True) == found.to_json(secrets=True)
    assert [kept.choose(0, turn) for turn in range(1, 7)] == [
        found.choose(0, turn) for turn in range(1, 7)
    ]
    assert "s3cret" not in json.dumps(found.to_json())
    again = read_rules(found.to_json(), earlier=found)
    assert again.to_json(secrets=True) == found.to_json(secrets=True)


def test_no_rules_take_no_room() -> None:
    assert dump_rules(read_rules({"rules": []})) is None
    assert load_rules(None) == NO_RULES


class Wrong(NamedTuple):
    id: str
    rule: Any
    field: str
    code: str = "invalid_rules"


WRONG = [
    Wrong("no object", 5, "rules[0]"),
    Wrong("no answers", {}, "rules[0].answers"),
    Wrong("an empty list", {"answers": []}, "rules[0].answers"),
    Wrong("too many", {"answers": [{}] * 101}, "rules[0].answers"),
    Wrong("no answer", {"answers": [5]}, "rules[0].answers[0]"),
    Wrong("a slip", {"answer": {}}, "rules[0].answer"),
    Wrong("no turn", {"answers": [{}], "then": "never"}, "rules[0].then"),
    Wrong("no name", {"answers": [{}], "name": 5}, "rules[0].name"),
    Wrong("a status", {"answers": [{}, {"status": 99}]}, "rules[0].answers[1].status",
          "invalid_status"),
    Wrong("true for a status", {"answers": [{"status": True}]}, "rules[0].answers[0].status",
          "invalid_status"),
    Wrong("a delay", {"answers": [{"delay": 301}]}, "rules[0].answers[0].delay", "invalid_delay"),
    Wrong("no number", {"answers": [{"drip": "1"}]}, "rules[0].answers[0].drip", "invalid_drip"),
    Wrong("half a byte", {"answers": [{"cut_after": 0.5}]}, "rules[0].answers[0].cut_after",
          "invalid_cut_after"),
    Wrong("no flag", {"answers": [{"drop": "yes"}]}, "rules[0].answers[0].drop", "invalid_drop"),
    Wrong("two bodies", {"answers": [{"body": "a", "json": 1}]}, "rules[0].answers[0].json",
          "invalid_json"),
    Wrong("no base64", {"answers": [{"body_base64": "%"}]}, "rules[0].answers[0].body_base64",
          "invalid_body_base64"),
    Wrong("a header", {"answers": [{"headers": {"X A": "b"}}]}, "rules[0].answers[0].headers",
          "invalid_headers"),
    Wrong("a cookie", {"answers": [{"headers": {"Set-Cookie": "a=b"}}]},
          "rules[0].answers[0].headers", "header_reaches_further"),
    Wrong("a template", {"answers": [{"body": "{{ a", "template": True}]},
          "rules[0].answers[0].body", "template_error"),
    Wrong("the first of two headers", {"answers": [
        {"headers": [["X-A", "{{ a"], ["X-A", "b"]], "template": True}]},
          "rules[0].answers[0].headers", "template_error"),
    Wrong("no preset", {"answers": [{"preset": "tea"}]}, "rules[0].answers[0].preset"),
    Wrong("a preset and more", {"answers": [{"preset": "ok", "status": 5}]},
          "rules[0].answers[0].status"),
    Wrong("a secret missing", {"answers": [{"preset": "zoom"}]}, "rules[0].answers[0].secret"),
    Wrong("a secret too many", {"answers": [{"preset": "echo", "secret": "a"}]},
          "rules[0].answers[0].secret"),
    Wrong("a match", {"answers": [{}], "match": {"q": "metod:A"}}, "rules[0].match.q",
          "invalid_match"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG, ids=attrgetter("id"))
def test_a_wrong_rule_names_its_place(wrong: Wrong) -> None:
    with pytest.raises(InspectorError) as raised:
        read_rules({"rules": [wrong.rule]})
    assert (raised.value.code, raised.value.details["field"]) == (wrong.code, wrong.field)
    if wrong.code == "invalid_rules":
        assert wrong.field in raised.value.message


@pytest.mark.parametrize("data", [None, [], {}, {"rules": {}}, {"rules": [], "more": 1}])
def test_what_is_no_document_is_refused(data: Any) -> None:
    with pytest.raises(InspectorError) as raised:
        read_rules(data)
    assert raised.value.code == "invalid_rules"


def test_too_many_rules_are_refused() -> None:
    with pytest.raises(InspectorError, match="at most 100 rules"):
        read_rules({"rules": [{"answers": [{}]}] * 101})


@pytest.mark.parametrize(
    ("each", "summary"),
    [
        ([], ""),
        ([{"answers": [{"status": 503}]}], "503"),
        ([{"answers": [{"status": 200, "body": "hi"}]}], "1 rule"),
        ([{"answers": [{"preset": "unavailable-then-ok"}]}], "503, 503, 200"),
        ([{"answers": [{"status": 503}], "then": "default"}], "503, 200"),
        ([{"answers": [{"status": 503}, {"status": 200}], "then": "repeat"}], "503, 200, …"),
        ([{"answers": [{"status": 503}, {"status": 503}]}], "503"),
        ([{"answers": [{"status": 500 + at} for at in range(9)]}], "500, 501, 502, 503, …"),
        ([{"match": {"method": "PUT"}, "answers": [{"status": 503}]}], "1 rule"),
        ([{"match": {"method": "PUT"}, "answers": [{}]}, {"answers": [{}]}], "2 rules"),
    ],
)
def test_a_bins_head_tells_every_status_of_one_rule(each: list[Any], summary: str) -> None:
    assert rules(*each).summary == summary
