"""The output of ``inspector emit --json``: deliveries and previews as the API has them."""

from __future__ import annotations

import json

import click

from inspector.emitter import (
    Composition,
    DeliveryResult,
    PreparedRequest,
    SeriesProgress,
    make_delivery,
)


def print_delivery(result: DeliveryResult, composition: Composition) -> None:
    """A delivery; its ``id`` is null, for this command itself keeps none."""
    from inspector.web.api.delivery_json import delivery_to_json  # only --json needs it

    definition, ticket = composition.to_json()
    action = composition.action
    delivery = make_delivery(
        result, name=action.name, source=action.source, definition=definition, ticket=ticket
    )
    click.echo(json.dumps(delivery_to_json(delivery)))


def print_preview(request: PreparedRequest, composition: Composition) -> None:
    """The exact request, of which nothing was sent."""
    from inspector.web.api.delivery_json import preview_to_json  # only --json needs it

    click.echo(json.dumps(preview_to_json(request, composition)))


def print_series(progress: SeriesProgress) -> None:
    """The summary of a series, by the names that the API has for replays of many requests."""
    summary = {
        "stopped": progress.stopped,
        "elapsed_s": progress.elapsed_s,
        "total": progress.total,
        "sent": progress.done,
        "sent_per_s": progress.rate_per_s,
        "delivered": progress.delivered,
        "failed": progress.done - progress.delivered,
        "statuses": {str(status): count for status, count in progress.statuses.items()},
        "failures": progress.failures,
        "mean_ms": progress.mean_ms,
        "max_ms": progress.max_ms,
        "percentiles": {format(percent, "g"): ms for percent, ms in progress.percentiles.items()},
    }
    click.echo(json.dumps(summary))
