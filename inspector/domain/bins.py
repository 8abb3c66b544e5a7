"""A bin: a name that becomes a URL, and what was sent there."""

from __future__ import annotations

import colorsys
import re
import secrets
import string
import zlib
from datetime import datetime
from typing import NamedTuple

from inspector.domain.answers.answer import DEFAULT, Answer
from inspector.errors import InspectorError

DEFAULT_CAPACITY = 1000
# Three centuries: any greater age would be a date that computers cannot express.
MAX_AGE_S = 10_000_000_000
MAX_CAPACITY = 1_000_000

# First path segments the server answers itself; a bin of that name could never be reached.
RESERVED_NAMES = frozenset(
    "api bins emitter static healthz readyz metrics favicon.ico robots.txt"
    " login logout help about inspector assets docs".split()
)
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,62}\Z")
_GENERATED = string.ascii_lowercase + string.digits


class Bin(NamedTuple):
    """``last_number`` is the highest number given so far, ``request_count`` how many it holds.

    ``answer`` is what senders get when no particular rule matches, ``answers`` the document of
    all rules (``answers.rules``), None for none. Below ``kept_from`` only the pinned requests
    ``kept_below`` are still there; ``let_go`` counts what went by capacity or age, ``pinned``
    all that are pinned. ``ttl_s`` is how long it keeps a request, None for as long as the
    server says. ``receiver`` is whose reading of a form its pages show: a dialect of
    ``forms.parse``, or ``sent`` for the pairs in wire order. ``has_signatures``: it has secrets
    to check them with. ``replay_urls`` are the URLs that its requests were replayed to, the
    last one first, with the users and passwords they were given with: not to be shown as they
    are. ``columns`` are the fields that its list shows (``reading.columns``). ``relay`` is the
    document of its relay (``answers.relays``), None for none.
    """

    id: int
    name: str
    private: bool
    created_at: datetime
    capacity: int
    last_number: int
    request_count: int
    answer: Answer = DEFAULT
    answers: str | None = None
    kept_from: int = 1
    let_go: int = 0
    receiver: str = "php"
    ttl_s: int | None = None
    has_signatures: bool = False
    columns: tuple[str, ...] = ()
    pinned: int = 0
    kept_below: tuple[int, ...] = ()
    replay_urls: tuple[str, ...] = ()
    relay: str | None = None

    @property
    def deleted_count(self) -> int:
        """The number of requests that were deleted by hand."""
        return self.last_number - self.request_count - self.let_go

    @property
    def color(self) -> tuple[int, int, int]:
        """A colour of its own for each name, as red, green, blue of 0 to 255."""
        hue = zlib.crc32(self.name.encode()) % 360 / 360
        red, green, blue = colorsys.hls_to_rgb(hue, 0.45, 0.6)
        return round(red * 255), round(green * 255), round(blue * 255)


def generate_name() -> str:
    """Eight random characters of ``[a-z0-9]``, for a bin without a name."""
    return "".join(secrets.choice(_GENERATED) for _ in range(8))


def is_import_path(path: str) -> bool:
    """True for a page or call that takes an import, which may be larger than other calls."""
    return path.endswith("/import")


def is_bin_name(name: str) -> bool:
    """True when a bin may be called so."""
    return name not in RESERVED_NAMES and _NAME.match(name) is not None


def say_missing(name: str) -> str:
    """The sentence for a sender to a missing bin, with the way to make it where there is one."""
    how = f" To make it: inspector bins create {name}" if is_bin_name(name) else ""
    return f"There is no bin named {name[:80]}.{how}\n"


def check_name(name: str) -> str:
    """Give the name back when a bin may be called so.

    Raises ``InspectorError`` ``invalid_name`` or ``name_reserved``.
    """
    if name in RESERVED_NAMES:
        raise InspectorError(
            "name_reserved", f"The server uses {name} itself. Choose another name.", field="name"
        )
    if not _NAME.match(name):
        raise InspectorError(
            "invalid_name",
            "A bin's name has 2 to 63 characters: lower-case letters, digits and hyphens, "
            "and does not begin with a hyphen.",
            field="name",
        )
    return name
