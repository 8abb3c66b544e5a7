"""Hosts of code, builds and deployments."""

from __future__ import annotations

from inspector.domain.senders.shapes import Sender

_GIT_TITLES = (
    "pull_request.title",
    "issue.title",
    "release.name",
    "head_commit.message",
    "commits.0.message",
    "repository.full_name",
)

CODE = (
    Sender(
        "Forgejo",
        "Forgejo documentation, Webhooks",
        headers=("X-Forgejo-Event",),
        event=("header:X-Forgejo-Event+action",),
        delivery=("header:X-Forgejo-Delivery",),
        title=_GIT_TITLES,
    ),
    Sender(
        "Gitea",
        "Gitea documentation, Webhooks: https://docs.gitea.com/features/webhooks",
        headers=("X-Gitea-Event",),
        event=("header:X-Gitea-Event+action",),
        delivery=("header:X-Gitea-Delivery",),
        title=_GIT_TITLES,
    ),
    Sender(
        "GitHub",
        "GitHub Docs, Webhook events and payloads: "
        "https://docs.github.com/en/webhooks/webhook-events-and-payloads",
        headers=("X-GitHub-Event",),
        event=("header:X-GitHub-Event+action",),
        delivery=("header:X-GitHub-Delivery",),
        title=(*_GIT_TITLES[:2], "discussion.title", "workflow_run.name", *_GIT_TITLES[2:], "zen"),
    ),
    Sender(
        "GitLab",
        "GitLab Docs, Webhook events; Idempotency-Key: "
        "https://gitlab.com/gitlab-org/gitlab/-/merge_requests/160952",
        headers=("X-Gitlab-Event",),
        event=("object_kind+object_attributes.action", "event_name", "header:X-Gitlab-Event"),
        # X-Gitlab-Event-UUID is shared by all events that one has set off.
        delivery=("header:Idempotency-Key", "header:webhook-id"),
        title=(
            "object_attributes.title",
            "issue.title",
            "merge_request.title",
            "commits.0.title",
            "project.path_with_namespace",
        ),
    ),
    Sender(
        "Bitbucket",
        "Bitbucket Cloud, Event payloads: "
        "https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/",
        headers=("X-Event-Key",),
        event=("header:X-Event-Key",),
        delivery=("header:X-Request-UUID", "header:X-Request-Id"),
        title=("pullrequest.title", "issue.title", "pullRequest.title", "repository.full_name"),
    ),
    Sender(
        "Docker Hub",
        "Docker Docs, Docker Hub webhooks",
        bodies=("callback_url push_data.tag repository.repo_name",),
        event=("push_data.tag",),
        title=("repository.repo_name",),
    ),
    Sender(
        "CircleCI",
        "CircleCI Docs, Webhooks: https://circleci.com/docs/guides/integration/outbound-webhooks/",
        headers=("circleci-event-type",),
        event=("header:circleci-event-type",),
        delivery=("id",),
        title=("pipeline.vcs.commit.subject", "workflow.name", "project.name"),
    ),
    Sender(
        "Vercel",
        "Vercel Docs, Webhooks API reference: https://vercel.com/docs/webhooks/webhooks-api",
        headers=("x-vercel-signature",),
        event=("type",),
        delivery=("id",),
        title=("payload.deployment.name", "payload.name", "payload.project.id"),
    ),
    Sender(
        "Netlify",
        "Netlify Docs, Deploy notifications",
        headers=("X-Netlify-Event",),
        bodies=("deploy_url site_id build_id",),
        event=("header:X-Netlify-Event", "state"),
        delivery=(),
        title=("title", "name"),
    ),
)
