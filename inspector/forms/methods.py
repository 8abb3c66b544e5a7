"""Methods of a request for which a receiver leaves the form unread."""

from __future__ import annotations

from inspector.forms.notes import Note, shorten

_FLAT = (
    "Django fills request.POST for POST alone, and Go's r.PostForm for POST, PUT and PATCH: sent by"
    " {method}, the form is not there. Flask reads it."
)
_MESSAGES = {
    "php": "PHP fills $_POST for POST alone: sent by {method}, it stays empty, and the program"
    " finds the form in php://input only.",
    "flat": _FLAT,
}


def note_on_method(method: str, dialect: str) -> Note | None:
    """A note on a form that was sent by another method than POST, where that matters."""
    message = _MESSAGES.get(dialect)
    if method == "POST" or message is None:
        return None
    return Note("method_not_post", "", message.format(method=shorten(method)))
