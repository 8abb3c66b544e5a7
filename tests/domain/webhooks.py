"""One webhook of each known sender, shaped as its documentation has it; values are made up."""

import json
from typing import Any, NamedTuple
from urllib.parse import urlencode

from inspector.domain.messages import Message


class Webhook(NamedTuple):
    """A webhook's headers and body, and what a reader should be told of it."""

    sender: str
    headers: dict[str, str]
    body: Any
    event: str | None
    delivery: str | None
    title: str
    is_form: bool = False

    @property
    def message(self) -> Message:
        kind = "application/x-www-form-urlencoded" if self.is_form else "application/json"
        headers = {"Content-Type": kind} | self.headers
        lines = ["POST /hooks HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        body = urlencode(self.body) if self.is_form else json.dumps(self.body)
        return Message(raw_head=("\r\n".join(lines) + "\r\n").encode(), body=body.encode())


_ISSUE = {
    "action": "opened",
    "issue": {"number": 7, "title": "Printer on fire"},
    "repository": {"full_name": "ann/desk"},
}

WEBHOOKS = [
    Webhook(
        "Deskpro",
        {},
        {"ticket[id]": "5", "ticket[subject]": "Hello", "person_context[id]": "1"}
        | {"event_type": "update", "event_method": "web"},
        "update.web",
        None,
        "Hello",
        is_form=True,
    ),
    Webhook(
        "Zendesk",
        {"X-Zendesk-Webhook-Invocation-Id": "01HX"},
        {"type": "zen:event-type:ticket.created", "detail": {"subject": "Broken", "id": "8"}},
        "zen:event-type:ticket.created",
        "01HX",
        "Broken",
    ),
    Webhook(
        "Zammad",
        {"X-Zammad-Trigger": "New ticket", "X-Zammad-Delivery": "5a1"},
        {"ticket": {"id": 3, "title": "No paper"}, "article": {"subject": "Re"}},
        "New ticket",
        "5a1",
        "No paper",
    ),
    Webhook(
        "Freshdesk",
        {},
        {"freshdesk_webhook": {"ticket_id": 12, "ticket_subject": "Late", "triggered_event": "x"}},
        "x",
        None,
        "Late",
    ),
    Webhook(
        "Intercom",
        {"X-Hub-Signature": "sha1=00"},
        {"type": "notification_event", "app_id": "a1", "topic": "conversation.user.created"}
        | {"id": "notif_1", "data": {"item": {"id": "77", "source": {"subject": "Hi there"}}}},
        "conversation.user.created",
        "notif_1",
        "Hi there",
    ),
    Webhook(
        "PagerDuty",
        {"X-PagerDuty-Signature": "v1=00"},
        {
            "event": {
                "id": "5ac",
                "event_type": "incident.triggered",
                "resource_type": "incident",
                "data": {"title": "CPU hot"},
            }
        },
        "incident.triggered",
        "5ac",
        "CPU hot",
    ),
    Webhook(
        "Grafana",
        {},
        {"receiver": "me", "status": "firing", "orgId": 1, "alerts": [{"labels": {}}]}
        | {"title": "[FIRING:1] Disk", "groupKey": "{}"},
        "firing",
        None,
        "[FIRING:1] Disk",
    ),
    Webhook(
        "Alertmanager",
        {},
        {"version": "4", "groupKey": "{}:{}", "status": "resolved", "receiver": "hook"}
        | {"alerts": [{}], "commonLabels": {"alertname": "DiskFull"}, "commonAnnotations": {}},
        "resolved",
        None,
        "DiskFull",
    ),
    Webhook(
        "Sentry",
        {"Sentry-Hook-Resource": "issue", "Request-ID": "9f"},
        {"action": "created", "data": {"issue": {"title": "KeyError: id"}}},
        "issue.created",
        "9f",
        "KeyError: id",
    ),
    Webhook(
        "Jira",
        {"X-Atlassian-Webhook-Identifier": "b2"},
        {"timestamp": 1, "webhookEvent": "jira:issue_updated"}
        | {"issue": {"key": "D-1", "fields": {"summary": "Slow page"}}},
        "jira:issue_updated",
        "b2",
        "Slow page",
    ),
    Webhook(
        "Linear",
        {"Linear-Event": "Issue", "Linear-Delivery": "23"},
        {"action": "create", "type": "Issue", "data": {"title": "Dark mode"}},
        "Issue.create",
        "23",
        "Dark mode",
    ),
    Webhook(
        "Forgejo",
        {"X-GitHub-Event": "issues", "X-Gitea-Event": "issues"}
        | {"X-Forgejo-Event": "issues", "X-Forgejo-Delivery": "f1"},
        _ISSUE,
        "issues.opened",
        "f1",
        "Printer on fire",
    ),
    Webhook(
        "Gitea",
        {"X-GitHub-Event": "issues", "X-Gitea-Event": "issues", "X-Gitea-Delivery": "g1"},
        _ISSUE,
        "issues.opened",
        "g1",
        "Printer on fire",
    ),
    Webhook(
        "GitHub",
        {"X-GitHub-Event": "issues", "X-GitHub-Delivery": "72d3162e"},
        _ISSUE,
        "issues.opened",
        "72d3162e",
        "Printer on fire",
    ),
    Webhook(
        "GitHub",
        {"X-GitHub-Event": "push", "X-GitHub-Delivery": "72d3162f"},
        {"payload": json.dumps({"ref": "main", "head_commit": {"message": "Fix it\n\nReally"}})},
        "push",
        "72d3162f",
        "Fix it",
        is_form=True,
    ),
    Webhook(
        "GitLab",
        {
            "X-Gitlab-Event": "Merge Request Hook",
            "X-Gitlab-Event-UUID": "e0",
            "Idempotency-Key": "i0",
        },
        {"object_kind": "merge_request", "object_attributes": {"action": "open", "title": "Add x"}},
        "merge_request.open",
        "i0",
        "Add x",
    ),
    Webhook(
        "Bitbucket",
        {"X-Event-Key": "pullrequest:created", "X-Request-UUID": "bb"},
        {"pullrequest": {"title": "Tidy"}, "repository": {"full_name": "ann/desk"}},
        "pullrequest:created",
        "bb",
        "Tidy",
    ),
    Webhook(
        "Docker Hub",
        {},
        {"callback_url": "https://x.test/", "push_data": {"tag": "latest"}}
        | {"repository": {"repo_name": "ann/desk"}},
        "latest",
        None,
        "ann/desk",
    ),
    Webhook(
        "CircleCI",
        {"circleci-event-type": "workflow-completed"},
        {"id": "c1", "type": "workflow-completed", "workflow": {"name": "build"}},
        "workflow-completed",
        "c1",
        "build",
    ),
    Webhook(
        "Vercel",
        {"x-vercel-signature": "00"},
        {"id": "v1", "type": "deployment.created", "payload": {"deployment": {"name": "site"}}},
        "deployment.created",
        "v1",
        "site",
    ),
    Webhook(
        "Netlify",
        {"X-Netlify-Event": "deploy_created"},
        {"id": "n1", "state": "ready", "name": "desk", "title": "Fix it"},
        "deploy_created",
        None,
        "Fix it",
    ),
    Webhook(
        "Stripe",
        {"Stripe-Signature": "t=1,v1=00"},
        {"id": "evt_1", "object": "event", "api_version": "2024-06-20", "type": "invoice.paid"}
        | {"data": {"object": {"id": "in_1", "object": "invoice", "description": None}}},
        "invoice.paid",
        "evt_1",
        "in_1",
    ),
    Webhook(
        "PayPal",
        {"Paypal-Transmission-Id": "t1"},
        {"id": "WH-1", "event_type": "PAYMENT.SALE.COMPLETED", "summary": "Payment completed"},
        "PAYMENT.SALE.COMPLETED",
        "WH-1",
        "Payment completed",
    ),
    Webhook(
        "PayPal",
        {},
        {"txn_type": "web_accept", "ipn_track_id": "ip1", "item_name": "Toner", "charset": "x"},
        "web_accept",
        "ip1",
        "Toner",
        is_form=True,
    ),
    Webhook(
        "Square",
        {"X-Square-Hmacsha256-Signature": "00"},
        {"merchant_id": "m", "type": "payment.created", "event_id": "sq1", "data": {"id": "p9"}},
        "payment.created",
        "sq1",
        "p9",
    ),
    Webhook(
        "Paddle",
        {"Paddle-Signature": "ts=1;h1=00"},
        {"event_id": "evt_2", "event_type": "customer.created", "notification_id": "ntf_1"}
        | {"data": {"name": "Ann"}},
        "customer.created",
        "ntf_1",
        "Ann",
    ),
    Webhook(
        "Adyen",
        {},
        {
            "live": "false",
            "notificationItems": [
                {
                    "NotificationRequestItem": {
                        "eventCode": "AUTHORISATION",
                        "pspReference": "88",
                        "merchantReference": "order 7",
                    }
                }
            ],
        },
        "AUTHORISATION",
        None,
        "order 7",
    ),
    Webhook(
        "Shopify",
        {"X-Shopify-Topic": "orders/create", "X-Shopify-Webhook-Id": "s1"},
        {"id": 820982911946154508, "name": "#9999", "total_price": "254.98"},
        "orders/create",
        "s1",
        "#9999",
    ),
    Webhook(
        "WooCommerce",
        {"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Delivery-ID": "w1"},
        {"id": 12, "number": "12", "status": "processing"},
        "order.updated",
        "w1",
        "12",
    ),
    Webhook(
        "Slack",
        {"X-Slack-Signature": "v0=00", "X-Slack-Request-Timestamp": "1"},
        {"type": "event_callback", "team_id": "T1", "event_id": "Ev1"}
        | {"event": {"type": "message", "text": "Hi all", "channel": "C1"}},
        "message",
        "Ev1",
        "Hi all",
    ),
    Webhook(
        "Slack",
        {},
        {"token": "x", "team_id": "T1", "command": "/ticket", "text": "open 5"}
        | {"response_url": "https://x.test/", "trigger_id": "13.1"},
        "/ticket",
        "13.1",
        "open 5",
        is_form=True,
    ),
    Webhook(
        "SendGrid",
        {},
        [{"email": "ann@example.com", "event": "bounce", "sg_event_id": "sg1"}],
        "bounce",
        "sg1",
        "ann@example.com",
    ),
    Webhook(
        "Twilio",
        {"X-Twilio-Signature": "00", "I-Twilio-Idempotency-Token": "i1"},
        {"AccountSid": "AC1", "MessageSid": "SM1", "SmsStatus": "received", "Body": "Help"},
        "received",
        "i1",
        "Help",
        is_form=True,
    ),
    Webhook(
        "Mailgun",
        {},
        {
            "signature": {"token": "t", "timestamp": "1", "signature": "00"},
            "event-data": {
                "id": "mg1",
                "event": "failed",
                "message": {"headers": {"subject": "Your ticket"}},
            },
        },
        "failed",
        "mg1",
        "Your ticket",
    ),
    Webhook(
        "Postmark",
        {},
        {"RecordType": "Bounce", "MessageID": "pm1", "Email": "ann@example.com"},
        "Bounce",
        None,
        "ann@example.com",
    ),
    Webhook(
        "Mailchimp",
        {},
        {"type": "subscribe", "fired_at": "2024-05-01 10:00:00"}
        | {"data[list_id]": "a6", "data[email]": "ann@example.com"},
        "subscribe",
        None,
        "ann@example.com",
        is_form=True,
    ),
    Webhook(
        "Amazon SNS",
        {"x-amz-sns-message-type": "Notification", "Content-Type": "text/plain; charset=UTF-8"},
        {"Type": "Notification", "MessageId": "sns1", "TopicArn": "arn:aws:sns:x:1:t"}
        | {"Subject": "Alarm", "Message": "{}"},
        "Notification",
        "sns1",
        "Alarm",
    ),
    Webhook(
        "Google Pub/Sub",
        {},
        {"message": {"messageId": "ps1", "data": "eyJhIjoxfQ=="}, "subscription": "projects/p/s"},
        None,
        "ps1",
        "projects/p/s",
    ),
    Webhook(
        "Azure Event Grid",
        {"aeg-event-type": "Notification"},
        [{"id": "eg1", "eventType": "Blob.Created", "topic": "/t", "subject": "/blobs/a.txt"}],
        "Blob.Created",
        "eg1",
        "/blobs/a.txt",
    ),
    Webhook(
        "Microsoft Graph",
        {},
        {"value": [{"subscriptionId": "g", "changeType": "updated", "resource": "users/1"}]},
        "updated",
        None,
        "users/1",
    ),
    Webhook(
        "Telegram",
        {},
        {"update_id": 10000, "message": {"message_id": 1, "chat": {"id": 5}, "text": "/start"}},
        None,
        "10000",
        "/start",
    ),
    Webhook(
        "WhatsApp",
        {},
        {
            "object": "whatsapp_business_account",
            "entry": [
                {
                    "changes": [
                        {
                            "field": "messages",
                            "value": {
                                "messages": [{"id": "wa1", "type": "text", "text": {"body": "Hey"}}]
                            },
                        }
                    ]
                }
            ],
        },
        "messages.text",
        "wa1",
        "Hey",
    ),
    Webhook(
        "Meta",
        {},
        {"object": "page", "entry": [{"id": "5", "changes": [{"field": "feed"}]}]},
        "page.feed",
        None,
        "5",
    ),
    Webhook(
        "Discord",
        {"X-Signature-Ed25519": "00", "X-Signature-Timestamp": "1"},
        {"id": "d1", "type": 2, "data": {"name": "ticket"}},
        "ticket",
        "d1",
        "ticket",
    ),
    Webhook(
        "Zoom",
        {"x-zm-signature": "v0=00"},
        {"event": "meeting.started", "event_ts": 1, "payload": {"object": {"topic": "Stand-up"}}},
        "meeting.started",
        None,
        "Stand-up",
    ),
    Webhook(
        "HubSpot",
        {"X-HubSpot-Signature": "00"},
        [{"eventId": 100, "subscriptionType": "contact.creation", "portalId": 62, "objectId": 123}],
        "contact.creation",
        "100",
        "123",
    ),
    Webhook(
        "Typeform",
        {"Typeform-Signature": "sha256=00"},
        {"event_id": "tf1", "event_type": "form_response"}
        | {"form_response": {"form_id": "lT4", "definition": {"title": "Survey"}}},
        "form_response",
        "tf1",
        "Survey",
    ),
    Webhook(
        "Calendly",
        {"Calendly-Webhook-Signature": "t=1,v1=00"},
        {"event": "invitee.created", "payload": {"name": "Ann"}},
        "invitee.created",
        None,
        "Ann",
    ),
    Webhook(
        "Trello",
        {"X-Trello-Webhook": "00"},
        {"action": {"id": "tr1", "type": "updateCard", "data": {"card": {"name": "Buy toner"}}}},
        "updateCard",
        "tr1",
        "Buy toner",
    ),
    Webhook(
        "Asana",
        {"X-Hook-Signature": "00"},
        {"events": [{"action": "added", "resource": {"gid": "1337", "resource_type": "task"}}]},
        "task.added",
        None,
        "1337",
    ),
    Webhook(
        "DocuSign",
        {},
        {"event": "envelope-sent", "data": {"envelopeId": "e1"}},
        "envelope-sent",
        None,
        "e1",
    ),
    Webhook(
        "Contentful",
        {"X-Contentful-Topic": "ContentManagement.Entry.publish"}
        | {"X-Contentful-Idempotency-Key": "9844"},
        {"sys": {"id": "ct1"}, "fields": {"title": {"en-US": "News"}}},
        "ContentManagement.Entry.publish",
        "9844",
        "News",
    ),
    Webhook(
        "CloudEvents",
        {"ce-specversion": "1.0", "ce-type": "org.example.order", "ce-id": "ce1"},
        {"name": "Order 5"},
        "org.example.order",
        "ce1",
        "Order 5",
    ),
    Webhook(
        "CloudEvents",
        {"Content-Type": "application/cloudevents+json"},
        {"specversion": "1.0", "type": "a.b", "source": "/x", "id": "ce2", "subject": "5"},
        "a.b",
        "ce2",
        "5",
    ),
    Webhook(
        "Svix",
        {"svix-id": "msg_1", "svix-timestamp": "1", "svix-signature": "v1,00"},
        {"type": "user.created", "data": {"id": "user_1"}},
        "user.created",
        "msg_1",
        "user_1",
    ),
    Webhook(
        "Standard Webhooks",
        {"webhook-id": "msg_2", "webhook-timestamp": "1", "webhook-signature": "v1,00"},
        {"type": "contact.created", "data": {"id": "c_1"}},
        "contact.created",
        "msg_2",
        "c_1",
    ),
    Webhook(
        "Mandrill",
        {"X-Mandrill-Signature": "00"},
        {"mandrill_events": json.dumps([{"event": "send", "_id": "m1"}])},
        None,
        None,
        "POST /hooks",
        is_form=True,
    ),
]
