"""What the documentation shows runs as it is shown."""

import inspect
import re
from pathlib import Path

import pytest

import inspector.server  # loaded before pytester takes its picture of sys.modules
import inspector.testing.reporting  # noqa: F401
from inspector.testing import ReceivedRequest, WebhookBin
from inspector.testing.answering import make_answer

pytestmark = pytest.mark.process

DOCS = Path(__file__).parents[2] / "docs" / "testing.md"
TEXT = DOCS.read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=lambda text: re.findall(r"def (test\w*)", text)[0]
)
def test_an_example_runs(pytester: pytest.Pytester, example: str) -> None:
    pytester.makepyfile(example)
    result = pytester.runpytest_inprocess("-q", "-W", "error")
    result.assert_outcomes(passed=example.count("def test_"))


@pytest.mark.parametrize("kind", [WebhookBin, ReceivedRequest])
def test_every_public_name_is_documented(kind: type) -> None:
    names = [name for name, _ in inspect.getmembers(kind) if not name.startswith("_")]
    internal = {"id", "script", "take_handler_errors", "list_arrivals", "captured", "summary"}
    internal |= {"show_annotations"}
    told_by_so_on = {"body_base64", "body_size", "chunked", "content_length", "content_type"}
    told_by_so_on |= {
        "fidelity",
        "http_version",
        "peer",
        "received_at",
        "remote_addr",
        "request_line",
    }
    missing = [name for name in names if not re.search(rf"\b{name}\b", TEXT)]
    assert set(missing) <= internal | told_by_so_on | {"inspect_url", "name", "secret"}


def test_every_keyword_of_an_answer_is_documented() -> None:
    keywords = inspect.signature(make_answer).parameters
    assert [name for name in keywords if f"{name}=" not in TEXT] == []
