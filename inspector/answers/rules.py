"""Answer rules: the first that matches a request answers it, its answers in turn.

A bin's rules are one JSON document, read once and kept. Matching is bounded by the
request and the number of rules, whatever their patterns.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, cast, get_args

from inspector.answers.matches import Match, read_early_match, read_match
from inspector.answers.presets import FIXED, MADE, NEED_SECRET, TAKE_SECRET
from inspector.answers.templates import check_templates
from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.domain.answers.documents import MAX_SECRET_CHARS, answer_to_json, read_answer
from inspector.domain.credentials import HIDDEN
from inspector.domain.requests import CapturedRequest
from inspector.errors import InspectorError

MAX_RULES = 100
MAX_ANSWERS = 100
MAX_NAME_CHARS = 200
MAX_DOCUMENT_CHARS = 4_000_000

Then = Literal["last", "repeat", "default"]
_MAX_TOLD: Final = 4  # statuses of a sequence in a bin's head
_THEN: Final = get_args(Then)
_RULE_NAMES: Final = ("match", "answers", "then", "name")


@dataclass(frozen=True)
class AnswerRule:
    """A rule: a match for requests, and the answers they get in turn.

    ``then`` is what comes after the last answer: the last one again for ever, all from the
    beginning, or the default of every bin.
    """

    match: Match
    answers: tuple[Answer, ...]
    then: Then = "last"
    name: str = ""

    @property
    def takes_turns(self) -> bool:
        """True when it matters how often the rule has answered."""
        return len(self.answers) > 1 or self.then == "default"

    def choose(self, turn: int) -> Answer:
        """The answer of a turn, counted from 1."""
        count = len(self.answers)
        if turn <= count:
            return self.answers[max(turn, 1) - 1]
        if self.then == "default":
            return DEFAULT
        return self.answers[(turn - 1) % count if self.then == "repeat" else count - 1]


@dataclass(frozen=True)
class AnswerRules:
    """A bin's rules in their order; none at all answer 200 and ok."""

    rules: tuple[AnswerRule, ...] = ()

    def find(self, request: CapturedRequest) -> int | None:
        """The place of the first rule that matches, from 0; None leaves it to the default."""
        for place, rule in enumerate(self.rules):
            if rule.match.fits(request):
                return place
        return None

    def choose(self, place: int | None, turn: int) -> Answer:
        """The answer of the rule at ``place`` in a turn; the default when there is no rule."""
        if place is None or place >= len(self.rules):
            return DEFAULT
        return self.rules[place].choose(turn)

    @property
    def usual(self) -> Answer:
        """The first answer to a request that no particular rule is for."""
        return next((rule.answers[0] for rule in self.rules if rule.match.fits_all), DEFAULT)

    @property
    def summary(self) -> str:
        """A short description for the bin's head: ``503``, ``503, 200``, ``2 rules`` or nothing.

        Statuses stand for one rule that matches all; a sequence is told whole, since what a
        bin has answered so far is not part of its rules.
        """
        count = len(self.rules)
        if count != 1 or not self.rules[0].match.fits_all:
            return f"{count} rule{'s' if count > 1 else ''}" if count else ""
        rule = self.rules[0]
        statuses = [answer.status for answer in rule.answers]
        if rule.then == "default":
            statuses.append(DEFAULT.status)
        if len(set(statuses)) == 1:
            return "1 rule" if statuses[0] == DEFAULT.status else str(statuses[0])
        goes_on = rule.then == "repeat" or len(statuses) > _MAX_TOLD
        return ", ".join([*map(str, statuses[:_MAX_TOLD]), *(["…"] if goes_on else [])])

    @property
    def asks_nothing(self) -> bool:
        """True when every request meets the same rule, so that none need be looked at."""
        return not self.rules or self.rules[0].match.fits_all

    @property
    def reads_bodies(self) -> bool:
        """True when a rule looks at more than the head."""
        return any(rule.match.reads_body for rule in self.rules)

    def to_json(self, *, secrets: bool = False) -> dict[str, Any]:
        """The object that ``read_rules`` takes, secrets as ``***`` unless they are asked for."""
        return {"rules": [_rule_to_json(rule, secrets) for rule in self.rules]}


NO_RULES: Final = AnswerRules()


def answer_always(answer: Answer) -> AnswerRules:
    """One rule that gives the answer to every request; none at all for the usual one."""
    return NO_RULES if answer == DEFAULT else AnswerRules((AnswerRule(Match(), (answer,)),))


def read_rules(
    data: Any, earlier: AnswerRules = NO_RULES, *, were_kept: bool = False
) -> AnswerRules:
    """Rules from their JSON object, ``{"rules": [...]}``.

    A secret given as ``***`` is the one of the same preset in the ``earlier`` rules. Rules that
    ``were_kept`` in the database may have what new ones may not.

    Raises ``InspectorError`` whose ``field`` is the place, like ``rules[0].answers[1].status``.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("rules"), list):
        raise _refuse("rules", 'Answers are an object like {"rules": [{"answers": [...]}]}.')
    if data.keys() != {"rules"}:
        name = min(str(name) for name in data if name != "rules")
        raise _refuse(name[:80], f"{name[:80]!r} is not known here; known: rules.")
    if len(data["rules"]) > MAX_RULES:
        raise _refuse("rules", f"A bin has at most {MAX_RULES} rules.")
    kept = {
        answer.preset: answer.secret
        for rule in earlier.rules
        for answer in rule.answers
        if answer.secret
    }
    read = read_match if were_kept else read_early_match
    rules = [_read_rule(rule, f"rules[{at}]", kept, read) for at, rule in enumerate(data["rules"])]
    return AnswerRules(tuple(rules))


def _read_rule(
    data: Any, place: str, kept: Mapping[str, str], read: Callable[[Any, str], Match]
) -> AnswerRule:
    if not isinstance(data, Mapping):
        raise _refuse(place, f"{place} is an object with answers.")
    for name in data:
        if name not in _RULE_NAMES:
            where = f"{place}.{str(name)[:80]}"
            raise _refuse(where, f"{where} is not known; known: {', '.join(_RULE_NAMES)}.")
    then = data.get("then", "last")
    if then not in _THEN:
        raise _refuse(f"{place}.then", f"{place}.then is one of: {', '.join(_THEN)}.")
    name = data.get("name") or ""
    if not isinstance(name, str) or len(name) > MAX_NAME_CHARS:
        raise _refuse(f"{place}.name", f"{place}.name is a text of {MAX_NAME_CHARS} characters.")
    given = data.get("answers")
    if not isinstance(given, list) or not given:
        raise _refuse(f"{place}.answers", f"{place}.answers is a list of at least one answer.")
    answers: list[Answer] = []
    for at, each in enumerate(given):
        answers += _read_answers(each, f"{place}.answers[{at}]", kept)
    if len(answers) > MAX_ANSWERS:
        raise _refuse(f"{place}.answers", f"{place}.answers are at most {MAX_ANSWERS}.")
    match = read(data.get("match"), f"{place}.match")
    return AnswerRule(match, tuple(answers), cast("Then", then), name)


def _read_answers(data: Any, place: str, kept: Mapping[str, str]) -> Sequence[Answer]:
    """One answer, or those of a preset."""
    if not isinstance(data, Mapping):
        raise _refuse(place, f'{place} is an object like {{"status": 503}}.')
    if "preset" in data:
        return _read_preset(data, place, kept)
    try:
        answer = read_answer(data)
        check_templates(answer)
    except InspectorError as error:
        field = error.details.get("field")
        where = f"{place}.{field}" if field else place
        raise InspectorError(error.code, f"{where}: {error.message}", field=where) from error
    return (answer,)


def _read_preset(data: Mapping[str, Any], place: str, kept: Mapping[str, str]) -> Sequence[Answer]:
    name, where = data["preset"], f"{place}.preset"
    if name not in FIXED and name not in MADE:
        raise _refuse(where, f"{where} is one of: {', '.join((*FIXED, *MADE))}.")
    extra = data.keys() - {"preset", "secret"}
    if extra or ("secret" in data and name not in TAKE_SECRET):
        odd = min(extra or {"secret"})
        raise _refuse(f"{place}.{odd}", f"{place}.{odd} is nothing for the preset {name}.")
    if name in FIXED:
        return FIXED[name]
    secret = data.get("secret") or ""
    if secret == HIDDEN:
        secret = kept.get(name, "")
    where = f"{place}.secret"
    if not isinstance(secret, str) or len(secret) > MAX_SECRET_CHARS:
        raise _refuse(where, f"{where} is a text of at most {MAX_SECRET_CHARS:,} characters.")
    if name in NEED_SECRET and not secret:
        raise _refuse(where, f"{where} is missing: the preset {name} answers with it.")
    return (make_preset_answer(name, secret),)


def make_preset_answer(name: str, secret: str = "") -> Answer:
    """A placeholder for a preset whose answer is made from the request."""
    return DEFAULT._replace(preset=name, secret=secret)


def _rule_to_json(rule: AnswerRule, secrets: bool) -> dict[str, Any]:
    written: dict[str, Any] = {"name": rule.name} if rule.name else {}
    if not rule.match.fits_all:
        written["match"] = rule.match.to_json()
    written["answers"] = [_answer_to_json(answer, secrets) for answer in rule.answers]
    written["then"] = rule.then
    return written


def _answer_to_json(answer: Answer, secrets: bool) -> dict[str, Any]:
    if not answer.preset:
        return answer_to_json(answer)
    written = {"preset": answer.preset}
    if answer.secret:
        written["secret"] = answer.secret if secrets else HIDDEN
    return written


def dump_rules(rules: AnswerRules) -> str | None:
    """The rules as the database keeps them; None for none.

    Raises ``invalid_rules`` beyond ``MAX_DOCUMENT_CHARS``.
    """
    if not rules.rules:
        return None
    text = json.dumps(rules.to_json(secrets=True))
    if len(text) > MAX_DOCUMENT_CHARS:
        raise _refuse("rules", f"A bin's answers have at most {MAX_DOCUMENT_CHARS:,} characters.")
    return text


@lru_cache(maxsize=64)
def load_rules(document: str | None) -> AnswerRules:
    """The rules that ``dump_rules`` wrote; what an earlier version kept is one answer."""
    if document is None:
        return NO_RULES
    data = json.loads(document)
    if "rules" in data:
        return read_rules(data, were_kept=True)
    single = {"delay" if name == "delay_s" else name: value for name, value in data.items()}
    return answer_always(read_answer(single))


def _refuse(field: str, message: str) -> InspectorError:
    return InspectorError("invalid_rules", message, field=field)
