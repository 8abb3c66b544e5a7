"""The key file of earlier versions; the key that signs cookies is kept in the database now."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

KEY_BYTES = 32


def make_key(folder: Path) -> str:
    """A new key as hex: the one in ``folder`` where an earlier version left it, else a random one.

    There is no default: whoever knows a key can open every private bin.
    """
    with contextlib.suppress(OSError):
        key = (folder / "cookie-key").read_bytes()
        if len(key) == KEY_BYTES:
            return key.hex()
    return secrets.token_hex(KEY_BYTES)
