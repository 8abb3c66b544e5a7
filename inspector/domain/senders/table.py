"""The known senders, each as its vendor documents it; the first that fits is the sender.

So the one that sends another's headers as well for compatibility stands before it
(Forgejo before Gitea before GitHub), and conventions that many share stand last.
"""

from __future__ import annotations

from inspector.domain.senders.apps import APPS
from inspector.domain.senders.code import CODE
from inspector.domain.senders.messaging import MESSAGING
from inspector.domain.senders.money import MONEY
from inspector.domain.senders.shapes import Sender
from inspector.domain.senders.support import SUPPORT

CONVENTIONS = (
    Sender(
        "CloudEvents",
        "CloudEvents 1.0, HTTP Protocol Binding",
        headers=("ce-specversion",),
        bodies=("specversion type source id", "0.specversion 0.type 0.source 0.id"),
        event=("header:ce-type", "type", "0.type"),
        delivery=("header:ce-id", "id", "0.id"),
        title=("header:ce-subject", "subject", "data.title", "data.subject"),
    ),
    Sender(
        "Svix",
        "Svix Docs, Verifying webhooks manually",
        headers=("svix-id",),
        event=("type", "event_type", "eventType"),
        delivery=("header:svix-id",),
        title=("data.title", "data.name", "data.subject", "data.id"),
    ),
    Sender(
        "Standard Webhooks",
        "Standard Webhooks specification, Webhook metadata",
        headers=("webhook-id",),
        event=("type",),
        delivery=("header:webhook-id",),
        title=("data.title", "data.name", "data.subject", "data.id"),
    ),
)

SENDERS = (*SUPPORT, *CODE, *MONEY, *MESSAGING, *APPS, *CONVENTIONS)
