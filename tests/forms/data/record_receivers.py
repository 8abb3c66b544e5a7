"""Run with ``python -m tests.forms.data.record_receivers FOLDER`` from the top of the repository.

Records what each receiver makes of the bodies of ``cases.jsonl``, of those made by hand in
``tests/receivers/bodies.py``, and of random ones, which it writes to
``receivers/random.jsonl``. Each must be installed (see ``tests/receivers``); FOLDER keeps what
is fetched and compiled for them. A receiver that is named is recorded alone.
"""

import json
import random
import sys
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from tests.receivers.bodies import HAND_MADE, list_ticket, make_body
from tests.receivers.running import Receiver

HERE = Path(__file__).parent
RECEIVERS = ("rack", "qs", "express", "flask", "django", "go")
RANDOM_BODIES = 200
MAX_VALUE_CHARS = 2000


def list_bodies() -> dict[str, bytes]:
    """Every recorded body by its name."""
    files = (HERE / "cases.jsonl", HERE / "receivers" / "random.jsonl")
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    cases = [json.loads(line) for line in lines]
    bodies = {
        case["id"]: b64decode(case["body_b64"]) if "body_b64" in case else case["body"].encode()
        for case in cases
    }
    return {**bodies, **HAND_MADE, "a ticket of all kinds": list_ticket()}


def shorten(answer: dict[str, Any]) -> dict[str, Any]:
    """The SHA-256 of the value's JSON in the place of one that is long."""
    text = json.dumps(answer.get("value"))
    if len(text) <= MAX_VALUE_CHARS:
        return answer
    return {"sha256": sha256(text.encode()).hexdigest()}


def write_random_bodies() -> None:
    chance = random.Random(1)
    with (HERE / "receivers" / "random.jsonl").open("w") as file:
        for number in range(RANDOM_BODIES):
            sent = b64encode(make_body(chance)).decode()
            file.write(json.dumps({"id": f"random {number}", "body_b64": sent}) + "\n")


def main() -> None:
    folder, *names = sys.argv[1:]
    if not names:
        write_random_bodies()
    bodies = list_bodies()
    for name in names or RECEIVERS:
        with (
            Receiver(name, Path(folder)) as receiver,
            (HERE / "receivers" / f"{name}.jsonl").open("w") as file,
        ):
            for body_name, body in bodies.items():
                answer = json.dumps({"id": body_name, **shorten(receiver.ask(body))})
                file.write(answer + "\n")


if __name__ == "__main__":
    main()
