"""Helpdesks and incident desks."""

from __future__ import annotations

from inspector.domain.senders.shapes import Sender

SUPPORT = (
    Sender(
        "Deskpro",
        "Deskpro Support, Using the Webhook trigger action",
        bodies=("ticket.id person_context", "ticket event_type", "ticket.ref ticket.subject"),
        event=("event_type+event_method",),
        title=("ticket.subject",),
    ),
    Sender(
        "Zendesk",
        "Zendesk Developer Docs, Creating and monitoring webhooks: "
        "https://developer.zendesk.com/documentation/webhooks/anatomy-of-a-webhook-request/",
        headers=("X-Zendesk-Webhook-Id", "X-Zendesk-Webhook-Invocation-Id"),
        bodies=("zendesk_event_version type",),
        event=("type",),
        delivery=("header:X-Zendesk-Webhook-Invocation-Id", "id"),
        title=("detail.subject", "detail.name", "ticket.title", "ticket.subject"),
    ),
    Sender(
        "Zammad",
        "Zammad Admin Documentation, Webhook: "
        "https://admin-docs.zammad.org/en/latest/manage/webhook/payload.html",
        headers=("X-Zammad-Trigger", "X-Zammad-Delivery"),
        event=("header:X-Zammad-Trigger",),
        delivery=("header:X-Zammad-Delivery",),
        title=("ticket.title", "article.subject"),
    ),
    Sender(
        "Freshdesk",
        "Freshdesk Support, Using webhooks in automation rules",
        bodies=("freshdesk_webhook",),
        event=("freshdesk_webhook.triggered_event",),
        title=("freshdesk_webhook.ticket_subject", "freshdesk_webhook.ticket_id"),
    ),
    Sender(
        "Intercom",
        "Intercom Developers, Webhook notifications: "
        "https://developers.intercom.com/docs/webhooks/webhook-notifications",
        bodies=("type=notification_event topic app_id",),
        event=("topic",),
        delivery=("id",),
        title=("data.item.source.subject", "data.item.title", "data.item.name", "data.item.id"),
    ),
    Sender(
        "PagerDuty",
        "PagerDuty Developer, Webhooks overview (v3)",
        headers=("X-PagerDuty-Signature",),
        bodies=("event.event_type event.resource_type event.data",),
        event=("event.event_type",),
        delivery=("event.id",),
        title=("event.data.title", "event.data.summary"),
    ),
    Sender(
        "Grafana",
        "Grafana documentation, Webhook notifier",
        bodies=("receiver alerts orgId",),
        event=("status",),
        title=("title", "commonLabels.alertname"),
    ),
    Sender(
        "Alertmanager",
        "Prometheus documentation, Alerting configuration, webhook_config",
        bodies=("groupKey alerts receiver",),
        event=("status",),
        title=("commonAnnotations.summary", "commonLabels.alertname", "groupKey"),
    ),
    Sender(
        "Sentry",
        "Sentry documentation, Integration platform webhooks: "
        "https://docs.sentry.io/integrations/integration-platform/webhooks/",
        headers=("Sentry-Hook-Resource",),
        event=("header:Sentry-Hook-Resource+action",),
        delivery=("header:Request-ID",),
        title=("data.issue.title", "data.event.title", "data.error.title"),
    ),
    Sender(
        "Jira",
        "Atlassian Developer, Jira webhooks",
        headers=("X-Atlassian-Webhook-Identifier",),
        bodies=("webhookEvent timestamp", "webhookEvent issue"),
        event=("webhookEvent",),
        delivery=("header:X-Atlassian-Webhook-Identifier",),
        title=("issue.fields.summary", "issue.key"),
    ),
    Sender(
        "Linear",
        "Linear Developers, Webhooks: https://linear.app/developers/webhooks",
        headers=("Linear-Event", "Linear-Delivery"),
        event=("header:Linear-Event+action", "type+action"),
        delivery=("header:Linear-Delivery",),
        title=("data.title", "data.name", "data.body"),
    ),
)
