"""The gate before every page and call: access, size limits, and security headers.

Any web page that a user visits can send requests to this machine, so a local address proves
nothing. Only captures pass unchecked: they accept everything from everywhere.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from inspector.domain.bins import is_import_path
from inspector.errors import InspectorError
from inspector.settings import Settings
from inspector.web.current import current_services
from inspector.web.headers import DATA_POLICY, HEADERS, page_policy

CAPTURE = "capture"
STATIC = "static"
# Endpoints open without a token: the login, and answers without captured data.
PROBES = ("probes.healthz", "probes.readyz")
OPEN = (STATIC, *PROBES, "login.ask_for_token", "login.take_token")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s]+)(?::\d{0,5})?\Z")
# Fetch Metadata (W3C): set by the browser, out of a page's reach. "none" is the user's own doing.
_OWN_SITES = ("same-origin", "none")


def register(app: Flask) -> None:
    """Put the gate before every view; first, so that nothing answers without it."""
    app.before_request(_check_caller)
    app.before_request(_bound_body)
    app.after_request(_forbid)
    app.jinja_env.globals["script_nonce"] = _script_nonce


def _check_caller() -> None:
    services = current_services()
    services.limit_sender(request.remote_addr or "", request.headers.get("X-Forwarded-For", ""))
    if request.endpoint == CAPTURE:
        return
    services.access.examine()
    # Proxies and clusters check health by names of their own: a server's in its network, a pod's.
    is_probe = request.endpoint in PROBES
    if not is_probe and not is_our_host(request.headers.get("Host", ""), services.settings):
        raise InspectorError(
            "wrong_host",
            "This server does not go by that name. Use its address, or start it with "
            "--public-url or --host-name.",
        )
    if comes_from_elsewhere() and not (_is_followed_link() or services.access.has_shown_bearer()):
        raise InspectorError("cross_origin", "Another site's page may not do this.")
    if request.endpoint not in OPEN:
        services.access.check()


def _bound_body() -> None:
    """Refuse what is larger than pages, calls and imports take.

    ``inspector.is_cut`` is our own server's word for a body of which only a part was kept.
    """
    is_cut = request.environ.get("inspector.is_cut")
    if request.endpoint == CAPTURE and not is_cut:
        return
    settings = current_services().settings
    is_import = is_import_path(request.path)
    limit = settings.max_import_bytes if is_import else settings.max_call_bytes
    request.max_content_length = limit
    if is_cut or (request.content_length or 0) > limit:
        flag = f"--limit max-{'import' if is_import else 'call'}=BYTES"
        raise InspectorError(
            "too_large",
            f"This is larger than the {limit:,} bytes that are taken here. "
            f"Start the server with {flag} to take more.",
        )


def is_our_host(host: str, settings: Settings) -> bool:
    """True when a ``Host`` header names this server, whatever the port it was reached by.

    A page elsewhere whose name is made to resolve to this machine (DNS rebinding)
    sends that name. Browsers always send one, so none at all is a program's.
    """
    if not host:
        return True
    found = _HOST.match(host)
    if not found:
        return False
    name = found[1].strip("[]").lower()
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    if name in ("localhost", settings.host.lower(), public) or settings.goes_by(name):
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not settings.is_loopback


def comes_from_elsewhere() -> bool:
    """True when a page of another origin made its reader's browser ask."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in _OWN_SITES
    origin = request.headers.get("Origin")
    return origin is not None and origin not in _own_origins()


def _own_origins() -> tuple[str, ...]:
    services = current_services()
    scheme = "https" if services.access.is_https() else "http"
    public = urlsplit(services.settings.public_url or "")
    return f"{scheme}://{request.host}", f"{public.scheme}://{public.netloc}"


def _is_followed_link() -> bool:
    """True when the user went to one of our pages by a link elsewhere, which changes nothing."""
    return (
        request.method in ("GET", "HEAD")
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and request.headers.get("Sec-Fetch-Dest") == "document"
        and request.blueprint != "stream"
        and not request.path.startswith("/api/")
    )


def _script_nonce() -> str:
    """The nonce of a page's own scripts: the content policy lets no other script run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    nonce: str = g.nonce
    return nonce


def _forbid(response: Response) -> Response:
    """Set the security headers: no inline script, no frame, no sniffing, same origin only."""
    if request.endpoint == CAPTURE:
        return response
    response.headers.update(HEADERS)
    # A download is no page of ours, whatever its content is.
    is_page = response.mimetype == "text/html" and "Content-Disposition" not in response.headers
    response.headers["Content-Security-Policy"] = (
        page_policy(g.get("nonce")) if is_page else DATA_POLICY
    )
    if request.endpoint != STATIC or "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
