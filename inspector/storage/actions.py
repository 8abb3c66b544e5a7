"""Saved actions in the database: save, list, change, delete."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from sqlalchemy import func, select

from inspector.clock import time
from inspector.domain.credentials import Definition
from inspector.domain.deliveries import SavedAction
from inspector.errors import InspectorError
from inspector.storage.models import ActionRow, db

MAX_ACTIONS = 500
# An action and its ticket together, as JSON: a list of actions reads them all.
MAX_ACTION_CHARS = 1_000_000


class ActionStore:
    """The saved actions of the emitter.

    Needs an application context: it works in Flask-SQLAlchemy's session.
    """

    def save(
        self, definition: Definition, ticket: Definition, *, action_id: int | None = None
    ) -> SavedAction:
        """Keep an action, in the place of the one of ``action_id`` when that is given.

        Raises ``action_not_found``, ``too_many_actions`` or ``action_too_large``.
        """
        # ASCII, with escapes: PostgreSQL's text takes no NUL, and no database a lone surrogate.
        written, chosen = json.dumps(definition), json.dumps(ticket)
        if len(written) + len(chosen) > MAX_ACTION_CHARS:
            raise InspectorError(
                "action_too_large",
                f"An action and its ticket have at most {MAX_ACTION_CHARS:,} characters as JSON.",
            )
        if action_id is None:
            row = ActionRow()
            self._check_room()
            db.session.add(row)
        else:
            row = self._row(action_id)
        row.definition, row.ticket = written, chosen
        row.changed_us = time.time_ns() // 1000
        db.session.commit()
        return _to_action(row)

    def get(self, action_id: int) -> SavedAction:
        """Raises ``action_not_found``."""
        return _to_action(self._row(action_id))

    def list(self) -> list[SavedAction]:
        """All actions by name, whatever the case of its letters."""
        found = [_to_action(row) for row in db.session.scalars(select(ActionRow))]
        return sorted(found, key=lambda action: (action.name.casefold(), action.id))

    def delete(self, action_id: int) -> None:
        """Raises ``action_not_found``."""
        db.session.delete(self._row(action_id))
        db.session.commit()

    @staticmethod
    def _check_room() -> None:
        count = db.session.scalar(select(func.count()).select_from(ActionRow)) or 0
        if count >= MAX_ACTIONS:
            raise InspectorError(
                "too_many_actions", f"There are {count:,} actions already. Delete some first."
            )

    @staticmethod
    def _row(action_id: int) -> ActionRow:
        row = db.session.get(ActionRow, action_id) if 0 < action_id < 2**63 else None
        if row is None:
            raise InspectorError("action_not_found", f"There is no saved action {action_id}.")
        return row


def _to_action(row: ActionRow) -> SavedAction:
    return SavedAction(
        id=row.id,
        definition=json.loads(row.definition),
        ticket=json.loads(row.ticket),
        changed_at=datetime.fromtimestamp(row.changed_us / 1_000_000, tz=UTC),
    )
