"""The secrets that a bin checks signatures with, and their JSON document.

They are stored in clear, as an HMAC needs them; every output has ``***`` for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, get_args

from inspector.domain.credentials import HIDDEN
from inspector.domain.pairs import is_token
from inspector.errors import InspectorError
from inspector.signatures.schemes import SCHEMES, Algorithm, Encoding, Scheme

MAX_SECRETS = 20
MAX_SECRET_CHARS = 4_096
MAX_OPTION_CHARS = 500

_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "token": ("header", "prefix"),
    "hmac": (
        "header",
        "algorithm",
        "encoding",
        "prefix",
        "signed",
        "timestamp_header",
        "id_header",
    ),
}
_HEADERS = ("header", "timestamp_header", "id_header")


@dataclass(frozen=True, slots=True)
class SignatureSecret:
    """A scheme with its options, and a secret, which no ``repr`` shows."""

    scheme: Scheme
    secret: str = field(repr=False)

    @property
    def options(self) -> dict[str, str]:
        """The scheme's options, beyond its name."""
        names = _OPTIONS.get(self.scheme.name, ())
        usual = SCHEMES[self.scheme.name]
        values = {name: getattr(self.scheme, name) for name in names}
        return {
            name: value
            for name, value in values.items()
            if value != getattr(usual, name) or name == "header"
        }

    def to_json(self, *, shows_secret: bool = False) -> dict[str, str]:
        """The object that ``read_secrets`` reads, the secret as ``***`` unless it is wanted."""
        secret = self.secret if shows_secret else HIDDEN
        return {"scheme": self.scheme.name, **self.options, "secret": secret}


def read_secrets(
    items: Any, earlier: Iterable[SignatureSecret] = ()
) -> tuple[SignatureSecret, ...]:
    """Secrets from a JSON list of objects; one that is ``***`` stays as it was in ``earlier``.

    Of several secrets for one scheme the first is the current one, the others are older.
    Raises ``invalid_signatures``, with the place of the mistake as ``field``.
    """
    if not isinstance(items, list):
        raise _refuse("signatures", "signatures is a list of objects with scheme and secret.")
    if len(items) > MAX_SECRETS:
        raise _refuse("signatures", f"A bin has at most {MAX_SECRETS} secrets.")
    kept = list(earlier)
    return tuple(_read(item, f"signatures.{place}", kept) for place, item in enumerate(items))


def _read(item: Any, field_: str, kept: list[SignatureSecret]) -> SignatureSecret:
    if not isinstance(item, Mapping):
        raise _refuse(field_, "A signature is an object with scheme and secret.")
    name, secret = item.get("scheme"), item.get("secret")
    if not isinstance(name, str) or name not in SCHEMES:
        raise _refuse(f"{field_}.scheme", _explain_scheme(name))
    if not isinstance(secret, str) or not secret:
        raise _refuse(f"{field_}.secret", "Give the secret, as a text.")
    if len(secret) > MAX_SECRET_CHARS:
        raise _refuse(f"{field_}.secret", f"A secret has at most {MAX_SECRET_CHARS:,} characters.")
    options = {key: value for key, value in item.items() if key not in ("scheme", "secret")}
    made = SignatureSecret(_read_scheme(name, options, field_), secret)
    return _take_kept(made, kept, field_) if secret == HIDDEN else made


def _read_scheme(name: str, options: Mapping[str, Any], field_: str) -> Scheme:
    known = _OPTIONS.get(name, ())
    for key, value in options.items():
        where = f"{field_}.{str(key)[:60]}"
        if key not in known:
            listed = ", ".join(("scheme", "secret", *known))
            raise _refuse(where, f"{str(key)[:60]!r} is not known for {name}; known: {listed}.")
        if not isinstance(value, str) or len(value) > MAX_OPTION_CHARS:
            raise _refuse(where, f"{key} is a text of at most {MAX_OPTION_CHARS} characters.")
        if key in _HEADERS and not is_token(value):
            raise _refuse(where, f"{value[:60]!r} cannot be the name of a header.")
        if not value.isprintable():
            raise _refuse(where, f"{key} has characters that no header can carry.")
        allowed = {"algorithm": get_args(Algorithm), "encoding": get_args(Encoding)}.get(key)
        if allowed and value not in allowed:
            raise _refuse(where, f"{key} is one of: {', '.join(allowed)}.")
    scheme = replace(SCHEMES[name], **options)
    if name == "hmac":
        stamp = scheme.timestamp_header or ("X-Timestamp" if "{timestamp}" in scheme.signed else "")
        own_id = scheme.id_header or ("X-Request-Id" if "{id}" in scheme.signed else "")
        scheme = replace(scheme, timestamp_header=stamp, id_header=own_id)
    return scheme


def _explain_scheme(name: Any) -> str:
    from difflib import get_close_matches  # most names are right

    near = get_close_matches(name.lower(), SCHEMES, n=1) if isinstance(name, str) else []
    if near:
        return f"There is no scheme {name[:60]}; the nearest is {near[0]}."
    return f"scheme is one of: {', '.join(SCHEMES)}."


def _take_kept(shown: SignatureSecret, kept: list[SignatureSecret], field_: str) -> SignatureSecret:
    """The first kept secret of the same scheme and options, else of the scheme; taken out."""
    for is_like in (lambda each: each.scheme == shown.scheme, _has_name(shown.scheme.name)):
        found = next((each for each in kept if is_like(each)), None)
        if found is not None:
            kept.remove(found)
            return replace(shown, secret=found.secret)
    message = f"There is no secret for {shown.scheme.name} yet that {HIDDEN} could stand for."
    raise _refuse(f"{field_}.secret", message)


def _has_name(name: str) -> Any:
    return lambda each: each.scheme.name == name


def parse_secret(text: str) -> SignatureSecret:
    """A secret as a command takes it: ``SCHEME:SECRET``, or the JSON object of one.

    Raises ``invalid_signatures``; the message never has the secret.
    """
    if text.lstrip().startswith("{"):
        try:
            item = json.loads(text)
        except (ValueError, RecursionError):
            raise _refuse("sign", "The signature is no JSON object.") from None
    else:
        name, colon, secret = text.partition(":")
        if not colon:
            raise _refuse("sign", "Write SCHEME:SECRET, for example github:hush.")
        item = {"scheme": name.strip(), "secret": secret}
    # A secret of *** is accepted here; sending with it is refused later.
    scheme = SCHEMES.get(str(item.get("scheme")))
    return read_secrets([item], [SignatureSecret(scheme, HIDDEN)] if scheme else ())[0]


def dump_secrets(secrets: Iterable[SignatureSecret]) -> str | None:
    """The document that is stored, with the secrets; None for none."""
    items = [each.to_json(shows_secret=True) for each in secrets]
    return json.dumps(items) if items else None


def load_secrets(document: str | None) -> tuple[SignatureSecret, ...]:
    """Read secrets as ``dump_secrets`` wrote them."""
    return read_secrets(json.loads(document)) if document else ()


def _refuse(field_: str, message: str) -> InspectorError:
    return InspectorError("invalid_signatures", message, field=field_)
