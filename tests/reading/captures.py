"""Captured requests made by hand, and the helpdesk's sample ticket as one."""

from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

from inspector.domain import CapturedRequest

FORM_TYPE = "application/x-www-form-urlencoded"
RECEIVED_US = 1_404_291_709_000_000  # 2014-07-02 09:01:49 UTC
SAMPLE_BODY = (Path(__file__).parent / "ticket_sample.body").read_bytes()


def make_captured(raw_head: bytes, body: bytes = b"", **others: Any) -> CapturedRequest:
    """The first request of a bin, with this head and body; ``others`` are fields of it."""
    usual: dict[str, Any] = {
        "id": "1-1",
        "bin_id": 1,
        "bin_name": "deskpro",
        "number": 1,
        "received_us": RECEIVED_US,
        "body_size": len(body),
        "peer": "127.0.0.1",
        "chunked": False,
        "truncated": False,
        "fidelity": "exact",
        "refusal": None,
    }
    return CapturedRequest(raw_head=raw_head, body=body, **(usual | others))


def make_request(
    body: bytes = b"",
    content_type: str = FORM_TYPE,
    *,
    number: int = 1,
    received_us: int = RECEIVED_US,
    request_line: str = "POST /deskpro HTTP/1.1",
    headers: tuple[tuple[str, str], ...] = (),
) -> CapturedRequest:
    lines = [request_line, "Host: 127.0.0.1:8787"]
    lines += [f"Content-Type: {content_type}"] if content_type else []
    lines += [f"{name}: {value}" for name, value in headers]
    head = ("\r\n".join(lines) + "\r\n").encode()
    return make_captured(head, body, id=f"1-{number}", number=number, received_us=received_us)


def make_form(*pairs: tuple[str, str], number: int = 1, **others: object) -> CapturedRequest:
    """A form of these pairs in this order."""
    body = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
    return make_request(body.encode(), number=number, **others)  # type: ignore[arg-type]


def make_sample(number: int = 1, **replaced: str) -> CapturedRequest:
    """The sample ticket, sent as the helpdesk sends it: with an empty ``custom_data``."""
    body = SAMPLE_BODY + b"&custom_data="
    for name, value in replaced.items():
        body += f"&{name}={quote_plus(value)}".encode()
    return make_request(body, number=number)
