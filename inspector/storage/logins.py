"""Logins that were ended: their cookies open nothing any more, whoever has a copy."""

from __future__ import annotations

import secrets

from sqlalchemy import delete

from inspector.clock import time
from inspector.storage.models import EndedLoginRow, db


def make_login() -> str:
    """The name of a new login, which nobody guesses."""
    return secrets.token_urlsafe(16)


class LoginStore:
    """Needs an application context: it works in Flask-SQLAlchemy's session."""

    def end(self, login: str, age_s: float) -> None:
        """Let no cookie of this login open anything; kept until cookies made now are too old."""
        now = time.time()
        db.session.execute(delete(EndedLoginRow).where(EndedLoginRow.until_s < int(now)))
        db.session.merge(EndedLoginRow(login=login[:64], until_s=int(now + age_s)))
        db.session.commit()

    def has_ended(self, login: str) -> bool:
        """True when this login was ended."""
        return db.session.get(EndedLoginRow, login[:64]) is not None
