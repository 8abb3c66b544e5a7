"""Reports of runs under way, by all instances on one database.

They are values of ``installation``: a run's definition, its progress, and a request to stop it.
They concern the present only, so no copy and no backup has them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import Engine, text

from inspector.clock import time
from inspector.storage.installation import FIND_VALUE, RUN_PREFIX, SET_VALUE

MAX_TOLD = 40
# Instances report each second; one silent for this long counts as gone.
LOST_AFTER_S = 20.0

_ORIGIN, _STATE, _STOP = "from", "at", "stop"
MAX_ID_CHARS = 22  # a name has 32
_LIST = text("SELECT name, value FROM installation WHERE name LIKE :like")
_DELETE = text("DELETE FROM installation WHERE name IN (:at, :from, :stop)")


class ToldRun(NamedTuple):
    """A run of another instance's: ``origin`` and ``state`` are JSON objects of its kind."""

    kind: str
    id: str
    origin: dict[str, Any]
    state: dict[str, Any]
    is_lost: bool


class RunTable:
    """Works in connections of its own, on any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, kind: str, id_: str, origin: dict[str, Any], state: dict[str, Any]) -> None:
        """Insert the report of a new run; the oldest beyond ``MAX_TOLD`` are deleted."""
        told_at = {"kind": kind, "told_at_s": time.time(), "state": state}
        with self._engine.begin() as connection:
            for part, value in ((_ORIGIN, origin), (_STATE, told_at)):
                given = {"name": _name(part, id_), "value": json.dumps(value)}
                connection.execute(SET_VALUE, given)
            found = connection.execute(_LIST, {"like": _name(_STATE, "%")}).all()
            ages = sorted(
                ((json.loads(value)["told_at_s"], name) for name, value in found), reverse=True
            )
            for _, name in ages[MAX_TOLD:]:
                old = name.removeprefix(_name(_STATE, ""))
                names = {part: _name(part, old) for part in (_ORIGIN, _STATE, _STOP)}
                connection.execute(_DELETE, names)

    def renew(self, kind: str, id_: str, state: dict[str, Any]) -> bool:
        """Update the state of a run; True when somebody wants it to stop."""
        told = {"kind": kind, "told_at_s": time.time(), "state": state}
        with self._engine.begin() as connection:
            given = {"name": _name(_STATE, id_), "value": json.dumps(told)}
            connection.execute(SET_VALUE, given)
            wanted = connection.execute(FIND_VALUE, {"name": _name(_STOP, id_)}).scalar()
        return wanted is not None

    def stop(self, id_: str) -> None:
        """Ask the instance whose run it is to stop it."""
        with self._engine.begin() as connection:
            connection.execute(SET_VALUE, {"name": _name(_STOP, id_), "value": "1"})

    def find(self, kind: str, id_: str) -> ToldRun | None:
        """The run of an id, None where there is none."""
        if not id_ or len(id_) > MAX_ID_CHARS:
            return None
        with self._engine.connect() as connection:
            value = connection.execute(FIND_VALUE, {"name": _name(_STATE, id_)}).scalar()
            origin = connection.execute(FIND_VALUE, {"name": _name(_ORIGIN, id_)}).scalar()
        if value is None or origin is None:
            return None
        told = json.loads(value)
        return _read(id_, told, json.loads(origin)) if told["kind"] == kind else None

    def list(self, kind: str) -> Iterator[ToldRun]:
        """All reported runs of a kind."""
        with self._engine.connect() as connection:
            states, origins = (
                {
                    name.removeprefix(_name(part, "")): json.loads(value)
                    for name, value in connection.execute(_LIST, {"like": _name(part, "%")})
                }
                for part in (_STATE, _ORIGIN)
            )
        for id_, told in states.items():
            if told["kind"] == kind and id_ in origins:
                yield _read(id_, told, origins[id_])


def _name(part: str, id_: str) -> str:
    return f"{RUN_PREFIX}{part} {id_}"


def _read(id_: str, told: dict[str, Any], origin: dict[str, Any]) -> ToldRun:
    is_lost = time.time() - told["told_at_s"] > LOST_AFTER_S
    return ToldRun(told["kind"], id_, origin, told["state"], is_lost)
