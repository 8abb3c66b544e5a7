"""Real receivers on this machine against what we say they read, fields and programs alike."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.forms import parse
from inspector.reading.receivers import list_receiver_names
from inspector.testing import InspectorServer
from tests.forms.agreement import DIALECTS, REFUSED, foretell
from tests.machine import skip_without
from tests.receivers.bodies import PIECES, list_ticket
from tests.receivers.running import FORM_TYPE, KINDS, Missing, Receiver, find_program

pytestmark = pytest.mark.process

TICKET = (Path(__file__).parents[1] / "forms" / "data" / "ticket_sample.body").read_bytes()
ODD = (
    b"t[a][]=1&t[a][]=2&t[x%27y]=quote&t[g%C3%BCn]=green&t[8a]=digit&t[c-d]=dash&t[%5C]=back"
    b"&t[%22]=double&t[%F0%9F%98%80]=smile&plain=5&t[list][0][name]=n0&t[list][1][name]=n1"
    b"&t[%24x]=dollar&t[%23{1}]=hash"
)
# The dialect in which a receiver's form is shown, and the label of its name for a field.
SHOWN = {"php": "php", "sinatra": "rack"} | DIALECTS
LABELS = {
    "php": "PHP",
    "rack": "Rails",
    "qs": "Express",
    "express": "Express",
    "flask": "Flask",
    "django": "Django",
}


@pytest.fixture(scope="module")
def folder(request: pytest.FixtureRequest) -> Path:
    """A folder of pytest's cache, for what is fetched and compiled."""
    cache: pytest.Cache = request.config.cache
    return cache.mkdir("receivers")


@pytest.fixture(scope="module")
def receiver(request: pytest.FixtureRequest, folder: Path) -> Iterator[Receiver]:
    name: str = request.param
    try:
        started = Receiver(name, folder)
    except Missing as missing:
        skip_without(f"{name} ({missing})", KINDS[name].packages)
    with started:
        yield started


def prepare(value: object) -> str:
    return "refused" if value is REFUSED else json.dumps(value)


def ask(receiver: Receiver, body: bytes) -> str:
    answer = receiver.ask(body)
    return "refused" if "error" in answer else json.dumps(answer["value"])


@pytest.mark.slow
@pytest.mark.parametrize("receiver", DIALECTS, indirect=True)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_form_is_read_as_we_say(receiver: Receiver, pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    assert ask(receiver, body) == prepare(foretell(receiver.name, body))


@pytest.mark.parametrize("receiver", SHOWN, indirect=True)
@pytest.mark.parametrize("body", [TICKET, list_ticket()], ids=["sample", "of all kinds"])
def test_a_ticket_is_shown_as_the_receiver_prints_it(receiver: Receiver, body: bytes) -> None:
    with InspectorServer() as server:
        bin_ = server.create_bin()
        head = {"Content-Type": FORM_TYPE}
        urlopen(Request(bin_.url, body, head), timeout=30).close()
        captured = bin_.wait()
        address = f"{server.url}/api/v1/bins/{bin_.name}/requests/{captured.id}"
        with urlopen(f"{address}?as={SHOWN[receiver.name]}", timeout=30) as answer:
            shown = json.load(answer)
    value = shown["form"]
    if receiver.name == "go":
        value = dict(sorted(value.items()))  # Go's maps have no order.
    codes = {note["code"] for note in shown["form_notes"]}
    if receiver.name == "django" and "django_refuses" in codes:
        value = REFUSED
    assert ask(receiver, body) == prepare(REFUSED if shown["form_refusal"] else value)


@pytest.mark.parametrize("receiver", ["sinatra"], indirect=True)
@pytest.mark.parametrize(
    "body", [b"a=1&a[b]=2", b"a=%", b"a%FF=1", b"a" + b"[b]" * 101, b"&" * 4097]
)
def test_a_refusal_names_the_status_that_is_answered(receiver: Receiver, body: bytes) -> None:
    status = receiver.ask(body)["error"]
    assert f"{status} " in parse(body, "rack").refusal


@pytest.mark.slow
@pytest.mark.parametrize("receiver", LABELS, indirect=True)
@pytest.mark.parametrize("body", [TICKET, ODD], ids=["sample", "odd names"])
def test_names_that_are_copied_give_the_value_in_the_program(
    receiver: Receiver, body: bytes
) -> None:
    form = parse(body, SHOWN[receiver.name])
    assert len(form.pairs) > 10
    for pair in form.pairs:
        assert pair.path is not None
        names = dict(list_receiver_names(pair.path, form.value, form.dialect))
        expression = names[LABELS[receiver.name]].encode().decode("latin-1")
        answer = receiver.ask(body, {"X-Expression": expression})
        assert answer.get("value") == pair.value, names[LABELS[receiver.name]]


@pytest.mark.parametrize("body", [TICKET, ODD], ids=["sample", "odd names"])
def test_names_that_are_copied_give_the_value_in_go(
    folder: Path, tmp_path: Path, body: bytes
) -> None:
    try:
        go = find_program("go")
    except Missing:
        skip_without("Go", KINDS["go"].packages)
    form = parse(body, "flat")
    names = [
        dict(list_receiver_names(pair.path or (), form.value, "flat"))["Go"] for pair in form.pairs
    ]
    program = tmp_path / "names.go"
    program.write_text(
        "package main\n"
        'import ("encoding/json"; "net/http"; "os"; "strings")\n'
        "func main() {\n"
        f'r, _ := http.NewRequest("POST", "/", strings.NewReader({json.dumps(body.decode())}))\n'
        f'r.Header.Set("Content-Type", "{FORM_TYPE}")\n'
        "r.ParseForm()\n"
        f"json.NewEncoder(os.Stdout).Encode([]string{{{', '.join(names)}}})\n"
        "}\n",
        "utf-8",
    )
    done = subprocess.run(
        [go, "run", str(program)], cwd=folder, capture_output=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == [pair.value for pair in form.pairs]
