"""Pages below a path of another server: views and templates know no prefix.

It is taken off the path before Flask sees it and put before every address of a response on
its way out, so that a link, once written, works at the root and below any path.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request

from inspector.domain.proxies import Addresses, TrustedProxies, check_path_prefix, strip_prefix
from inspector.errors import InspectorError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# What a page asks of a browser or of htmx. A value that was captured has its quotes escaped,
# so that none of it can look like one of these.
_LINK = re.compile(
    r"(\s(?:href|src|action|formaction|hx-(?:get|post|put|patch|delete)|sse-connect|data-fill)"
    r'=")/(?![/\\])'
)
_HEADERS = ("Location", "HX-Redirect", "HX-Location", "HX-Push-Url", "HX-Replace-Url")


class PrefixedApp:
    """A WSGI application that finds its own path in what a proxy has left of it.

    ``X-Forwarded-Prefix`` of a trusted proxy takes the place of ``addresses.path_prefix``.
    """

    def __init__(self, app: WSGIApplication, addresses: Addresses, proxies: TrustedProxies) -> None:
        self._app = app
        self._addresses = addresses
        self._proxies = proxies

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Pass the request on with the path that our routes have."""
        host, path = environ.get("HTTP_HOST", ""), environ.get("PATH_INFO", "")
        own = self._addresses.own_path(path.encode("latin-1", "replace"), host)
        if self._addresses.find_bin(host) is None:
            prefix = self._find_prefix(environ)
            environ["SCRIPT_NAME"] = prefix
            if prefix != self._addresses.path_prefix:
                own = strip_prefix(own, prefix.encode())
        environ["PATH_INFO"] = own.decode("latin-1")
        return self._app(environ, start_response)

    def _find_prefix(self, environ: WSGIEnvironment) -> str:
        forwarded = environ.get("HTTP_X_FORWARDED_PREFIX", "")
        if forwarded and self._proxies.trusts(environ.get("REMOTE_ADDR", "")):
            try:
                return check_path_prefix(forwarded)
            except InspectorError:
                pass  # A sender's header, which the proxy let through.
        return self._addresses.path_prefix


def register(app: Flask, addresses: Addresses, proxies: TrustedProxies) -> None:
    """Serve below the prefix, where there is one."""
    if addresses == Addresses() and proxies == TrustedProxies():
        return
    wrapped: Callable[..., Any] = app.wsgi_app
    app.wsgi_app = PrefixedApp(wrapped, addresses, proxies)  # type: ignore[method-assign]
    app.after_request(_add_prefix)


def add_prefix(markup: str, prefix: str) -> str:
    """Our markup with the prefix before each address."""
    # A ``Markup`` would escape what the pattern puts back.
    return _LINK.sub(rf"\g<1>{prefix}/", str(markup)) if prefix else markup


def _add_prefix(response: Response) -> Response:
    prefix = request.script_root
    if not prefix or request.endpoint == "capture":
        return response
    for name in _HEADERS:
        value = response.headers.get(name, "")
        if value.startswith("/") and not value.startswith(("//", "/\\")):
            response.headers[name] = prefix + value
    if response.mimetype == "text/html" and response.is_sequence:
        response.set_data(add_prefix(response.get_data(as_text=True), prefix))
    return response
