"""The installation's own secret: the key that signs its cookies."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

from inspector.errors import InspectorError

KEY_BYTES = 32
_TRIES = 50
_TRY_AGAIN_S = 0.02


def load_key(folder: Path) -> bytes:
    """The key in ``folder``, made at the first call; readable by its owner alone.

    There is no default: whoever knows a key can open every private bin. Raises
    ``InspectorError`` ``data_dir_unusable``.
    """
    path = folder / "cookie-key"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(KEY_BYTES))
        for _ in range(_TRIES):  # another process may be writing it just now
            key = path.read_bytes()
            if len(key) == KEY_BYTES:
                return key
            time.sleep(_TRY_AGAIN_S)
    except OSError as error:
        raise InspectorError(
            "data_dir_unusable", f"The folder {folder} cannot be used: {error.strerror}."
        ) from error
    raise InspectorError("data_dir_unusable", f"{path} is no key of ours. Delete it.")
