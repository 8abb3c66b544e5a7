"""Compression of responses of pages and API, never of answers to captures."""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

from inspector.web.access.gate import CAPTURE

MIN_BYTES = 1_000
# A ticket's page by gzip: 159 kB to 19.7 kB in 2.3 ms; level 9 saves 0.7 kB more and takes longer.
LEVEL = 5
# Pages by Brotli: that page to 18.1 kB in 1.8 ms, and to 16.5 in 3.2 at the next quality. A window
# of 256 kB holds any page, and is made in half the time of the usual one of 4 MB.
PAGE_QUALITY = 4
PAGE_WINDOW = 18
# The cache of compressed static files, which are few and the same for all.
MAX_KEPT = 64
FILE_QUALITY = 11  # All of them: 54 kB by gzip, 48 in 0.1 s by 10, 47 in 0.16.
_TYPES = ("text/", "application/json", "application/problem+json", "image/svg+xml")


def register(app: Flask) -> None:
    """Compress responses that are worth it, by Brotli or gzip, for clients that accept it."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    # A stream is sent piece by piece, and a download must be exactly the captured bytes.
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
    small = _compress_file(data, coding) if is_file else _compress_page(data, coding)
    response.set_data(small)
    response.headers["Content-Encoding"] = coding
    if etag is not None:
        response.set_etag(etag, weak=True)
    return response


def _choose_coding() -> str:
    """The coding for this response, ``""`` for none."""
    accepted = request.accept_encodings
    return next((each for each in ("br", "gzip") if accepted[each]), "")


def _compress_page(data: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(data, LEVEL, mtime=0)
    return _compress_by_brotli(data, PAGE_QUALITY, PAGE_WINDOW)


@lru_cache(maxsize=MAX_KEPT)
def _compress_file(data: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(data, mtime=0)
    return _compress_by_brotli(data, FILE_QUALITY)


def _compress_by_brotli(data: bytes, quality: int, window: int = 22) -> bytes:
    import brotli  # capturing does without

    small: bytes = brotli.compress(data, mode=brotli.MODE_TEXT, quality=quality, lgwin=window)
    return small


def _is_worth_it(response: Response) -> bool:
    if response.status_code != 200 or "Content-Encoding" in response.headers:
        return False
    return (response.content_length or 0) >= MIN_BYTES
