"""The section about bins in the report of a failed test."""

from __future__ import annotations

import shlex
import subprocess
import sys
import traceback

from inspector.testing.bins import WebhookBin
from inspector.testing.server import InspectorServer

MAX_REQUESTS = 20


class TestWatch:
    """The bins' positions at the start of a test, for a report of the requests during it."""

    __test__ = False  # for pytest: no class with tests

    def __init__(self, server: InspectorServer, *, kept: bool) -> None:
        self.server = server
        self._kept = kept
        self._stood_at: dict[int, int] = {}
        self._done_with: list[WebhookBin] = []

    def retire(self, bin_: WebhookBin) -> None:
        """Retire a bin when the next test begins: the report of this one still needs it."""
        self._done_with.append(bin_)

    def begin(self) -> None:
        """Start a test: retire the last one's bins, drop its handlers' errors, note positions."""
        self.server.take_handler_errors()
        while self._done_with:
            self.server.retire(self._done_with.pop())
        self._stood_at = {each.id: each.script.latest for each in self.server.bins}

    def describe(self) -> list[tuple[str, str]]:
        """Title and text of a report section for each bin made or used by the test."""
        sections = []
        for bin_ in self.server.bins:
            before = self._stood_at.get(bin_.id)
            if before is None or bin_.script.latest > before:
                sections.append(self._describe_bin(bin_, before or 0))
        return sections

    def _describe_bin(self, bin_: WebhookBin, after: int) -> tuple[str, str]:
        arrived = bin_.list_arrivals(after)
        lines = [each.summary for each in arrived[-MAX_REQUESTS:]] or ["Nothing arrived."]
        if len(arrived) > MAX_REQUESTS:
            lines.insert(0, f"({len(arrived) - MAX_REQUESTS} earlier ones)")
        for error in bin_.take_handler_errors():
            lines += ["", "".join(traceback.format_exception(error)).rstrip()]
        if arrived or self._kept:
            lines += ["", *self._say_how_to_open(bin_)]
        count = f"{len(arrived)} request{'s' * (len(arrived) != 1)}"
        return f"Webhook bin {bin_.name}: {count}", "\n".join(lines)

    def _say_how_to_open(self, bin_: WebhookBin) -> list[str]:
        if not self._kept:
            return [
                "To read them in a browser run pytest with --inspector-keep, which names"
                " the database for: inspector serve --database ..."
            ]
        return [
            f"To read them in a browser: {serve_command(self.server.database_url)}",
            f"and open http://127.0.0.1:8787/bins/{bin_.name}",
        ]


def serve_command(database_url: str) -> str:
    """The command that opens a kept database, as this system's shell takes it."""
    join = subprocess.list2cmdline if sys.platform == "win32" else shlex.join
    return join(["inspector", "serve", "--database", database_url])
