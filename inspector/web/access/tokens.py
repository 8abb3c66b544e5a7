"""Access by the server's token or by the secret of a private bin.

A program sends either with each call, as ``Authorization: Bearer``; a browser gets a
signed cookie for it. Neither is ever part of a URL or of a log.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from inspector.domain import Bin
from inspector.domain.audit import CallerKind
from inspector.domain.proxies import TrustedProxies, is_loopback
from inspector.domain.rate_limits import RateLimit
from inspector.errors import (
    InspectorError,
    TooManyRequestsError,
    UnauthorizedError,
)
from inspector.settings import Settings
from inspector.storage.bins import BinStore
from inspector.storage.logins import LoginStore, make_login

log = logging.getLogger("inspector.web")

COOKIE_AGE_S = 30 * 86_400
MAX_OPENED_BINS = 100
# Wrong tokens of one peer: ten at once, then one every six seconds.
WRONG_PER_S = 1 / 6
WRONG_BURST = 10
# A bin's secret allows reading and deleting; sending takes the server's own token.
_BY_SECRET = ("GET", "HEAD", "DELETE")


class Access:
    """Asks the caller of the request at hand; ``load_key`` gives the key that signs cookies."""

    def __init__(
        self,
        settings: Settings,
        bins: BinStore,
        proxies: TrustedProxies,
        load_key: Callable[[], bytes],
        logins: LoginStore,
    ) -> None:
        if settings.needs_token and not settings.token:
            raise InspectorError(
                "token_missing", "A server that others can reach needs a token. Set one."
            )
        self._token = settings.token
        self._proxies = proxies
        self._bins = bins
        self._load_key = load_key
        self._logins = logins
        self._wrong = RateLimit(WRONG_PER_S, WRONG_BURST)

    def client(self) -> str:
        """The caller's address: the peer's, or the one that a trusted proxy names."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        return self._proxies.find_client(request.remote_addr or "", forwarded)

    def is_https(self) -> bool:
        """True when the caller's connection is encrypted, here or at a trusted proxy."""
        if self._proxies.trusts(request.remote_addr or ""):
            return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        return request.is_secure

    def check(self) -> None:
        """Let the caller pass, or raise ``UnauthorizedError`` or ``TooManyRequestsError``."""
        self._read_cookie()  # for ``has_login``, which a page of an error asks, too
        if self.has_token() or self._is_about_an_opened_bin():
            return
        if self._token is None:
            raise InspectorError("forbidden", "Without a token this server is for its own machine.")
        self._refuse("Access needs the token that was printed when the server started.")

    def examine(self) -> None:
        """Try what the caller shows with the call, before anything else is decided.

        Raises ``TooManyRequestsError`` for one who has shown too many wrong ones.
        """
        bearer = _read_bearer()
        name = (request.view_args or {}).get("name")
        g.opened = _NOTHING if bearer is None else self._try(bearer, name)

    def _try(self, shown: str, bin_name: str | None) -> _Opened:
        """Compare with the server's token and the bin's secret: here alone, slowed and counted."""
        wait_s = self._wrong.wait_s(self.client())
        if wait_s:
            raise TooManyRequestsError("Too many wrong tokens or secrets.", wait_s)
        is_token = self._token is not None and hmac.compare_digest(
            shown.encode(), self._token.encode()
        )
        is_private = bin_name is not None and self._bins.is_private(bin_name)
        is_secret = is_private and self._bins.opens(str(bin_name), shown)
        if (self._token is not None or is_private) and not (is_token or is_secret):
            log.warning("A wrong token or secret came from %s.", self.client())
            self._wrong.take(self.client())
        return _Opened(is_token, bin_name if is_secret else None)

    def has_token(self) -> bool:
        """True when the caller has shown the token, or none is needed from this machine."""
        if self._token is None:
            return is_loopback(self.client())
        marked = self._read_cookie().get("token")
        return _opened().server or (
            isinstance(marked, str) and hmac.compare_digest(marked, self._mark(self._token))
        )

    def has_shown_bearer(self) -> bool:
        """True when the token itself came with the call, which no other site's page can send."""
        return _opened().server

    def describe_caller(self) -> CallerKind:
        """The kind of proof that let the caller in."""
        if _opened().server:
            return "token"
        if _opened().bin is not None:
            return "secret"
        return "login" if {"token", "bins"} & self._read_cookie().keys() else "address"

    def has_login(self) -> bool:
        """True when the browser's cookie opens something; asks no database, and never raises."""
        return bool({"token", "bins"} & g.get("shown", {}).keys())

    def check_bin(self, bin_: Bin) -> Bin:
        """Give the bin back when it is open to the caller, else raise as ``check`` does."""
        if not self.opens(bin_):
            self._refuse(f"The bin {bin_.name} is private. Its secret opens it.", bin=bin_.name)
        return bin_

    def opens(self, bin_: Bin) -> bool:
        """True when the caller may see this bin: its secret opens it, the token does not."""
        return self.lists(bin_) or _opened().bin == bin_.name

    def lists(self, bin_: Bin) -> bool:
        """True when the bin is among those shown to the caller: not private, or opened before."""
        return not bin_.private or bin_.id in self._read_cookie().get("bins", ())

    def try_token(self, token: str) -> bool:
        """True when this is the token; a wrong one counts."""
        return self._try(token, None).server

    def try_secret(self, bin_: Bin, secret: str) -> bool:
        """True when this is the bin's secret; a wrong one counts."""
        return self._try(secret, bin_.name).bin is not None

    def remember_token(self, response: Response) -> None:
        """Have the browser show it from now on."""
        self._write_cookie(response, {"token": self._mark(self._token or "")})

    def remember_bin(self, response: Response, bin_: Bin) -> None:
        """Have the browser open this bin from now on."""
        others = [each for each in self._read_cookie().get("bins", ()) if each != bin_.id]
        self._write_cookie(response, {"bins": [*others, bin_.id][-MAX_OPENED_BINS:]})

    def forget(self, response: Response) -> None:
        """Make the browser's cookie worthless, also for anyone who has copied it."""
        login = self._read_cookie().get("login")
        if isinstance(login, str):
            self._logins.end(login, COOKIE_AGE_S)
        response.delete_cookie(_cookie_name(), path=request.script_root or "/")

    def _is_about_an_opened_bin(self) -> bool:
        name = (request.view_args or {}).get("name")
        return name is not None and request.method in _BY_SECRET and _opened().bin == name

    @staticmethod
    def _refuse(message: str, **details: object) -> NoReturn:
        raise UnauthorizedError(message, **details)

    def _read_cookie(self) -> dict[str, Any]:
        if "shown" not in g:
            text = request.cookies.get(_cookie_name())
            g.shown = {} if text is None else self._unsign(text)
        found: dict[str, Any] = g.shown
        return found

    def _unsign(self, text: str) -> dict[str, Any]:
        try:
            found = self._signer().loads(text, max_age=COOKIE_AGE_S)
        except BadData:
            return {}
        login = found.get("login") if isinstance(found, dict) else None
        if not isinstance(login, str) or self._logins.has_ended(login):
            return {}
        return dict(found)

    def _write_cookie(self, response: Response, more: dict[str, Any]) -> None:
        response.set_cookie(
            _cookie_name(),
            str(self._signer().dumps({"login": make_login(), **self._read_cookie(), **more})),
            max_age=COOKIE_AGE_S,
            path=request.script_root or "/",
            httponly=True,
            samesite="Strict",
            secure=self.is_https(),
        )

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._load_key(), salt="inspector", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def _mark(self, token: str) -> str:
        """The mark in a cookie that stands for the token; another token makes it worthless."""
        return hmac.new(self._load_key(), token.encode(), hashlib.sha256).hexdigest()


class _Opened(NamedTuple):
    """The server or the bin that the caller's ``Authorization`` opens."""

    server: bool = False
    bin: str | None = None


_NOTHING = _Opened()


def _opened() -> _Opened:
    found: _Opened = g.get("opened", _NOTHING)
    return found


def _read_bearer() -> str | None:
    sent = request.authorization
    return sent.token if sent is not None and sent.type == "bearer" else None


def _cookie_name() -> str:
    """One a port: cookies are shared by all servers of a host, and would overwrite each other.

    The port is the one that the browser used, the same for all servers behind a proxy.
    """
    port = request.host.rpartition(":")[2]
    return f"inspector-{port if port.isascii() and port.isdigit() else ''}"
