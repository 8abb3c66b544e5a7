"""A webhook action as the helpdesk's administrator defines it.

Nothing is rendered or sent here: an action is data, checked for what can be
checked without a ticket.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeAlias

from inspector.domain.deliveries import SOURCES
from inspector.domain.pairs import find_pairs, is_token
from inspector.emitter.bodies import BODY_FIELDS, ActionBody, read_body
from inspector.errors import InspectorError
from inspector.signatures import parse_secret

# The helpdesk's methods; an action with a body of its own may have any.
METHODS = ("POST", "PUT", "DELETE", "GET")

MAX_NAME_CHARS = 200
MAX_METHOD_CHARS = 100
MAX_HEADERS = 100
MAX_CUSTOM_VALUES = 1000
MAX_RETRIES = 5
MAX_TIMEOUT_S = 300.0

TemplatePair: TypeAlias = tuple[str, str]
CustomData: TypeAlias = str | tuple[TemplatePair, ...] | None


@dataclass(frozen=True, slots=True)
class DeliveryOptions:
    """Settings of a delivery: timeouts, redirects, TLS, credentials, retries.

    Times are seconds: ``timeout_s`` bounds one attempt as a whole (redirects
    included), ``connect_timeout_s`` name look-up, connection and TLS of each
    address tried, ``first_byte_timeout_s`` the wait for an answer. ``basic_auth`` is user
    name and password. ``retries`` are attempts beyond the first, at most
    ``MAX_RETRIES``. ``sign`` is a secret to sign with (see ``signatures.parse_secret``), and
    ``tamper`` makes a signature that has to be refused.

    Raises ``InspectorError`` ``invalid_options`` or ``invalid_signatures``.
    """

    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
    first_byte_timeout_s: float = 30.0
    follow_redirects: bool = False
    verify_tls: bool = True
    basic_auth: tuple[str, str] | None = None
    retries: int = 0
    sign: str | None = field(default=None, repr=False)
    tamper: bool = False

    def __post_init__(self) -> None:
        for name in ("timeout_s", "connect_timeout_s", "first_byte_timeout_s"):
            if not 0 < getattr(self, name) <= MAX_TIMEOUT_S:
                raise _invalid_options(name, f"must be more than 0 and at most {MAX_TIMEOUT_S:g}")
        if not 0 <= self.retries <= MAX_RETRIES:
            raise _invalid_options("retries", f"must be 0 to {MAX_RETRIES}")
        if self.basic_auth is not None and ":" in self.basic_auth[0]:
            raise _invalid_options("basic_auth", "cannot have a colon in the user name")
        if self.sign is not None:
            parse_secret(self.sign)
        elif self.tamper:
            raise _invalid_options("tamper", "needs a secret to sign with")


def _invalid_options(field: str, problem: str) -> InspectorError:
    return InspectorError("invalid_options", f"{field} {problem}.", field=field)


@dataclass(frozen=True, slots=True)
class WebhookAction:
    """A webhook action: URL, headers and custom data are templates.

    ``headers`` are templates of names and values, in order, repeats kept.
    ``custom_data`` is one text, or named values (``custom_data[name]``), or None
    when nothing is defined. ``body`` goes in the place of the ticket and the custom data.

    Raises ``InspectorError`` ``invalid_action``.
    """

    url: str
    name: str = "Webhook"
    source: str = "trigger"
    method: str = "POST"
    headers: tuple[TemplatePair, ...] = ()
    custom_data: CustomData = None
    options: DeliveryOptions = DeliveryOptions()
    body: ActionBody | None = None

    def __post_init__(self) -> None:
        if not self.url.strip():
            raise _invalid_action("url", "A webhook needs a URL.")
        if not 0 < len(self.name.strip()) <= MAX_NAME_CHARS:
            message = f"A webhook's name has 1 to {MAX_NAME_CHARS} characters."
            raise _invalid_action("name", message)
        if self.source not in SOURCES:
            raise _invalid_action("source", f"The source is one of: {', '.join(SOURCES)}.")
        self._check_method()
        if self.body is not None and self.custom_data is not None:
            message = "Custom data goes with the ticket's form, not with a body of your own."
            raise _invalid_action("custom_data", message)
        if len(self.headers) > MAX_HEADERS:
            raise _invalid_action("headers", f"A webhook has at most {MAX_HEADERS} headers.")
        if isinstance(self.custom_data, tuple) and len(self.custom_data) > MAX_CUSTOM_VALUES:
            message = f"Custom data has at most {MAX_CUSTOM_VALUES:,} named values."
            raise _invalid_action("custom_data", message)

    def _check_method(self) -> None:
        if self.method in METHODS:
            return
        if self.body is None:
            names = ", ".join(METHODS)
            message = f"The method is one of: {names}; with a body of your own it may be any."
            raise _invalid_action("method", message)
        # CONNECT would make a tunnel of the connection.
        if not is_token(self.method) or self.method == "CONNECT":
            raise _invalid_action("method", "The method is one of HTTP's, like PATCH.")
        if len(self.method) > MAX_METHOD_CHARS:
            message = f"A method has at most {MAX_METHOD_CHARS} characters."
            raise _invalid_action("method", message)


def _invalid_action(field: str, message: str) -> InspectorError:
    return InspectorError("invalid_action", message, field=field)


def action_to_json(action: WebhookAction) -> dict[str, Any]:
    """The action as JSON holds it: pairs are lists of two, the password is included."""
    data = asdict(action)
    del data["body"]
    if action.body is not None:
        data |= action.body.to_json()
    data["headers"] = [list(pair) for pair in action.headers]
    if isinstance(action.custom_data, tuple):
        data["custom_data"] = [list(pair) for pair in action.custom_data]
    if action.options.basic_auth is not None:
        data["options"]["basic_auth"] = list(action.options.basic_auth)
    return data


def action_from_json(data: Any) -> WebhookAction:
    """The action in ``data``, which ``action_to_json`` made or a user of the API wrote.

    Only ``url`` must be there. Headers, named custom data and a form may also be maps.

    Raises ``InspectorError`` ``invalid_action``, ``invalid_options`` or ``invalid_body``.
    """
    given, body = data, None
    if isinstance(data, Mapping):
        body = read_body(data)
        given = {name: value for name, value in data.items() if name not in BODY_FIELDS}
    given = _known_fields(given, WebhookAction, "action")
    # Null means not given: forms and other languages write it so.
    given = {name: value for name, value in given.items() if value is not None}
    given["headers"] = _pairs(given.get("headers", ()), "headers")
    if not isinstance(given.get("custom_data", ""), str):
        given["custom_data"] = _pairs(given["custom_data"], "custom_data")
    given["options"] = options_from_json(given.get("options", {}))
    for name in ("url", "name", "source", "method"):
        if not isinstance(given.get(name, ""), str):
            raise _invalid_action(name, f"{name} must be a text.")
    given.setdefault("url", "")
    return WebhookAction(**given, body=body)


def options_from_json(data: Any) -> DeliveryOptions:
    """The options in ``data``; what is not there keeps its default.

    Raises ``InspectorError`` ``invalid_action`` or ``invalid_options``.
    """
    given = _known_fields(data, DeliveryOptions, "options")
    defaults = DeliveryOptions()
    for name, value in given.items():
        if name == "basic_auth" or (name == "sign" and (value is None or isinstance(value, str))):
            continue
        if name == "sign":
            raise _invalid_options("sign", "must be a text like SCHEME:SECRET")
        wanted = type(getattr(defaults, name))
        accepted = (int, float) if wanted is float else (wanted,)
        if not isinstance(value, accepted) or (wanted is not bool and isinstance(value, bool)):
            raise _invalid_options(name, f"must be a {wanted.__name__}")
    auth = given.get("basic_auth")
    if auth is not None:
        pair = find_pairs([auth])
        if pair is None:
            raise _invalid_options("basic_auth", "must be a user name and a password")
        (given["basic_auth"],) = pair
    return DeliveryOptions(**given)


def _known_fields(data: Any, shape: type, what: str) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise _invalid_action(what, f"The {what} must be a JSON object.")
    known = {field.name for field in fields(shape)}
    unknown = sorted(str(name) for name in data.keys() - known)
    if unknown:
        names = ", ".join(unknown)
        raise _invalid_action(unknown[0], f"The {what} cannot have: {names}.")
    return dict(data)


def _pairs(value: Any, field: str) -> tuple[TemplatePair, ...]:
    pairs = find_pairs(value)
    if pairs is None:
        raise _invalid_action(field, f"{field} must be a list of names and values.")
    return pairs
