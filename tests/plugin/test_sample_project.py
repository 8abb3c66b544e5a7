"""A project that uses the fixtures: its own tests pass, and each fails when it should."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[1] / "sample_project"

BREAKAGES = [
    ("attempts: int = 3", "attempts: int = 1", "asked_again"),
    ("if fingerprint in seen", "if False", "test_a_webhook_that_comes_twice_is_told_once"),
]


def run_tests(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_its_tests_pass() -> None:
    result = run_tests(SAMPLE)
    assert result.returncode == 0, result.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("line", "broken", "told_by"), BREAKAGES)
def test_a_broken_receiver_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, broken: str, told_by: str
) -> None:
    project = shutil.copytree(SAMPLE, tmp_path / "project")
    module = project / "support_bot.py"
    text = module.read_text(encoding="utf-8")
    assert text.count(line) == 1
    module.write_text(text.replace(line, broken), encoding="utf-8")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # others take seconds to load
    result = run_tests(project, "-p", "inspector.pytest_plugin")
    assert result.returncode == 1, result.stdout
    assert told_by in result.stdout.rpartition("short test summary")[2]
    assert "Webhook bin test-" in result.stdout
