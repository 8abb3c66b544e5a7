"""The one table from error code to HTTP status; the server's own refusals need it without Flask."""

from __future__ import annotations

STATUS = {
    "bin_not_found": 404,
    "no_such_event": 404,
    "request_not_found": 404,
    "delivery_not_found": 404,
    "action_not_found": 404,
    "not_found": 404,
    "too_late": 410,
    "name_taken": 409,
    "timed_out": 408,
    "cannot_express": 409,
    "too_many_exports": 503,
    "too_many_deliveries": 503,
    "too_many_series": 503,
    "too_many_actions": 409,
    "too_many_pinned": 409,
    "cannot_replay": 409,
    "cannot_sign": 409,
    "series_not_found": 404,
    "too_many_replays": 503,
    "relay_not_found": 404,
    "replays_not_found": 404,
    "too_many_bins": 409,
    "too_many_streams": 503,
    "storage_unavailable": 503,
    "events_need_our_server": 503,
    "unauthorized": 401,
    "forbidden": 403,
    "cross_origin": 403,
    "wrong_host": 421,
    "too_large": 413,
    "too_many_requests": 429,
    "unsupported_media_type": 415,
    "invalid_file": 422,
    "internal_error": 500,
}
# Every other code is an error of the caller.
DEFAULT_STATUS = 400
CODES_OF_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal_error",
}


def status_of(code: str) -> int:
    """The HTTP status that an error of this code is answered with."""
    return STATUS.get(code, DEFAULT_STATUS)
