import pytest

from inspector.domain import CapturedRequest
from inspector.reading.fields import parse_name
from inspector.reading.overview.series import MAX_RUNS, MAX_VALUE_CHARS, Series
from tests.reading.captures import make_form


def follow(name: str, *requests: CapturedRequest) -> Series:
    series = Series(parse_name(name))
    for request in requests:
        series.add(request)
    return series


def make_ticket(number: int, ticket: str, agent: str | None) -> CapturedRequest:
    pairs = [("ticket[id]", ticket)]
    if agent is not None:
        pairs.append(("ticket[agent][id]", agent))
    return make_form(*pairs, number=number)


def test_equal_values_one_after_the_other_are_one_run() -> None:
    values = ["3", "3", "", None, None, "3"]
    series = follow(
        "ticket.agent.id",
        *(make_ticket(number, "5", value) for number, value in enumerate(values, 1)),
    )
    runs = [(run.value.text, run.first.number, run.last.number, run.count) for run in series.runs]
    assert runs == [("3", 6, 6, 1), (None, 4, 5, 2), ("", 3, 3, 1), ("3", 1, 2, 2)]
    assert (series.run_count, series.request_count) == (4, 6)


def test_among_two_hundred_tickets_the_one_whose_agent_changed_is_found() -> None:
    requests = [
        make_ticket(number, str(number % 100), str(number % 7 % 2)) for number in range(1, 201)
    ]
    series = follow("ticket.subject", *requests)
    assert (series.subjects, series.change_count) == (100, 0)
    agents = [make_ticket(number, str(number % 100), str(number % 100)) for number in range(1, 201)]
    agents[136] = make_ticket(137, "37", "Abed")
    series = follow("ticket.agent.id", *agents)
    changes = [
        (c.subject, c.before.number, c.after.number, c.old.text, c.new.text) for c in series.changes
    ]
    assert changes == [("37", 37, 137, "37", "Abed")]


def test_what_is_kept_is_bounded() -> None:
    requests = (make_ticket(number, "5", str(number)) for number in range(1, 1_001))
    series = follow("ticket.agent.id", *requests)
    assert (len(series.runs), len(series.changes)) == (MAX_RUNS, MAX_RUNS)
    assert (series.run_count, series.change_count) == (1_000, 999)
    assert series.runs[0].value.text == "1000"


def test_tickets_beyond_the_limit_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inspector.reading.overview.series.MAX_SUBJECTS", 2)
    tickets = ["1", "2", "3", "1"]
    agents = ["a", "a", "a", "b"]
    numbered = enumerate(zip(tickets, agents, strict=True), 1)
    series = follow("ticket.agent.id", *(make_ticket(n, *each) for n, each in numbered))
    assert series.change_count == 0


def test_long_values_that_begin_alike_are_still_told_apart() -> None:
    series = follow("a", make_form(("a", "x" * 9_000)), make_form(("a", "x" * 8_999 + "y")))
    assert series.run_count == 2
    assert len(series.runs[0].value.text or "") < MAX_VALUE_CHARS + 60


def test_requests_without_tickets_have_runs_only() -> None:
    series = follow("a", make_form(("a", "1")), make_form(("a", "2")))
    assert (series.subjects, series.changes, series.run_count) == (0, [], 2)


def make_agent(number: int, name: str, last: str) -> CapturedRequest:
    fields = [(f"ticket[agent][f{each}]", "x" * 40) for each in range(30)]
    named = ("ticket[agent][display_name]", name)
    return make_form(
        ("ticket[id]", "5"), named, *fields, ("ticket[agent][last]", last), number=number
    )


def test_a_map_is_shown_in_a_few_words_and_followed_to_its_last_field() -> None:
    series = follow(
        "ticket.agent",
        make_agent(1, "Annie", "1"),
        make_agent(2, "Annie", "1"),
        make_agent(3, "Annie", "2"),
        make_agent(4, "Abed", "2"),
    )
    changes = [(c.after.number, c.old.text, c.new.text) for c in series.changes]
    assert changes == [(4, "Annie", "Abed"), (3, "Annie", "Annie")]
    assert [run.count for run in series.runs] == [1, 1, 2]


def test_a_list_is_followed_as_a_whole_or_by_a_field_of_its_items() -> None:
    first = make_form(("l[0][name]", "a"), ("l[1][name]", "b"))
    second = make_form(("l[0][name]", "b"), ("l[1][name]", "a"))
    assert [run.value.text for run in follow("l", first, second).runs] == ["b, a", "a, b"]
    assert [run.value.text for run in follow("l[].name", first, second).runs] == ["b, a", "a, b"]
