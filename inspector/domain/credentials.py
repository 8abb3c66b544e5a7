"""Credentials in requests and actions: hidden where they are shown, put back where they return.

A credential is the value of a header that proves who sends, known by its name or because a
shared secret was put into it; and the user and password of a URL or of basic authentication.
Query strings and bodies are shown as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from inspector.errors import InspectorError

# A JSON object: how an action is written.
Definition: TypeAlias = Mapping[str, Any]

HIDDEN = "***"

_SECRET_NAME = re.compile(
    r"authentication|(?:.*-)?(?:authorization|cookie2?)|x-auth|.*(?:"
    r"api-?key|access-?key|secret|token|passw(?:or)?d|passphrase|credential|session-?id).*|"
    # A word in a header's name, unless it speaks of another kind of key.
    r"(?!(?:x-)?(?:idempotency|surrogate|routing|partition|sec-websocket)-)"
    r"(?:.*-)?(?:key|app-?key|pass|pwd|jwt)(?:-.*)?"
)
_SCHEME = re.compile(rb"([ \t]*(?:[A-Za-z0-9-]+[ ])?)[^\r\n]+")
# Expressions of a template are skipped, slashes and all; the last @ ends the user's part.
_USERINFO = re.compile(r"(//)(?:\{\{.*?\}\}|\{%.*?%\}|[^/?#\\])*@", re.DOTALL)


def is_secret_header(name: str) -> bool:
    """True when a header of this name, any case, proves who sends.

    A name that a template makes may be any.
    """
    name = name.strip().lower().replace("_", "-")
    return "{{" in name or "{%" in name or _SECRET_NAME.fullmatch(name) is not None


def hide_in_head(raw_head: bytes, secret_headers: Collection[str] = ()) -> bytes:
    """A request's head with ``***`` for credentials; an ``Authorization`` keeps its scheme.

    ``secret_headers`` are further names of headers with secrets, in lower case.
    """
    lines = raw_head.split(b"\n")
    return b"\n".join([lines[0], *(_hide_in_line(line, secret_headers) for line in lines[1:])])


def _hide_in_line(line: bytes, secret_headers: Collection[str]) -> bytes:
    name, colon, value = line.partition(b":")
    text = name.decode("latin-1")
    if not colon or not (is_secret_header(text) or text.strip().lower() in secret_headers):
        return line
    has_scheme = name.lower().endswith(b"authorization")
    begin = _SCHEME.match(value)
    kept = begin[1] if begin and has_scheme else value[: len(value) - len(value.lstrip(b" \t"))]
    end = b"\r" if line.endswith(b"\r") else b""
    return b"%s:%s%s%s" % (name, kept, HIDDEN.encode(), end) if value.strip() else line


def hide_in_url(url: str) -> str:
    """A URL, or a template of one, without its user and password."""
    return _USERINFO.sub(rf"\1{HIDDEN}@", url, count=1)


def restore_url(shown: str, kept: Iterable[str]) -> str:
    """The kept URL when the given one is its shown form, else the given one.

    Raises ``InspectorError`` ``invalid_url`` when its user and password are hidden and not kept.
    """
    found = next((url for url in kept if hide_in_url(url) == shown), shown)
    if f"//{HIDDEN}@" in found:
        message = "The user and password that are hidden here are not kept any more. Enter them."
        raise InspectorError("invalid_url", message, field="url")
    return found


def hide_in_definition(definition: Definition) -> Definition:
    """An action's JSON with ``***`` for credentials."""
    shown = dict(definition)
    if isinstance(shown.get("url"), str):
        shown["url"] = hide_in_url(shown["url"])
    if isinstance(shown.get("headers"), list):
        shown["headers"] = [_hide_in_header(*pair) for pair in shown["headers"]]
    options = shown.get("options")
    if isinstance(options, Mapping) and options.get("basic_auth"):
        user, password = options["basic_auth"]
        # A token is often given as a user without a password.
        pair = [user, HIDDEN] if password else [HIDDEN, ""]
        shown["options"] = {**options, "basic_auth": pair}
    options = shown.get("options")
    if isinstance(options, Mapping) and options.get("sign"):
        shown["options"] = {**options, "sign": _hide_in_sign(options["sign"])}
    return shown


def _hide_in_sign(sign: str) -> str:
    """A secret to sign with, ``SCHEME:SECRET`` or a JSON object, with ``***`` for the secret."""
    if not sign.lstrip().startswith("{"):
        return f"{sign.partition(':')[0]}:{HIDDEN}"
    try:
        return json.dumps({**json.loads(sign), "secret": HIDDEN})
    except (ValueError, TypeError, RecursionError):
        return HIDDEN


def _hide_in_header(name: str, value: str) -> list[str]:
    return [name, HIDDEN if is_secret_header(name) else value]


def put_back(shown: Definition, kept: Definition) -> Definition:
    """A changed definition, with the credentials of ``kept`` wherever it has them hidden."""
    hidden = hide_in_definition(kept)
    taken = dict(shown)
    if taken["url"] == hidden["url"]:
        taken["url"] = kept["url"]
    ours = list(zip(hidden["headers"], kept["headers"], strict=True))
    taken["headers"] = [_take_first(ours, pair) for pair in taken["headers"]]
    auth, given = hidden["options"].get("basic_auth"), taken["options"]
    if auth and given.get("basic_auth") == auth:
        taken["options"] = {**given, "basic_auth": kept["options"]["basic_auth"]}
    if hidden["options"].get("sign") and taken["options"].get("sign") == hidden["options"]["sign"]:
        taken["options"] = {**taken["options"], "sign": kept["options"]["sign"]}
    return taken


def _take_first(pairs: list[tuple[Any, Any]], shown: Any) -> Any:
    """The kept value of the first pair with this shown form, taken out; else ``shown`` itself."""
    for position, (hidden, kept) in enumerate(pairs):
        if hidden == shown:
            del pairs[position]
            return kept
    return shown


def find_hidden(definition: Definition) -> str | None:
    """The field of an action that still has ``***`` for a credential, or None."""
    if f"//{HIDDEN}@" in definition["url"]:
        return "url"
    for position, (name, value) in enumerate(definition["headers"]):
        if value == HIDDEN and is_secret_header(name):
            return f"headers.{position}"
    sign = definition["options"].get("sign")
    if sign and sign == _hide_in_sign(sign):
        return "sign"
    return "password" if HIDDEN in (definition["options"].get("basic_auth") or ()) else None
