"""The sample is the helpdesk's own, value for value; only its lists were put in order."""

from pathlib import Path
from typing import Any

from inspector.emitter import sample_context
from inspector.emitter.tickets import FIELDS
from inspector.emitter.trees import walk_leaves
from inspector.forms import Value

PRINTED = Path(__file__).parent / "data" / "ticket_sample.tsv"


def leaves_of(context: dict[str, Value]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def visit(path: tuple[str, ...], text: str) -> None:
        found.append((path[0] + "".join(f"[{key}]" for key in path[1:]), text))

    walk_leaves(context, visit)
    return found


def printed_leaves() -> list[tuple[str, str]]:
    lines = PRINTED.read_text("utf-8").splitlines()
    return [(name, value) for name, _, value in (line.partition("\t") for line in lines)]


def test_the_sample_has_the_196_values_that_the_article_prints() -> None:
    printed = printed_leaves()
    assert len(printed) == 196
    assert sorted(leaves_of(sample_context())) == sorted(printed)


def test_values_keep_the_order_of_the_article_but_for_lists() -> None:
    def order(leaves: list[tuple[str, str]], prefix: str) -> list[str]:
        """Keys of one map, in order of first appearance."""
        rest = [name.removeprefix(prefix) for name, _ in leaves if name.startswith(prefix)]
        return list(dict.fromkeys(name.partition("]")[0] for name in rest))

    ours, theirs = leaves_of(sample_context()), printed_leaves()
    for prefix in ("ticket[", "person_context[", "ticket[agent][", "ticket[participants][0]["):
        assert order(ours, prefix) == order(theirs, prefix)


def test_complete_lists_are_lists_in_order() -> None:
    context: Any = sample_context()
    assert context["ticket"]["agent"]["agentgroup_ids"] == ["3", "4", "6"]
    groups = context["person_context"]["usergroups"]
    assert [group.get("title") for group in groups] == [
        None,
        "All Non-Destructive Permissions",
        "Sales",
        "Interns",
        None,
    ]


def test_a_list_that_was_printed_with_gaps_keeps_them() -> None:
    context: Any = sample_context()
    assert context["person_context"]["agentgroup_ids"] == {"2": "6"}


def test_fields_come_in_the_order_in_which_they_are_sent() -> None:
    assert tuple(sample_context()) == FIELDS
