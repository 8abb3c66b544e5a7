"""The reason why a signature is not right: the likely mistakes, tried one after the other.

Each attempt is one HMAC over bytes that are here anyway. Bounded: a few dozen attempts, and
none over a body of more than 1 MiB.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from inspector.domain.json_bodies import parse_json
from inspector.domain.messages import Message
from inspector.signatures.schemes import (
    SECRET_PREFIX,
    Claim,
    Scheme,
    compute_signature,
    decode_base64,
    encode_text,
    has_body_hash,
    is_same,
    make_key,
)

MAX_BODY_BYTES = 1024 * 1024

UNKNOWN_REASON = (
    "The signature matches neither the body as it came nor any usual change of it: the sender has "
    "another secret, or the body was changed on its way."
)
_TOO_LARGE = (
    "The signature does not match the body. It is too large for further attempts to find out why."
)


class Attempt(NamedTuple):
    """A request's claim, and what is needed to compute the right signature."""

    scheme: Scheme
    claim: Claim
    message: Message
    urls: tuple[str, ...]

    def matches(self, key: bytes, *, body: bytes | None = None, url: str | None = None) -> bool:
        """True when a given signature is right with this key; else over this body or URL."""
        data = self.message.body if body is None else body
        kind = self.message.find_header("Content-Type") or ""
        for place in self.urls if url is None else (url,):
            right = compute_signature(self.scheme, key, self.claim, place, data, kind)
            # All are compared, so that the time does not tell which one was right.
            found = [is_same(given, right) for given in self.claim.signatures]
            if any(found) and has_body_hash(self.scheme, place, data):
                return True
        return False


def find_urls(message: Message) -> tuple[str, ...]:
    """The URLs that a sender may have used for this request: by its Host, and by a proxy's word.

    With and without the usual port, which some senders sign and others leave out. At most 4.
    """
    proto = (message.find_header("X-Forwarded-Proto") or "http").split(",")[0].strip().lower()
    proto = "https" if proto in ("https", "wss") else "http"
    hosts = [
        (message.find_header(name) or "").split(",")[0].strip()
        for name in ("X-Forwarded-Host", "Host")
    ]
    port = ":443" if proto == "https" else ":80"
    urls = []
    for host in dict.fromkeys(filter(None, hosts)):
        bare = host.removesuffix(port)
        urls.append(f"{proto}://{bare}{message.target}")
        if ":" not in bare.rpartition("]")[2]:
            urls.append(f"{proto}://{bare}{port}{message.target}")
    return tuple(urls)


def find_reason(attempt: Attempt, secrets: list[str]) -> str:
    """The reason why none of the secrets, as they are, makes the signature right."""
    scheme, body = attempt.scheme, attempt.message.body
    if scheme.kind == "token":
        return _find_token_reason(attempt, secrets)
    if len(body) > MAX_BODY_BYTES and scheme.kind != "mailgun":
        return _TOO_LARGE
    for reason, key in (pair for secret in secrets for pair in _list_keys(scheme, secret)):
        if attempt.matches(key):
            return reason
    keys = [key for key in (make_key(scheme, secret) for secret in secrets) if key]
    if not keys:
        return "The secret here is not base64, as this scheme wants it: is a part of it missing?"
    for key in keys[:3]:
        found = _try_spellings(attempt, key) or _try_urls(attempt, key) or _try_bodies(attempt, key)
        if found:
            return found
    return UNKNOWN_REASON


def _find_token_reason(attempt: Attempt, secrets: list[str]) -> str:
    """Comparing texts with white space, case or a lead off; in constant time each."""
    given = "".join(attempt.claim.signatures)
    for secret in secrets:
        if is_same(given, attempt.scheme.prefix + secret.strip()):
            return _blank_reason(secret)
        for lead in ("Bearer ", "Token ", "Basic "):
            if is_same(given, lead + secret):
                return f"The header has the secret after {lead.strip()}: set the prefix to it."
        if attempt.scheme.prefix and is_same(given, secret):
            return f"The header has the secret without {attempt.scheme.prefix.strip()} before it."
    return "The header has another secret."


def _list_keys(scheme: Scheme, secret: str) -> Iterator[tuple[str, bytes]]:
    """Wrong readings of a secret, as keys, each with the reason that it would prove."""
    bare = secret.strip()
    texts = []
    if bare != secret:
        texts.append((_blank_reason(secret), bare))
    texts += [
        ("The sender's secret ends with a line end, as one read from a file does.", bare + end)
        for end in ("\n", "\r\n")
        if bare + end != secret
    ]
    if bare.startswith(SECRET_PREFIX * 2):
        once = bare.removeprefix(SECRET_PREFIX)
        texts.append((f"The secret here has {SECRET_PREFIX} twice.", once))
    for reason, text in texts:
        key = make_key(scheme, text)
        if key is not None:
            yield reason, key
    yield from (_list_base64_keys if scheme.is_base64_key else _list_text_keys)(bare)
    for how, decoded in _list_decoded(scheme, bare):
        for end in (b"\n", b"\r\n"):
            yield (
                f"The sender's key is the secret decoded from {how}, with a line end after it, as "
                "one read from a file has.",
                decoded + end,
            )


def _list_decoded(scheme: Scheme, bare: str) -> Iterator[tuple[str, bytes]]:
    """The binary keys that a secret's text may stand for, each with its encoding."""
    decoded = make_key(scheme, bare) if scheme.is_base64_key else decode_base64(bare)
    if decoded:
        yield "base64", decoded
    with suppress(ValueError):
        yield "hexadecimal", bytes.fromhex(bare)


def _list_base64_keys(bare: str) -> Iterator[tuple[str, bytes]]:
    """Wrong keys with their reasons, for a scheme whose key is the secret decoded from base64."""
    rest = bare.removeprefix(SECRET_PREFIX)
    yield (
        "The sender uses the secret's text as the key: it forgets to decode base64.",
        encode_text(rest),
    )
    yield (
        f"The sender uses the secret's text, {SECRET_PREFIX} and all, as the key.",
        (encode_text(bare)),
    )
    padded = decode_base64(rest.replace("-", "+").replace("_", "/") + "=" * (-len(rest) % 4))
    if padded:
        yield "The secret here is not base64 to the letter: a = at its end is missing.", padded


def _list_text_keys(bare: str) -> Iterator[tuple[str, bytes]]:
    """Wrong keys with their reasons, for a scheme whose key is the secret's own text."""
    rest = bare.removeprefix(SECRET_PREFIX)
    if rest != bare:
        yield f"The sender leaves {SECRET_PREFIX} out of the secret.", encode_text(rest)
    yield f"The secret here lacks {SECRET_PREFIX} before it.", encode_text(SECRET_PREFIX + bare)
    decoded = decode_base64(rest)
    if decoded:
        yield "The secret here is still base64: the sender uses it decoded.", decoded
    yield "The sender's secret is still base64 of the one here.", b64encode(encode_text(bare))
    with suppress(ValueError):
        decoded = bytes.fromhex(bare)
        yield "The secret here is still hexadecimal: the sender uses it decoded.", decoded


def _blank_reason(secret: str) -> str:
    has_end = secret.rstrip(" \t").endswith(("\n", "\r"))
    what = "a line end after it" if has_end else "white space around it"
    return f"The secret here has {what}; the signature is right without."


def _try_spellings(attempt: Attempt, key: bytes) -> str:
    """The right hash, written otherwise."""
    scheme, claim = attempt.scheme, attempt.claim
    other = "hex" if scheme.encoding == "base64" else "base64"
    written = [(f"{scheme.encoding} as it should be", scheme)]
    written.append((f"{other} instead of {scheme.encoding}", _replace_encoding(scheme, other)))
    given = [text.strip() for text in claim.signatures]
    for place in attempt.urls:
        for how, spelled in written:
            right = compute_signature(
                spelled,
                key,
                claim,
                place,
                attempt.message.body,
                attempt.message.find_header("Content-Type") or "",
            )
            bare = right.removeprefix(scheme.prefix)
            for text in given:
                if how.startswith(other) and (is_same(text, right) or is_same(text, bare)):
                    return f"The signature is right, but written in {how}."
                if scheme.prefix and is_same(text, bare):
                    return f"The signature is right, but {scheme.prefix} is missing before it."
                if scheme.prefix and is_same(text, scheme.prefix + right):
                    return f"The signature is right, but {scheme.prefix} is there twice."
                if spelled.encoding == "hex" and is_same(text.lower(), right):
                    return "The signature is right, but written in capital letters."
    return ""


def _replace_encoding(scheme: Scheme, encoding: Any) -> Scheme:
    return replace(scheme, encoding=encoding)


def _try_urls(attempt: Attempt, key: bytes) -> str:
    """The signature of another spelling of the address."""
    if "{url}" not in attempt.scheme.signed:
        return ""
    for url in attempt.urls:
        parts = urlsplit(url)
        other = "http" if parts.scheme == "https" else "https"
        port = ":443" if other == "https" else ":80"
        rest = url.partition("://")[2]
        host, slash, path = rest.partition("/")
        bare = host.removesuffix(":443").removesuffix(":80")
        turned = f"The signature is right for {other} instead of {parts.scheme}: something between "
        turned += "ends TLS without saying so in X-Forwarded-Proto."
        tried = [
            (turned, f"{other}://{rest}"),
            (turned, f"{other}://{bare}{slash}{path}"),
            (turned, f"{other}://{bare}{port}{slash}{path}"),
            ("The signature is right for the address without its query.", url.partition("?")[0]),
            (
                f"The signature is right for {other} and without the query.",
                f"{other}://{rest}".partition("?")[0],
            ),
            ("The signature is right for the address with a / at its end.", url + "/"),
            ("The signature is right for the address without the / at its end.", url.rstrip("/")),
        ]
        for reason, spelled in tried:
            if attempt.matches(key, url=spelled):
                return reason
    return ""


def _try_bodies(attempt: Attempt, key: bytes) -> str:
    for reason, make in list_bodies(attempt.message):
        body = make()
        if body is not None and body != attempt.message.body and attempt.matches(key, body=body):
            return reason
    return ""


def list_bodies(message: Message) -> list[tuple[str, Callable[[], bytes | None]]]:
    """Other forms of a body that its sender may have signed, each with a sentence about it."""
    body = message.body

    return [
        (
            "The signature is right over the decompressed body: the sender signs first and "
            "compresses then.",
            lambda: message.decoded_body,
        ),
        (
            "The signature is right without the body's last line end: something added one.",
            lambda: body.removesuffix(b"\n").removesuffix(b"\r"),
        ),
        (
            "The signature is right with a line end after the body: something took it away.",
            lambda: body + b"\n",
        ),
        (
            "The signature is right over line ends LF where CR LF came: something changed them.",
            lambda: body.replace(b"\r\n", b"\n"),
        ),
        (
            "The signature is right over line ends CR LF where LF came: something changed them.",
            lambda: body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
        ),
        *_list_rewritten(message),
        ("The signature is right over an empty body: the sender did not sign it.", lambda: b""),
    ]


_COMPACT = (",", ":")
_REWRITTEN: dict[str, dict[str, Any]] = {
    "without spaces": {"separators": _COMPACT, "ensure_ascii": False},
    "without spaces, in ASCII": {"separators": _COMPACT},
    "with spaces": {"ensure_ascii": False},
    "with spaces, in ASCII": {},
    "indented by 2": {"indent": 2, "ensure_ascii": False},
    "indented by 4": {"indent": 4, "ensure_ascii": False},
    "with its names sorted": {"separators": _COMPACT, "sort_keys": True, "ensure_ascii": False},
}


def _list_rewritten(message: Message) -> Iterator[tuple[str, Callable[[], bytes | None]]]:
    """The JSON as other programs would write it."""
    for how, options in _REWRITTEN.items():
        yield (
            f"The signature is right over the JSON written anew {how}: something between "
            "changed it.",
            partial(_rewrite_json, message.decoded_body, **options),
        )


def _rewrite_json(body: bytes, **how: Any) -> bytes | None:
    value = parse_json(body)
    if value is None:
        return None
    try:
        return json.dumps(value, **how).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return None
