"""What Schemathesis cannot know: that there is a bin with a request, and that tests are in a hurry.

Loaded by Schemathesis itself, as its SCHEMATHESIS_HOOKS.
"""

import random
from typing import Any

import schemathesis

KNOWN = {"name": "orders", "request_id": "1-1"}
# Any text is a text, but not any text is a query; tests/reading has the others.
QUERIES = ["", "hello", "ticket.id=5", "method:POST -is:empty", '"a b" after:2h']


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Every other time what is there; but nothing that is there is deleted."""
    if path_parameters and context.operation.method.upper() != "DELETE" and random.random() < 0.5:
        return path_parameters | {
            name: value for name, value in KNOWN.items() if name in path_parameters
        }
    return path_parameters


@schemathesis.hook
def map_query(context: Any, query: dict[str, Any] | None) -> Any:
    """Queries in the search language."""
    if query and isinstance(query.get("q"), str) and len(query["q"]) < 1000:
        return query | {"q": random.choice(QUERIES)}
    return query
