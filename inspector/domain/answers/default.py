"""The default answer: what a bin answers by itself, where its owner chose nothing.

``docs/testing.md`` and the README promise it: 200, text/plain, ``ok`` and a line feed.
"""

from __future__ import annotations

DEFAULT_STATUS = 200
DEFAULT_BODY = b"ok\n"


def default_body(status: int) -> bytes:
    """The body of an answer of this status when nobody chose one."""
    return DEFAULT_BODY if status == DEFAULT_STATUS else b""
