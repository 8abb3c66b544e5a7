"""Fields of a form that PHP does not read, or not under their names, with the reasons."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from inspector.forms.notes import shorten
from inspector.forms.pairs import Pair, count_pieces, count_plain_names
from inspector.forms.parser import Form

MAX_LOSSES = 1_000
_NAME = re.compile(r"([^\[]+)(?:\[[^\]]*\])*\Z", re.DOTALL)


class Loss(NamedTuple):
    """A field's name as sent, its path as meant (dots and brackets alike), and the reason."""

    name: str
    path: tuple[str, ...]
    reason: str

    @property
    def message(self) -> str:
        """The field's outcome, to be put behind its name."""
        return f"sent, but PHP would not read it: {self.reason}"


@dataclass(frozen=True, slots=True)
class Losses:
    """The first ``MAX_LOSSES`` of ``count`` fields, in wire order."""

    count: int = 0
    fields: tuple[Loss, ...] = ()

    def find(self, path: tuple[str, ...]) -> Loss | None:
        """The first lost field at a path or below it, None when there is none."""
        depth = len(path)
        return next((each for each in self.fields if each.path[:depth] == path), None)


def find_losses(form: Form) -> Losses:
    """Compare the fields sent with those read. Linear in the form, quick where nothing is lost."""
    if _is_whole(form):
        return Losses()
    reasons = {note.position: note.message for note in form.notes if note.position is not None}
    lost = [pair for pair in form.pairs if not pair.is_kept or _is_renamed(pair)]
    fields = (
        Loss(shorten(pair.name), _meant_path(pair.name), _say_reason(pair, form, reasons))
        for pair in lost[:MAX_LOSSES]
    )
    return Losses(len(lost) + form.unlisted, tuple(fields))


def _is_whole(form: Form) -> bool:
    if form.shaped is not None and form.shaped.shape.is_whole:
        return True
    sent = count_pieces(form.body)
    if sent > form.max_variables or sum(1 for _ in _iterate_leaves(form.value)) != sent:
        return False
    return count_plain_names(form.body) == sent


def _iterate_leaves(value: Any) -> Iterator[Any]:
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)
        else:
            yield item


def _is_renamed(pair: Pair) -> bool:
    found = _NAME.match(pair.name)
    return pair.path is not None and (found is None or found[1] != pair.path[0])


def _meant_path(name: str) -> tuple[str, ...]:
    return tuple(filter(None, re.split(r"[.\[\]]+", name.strip())))


def _say_reason(pair: Pair, form: Form, reasons: dict[int, str]) -> str:
    if pair.position >= form.max_variables:
        return f"field {pair.position + 1:,} of at most {form.max_variables:,}"
    if pair.position in reasons and (pair.path is None or pair.is_kept):
        return reasons[pair.position]
    if pair.path is None:
        return f"field {pair.position + 1:,} has a name that cannot be read"
    if pair.is_kept:
        return f"field {pair.position + 1:,} is read under another name"
    return f"field {pair.position + 1:,} gives way to another of this name or of its beginning"
