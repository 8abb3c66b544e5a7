"""The answers of a test's bin: rules, sequences, and functions with a thread of their own.

The server's main loop asks a ``BinScript`` and never waits for it.
"""

from __future__ import annotations

import inspect
import re
import sys
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from inspector.domain import CapturedRequest, Message
from inspector.domain.answers.answer import DEFAULT, MAX_DELAY_S, UNKNOWN, Answer, GivenAnswer
from inspector.domain.answers.documents import make_answer as make_bin_answer
from inspector.errors import InspectorError
from inspector.reading.matching import RequestMatch
from inspector.reading.paths import MISSING
from inspector.testing.arguments import Seconds, is_whole, list_pairs, read_seconds
from inspector.testing.handlers import HandlerThreads
from inspector.testing.received import ReceivedRequest

HeaderValue: TypeAlias = str | bytes | int | float
HeaderPairs: TypeAlias = Mapping[str, HeaderValue] | Iterable[tuple[str, HeaderValue]]
PathLike: TypeAlias = str | re.Pattern[str]
# A function may return a status, a body, the keywords of ``respond_with``, or None for 200 "ok".
AnswerValue: TypeAlias = "int | str | bytes | Mapping[str, Any] | None"
Handler: TypeAlias = Callable[[ReceivedRequest], "AnswerValue | Awaitable[AnswerValue]"]
AnswerLike: TypeAlias = "AnswerValue | Handler"

# A function that answers may itself wait for the test that asks.
MAX_ANSWER_WAIT_S = 10.0
# The newest answers are kept here, for the database may not have them yet.
MAX_GIVEN = 10_000


def make_answer(
    *,
    status: int = 200,
    headers: HeaderPairs = (),
    body: str | bytes | bytearray | None = None,
    json: Any = MISSING,
    delay: Seconds = 0,
    drip: Seconds = 0,
    cut_after: int | None = None,
    drop: bool = False,
    template: bool = False,
    early_hints: HeaderPairs = (),
) -> Answer:
    """The answer that ``WebhookBin.respond_with`` describes; the one model of all answers.

    Raises ``ValueError`` or ``TypeError`` for one that cannot be given.
    """
    if not is_whole(status):
        raise TypeError(f"status is a number, not {status!r}")
    if cut_after is not None and not is_whole(cut_after):
        raise TypeError(f"cut_after is a number of bytes, not {cut_after!r}")
    if json is not MISSING and body is not None:
        raise TypeError("give body= or json=, not both")
    given = {} if json is MISSING else {"json": json}
    try:
        answer = make_bin_answer(
            status=int(status),
            headers=tuple(map(_read_header, list_pairs("headers", headers))),
            body=_to_text_or_bytes(body),
            delay_s=_seconds("delay", delay),
            drip_s=_seconds("drip", drip),
            cut_after=cut_after,
            dropped=bool(drop),
            insisted=True,
            is_template=template,
            early_hints=tuple(map(_read_header, list_pairs("early_hints", early_hints))),
            max_body_bytes=sys.maxsize,
            **given,
        )
        return _check_templates(answer) if template else answer
    except InspectorError as error:
        raise ValueError(error.message) from error


def _check_templates(answer: Answer) -> Answer:
    from inspector.answers.templates import check_templates  # most answers have none

    check_templates(answer)
    return answer


def _seconds(name: str, value: Seconds) -> float:
    seconds = read_seconds(name, value)
    if not 0 <= seconds <= MAX_DELAY_S:
        raise ValueError(f"{name} is 0 to {MAX_DELAY_S:g} seconds, not {value!r}")
    return seconds


def explain_unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence on a name that ``what`` does not take: the nearest it does, or all."""
    import difflib  # most names are right

    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]}=?" if close else f"there are {', '.join(names)}."
    return f"{what} takes no {name}=; {hint}"


def _to_text_or_bytes(body: object) -> str | bytes | None:
    if body is None or isinstance(body, str):
        return body
    if isinstance(body, bytes | bytearray | memoryview):
        return bytes(body)
    raise TypeError(f"body is text or bytes, not {type(body).__name__}; json= takes any data")


def _read_header(pair: Any) -> tuple[str, str]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"headers is a mapping or pairs of a name and a value, not of {pair!r}")
    name, value = (each.decode("latin-1") if isinstance(each, bytes) else each for each in pair)
    if not isinstance(name, str):
        raise TypeError(f"a header's name is text, not {name!r}")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(f"the value of {name} is text or a number, not {value!r}")
    return name, str(value)


_KEYWORDS = (
    "status",
    "headers",
    "body",
    "json",
    "delay",
    "drip",
    "cut_after",
    "drop",
    "template",
    "early_hints",
)


def to_answer(value: Any) -> Answer:
    """One answer from its short forms (see ``AnswerValue``)."""
    if value is None:
        return make_answer()
    if isinstance(value, Mapping):
        for name in value:
            if name not in _KEYWORDS:
                raise TypeError(explain_unknown("an answer", str(name), _KEYWORDS))
        return make_answer(**value)
    if isinstance(value, str | bytes | bytearray | memoryview):
        return make_answer(body=bytes(value) if not isinstance(value, str) else value)
    if is_whole(value):
        return make_answer(status=value)
    raise TypeError(
        f"an answer is a status, a body, a mapping or a function, not {type(value).__name__}"
    )


@dataclass
class _Rule:
    """``answers`` in turn, the last one for ever; ``used`` counts."""

    method: str | None
    path: PathLike | None
    answers: Sequence[Answer | Handler]
    used: int = 0

    @property
    def rank(self) -> int:
        return 2 * (self.path is not None) + (self.method is not None)

    def fits(self, request: Message) -> bool:
        match = RequestMatch(
            method=MISSING if self.method is None else self.method,
            path=MISSING if self.path is None else self.path,
        )
        return not match.find_differences(request)

    def take_next(self) -> Answer | Handler:
        entry = self.answers[min(self.used, len(self.answers) - 1)]
        self.used += 1
        return entry


def _await(value: Awaitable[Any]) -> Any:
    """Run an asynchronous function on an event loop of its own."""
    import asyncio  # most functions are not

    async def run() -> Any:
        return await value

    return asyncio.run(run())


class BinScript:
    """An ``AnswerScript``: what one bin answers, and how far its numbers have come.

    ``load(number)`` gives a stored request. Errors of the test's functions are kept
    in ``errors`` until someone takes them.
    """

    def __init__(
        self, threads: HandlerThreads, load: Callable[[int], ReceivedRequest], place: str
    ) -> None:
        self._threads = threads
        self._load = load
        self._place = place
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        # The highest number stored, known before its sender is answered.
        self.latest: int = 0
        # By number; None while a function or a template still works one out.
        self._given: dict[int, GivenAnswer | None] = {}
        self._given_changed = threading.Condition(self._lock)
        self.errors: list[BaseException] = []

    def set_answers(
        self,
        answers: Sequence[Any],
        method: str | None = None,
        path: PathLike | None = None,
    ) -> None:
        """Give these answers from now on; the narrowest rule comes first, then the newest."""
        if not answers:
            raise ValueError("a sequence of answers has at least one")
        entries = [each if callable(each) else to_answer(each) for each in answers]
        others = [each for each in self._rules if (each.method, each.path) != (method, path)]
        rules = [_Rule(method, path, entries), *others]
        self._rules = sorted(rules, key=lambda rule: -rule.rank)

    def reset_answers(self, method: str | None = None, path: PathLike | None = None) -> None:
        """Take back the answers for a method and a path, all when neither is given."""
        kept = [each for each in self._rules if (each.method, each.path) != (method, path)]
        self._rules = [] if method is None and path is None else kept

    def note(self, number: int) -> None:
        """Part of ``AnswerScript``; also called by the writer, on its thread."""
        with self._lock:
            self.latest = max(self.latest, number)

    def choose(self, number: int, raw_head: bytes, tell: Callable[[Answer], None]) -> Answer | None:
        """Part of ``AnswerScript``."""
        with self._lock:
            self._given[number] = None
            if len(self._given) > MAX_GIVEN:
                self._forget_oldest()
        rules = self._rules
        if not rules:
            return DEFAULT
        request = Message(raw_head=raw_head, body=b"")
        rule = next((each for each in rules if each.fits(request)), None)
        entry = DEFAULT if rule is None else rule.take_next()
        if isinstance(entry, Answer):
            return entry
        handler = entry
        is_asked = self._threads.run(lambda: self._ask(handler, number), tell)
        return None if is_asked else Answer(dropped=True)

    def _forget_oldest(self) -> None:
        """Let go of the oldest answer that was given: one still worked out is asked for."""
        oldest = next((each for each, given in self._given.items() if given is not None), None)
        if oldest is not None:
            del self._given[oldest]

    def note_given(self, number: int, given: GivenAnswer) -> None:
        """Part of ``AnswerScript``."""
        with self._given_changed:
            self._given[number] = given
            self._given_changed.notify_all()

    def find_answer(self, captured: CapturedRequest) -> GivenAnswer | None:
        """The answer to a request, which the database may not have yet.

        Waits while a function works it out, at most ``MAX_ANSWER_WAIT_S``.
        """
        number = captured.number
        with self._given_changed:
            if number in self._given:
                self._given_changed.wait_for(
                    lambda: self._given[number] is not None, MAX_ANSWER_WAIT_S
                )
                return self._given[number] or GivenAnswer(UNKNOWN)
        return captured.answer

    def _ask(self, handler: Handler, number: int) -> Answer:
        try:
            value = handler(self._load(number))
            return to_answer(_await(value) if inspect.isawaitable(value) else value)
        except BaseException as error:  # pytest's outcomes are no Exceptions
            error.add_note(f"Raised while answering request #{number} to {self._place}")
            self.errors.append(error)
            text = f"The function that answers here raised {type(error).__name__}.\n"
            return Answer(500, body=text.encode())
