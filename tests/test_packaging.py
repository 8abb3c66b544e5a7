"""What is built, what is locked, and that both work elsewhere than in this checkout."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import playwright
import pytest
import requests

from tests.machine import can_run_driver, skip_without
from tests.servers import LiveServer

pytestmark = pytest.mark.process

CHECKOUT = Path(__file__).resolve().parent.parent
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))


def build(checkout: Path, folder: Path, kind: str) -> Path:
    """Build a ``wheel`` or an ``sdist`` with what is installed here; nothing is downloaded."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return built


def list_files(top: Path) -> Iterator[str]:
    for path in top.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(top.parent).as_posix()


def list_wheel(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(CHECKOUT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(CHECKOUT, tmp_path_factory.mktemp("source"), "sdist")


@pytest.fixture
def unpacked(source: Path, tmp_path: Path) -> Path:
    """An unpacked source distribution, of this test's own."""
    subprocess.run(["tar", "-xzf", str(source)], cwd=tmp_path, check=True)
    return tmp_path / source.name.removesuffix(".tar.gz")


def test_a_wheel_holds_every_module_template_and_static_file(wheel: Path) -> None:
    expected = set(list_files(CHECKOUT / "inspector"))
    for folder in ("templates", "static"):
        expected |= {f"inspector/{name}" for name in list_files(CHECKOUT / folder)}
    found = {name for name in list_wheel(wheel) if ".dist-info/" not in name}
    assert found == expected
    assert "inspector/static/vendor/htmx-2.min.js" in found
    assert "inspector/static/vendor/hx-sse-2.min.js" in found


@pytest.mark.slow
def test_a_wheel_serves_its_own_files_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    (installed / "inspector" / "static" / "here.txt").write_text("the wheel's")
    with LiveServer(tmp_path, environment={"PYTHONPATH": str(installed)}) as server:
        assert requests.get(f"{server.url}/static/here.txt", timeout=10).text == "the wheel's"
        page = requests.get(server.url, timeout=10)
        assert page.status_code == 200
        assert "htmx-2.min.js?v=71ea6718" in page.text
        assert requests.post(server.create_bin("b1"), b"a=1", timeout=10).text == "ok\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    "module", ["inspector.forms", "inspector.pytest_plugin", "inspector.testing"]
)
def test_public_types_are_known_to_those_who_install_it(
    module: str, wheel: Path, tmp_path: Path
) -> None:
    if not can_run_driver():
        skip_without("What runs pyright", "libatomic1")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    # Playwright brings the interpreter that pyright needs.
    driver = Path(playwright.__file__).parent / "driver"
    environment = {
        **os.environ,
        "PATH": f"{driver}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(tmp_path),
        "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1",
    }
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(
        [*command, "--ignoreexternal", "--outputjson", "--verifytypes", module],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)["typeCompleteness"]
    unknown = [symbol["name"] for symbol in found["symbols"] if not symbol["isTypeKnown"]]
    assert not unknown, "Say the type of:\n" + "\n".join(unknown)
    assert found["exportedSymbolCounts"]["withKnownType"] > 0
    assert found["completenessScore"] == 1


def test_a_source_distribution_builds_the_same_wheel(
    wheel: Path, unpacked: Path, tmp_path: Path
) -> None:
    assert not (unpacked / "static" / "vendor").exists()
    rebuilt = build(unpacked, tmp_path, "wheel")
    assert list_wheel(rebuilt) == list_wheel(wheel)


def test_a_vendored_file_of_other_content_is_replaced(unpacked: Path, tmp_path: Path) -> None:
    tampered = unpacked / "static" / "vendor" / "htmx-2.min.js"
    tampered.parent.mkdir(parents=True)
    tampered.write_text("alert(1)")
    build(unpacked, tmp_path, "wheel")
    assert "alert(1)" not in tampered.read_text(encoding="utf-8")


def test_a_file_we_do_not_know_stops_the_build(unpacked: Path, tmp_path: Path) -> None:
    hook = unpacked / "hatch_build.py"
    text = hook.read_text(encoding="utf-8")
    hook.write_text(re.sub(r'"[0-9a-f]{64}"', f'"{"0" * 64}"', text), encoding="utf-8")
    with pytest.raises(AssertionError, match="not the file this project was written for"):
        build(unpacked, tmp_path, "wheel")


def test_no_third_party_file_is_committed() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "static/vendor"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("This is no git checkout.")
    assert listed.stdout == ""


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_pins_and_hashes_everything_and_names_no_place(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|--index|--find-links|(^|\s)/", text, re.MULTILINE)
    entries = re.findall(r"^[A-Za-z0-9].*(?:\n[ \t]+.*)*", text, re.MULTILINE)
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==\S+( ;.*)? \\\n", entry), entry
        assert "--hash=sha256:" in entry


def test_the_test_lock_agrees_with_the_runtime_lock() -> None:
    pins = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE))
        for lock in LOCKS
    ]
    dev, run, uv = pins
    assert run.items() <= dev.items()
    assert uv.items() <= run.items()
