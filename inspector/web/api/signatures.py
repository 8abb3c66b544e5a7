"""The API's calls about the secrets with which a bin's signatures are checked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired, TypedDict

from flask import jsonify
from flask.typing import ResponseReturnValue

from inspector.signatures import SCHEMES, SignatureSecret, read_secrets
from inspector.web.api.calls import Api, CallResponse
from inspector.web.api.schema import About
from inspector.web.current import current_services, find_bin
from inspector.web.headers import JSON

api = Api()


class SecretJson(TypedDict):
    """A scheme and its secret; of several for one scheme the first is the current one."""

    scheme: Annotated[str, About(f"One of: {', '.join(SCHEMES)}.")]
    secret: Annotated[str, About("Always `***` where it is shown.")]
    header: NotRequired[Annotated[str, About("For token and hmac: the header's name.")]]
    prefix: NotRequired[Annotated[str, About("For token and hmac: a text before it.")]]
    algorithm: NotRequired[Annotated[str, About("For hmac: sha1, sha256 or sha512.")]]
    encoding: NotRequired[Annotated[str, About("For hmac: hex or base64.")]]
    signed: NotRequired[
        Annotated[str, About("For hmac: a template over {body}, {timestamp}, {id} and {url}.")]
    ]
    timestamp_header: NotRequired[
        Annotated[str, About("For hmac: the header that has {timestamp}.")]
    ]
    id_header: NotRequired[Annotated[str, About("For hmac: the header that has {id}.")]]


class SignaturesJson(TypedDict):
    """The secrets of a bin."""

    signatures: list[SecretJson]


@dataclass(frozen=True)
class Signatures:
    """The secrets that a bin's signatures are checked with from now on."""

    signatures: Annotated[
        list[Any] | None, About("Each has scheme and secret; `***` keeps the one that is there.")
    ] = None


@api.call(
    "GET", "/bins/<name>/signatures", CallResponse(SignaturesJson, meaning="The secrets, hidden.")
)
def get_signatures(name: str) -> ResponseReturnValue:
    """List the schemes that a bin has secrets for; each secret comes as `***`."""
    return _show(current_services().bins.load_secrets(find_bin(name).name))


@api.call(
    "PUT",
    "/bins/<name>/signatures",
    CallResponse(SignaturesJson, meaning="The secrets as they are now, hidden."),
    body=Signatures,
    body_types=(JSON,),
    errors=("invalid_signatures",),
)
def set_signatures(name: str, body: Signatures) -> ResponseReturnValue:
    """Give a bin secrets to check signatures with, also of what it holds already."""
    bins, bin_name = current_services().bins, find_bin(name).name
    secrets = read_secrets(body.signatures, bins.load_secrets(bin_name))
    bins.check_with(bin_name, secrets)
    return _show(secrets)


def _show(secrets: Iterable[SignatureSecret]) -> ResponseReturnValue:
    return jsonify({"signatures": [each.to_json() for each in secrets]})
