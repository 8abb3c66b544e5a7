"""Wrong arguments of a test: refused by their names, with no word of our insides."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests

from inspector.testing import Deskpro, InspectorServer, WebhookBin

SENT: dict[str, dict[str, Any]] = {
    "url is text": {"url": 5},
    "source is text": {"source": 5},
    "headers= is a mapping, or pairs": {"headers": 5},
    "headers= is a mapping, or pairs of a name and a value, not 'X: y'": {"headers": "X: y"},
    "data= is a mapping, or pairs": {"data": 5},
    "form= is a mapping, or pairs": {"form": 5},
    "set= maps paths to values": {"set": 5},
    "set= maps paths to values, as in": {"set": ["ticket.id"]},
    "a path in set= is text": {"set": {5: 5}},
    "unset= lists paths": {"unset": 5},
    "a path in unset= is text": {"unset": [5]},
    "sign is text": {"sign": 5},
    "timeout is a number of seconds or a timedelta": {"timeout": "5"},
    "retries is a whole number": {"retries": "1"},
}


@pytest.mark.parametrize(("said", "given"), SENT.items(), ids=[str(each) for each in SENT.values()])
def test_a_sender_names_what_it_cannot_take(said: str, given: dict[str, Any]) -> None:
    with pytest.raises(TypeError) as refused:
        Deskpro().send(**{"url": "http://127.0.0.1:9/", **given})
    assert str(refused.value).startswith(said)


Call = Callable[[Any], object]
CALLS: list[tuple[str, Call]] = [
    ("timeout is a number of seconds or a timedelta", lambda bin_: bin_.wait(timeout="5")),
    ("timeout is a number of seconds", lambda bin_: bin_.wait_for(bool, timeout=None)),
    ("timeout is a number of seconds", lambda bin_: bin_.wait_in_order({}, timeout="5")),
    ("within is a number of seconds", lambda bin_: bin_.assert_none(within="5")),
    ("within is a number of seconds", lambda bin_: bin_.assert_count(1, within=[])),
    ("count is a whole number, not '1'", lambda bin_: bin_.assert_count("1")),
    ("count is a whole number", lambda bin_: bin_.wait(count="1")),
    ("count is a whole number", lambda bin_: bin_.wait_all(1.5)),
    ("after is a request of this bin, not 5", lambda bin_: bin_.wait(after=5)),
    ("a predicate is a function of a request, not 5", lambda bin_: bin_.wait_for(5)),
    ("a name in where= is text, not 5", lambda bin_: bin_.wait(where={5: 5})),
    ("a name in headers= is text, not b'X'", lambda bin_: bin_.find_all(headers={b"X": "y"})),
    ("path is text, not 5", lambda bin_: bin_.url_for(5)),
    ("headers= is a mapping, or pairs", lambda bin_: bin_.respond_with(headers=5)),
    ("early_hints= is a mapping, or pairs", lambda bin_: bin_.respond_with(early_hints=5)),
]


@pytest.mark.parametrize(("said", "call"), CALLS)
def test_a_bin_names_what_it_cannot_take(webhook_bin: WebhookBin, said: str, call: Call) -> None:
    with pytest.raises(TypeError) as refused:
        call(webhook_bin)
    assert str(refused.value).startswith(said)


def test_a_replay_names_what_it_cannot_take(webhook_bin: WebhookBin) -> None:
    requests.post(webhook_bin.url, timeout=10)
    webhook_bin.wait()
    with pytest.raises(TypeError, match=r"^to is text, not 5"):
        webhook_bin.replay(to=5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^timeout is a number of seconds"):
        webhook_bin.replay(to=webhook_bin.url, timeout="5")  # type: ignore[arg-type]


def test_a_time_is_a_timedelta_too(webhook_bin: WebhookBin) -> None:
    with pytest.raises(AssertionError, match=r"within 0\.05 s"):
        webhook_bin.wait(timeout=timedelta(milliseconds=50))
    webhook_bin.assert_none(within=timedelta(milliseconds=50))


def test_one_path_is_unset_without_a_list() -> None:
    assert "subject" not in Deskpro().ticket(unset="subject")


def test_a_size_is_written_as_for_the_command() -> None:
    with InspectorServer(max_body="1kB") as server:
        sent = requests.post(server.create_bin().url, data=b"x" * 2000, timeout=10)
    assert sent.status_code == 413
    for given in ({"max_body": 1.5}, {"port": "80"}, {"host": 5}):
        with pytest.raises(TypeError, match=f"^{next(iter(given))} is "):
            InspectorServer(**given)
