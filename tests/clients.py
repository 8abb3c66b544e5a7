"""The client of an application that has no socket."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


class ReadingClient(FlaskClient):
    """Reads each answer to its end.

    One that is left unread has its request's context closed by the garbage collector, in
    whichever test is running then, which fails.
    """

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> TestResponse:
        """As Flask's, but ``buffered``."""
        return super().open(*args, buffered=buffered, **kwargs)
