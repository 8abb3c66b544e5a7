"""Failures of sending, in sentences: connections that do not come about or break, and TLS."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from functools import lru_cache

from inspector.emitter.http_client.urls import HttpUrl

# What OpenSSL says of an answer that is no TLS at all.
_NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


class DeliveryError(Exception):
    """A network error or an unreadable response.

    ``code`` is for programs, ``message`` one sentence for people; ``retryable``
    tells whether another try may go better.
    """

    def __init__(self, code: str, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.retryable = retryable


def explain_loss(error: OSError) -> DeliveryError:
    """The error for a connection that broke."""
    reason = error.strerror or str(error) or type(error).__name__
    return DeliveryError("connection_lost", f"The connection broke: {reason}.")


def explain_connecting(url: HttpUrl, error: OSError, waited_s: float) -> DeliveryError:
    """The error for a TCP connection that did not come about."""
    place = f"{url.host}, port {url.port}"
    if isinstance(error, TimeoutError):
        return DeliveryError("timed_out", f"No connection to {place} within {waited_s:.3g} s.")
    if isinstance(error, ConnectionRefusedError):
        message = f"Nothing listens at {place}: the connection was refused."
        return DeliveryError("connection_refused", message)
    reason = error.strerror or str(error)
    return DeliveryError("unreachable", f"{place} cannot be reached: {reason}.")


@lru_cache(maxsize=2)
def make_tls_context(verify: bool) -> ssl.SSLContext:
    """The settings of TLS, with or without a look at the certificate."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def speaks_plain_http(error: Exception) -> bool:
    """True for a TLS handshake that was answered without TLS."""
    return isinstance(error, ssl.SSLError) and error.reason in _NO_TLS


@contextlib.contextmanager
def explain_tls(url: HttpUrl) -> Iterator[None]:
    """Raise a ``DeliveryError`` for whatever a TLS handshake within raises."""
    try:
        yield
    except TimeoutError:
        message = (
            f"{url.host}, port {url.port}, did not answer the TLS handshake in time. If it speaks "
            "plain HTTP, write http://."
        )
        raise DeliveryError("timed_out", message) from None
    except ssl.SSLCertVerificationError as error:
        message = f"The certificate of {url.host} is not trusted: {error.verify_message}."
        raise DeliveryError("tls_failed", message, retryable=False) from error
    except ssl.SSLError as error:
        if speaks_plain_http(error):
            message = (
                f"{url.host}, port {url.port}, speaks plain HTTP: write http://, not https://."
            )
            raise DeliveryError("tls_failed", message, retryable=False) from error
        reason = (error.reason or str(error)).replace("_", " ").lower()
        message = f"No TLS with {url.host}, port {url.port}: {reason}."
        raise DeliveryError("tls_failed", message, retryable=False) from error
    except OSError as error:
        raise explain_loss(error) from error
