"""Programs that make a tunnel: how each is started, and where in its output its address stands.

Only the pattern of its own line counts: no address of the program's makers, of a log-in page or
of this machine is taken for the public one.
"""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from inspector.errors import InspectorError

PORT = "{port}"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*\x07?")
# A whole address of a server alone: no user, no path, no query.
_ADDRESS = re.compile(
    r"(?<![\w./:@-])(https?)://([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)(:\d{1,5})?/?"
    r"(?=[\s\"'|,;)>\]]|\.?$|\.\s)"
)
_NGROK = re.compile(r"\bmsg=\"started tunnel\".*\burl=(\S+)")


@dataclass(frozen=True, slots=True)
class TunnelProgram:
    """``command`` has ``{port}`` for the port; ``find_url`` finds the address in a line.

    ``names_sender`` says that it ends ``X-Forwarded-For`` with the sender's address;
    ``install`` is how to get it, for people.
    """

    name: str
    command: tuple[str, ...]
    find_url: Callable[[str], str | None]
    names_sender: bool = False
    install: str = ""

    def argv(self, port: int) -> list[str]:
        """The command for this port."""
        return [word.replace(PORT, str(port)) for word in self.command]


def find_tunnel(text: str) -> TunnelProgram:
    """The program of this name, or the command that has ``{port}``.

    No shell reads a command. Raises ``invalid_tunnel``.
    """
    if text in PROGRAMS:
        return PROGRAMS[text]
    try:
        words = tuple(shlex.split(text))
    except ValueError:
        words = ()
    if len(words) < 2 or not any(PORT in word for word in words[1:]) or "\0" in text:
        raise InspectorError(
            "invalid_tunnel",
            f"{text[:100]!r} is no tunnel: name {', '.join(PROGRAMS)}, or give a command with "
            "{port} in it, like 'ssh -R 80:127.0.0.1:{port} serveo.net'.",
        )
    return TunnelProgram(words[0], words, find_any)


def find_any(line: str) -> str | None:
    """The first address of a server elsewhere that a line has."""
    for found in _ADDRESS.finditer(clean(line)):
        url = _check(found[0])
        if url is not None:
            return url
    return None


def clean(line: str) -> str:
    """A line without a terminal's escape sequences."""
    return _ESCAPES.sub("", line)


def _check(text: str) -> str | None:
    """An address without its slash, None when it is of this machine or network, or none at all."""
    url = text.rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or port == 0 or parts.path or "@" in parts.netloc:
        return None
    try:
        return url if ipaddress.ip_address(host).is_global else None
    except ValueError:
        is_near = host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
        is_name = "." in host and len(host) <= 253 and not host.rpartition(".")[2].isdigit()
        return url if is_name and not is_near else None


def _find_below(domain: str, *others: str) -> Callable[[str], str | None]:
    def find(line: str) -> str | None:
        for found in _ADDRESS.finditer(clean(line)):
            host = found[2].lower()
            if found[1] == "https" and host.endswith(domain) and host not in others:
                return _check(found[0])
        return None

    return find


def _find_ngrok(line: str) -> str | None:
    found = _NGROK.search(clean(line))
    url = None if found is None else find_any(found[1])
    return url if url is not None and url.startswith("https://") else None


# Sources: developers.cloudflare.com (TryCloudflare), tailscale.com/kb/1311/tailscale-funnel,
# ngrok.com/docs/agent/cli.
PROGRAMS = {
    each.name: each
    for each in (
        TunnelProgram(
            "cloudflared",
            ("cloudflared", "tunnel", "--no-autoupdate", "--url", "http://127.0.0.1:{port}"),
            # The domain that gives it a name, and its error message.
            _find_below(".trycloudflare.com", "api.trycloudflare.com"),
            names_sender=True,
            install="https://developers.cloudflare.com/tunnel/downloads/",
        ),
        TunnelProgram(
            "tailscale",
            ("tailscale", "funnel", "http://127.0.0.1:{port}"),
            _find_below(".ts.net"),
            names_sender=True,
            install="https://tailscale.com/download",
        ),
        TunnelProgram(
            "ngrok",
            tuple(
                "ngrok http http://127.0.0.1:{port} --log stdout --log-format logfmt "
                "--log-level info".split()
            ),
            _find_ngrok,
            names_sender=True,
            install="https://ngrok.com/download",
        ),
    )
}
