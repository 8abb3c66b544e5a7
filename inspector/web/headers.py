"""Security headers of our own responses."""

from __future__ import annotations

_PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def page_policy(nonce: str | None) -> str:
    """The Content-Security-Policy of a page whose scripts carry this nonce; None: it has none.

    A path as a source would do, but behind a proxy we do not know the host to put before
    it; and by ``'self'`` any bin's answer could be loaded as a script of ours.
    """
    source = "'none'" if nonce is None else f"'nonce-{nonce}'"
    return f"{_PAGE_POLICY}; script-src {source}"


DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # No referrer for other sites. "no-referrer" would make a browser send our own forms without an
    # origin.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


# Headers of JSON responses that are written without Flask.
DATA_HEADERS = {**HEADERS, "Content-Security-Policy": DATA_POLICY, "Cache-Control": "no-store"}


JSON = "application/json"
