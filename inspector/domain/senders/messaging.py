"""Mail, chats, calls, and the queues of clouds."""

from __future__ import annotations

from inspector.domain.senders.shapes import Sender

MESSAGING = (
    Sender(
        "Slack",
        "Slack API, Events API and Slash commands: "
        "https://api.slack.com/reference/interaction-payloads",
        headers=("X-Slack-Signature", "X-Slack-Request-Timestamp"),
        bodies=("type=event_callback event.type team_id", "token team_id command response_url"),
        event=("event.type+event.subtype", "command", "type"),
        delivery=("event_id", "trigger_id"),
        title=(
            "event.text",
            "text",
            "event.channel",
            "view.title.text",
            "actions.0.text.text",
            "actions.0.action_id",
            "callback_id",
        ),
    ),
    Sender(
        "SendGrid",
        "Twilio SendGrid Docs, Event Webhook and Inbound Parse: "
        "https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event",
        headers=("X-Twilio-Email-Event-Webhook-Signature",),
        bodies=("0.sg_event_id 0.event", "envelope SPF charsets"),
        event=("0.event",),
        delivery=("0.sg_event_id",),
        title=("subject", "0.subject", "0.email"),
    ),
    Sender(
        "Twilio",
        "Twilio Docs, Webhooks FAQ and Messaging webhooks: "
        "https://www.twilio.com/docs/messaging/guides/webhook-request",
        headers=("X-Twilio-Signature",),
        bodies=("AccountSid MessageSid", "AccountSid CallSid"),
        event=("MessageStatus", "SmsStatus", "CallStatus"),
        delivery=("header:I-Twilio-Idempotency-Token",),
        title=("Body", "MessageSid", "CallSid"),
    ),
    Sender(
        "Mailgun",
        "Mailgun Documentation, Webhooks: "
        "https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/webhooks",
        bodies=("signature.token event-data.event",),
        event=("event-data.event",),
        delivery=("event-data.id",),
        title=("event-data.message.headers.subject", "event-data.recipient"),
    ),
    Sender(
        "Postmark",
        "Postmark Developer, Webhooks overview: https://postmarkapp.com/email-webhooks",
        bodies=("RecordType MessageID", "MessageID FromFull Subject"),
        event=("RecordType",),
        title=("Subject", "Recipient", "Email"),
    ),
    Sender(
        "Mandrill",
        "Mailchimp Transactional, Webhooks",
        headers=("X-Mandrill-Signature",),
        bodies=("mandrill_events",),
    ),
    Sender(
        "Mailchimp",
        "Mailchimp Developer, Sync audience data with webhooks",
        bodies=("fired_at type data.list_id",),
        event=("type",),
        title=("data.email", "data.subject"),
    ),
    Sender(
        "Amazon SNS",
        "Amazon SNS Developer Guide, HTTP/HTTPS headers and message bodies: "
        "https://docs.aws.amazon.com/sns/latest/dg/http-header.html",
        headers=("x-amz-sns-message-type",),
        bodies=("Type MessageId TopicArn",),
        event=("Type", "header:x-amz-sns-message-type"),
        delivery=("MessageId", "header:x-amz-sns-message-id"),
        title=("Subject", "Message", "TopicArn"),
    ),
    Sender(
        "Google Pub/Sub",
        "Google Cloud, Push subscriptions",
        bodies=("message.messageId subscription", "message.message_id subscription"),
        event=("message.attributes.eventType", "message.attributes.type"),
        delivery=("message.messageId", "message.message_id"),
        title=("message.attributes.subject", "subscription"),
    ),
    Sender(
        "Azure Event Grid",
        "Microsoft Learn, Azure Event Grid event schema",
        headers=("aeg-event-type",),
        bodies=("0.eventType 0.topic 0.subject",),
        event=("0.eventType", "header:aeg-event-type"),
        delivery=("0.id",),
        title=("0.subject",),
    ),
    Sender(
        "Microsoft Graph",
        "Microsoft Learn, Graph change notifications",
        bodies=("value.0.subscriptionId value.0.changeType", "value.0.lifecycleEvent"),
        event=("value.0.changeType", "value.0.lifecycleEvent"),
        delivery=("value.0.id",),
        title=("value.0.resource",),
    ),
    Sender(
        "Telegram",
        "Telegram Bot API, Getting updates",
        headers=("X-Telegram-Bot-Api-Secret-Token",),
        bodies=("update_id message.chat", "update_id callback_query.id", "update_id inline_query"),
        delivery=("update_id",),
        title=("message.text", "edited_message.text", "callback_query.data", "inline_query.query"),
    ),
    Sender(
        "WhatsApp",
        "Meta for Developers, WhatsApp Cloud API webhooks",
        bodies=("object=whatsapp_business_account entry",),
        event=("entry.0.changes.0.field+entry.0.changes.0.value.messages.0.type",),
        delivery=(
            "entry.0.changes.0.value.messages.0.id",
            "entry.0.changes.0.value.statuses.0.id",
        ),
        title=("entry.0.changes.0.value.messages.0.text.body",),
    ),
    Sender(
        "Meta",
        "Meta for Developers, Graph API webhooks",
        bodies=("object entry.0.changes", "object entry.0.messaging"),
        event=("object+entry.0.changes.0.field",),
        title=("entry.0.messaging.0.message.text", "entry.0.id"),
    ),
    Sender(
        "Discord",
        "Discord Developer, Webhook events and Interactions: "
        "https://docs.discord.com/developers/events/webhook-events",
        headers=("X-Signature-Ed25519",),
        event=("event.type", "data.name"),
        delivery=("id",),
        title=("data.name", "event.type"),
    ),
    Sender(
        "Zoom",
        "Zoom Developer, Using webhooks: https://developers.zoom.us/docs/api/webhooks",
        headers=("x-zm-signature",),
        bodies=("event event_ts payload.account_id",),
        event=("event",),
        title=("payload.object.topic", "payload.plainToken"),
    ),
)
