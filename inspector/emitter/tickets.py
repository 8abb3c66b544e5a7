"""Where the data of a webhook comes from: the sample, and one's own."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from inspector.emitter.trees import Context, Tree

# What the helpdesk sends, in the order in which it is sent; custom_data follows.
FIELDS = ("ticket", "person_context", "event_type", "event_method", "event_performer")


def sample_context() -> Context:
    """The ticket that the helpdesk's article prints: 196 values.

    A fresh top level; what is below is shared and must not be changed in place.
    """
    return dict(_load_data("ticket_sample.json"))


@cache
def _load_data(name: str) -> Any:
    text = resources.files("inspector.emitter").joinpath("data", name).read_text("utf-8")
    return json.loads(text)


def order_fields(context: Context) -> dict[str, Tree]:
    """The fields in the helpdesk's order; others follow, except ``custom_data``.

    Custom data belongs to the action, not to the ticket.
    """
    ordered = {name: context[name] for name in FIELDS if name in context}
    others = {name: value for name, value in context.items() if name not in ordered}
    others.pop("custom_data", None)
    return {**ordered, **others}
