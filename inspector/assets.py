"""The folders of templates and static files, and the URLs of static files.

An installed package carries both folders inside itself; a checkout has them at its
top level. Nothing here serves a file or knows Flask.
"""

from functools import cache
from hashlib import sha256
from pathlib import Path

STATIC_PREFIX = "/static/"
HASH_DIGITS = 8


def find_folder(name: str) -> Path:
    """The folder ``templates`` or ``static``, as an absolute path.

    The package's own is taken first, then the checkout's. Raises
    ``FileNotFoundError`` when there is neither, which a broken installation means.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / name, package.parent / name):
        if folder.is_dir():
            return folder
    message = f"There is no folder {name!r} in {package} nor beside it: install Inspector again."
    raise FileNotFoundError(message)


@cache
def asset_url(name: str) -> str:
    """The URL of a static file, with its content's hash: ``/static/base.css?v=1f3a5c7e``.

    ``name`` is relative to ``static`` and uses ``/``. The content behind such a URL
    never changes, so it may be cached for ever; the file is read once in a process.
    Raises ``ValueError`` when there is no such file.
    """
    static = find_folder("static")
    path = (static / name).resolve()
    if not path.is_file() or not path.is_relative_to(static):
        message = f"There is no static file {name!r}."
        raise ValueError(message)
    digest = sha256(path.read_bytes()).hexdigest()[:HASH_DIGITS]
    return f"{STATIC_PREFIX}{name}?v={digest}"
