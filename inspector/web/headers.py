"""Headers of our own responses: what each forbids a browser to do with it."""

from __future__ import annotations

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Nothing for others. With "no-referrer" a browser sends our own forms as from nowhere.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


# What an answer of data carries that goes around Flask.
DATA_HEADERS = {**HEADERS, "Content-Security-Policy": DATA_POLICY, "Cache-Control": "no-store"}


JSON = "application/json"
