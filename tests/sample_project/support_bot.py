"""A receiver of the helpdesk's webhooks: tells a chat what happens to tickets.

A small Flask application; ``create_app`` takes where the chat is and what the
helpdesk must send to be believed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass

import requests
from flask import Flask, Response, request

URGENT_EVENTS = ("sla_warning", "sla_fail", "escalation")


@dataclass(frozen=True)
class Settings:
    """Times are seconds; a pause doubles with each attempt."""

    chat_url: str
    token: str
    chat_secret: str = "chat-secret"
    timeout: float = 5
    attempts: int = 3
    pause: float = 1


class Chat:
    """Posts signed messages; tries again when the chat is down, not when it says no."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def post(self, channel: str, message: dict[str, str]) -> bool:
        body = json.dumps(message).encode()
        signature = hmac.new(self.settings.chat_secret.encode(), body, hashlib.sha256)
        headers = {
            "Content-Type": "application/json",
            "X-Signature": f"sha256={signature.hexdigest()}",
        }
        for attempt in range(self.settings.attempts):
            if attempt:
                time.sleep(self.settings.pause * 2 ** (attempt - 1))
            try:
                answer = requests.post(
                    f"{self.settings.chat_url}/{channel}",
                    data=body,
                    headers=headers,
                    timeout=self.settings.timeout,
                )
            except requests.RequestException:
                continue
            if answer.status_code < 500:
                return answer.ok
        return False


def create_app(settings: Settings) -> Flask:
    """``/deskpro`` takes webhook actions."""
    app = Flask(__name__)
    chat = Chat(settings)
    seen: set[str] = set()

    @app.route("/deskpro", methods=["POST", "PUT", "DELETE", "GET"])
    def receive() -> Response:
        if not hmac.compare_digest(request.headers.get("X-Bot-Token", ""), settings.token):
            return Response("Who are you?\n", 403)
        if request.method == "GET":
            return Response("Nothing to tell.\n", 200)
        # The helpdesk leaves a header out when its variable has no value.
        ticket_id = request.headers.get("X-Deskpro-TicketId")
        if ticket_id is None:
            return Response("Which ticket?\n", 400)
        fingerprint = hashlib.sha256(ticket_id.encode() + request.get_data()).hexdigest()
        if fingerprint in seen:
            return Response("Told already.\n", 200)
        event = request.form.get("event_type", "")
        message = {
            "ticket": ticket_id,
            "text": f"{request.form.get('ticket[subject]', '(no subject)')} [{event}]",
            "agent": request.form.get("ticket[agent][display_name_real]", "nobody"),
            "note": request.form["custom_data"],
        }
        channel = "urgent" if event in URGENT_EVENTS else "support"
        if not chat.post(channel, message):
            return Response("The chat does not answer.\n", 502)
        seen.add(fingerprint)
        return Response("Told.\n", 202)

    return app
