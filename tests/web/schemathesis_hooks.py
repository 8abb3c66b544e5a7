"""What Schemathesis cannot know: what there is, what is a query, and that tests are in a hurry.

Loaded by Schemathesis itself, as its SCHEMATHESIS_HOOKS.
"""

import contextlib
import random
from typing import Any

import schemathesis
from schemathesis.generation.meta import TestPhase

KNOWN = {"name": "orders", "request_id": "1-1", "action_id": "1"}
# Any text is a text, but not any text is a query; tests/reading has the others.
QUERIES = ["", "hello", "ticket.id=5", "method:POST -is:empty", '"a b" after:2h']
CONDITIONS = [[], ["ticket.id=5"], ["ticket.id=6", "a[b]="]]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Send what was made up, but for what would have to mean something or take long."""
    if case.method.upper() != "DELETE" and case.meta.phase.name != TestPhase.STATEFUL:
        case.path_parameters = _find_parameters(case.path_parameters)
    case.query = _tame_query(case.query or {}, case.operation.label.endswith("/wait"))
    if isinstance(case.body, dict):
        own_url = case.operation.base_url.partition("/api/")[0] + "/orders"
        case.body = _tame_body(case.body, own_url)


MATCH_NAMES = {"method", "path", "query", "headers", "where", "q"}


def _find_parameters(parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Every other time what is there. A stateful test made its own, and minds where it looks."""
    if not parameters or random.random() < 0.5:
        return parameters
    return {name: KNOWN.get(name, value) for name, value in parameters.items()}


def _tame_query(query: dict[str, Any], waits: bool) -> dict[str, Any]:
    tame = dict(query)
    if isinstance(query.get("q"), str) and len(query["q"]) < 1000:
        tame["q"] = random.choice(QUERIES)
    if isinstance(query.get("columns"), str):
        tame["columns"] = random.choice(("", "ticket.status, header:Host"))
    if isinstance(query.get("where"), list | str):
        tame["where"] = random.choice(CONDITIONS)
    with contextlib.suppress(TypeError, ValueError):
        if waits and 0 < float(query.get("timeout", 10)) <= 300:
            tame["timeout"] = 0.05
    return tame


def _tame_body(body: dict[str, Any], own_url: str) -> dict[str, Any]:
    """Without any text that would have to mean something to be taken.

    What is wrong by its type stays as it is: it is there to be refused.
    """
    tame: dict[str, Any] = dict(body)
    if isinstance(tame.get("url"), str):
        tame["url"] = own_url
    if _are_pairs(tame.get("headers")):
        tame["headers"] = [["X-Own", "1"]]
    if isinstance(tame.get("columns"), list) and _are_texts(tame["columns"]):
        tame["columns"] = ["ticket.status"]
    delay_s = tame.get("delay_s")
    if isinstance(delay_s, int | float) and not isinstance(delay_s, bool) and 0 < delay_s <= 300:
        tame["delay_s"] = 0
    if isinstance(tame.get("match"), dict) and tame["match"].keys() <= MATCH_NAMES:
        tame["match"] = {"method": "POST"}
    if isinstance(tame.get("action"), dict):
        tame["action"] = _tame_action(tame["action"], own_url)
    if isinstance(tame.get("ticket"), dict):
        kinds = {"data": dict, "text": str, "request": str}
        tame["ticket"] = {
            name: None if isinstance(value, kinds.get(name, ())) else value
            for name, value in tame["ticket"].items()
        }
        if _are_changes(tame["ticket"].get("changes")):
            tame["ticket"]["changes"] = [["ticket.id", 5]]
    if isinstance(tame.get("set"), dict):
        tame["set"] = {"ticket.id": 5}
    if isinstance(tame.get("unset"), list) and all(isinstance(each, str) for each in tame["unset"]):
        # A saved action may have taken it away already.
        tame["unset"] = ["ticket.subject"] if "action" in body else []
    return tame


def _tame_action(action: dict[str, Any], own_url: str) -> dict[str, Any]:
    tame = dict(action)
    if isinstance(tame.get("url"), str):
        tame["url"] = own_url
    for name in ("name", "custom_data"):
        if isinstance(tame.get(name), str):
            tame[name] = "{{ ticket.id }}"
    if _are_pairs(tame.get("headers")):
        tame["headers"] = [["X-Id", "{{ ticket.id }}"]]
    if _are_pairs(tame.get("custom_data")):
        tame["custom_data"] = [["id", "{{ ticket.id }}"]]
    options: Any = tame.get("options")
    if isinstance(options, dict):
        tame["options"] = {name: _tame_option(name, value) for name, value in options.items()}
    return tame


def _are_pairs(value: Any) -> bool:
    if isinstance(value, dict):
        return _are_texts(list(value.values()))
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and _are_texts(pair) for pair in value
    )


def _are_changes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str) for pair in value
    )


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _tame_option(name: str, value: Any) -> Any:
    """Quick, without pauses; and a user name without a colon."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float) and 0 <= value <= 5 and name == "retries":
        return 0
    if isinstance(value, int | float) and 0 < value <= 300 and name.endswith("_s"):
        return 5
    if name == "basic_auth" and isinstance(value, list) and len(value) == 2 and _are_texts(value):
        return ["name", "password"]
    return value
