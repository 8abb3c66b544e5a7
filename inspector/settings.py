"""The settings, with their defaults and meanings, in one place.

The command line turns flags and ``INSPECTOR_*`` variables into one ``Settings``;
tests and programs make it directly. Variables of options are read by
``inspector.cli.environment``, the others here, and none elsewhere.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from inspector.domain import BodyLimits
from inspector.domain.bins import DEFAULT_CAPACITY
from inspector.domain.proxies import Addresses, TrustedProxies, check_path_prefix, is_loopback
from inspector.domain.rate_limits import SenderLimit
from inspector.errors import InspectorError

DEFAULT_PORT = 8787
MIN_TOKEN_CHARS = 8
# Characters and entries that the templates of one action or answer may touch.
MAX_TEMPLATE_WORK = 3_000_000
# Patterns as text: a test's server reads neither tokens nor sizes, and compiles none.
_TOKEN = rf"[\x21-\x7e]{{{MIN_TOKEN_CHARS},200}}\Z"
_SIZE = r"(?i)\s*(\d+(?:\.\d+)?)\s*([kmg]?i?)b?\s*\Z"
_SIZE_FACTOR = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_DURATION = r"(?i)\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*\Z"
_DURATION_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def _find_data_dir() -> Path:
    import platformdirs  # a test's server has a folder of its own

    try:
        return platformdirs.user_data_path("inspector")
    except RuntimeError:  # A uid without a home directory.
        return Path("inspector-data")


@dataclass(frozen=True, slots=True)
class Settings:
    """``database`` is an SQLAlchemy URL, None for a SQLite file in ``data_dir``.

    ``unix_socket`` is a path to listen on in the place of ``host`` and ``port``, ``socket_fd``
    a listening socket that was handed over; ``tls_cert`` and ``tls_key`` are PEM files.
    ``drain_s`` is how long the server goes on serving when it is told to stop.
    ``receive_timeout_s`` is how long one request may take to arrive, however it
    dribbles, and ``max_unfinished_bytes`` how much of unfinished bodies is held.
    ``search_time_s`` is how long one search looks before it gives what it has,
    ``max_template_work`` how many characters and entries an action's templates touch;
    ``max_streams`` counts all that waits: streams, waiting calls, delayed answers.
    ``ttl_s`` is how long a request is kept, None for as long as there is room; bins may have
    their own. ``max_total_bytes`` bounds heads and bodies of all bins, None for no bound.
    ``public_url`` is the address others reach us under, ``host_names`` are more names,
    ``path_prefix`` is the path below which that is, unless ``public_url`` has it, and
    ``bin_domain`` the domain below which each bin has a name of its own;
    ``trusted_proxies`` are the peers whose forwarding headers are believed, and with
    ``proxy_protocol`` their lines of the PROXY protocol. ``token`` opens a server that
    is not bound to loopback, ``secret_key`` signs cookies, for a key that is not to be in the
    database. ``index_words`` keeps an index that makes searching
    large bins quick.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    unix_socket: Path | None = None
    socket_fd: int | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    drain_s: float = 0.0
    database: str | None = None
    data_dir: Path = field(default_factory=_find_data_dir)
    bins: tuple[str, ...] = ()
    capacity: int = DEFAULT_CAPACITY
    ttl_s: float | None = None
    max_total_bytes: int | None = None
    max_body_bytes: int = 10_000_000
    max_call_bytes: int = 10_000_000
    max_import_bytes: int = 100_000_000
    max_head_bytes: int = 256 * 1024
    max_header_lines: int = 1000
    max_target_bytes: int = 64 * 1024
    max_decoded_bytes: int = 20_000_000
    max_parts: int = 1000
    search_time_s: float = 0.15
    max_template_work: int = MAX_TEMPLATE_WORK
    max_form_variables: int = 1000
    max_form_depth: int = 64
    max_connections: int = 5000
    max_unfinished_bytes: int = 1_000_000_000
    receive_timeout_s: float = 120.0
    idle_timeout_s: float = 120.0
    max_streams: int = 2000
    max_bins: int = 10_000
    max_requests_per_s: float = 100.0
    public_url: str | None = None
    path_prefix: str = ""
    bin_domain: str = ""
    host_names: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    proxy_protocol: bool = False
    token: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    emit_allow: tuple[str, ...] = ()
    index_words: bool = True

    def __post_init__(self) -> None:
        # Absolute, without a tilde: a later change of directory does not matter.
        object.__setattr__(self, "data_dir", self.data_dir.expanduser().absolute())
        if self.unix_socket is not None:
            object.__setattr__(self, "unix_socket", self.unix_socket.expanduser().absolute())

    @property
    def database_url(self) -> str:
        """The database to open; the default file lies in ``data_dir``."""
        if self.database is not None:
            return self.database
        return f"sqlite:///{self.embedded_path}"

    @property
    def embedded_path(self) -> Path:
        """The SQLite file that is used when no other database is given."""
        return self.data_dir / "inspector.sqlite3"

    @property
    def body_limits(self) -> BodyLimits:
        """The limits on reading bodies."""
        return BodyLimits(
            self.max_form_variables, self.max_form_depth, self.max_decoded_bytes, self.max_parts
        )

    @property
    def addresses(self) -> Addresses:
        """The path and the domain that others reach us by."""
        own_path = urlsplit(self.public_url).path if self.public_url else ""
        return Addresses(own_path or self.path_prefix, self.bin_domain)

    def bin_url(self, base_url: str, name: str) -> str:
        """The URL for webhooks to a bin of the server at ``base_url``."""
        if not self.bin_domain:
            return f"{base_url}/{name}"
        parts = urlsplit(base_url)
        port = f":{parts.port}" if parts.port else ""
        return f"{parts.scheme}://{name}.{self.bin_domain}{port}"

    @property
    def is_loopback(self) -> bool:
        """True when the server listens for this machine only."""
        return _is_loopback(self.host)

    @property
    def is_exposed(self) -> bool:
        """True when others can reach the server, by its address or by the one it is known under."""
        public = urlsplit(self.public_url).hostname if self.public_url else None
        named = any(not _is_loopback(name) for name in self.host_names)
        return not self.is_loopback or not _is_loopback(public) or named

    def goes_by(self, name: str) -> bool:
        """True when one of ``host_names`` is this name in small letters, or its ``*.`` domain."""
        return any(
            name == each or (each.startswith("*.") and name.endswith(each[1:]))
            for each in self.host_names
        )

    @property
    def needs_token(self) -> bool:
        """True when pages and calls open only with ``token``."""
        return self.token is not None or self.is_exposed

    @property
    def base_url(self) -> str:
        """The beginning of bin URLs, without a final slash."""
        if self.public_url:
            return put_prefix(self.public_url, self.path_prefix)
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host  # noqa: S104 - to show, not to bind
        scheme = "https" if self.tls_cert else "http"
        authority = f"{f'[{host}]' if ':' in host else host}:{self.port}"
        return f"{scheme}://{authority}{self.path_prefix}"


def make_sender_limit(settings: Settings) -> SenderLimit | None:
    """The rate limit of senders, where there are any but this machine."""
    if not settings.needs_token:
        return None
    proxies = TrustedProxies.parse(settings.trusted_proxies)
    return SenderLimit(settings.max_requests_per_s, proxies)


def _is_loopback(host: str | None) -> bool:
    return host in (None, "localhost") or is_loopback(host)


def parse_size(text: str) -> int:
    """``"10MB"``, ``"512 KiB"``, ``"300"`` to bytes. Raises ``InspectorError`` ``invalid_size``."""
    found = re.match(_SIZE, text)
    if not found:
        raise InspectorError(
            "invalid_size", f"{text!r} is not a size. Write it like 10MB or 512KiB."
        )
    return int(float(found[1]) * _SIZE_FACTOR[found[2].lower()])


def parse_duration(text: str) -> float:
    """``"30d"``, ``"12h"``, ``"90s"`` to seconds, or ``InspectorError`` ``invalid_duration``."""
    found = re.match(_DURATION, text)
    if not found:
        raise InspectorError(
            "invalid_duration", f"{text!r} is not a duration. Write it like 30d, 12h, 15m or 90s."
        )
    return float(found[1]) * _DURATION_S[found[2].lower()]


def format_duration(seconds: float) -> str:
    """Seconds as text, in the largest unit without a remainder: ``"30d"``, ``"90m"``."""
    for unit in ("d", "h", "m"):
        if seconds >= _DURATION_S[unit] and seconds % _DURATION_S[unit] == 0:
            return f"{seconds / _DURATION_S[unit]:.0f}{unit}"
    return f"{seconds:g}s"


def put_prefix(url: str, prefix: str) -> str:
    """A URL without a slash at its end, and with the prefix where it has no path."""
    url = url.rstrip("/")
    return url if urlsplit(url).path else f"{url}{prefix}"


def check_public_url(text: str) -> str:
    """Give the URL back when bin URLs may begin with it, else ``invalid_public_url``.

    A path of it is a prefix: see ``check_path_prefix``, whose error it raises.
    """
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise InspectorError(
            "invalid_public_url",
            f"{text!r} is not a public URL. Write it like https://hooks.example.com.",
        )
    check_path_prefix(parts.path)
    return text.rstrip("/")


def check_host_name(text: str) -> str:
    """Give a name, or ``*.`` before a domain, back in small letters, else ``invalid_host_name``."""
    if not re.fullmatch(r"(?:\*\.)?[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*", text):
        raise InspectorError(
            "invalid_host_name",
            f"{text!r} is not a host name. Write it like inspector.tools.svc, without a port.",
        )
    return text.lower()


# Variables that are read here: no option of the command stands for them, or not of every command.
VARIABLES = {
    "INSPECTOR_TOKEN_FILE": "a file with the token, for any command that takes `--token`",
    "NO_COLOR": "when set, no colour in a terminal (no-color.org)",
    "LISTEN_PID": "with the next two: the socket that systemd hands to `serve`",
    "LISTEN_FDS": "how many sockets systemd hands over",
    "LISTEN_FDNAMES": "their names",
}


def find_token_file() -> Path | None:
    """The file that a command's token is read from when none is given."""
    path = os.environ.get("INSPECTOR_TOKEN_FILE")
    return Path(path) if path else None


def environment_for_others() -> dict[str, str]:
    """The environment for a program that is none of ours: without our settings and secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("INSPECTOR_")}


def declines_color() -> bool:
    """True when the user wants no colour on any terminal (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def check_token(text: str) -> str:
    """Give the token back when a header and a person can carry it, else ``invalid_token``."""
    if not re.match(_TOKEN, text):
        raise InspectorError(
            "invalid_token",
            f"A token has at least {MIN_TOKEN_CHARS} characters: letters, digits and signs, "
            "no blanks.",
        )
    return text


def make_token() -> str:
    """A token nobody guesses: 192 random bits."""
    return secrets.token_urlsafe(24)


def take_handed_socket() -> int | None:
    """The descriptor of a listening socket that systemd hands over, None without one.

    Source: systemd, ``sd_listen_fds(3)``. The variables are for this process alone.
    """
    pid, count = os.environ.pop("LISTEN_PID", ""), os.environ.pop("LISTEN_FDS", "")
    os.environ.pop("LISTEN_FDNAMES", None)
    is_ours = pid == str(os.getpid()) and count.isdecimal() and int(count) >= 1
    return 3 if is_ours else None


LIMITS: dict[str, tuple[str, Callable[[str], int | float]]] = {
    "max-call": ("max_call_bytes", parse_size),
    "max-import": ("max_import_bytes", parse_size),
    "max-decoded": ("max_decoded_bytes", parse_size),
    "max-parts": ("max_parts", parse_size),
    "search-time": ("search_time_s", parse_duration),
    "max-template-work": ("max_template_work", parse_size),
    "max-head": ("max_head_bytes", parse_size),
    "max-header-lines": ("max_header_lines", parse_size),
    "max-target": ("max_target_bytes", parse_size),
    "max-connections": ("max_connections", parse_size),
    "max-unfinished": ("max_unfinished_bytes", parse_size),
    "max-streams": ("max_streams", parse_size),
    "max-bins": ("max_bins", parse_size),
    "max-requests-per-s": ("max_requests_per_s", parse_size),
    "receive-timeout": ("receive_timeout_s", parse_duration),
    "idle-timeout": ("idle_timeout_s", parse_duration),
}


def parse_limits(texts: Iterable[str]) -> dict[str, int | float]:
    """``["max-streams=100"]`` to ``{"max_streams": 100}``, or ``invalid_limit``.

    See ``LIMITS`` for the names; a value is a number, a size or a duration.
    """
    found = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in LIMITS:
            raise InspectorError(
                "invalid_limit", f"{text!r} is no limit. Write it like max-streams=100."
            )
        field_name, parse = LIMITS[name]
        found[field_name] = parse(value)
        least = 1 if parse is parse_size else 0.001
        if found[field_name] < least:
            raise InspectorError("invalid_limit", f"{name} is at least {least}.")
    return found
