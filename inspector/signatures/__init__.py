"""Signatures of webhooks: recognised, checked with a reason, and made. Pure; no I/O."""

from inspector.signatures.checking import check_signatures
from inspector.signatures.schemes import SCHEMES
from inspector.signatures.secrets import (
    SignatureSecret,
    dump_secrets,
    load_secrets,
    parse_secret,
    read_secrets,
)
from inspector.signatures.signing import Signed, sign

__all__ = [
    "SCHEMES",
    "SignatureSecret",
    "Signed",
    "check_signatures",
    "dump_secrets",
    "load_secrets",
    "parse_secret",
    "read_secrets",
    "sign",
]
