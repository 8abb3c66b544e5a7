"""Answers made small on their way: pages and API, never what a capture is answered with."""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

from inspector.web.access.gate import CAPTURE

MIN_BYTES = 1_000
LEVEL = 5  # A ticket's page: 134 kB to 16 kB in 1.2 ms; level 9 saves 0.7 kB more and takes 3.2.
# The cache of compressed static files, which are few and the same for all.
MAX_KEPT = 64
BROTLI_QUALITY = 10  # All of them: 54 kB by gzip, 48 in 0.1 s; 46 by the best, in 0.16.
_TYPES = ("text/", "application/json", "application/problem+json", "image/svg+xml")


def register(app: Flask) -> None:
    """Compress what is worth it for clients that ask for it: by gzip, files also by Brotli."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    # A stream goes out as it comes, and a download is exactly the bytes that were captured.
    is_ours = request.endpoint != CAPTURE and (response.mimetype or "").startswith(_TYPES)
    if response.is_streamed or not is_ours:
        return response
    response.vary.add("Accept-Encoding")
    coding = _choose_coding()
    if not _is_worth_it(response) or not coding:
        return response
    etag, _ = response.get_etag()
    data = response.get_data()
    is_file = request.endpoint == "static"
    small = _compress_file(data, coding) if is_file else gzip.compress(data, LEVEL, mtime=0)
    response.set_data(small)
    response.headers["Content-Encoding"] = coding
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


def _choose_coding() -> str:
    """The coding for this response, ``""`` for none. Brotli at its best is too slow for a page."""
    accepted = request.accept_encodings
    if request.endpoint == "static" and accepted["br"]:
        return "br"
    return "gzip" if accepted["gzip"] else ""


@lru_cache(maxsize=MAX_KEPT)
def _compress_file(data: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(data, mtime=0)
    import brotli  # pages of old browsers do without

    small: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=BROTLI_QUALITY)
    return small


def _is_worth_it(response: Response) -> bool:
    if response.status_code != 200 or "Content-Encoding" in response.headers:
        return False
    return (response.content_length or 0) >= MIN_BYTES
