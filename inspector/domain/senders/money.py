"""Payments and shops."""

from __future__ import annotations

from inspector.domain.senders.shapes import Sender

MONEY = (
    Sender(
        "Stripe",
        "Stripe Docs, Webhooks and The Event object",
        headers=("Stripe-Signature",),
        bodies=("object=event api_version type data.object",),
        event=("type",),
        delivery=("id",),
        title=("data.object.description", "data.object.name", "data.object.id"),
    ),
    Sender(
        "PayPal",
        "PayPal Developer, Webhooks; Instant Payment Notification: "
        "https://developer.paypal.com/api/webhooks/v1/definitions/verify_webhook_signature",
        headers=("Paypal-Transmission-Id",),
        bodies=("ipn_track_id", "event_type resource_type resource event_version"),
        event=("event_type", "txn_type", "payment_status"),
        delivery=("id", "ipn_track_id"),
        title=("summary", "item_name", "item_name1", "txn_id"),
    ),
    Sender(
        "Square",
        "Square Developer, Webhooks overview: "
        "https://developer.squareup.com/docs/webhooks/step2subscribe",
        headers=("X-Square-Hmacsha256-Signature",),
        bodies=("merchant_id event_id type data.object",),
        event=("type",),
        delivery=("event_id",),
        title=("data.id",),
    ),
    Sender(
        "Paddle",
        "Paddle Developer, Webhooks: https://developer.paddle.com/webhooks/about/how-webhooks-work",
        headers=("Paddle-Signature",),
        bodies=("event_id event_type notification_id occurred_at",),
        event=("event_type",),
        delivery=("notification_id", "event_id"),
        title=("data.name", "data.id"),
    ),
    Sender(
        "Adyen",
        "Adyen Docs, Webhooks structure and types",
        bodies=("notificationItems.0.NotificationRequestItem",),
        event=("notificationItems.0.NotificationRequestItem.eventCode",),
        title=(
            "notificationItems.0.NotificationRequestItem.merchantReference",
            "notificationItems.0.NotificationRequestItem.pspReference",
        ),
    ),
    Sender(
        "Shopify",
        "Shopify Developers, HTTPS webhook delivery: "
        "https://shopify.dev/docs/apps/build/webhooks/delivery-structure",
        headers=("X-Shopify-Topic",),
        event=("header:X-Shopify-Topic",),
        delivery=("header:X-Shopify-Webhook-Id", "header:X-Shopify-Event-Id"),
        title=("name", "title", "email", "id"),
    ),
    Sender(
        "WooCommerce",
        "WooCommerce REST API documentation, Webhooks: "
        "https://developer.woocommerce.com/docs/apis/rest-api/v3/webhooks/",
        headers=("X-WC-Webhook-Topic",),
        event=("header:X-WC-Webhook-Topic",),
        delivery=("header:X-WC-Webhook-Delivery-ID",),
        title=("name", "number", "email", "id"),
    ),
)
