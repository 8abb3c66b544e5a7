"""What tests send to a bin: the helpdesk's sample ticket, and small things."""

from pathlib import Path

import requests

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TICKET = (Path(__file__).parents[1] / "reading" / "ticket_sample.body").read_bytes()


def send_ticket(url: str, *, more: bytes = b"&custom_data=") -> None:
    """The sample ticket, 196 fields, with ``more`` behind it."""
    requests.post(url, data=TICKET.strip() + more, headers=FORM, timeout=10).raise_for_status()


def send_many(url: str, count: int) -> None:
    """``count`` small requests, one after the other, to ``/1``, ``/2``, ..."""
    with requests.Session() as session:
        for number in range(1, count + 1):
            session.get(f"{url}/{number}", timeout=10).raise_for_status()
