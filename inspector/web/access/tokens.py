"""What a caller has to show, and has shown: the server's token, the secret of a private bin.

A program sends either with each call, as ``Authorization: Bearer``; a browser gets a
signed cookie for it. Neither is ever part of a URL or of a log.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, NoReturn

from flask import Response, g, request
from itsdangerous import BadData, URLSafeTimedSerializer

from inspector.domain import Bin
from inspector.domain.proxies import TrustedProxies, is_loopback
from inspector.domain.rates import RateLimit
from inspector.errors import (
    BinNotFoundError,
    InspectorError,
    TooManyRequestsError,
    UnauthorizedError,
)
from inspector.settings import Settings
from inspector.storage.bins import BinStore

COOKIE_AGE_S = 30 * 86_400
MAX_OPENED_BINS = 100
# Ten wrong ones at once, then one every six seconds, for each peer.
WRONG_PER_S = 1 / 6
WRONG_BURST = 10
# Reading and deleting; sending on from here takes the server's own token.
_BY_SECRET = ("GET", "HEAD", "DELETE")


class Access:
    """Asks the caller of the request at hand; ``load_key`` gives the key that signs cookies."""

    def __init__(
        self,
        settings: Settings,
        bins: BinStore,
        proxies: TrustedProxies,
        load_key: Callable[[], bytes],
    ) -> None:
        if settings.needs_token and not settings.token:
            raise InspectorError(
                "token_missing", "A server that others can reach needs a token. Set one."
            )
        self._token = settings.token
        self._proxies = proxies
        self._bins = bins
        self._load_key = load_key
        self._wrong = RateLimit(WRONG_PER_S, WRONG_BURST)

    def client(self) -> str:
        """Who asks: the peer, or whom a trusted proxy names."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        return self._proxies.find_client(request.remote_addr or "", forwarded)

    def is_https(self) -> bool:
        """Whether the caller's connection is encrypted, here or at a trusted proxy."""
        if self._proxies.trusts(request.remote_addr or ""):
            return request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        return request.is_secure

    def check(self) -> None:
        """Let the caller pass, or raise ``UnauthorizedError`` or ``TooManyRequestsError``."""
        if self.has_token() or self._is_about_an_opened_bin():
            return
        if self._token is None:
            raise InspectorError("forbidden", "Without a token this server is for its own machine.")
        self._refuse("This server opens with its token.")

    def has_token(self) -> bool:
        """Whether the caller has shown the token, or none is needed from this machine."""
        if self._token is None:
            return is_loopback(self.client())
        shown = _read_bearer()
        if shown is not None:
            self._slow_down()
            if hmac.compare_digest(shown.encode(), self._token.encode()):
                return True
        marked = self._read_cookie().get("token")
        return isinstance(marked, str) and hmac.compare_digest(marked, self._mark(self._token))

    def has_shown_bearer(self) -> bool:
        """Whether the token itself came with the call, which no other site's page can send."""
        return self._token is not None and _read_bearer() is not None and self.has_token()

    def check_bin(self, bin_: Bin) -> Bin:
        """Give the bin back when it is open to the caller, else raise as ``check`` does."""
        if not self.opens(bin_):
            self._refuse(f"The bin {bin_.name} is private. Its secret opens it.", bin=bin_.name)
        return bin_

    def opens(self, bin_: Bin) -> bool:
        """Whether the caller may see this bin: its secret opens it, the server's token does not."""
        return self.lists(bin_) or self._is_secret(bin_.name, _read_bearer())

    def lists(self, bin_: Bin) -> bool:
        """Whether the bin is among those shown to the caller: not private, or opened before."""
        return not bin_.private or bin_.id in self._read_cookie().get("bins", ())

    def try_token(self, token: str) -> bool:
        """Whether this is the token; a wrong one counts."""
        self._slow_down()
        right = self._token is not None and hmac.compare_digest(
            token.encode(), self._token.encode()
        )
        if not right:
            self._wrong.take(self.client())
        return right

    def try_secret(self, bin_: Bin, secret: str) -> bool:
        """Whether this is the bin's secret; a wrong one counts."""
        right = self._is_secret(bin_.name, secret)
        if not right:
            self._wrong.take(self.client())
        return right

    def remember_token(self, response: Response) -> None:
        """Have the browser show it from now on."""
        self._write_cookie(response, {"token": self._mark(self._token or "")})

    def remember_bin(self, response: Response, bin_: Bin) -> None:
        """Have the browser open this bin from now on."""
        others = [each for each in self._read_cookie().get("bins", ()) if each != bin_.id]
        self._write_cookie(response, {"bins": [*others, bin_.id][-MAX_OPENED_BINS:]})

    def forget(self, response: Response) -> None:
        """Have the browser show nothing any more."""
        response.delete_cookie(_cookie_name())

    def _is_about_an_opened_bin(self) -> bool:
        name = (request.view_args or {}).get("name")
        if name is None or request.method not in _BY_SECRET:
            return False
        return self._is_secret(name, _read_bearer())

    def _is_secret(self, bin_name: str, shown: str | None) -> bool:
        if shown is None:
            return False
        self._slow_down()
        try:
            return self._bins.opens(bin_name, shown)
        except BinNotFoundError:
            return False

    def _refuse(self, message: str, **details: object) -> NoReturn:
        if _read_bearer() is not None and not self.has_shown_bearer():
            self._wrong.take(self.client())
        raise UnauthorizedError(message, **details)

    def _slow_down(self) -> None:
        wait_s = self._wrong.wait_s(self.client())
        if wait_s:
            raise TooManyRequestsError("Too many wrong tokens or secrets.", wait_s)

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
        return found if isinstance(found, dict) else {}

    def _write_cookie(self, response: Response, more: dict[str, Any]) -> None:
        response.set_cookie(
            _cookie_name(),
            str(self._signer().dumps(self._read_cookie() | more)),
            max_age=COOKIE_AGE_S,
            httponly=True,
            samesite="Strict",
            secure=self.is_https(),
        )

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._load_key(), salt="inspector", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def _mark(self, token: str) -> str:
        """What a cookie says instead of the token; another token makes it worthless."""
        return hmac.new(self._load_key(), token.encode(), hashlib.sha256).hexdigest()


def _read_bearer() -> str | None:
    sent = request.authorization
    return sent.token if sent is not None and sent.type == "bearer" else None


def _cookie_name() -> str:
    """One a port: cookies are shared by all servers of a host, and would overwrite each other."""
    return f"inspector-{request.environ.get('SERVER_PORT', '')}"
