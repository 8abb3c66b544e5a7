"""Forms, calendars, boards and customer data."""

from __future__ import annotations

from inspector.domain.senders.shapes import Sender

APPS = (
    Sender(
        "HubSpot",
        "HubSpot Developers, Webhooks API: "
        "https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks",
        headers=("X-HubSpot-Signature", "X-HubSpot-Signature-v3"),
        bodies=("0.subscriptionType 0.portalId 0.eventId",),
        event=("0.subscriptionType",),
        delivery=("0.eventId",),
        title=("0.propertyValue", "0.objectId"),
    ),
    Sender(
        "Typeform",
        "Typeform Developers, Webhooks: "
        "https://www.typeform.com/developers/webhooks/example-payload/",
        headers=("Typeform-Signature",),
        bodies=("event_id event_type form_response.form_id",),
        event=("event_type",),
        delivery=("event_id",),
        title=("form_response.definition.title", "form_response.form_id"),
    ),
    Sender(
        "Calendly",
        "Calendly Developer, Webhook subscriptions",
        headers=("Calendly-Webhook-Signature",),
        event=("event",),
        title=("payload.scheduled_event.name", "payload.name", "payload.email"),
    ),
    Sender(
        "Trello",
        "Atlassian Developer, Trello webhooks",
        headers=("X-Trello-Webhook",),
        bodies=("action.type action.memberCreator model",),
        event=("action.type",),
        delivery=("action.id",),
        title=("action.data.card.name", "action.data.board.name", "model.name"),
    ),
    Sender(
        "Asana",
        "Asana Developers, Webhooks guide",
        headers=("X-Hook-Signature", "X-Hook-Secret"),
        bodies=("events.0.action events.0.resource.gid",),
        event=("events.0.resource.resource_type+events.0.action",),
        title=("events.0.resource.name", "events.0.resource.gid"),
    ),
    Sender(
        "DocuSign",
        "DocuSign Developer, Connect event model",
        bodies=("event data.envelopeId",),
        event=("event",),
        title=("data.envelopeSummary.emailSubject", "data.envelopeId"),
    ),
    Sender(
        "Contentful",
        "Contentful Developers, Webhooks: "
        "https://www.contentful.com/developers/docs/webhooks/headers",
        headers=("X-Contentful-Topic",),
        event=("header:X-Contentful-Topic",),
        delivery=("header:X-Contentful-Idempotency-Key",),
        title=("fields.title.en-US", "fields.name.en-US", "sys.id"),
    ),
)
