"""Outcomes of a request in a test: signatures, answer, forwarding to a program."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from inspector.clock import time
from inspector.reading.text import escape_invisible
from inspector.testing.attributes import JsonField

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspector.domain import CapturedRequest
    from inspector.domain.answers.answer import GivenAnswer
    from inspector.domain.signatures import SignatureCheck

    FindGiven: TypeAlias = Callable[[CapturedRequest], GivenAnswer | None]

LOOK_EVERY_S = 0.005


class ReceivedSignature:
    """The result of checking a signature; ``absent`` where there is none."""

    def __init__(self, check: SignatureCheck | None) -> None:
        self.scheme: str = check.scheme if check else ""
        self.result: str = check.result if check else "absent"
        self.reason: str = check.reason if check else "There is no signature that is known."

    @property
    def valid(self) -> bool:
        """True for a signature that is right by the bin's secrets."""
        return self.result == "valid"

    def __repr__(self) -> str:
        return escape_invisible(f"<signature {self.scheme} {self.result}: {self.reason}>")


class RequestOutcome:
    """A captured request with its outcomes: signatures, answer, relay."""

    def __init__(self, captured: CapturedRequest, find_answer: FindGiven | None = None) -> None:
        self.captured: CapturedRequest = captured
        self._find_answer: FindGiven | None = find_answer

    @cached_property
    def _json(self) -> dict[str, Any]:
        from inspector.web.api.request_json import request_to_json

        return cast(dict[str, Any], request_to_json(self.captured))

    def show_annotations(self, *, pinned: bool, note: str | None) -> None:
        """Update its pin and note, which were put on it since it was captured."""
        self.captured = replace(self.captured, pinned=pinned, note=note)
        self.__dict__.pop("_json", None)

    @property
    def signatures(self) -> list[dict[str, Any]]:
        """Its signatures by scheme: ``scheme``, ``result``, ``reason``, ``timestamp``, ``age_s``.

        Checked with the secrets that the bin has when this is asked for the first time.
        """
        return [check._asdict() for check in self.captured.signatures]

    def forget_signatures(self) -> None:
        """Drop the cached checks; the next access uses the bin's current secrets."""
        for name in ("signatures", "signature_results"):
            self.captured.__dict__.pop(name, None)
        self.__dict__.pop("_json", None)

    @property
    def signature(self) -> ReceivedSignature:
        """The first of its signatures: ``request.signature.valid``."""
        return ReceivedSignature(next(iter(self.captured.signatures), None))

    @property
    def answer(self) -> dict[str, Any]:
        """The response that its sender got: ``status``, ``headers``, ``body``, ``outcome``...

        Waits where a program that requests are passed on to, or a function that answers,
        has not answered yet.
        """
        self._settle()
        from inspector.web.api.answer_json import answer_to_json

        find = self._find_answer
        given = self.captured.answer if find is None else find(self.captured)
        return {} if given is None else dict(answer_to_json(given))

    refused: JsonField[dict[str, Any] | None] = JsonField(
        "``status`` and ``reason`` when it was answered with an error though it was kept."
    )

    @property
    def relay(self) -> dict[str, Any] | None:
        """The outcome of its relay: ``url``, ``status``, ``duration_ms``, ``error`` and more.

        Waits until the program has answered, or its time is up. None for one that is not
        passed on.
        """
        self._settle()
        from inspector.web.api.relay_json import outcome_to_json

        return cast("dict[str, Any] | None", outcome_to_json(self.captured.relay))

    def _settle(self) -> None:
        """Wait for the outcome of its relay, within the bin's timeout."""
        while self.captured.relay is not None and self.captured.relay.is_under_way:
            time.sleep(LOOK_EVERY_S)
            for name in ("relay", "answer"):
                self.captured.__dict__.pop(name, None)
            self.__dict__.pop("_json", None)
