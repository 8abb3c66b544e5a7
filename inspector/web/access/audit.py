"""Records who deleted, emptied or changed a bin, by whichever page or call."""

from __future__ import annotations

import logging

from flask import Flask, Response, g, request

from inspector.errors import BinNotFoundError
from inspector.storage.database.faults import log_failed
from inspector.web.current import current_services

log = logging.getLogger("inspector.audit")

# The change that each page and call makes to its bin, in one word, by endpoint.
ACTIONS = {
    "api.change_bin": "bin_changed",
    "api.delete_bin": "bin_deleted",
    "api.set_answer": "answers_changed",
    "api.reset_answer": "answers_changed",
    "api.set_answers": "answers_changed",
    "api.delete_answers": "answers_changed",
    "api.reset_answers": "answers_reset",
    "api.import_requests": "requests_imported",
    "api.prune_bin": "requests_pruned",
    "api.set_relay": "relay_changed",
    "api.delete_relay": "relay_changed",
    "api.clear_bin": "bin_emptied",
    "api.change_request": "request_changed",
    "api.delete_request": "request_deleted",
    "api.set_signatures": "signatures_changed",
    "answer.choose_answer": "answers_changed",
    "answers.save_rules": "answers_changed",
    "answers.use_preset": "answers_changed",
    "columns.choose_columns": "bin_changed",
    "import.import_requests": "requests_imported",
    "pages.clear_bin": "bin_emptied",
    "pages.delete_bin": "bin_deleted",
    "pages.save_keeping": "bin_changed",
    "pins.note_request": "request_changed",
    "pins.pin_request": "request_changed",
    "relay.save_relay": "relay_changed",
    "requests.delete_request": "request_deleted",
    "requests.remember_receiver": "bin_changed",
    "selections.delete_found": "requests_deleted",
    "selections.undo_deletion": "deletion_undone",
    "signatures.save_signatures": "signatures_changed",
}
# Endpoints that change no bin: they send something, or log somebody in.
CHANGES_NOTHING = {
    "api.replay_request",
    "api.send_missed_requests",
    "api.start_replays",
    "api.stop_replays",
    "login.take_secret",
    "replay.send",
    "replays.start",
    "replays.stop_run",
    "selections.use_selection",
    "sample.send_test",
}


def register(app: Flask) -> None:
    """Look at each request that has passed the gate, and at its response."""
    app.before_request(_note_bin)
    app.after_request(_keep)


def _note_bin() -> None:
    if request.endpoint in ACTIONS and request.method not in ("GET", "HEAD", "OPTIONS"):
        services = current_services()
        try:
            g.audited = services.bins.get(str((request.view_args or {}).get("name")))
        except BinNotFoundError:
            return  # The view says so.


def _keep(response: Response) -> Response:
    bin_ = g.pop("audited", None)
    if bin_ is None or response.status_code >= 400:
        return response
    services = current_services()
    action = ACTIONS[request.endpoint or ""]
    details = str((request.view_args or {}).get("request_id", "")) or request.args.get("q", "")
    if details and action == "bin_emptied":
        action = "requests_deleted"
    by, address = services.access.describe_caller(), services.access.client()
    log.info("%s %s by %s %s", action, bin_.name, by, address)
    try:
        services.audit.add(action, bin_, details, by=by, address=address)
    except Exception as error:  # The change is made, and its caller gets the response all the same.
        log_failed(log, "An entry of the audit log could not be kept", error)
    return response
