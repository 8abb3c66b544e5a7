"""Files for containers and service managers: they name what there is, and start without root."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import click
import pytest
import requests
import yaml

from inspector.cli.main import root
from inspector.settings import LIMITS, Settings, parse_duration, parse_size
from tests.programs import INSPECTOR, run_program
from tests.servers import ADDRESS

TOP = Path(__file__).parent.parent
DEADLINE_S = 120
# No write anywhere but to the data directory, no uid of root, nothing of this environment.
ALONE = """
set -e
mount --make-rprivate /
mount -t tmpfs -o mode=0777 none "$1"
mount -o remount,bind,ro /
shift
exec unshare --user --map-user=10001 --map-group=10001 "$@"
"""


def list_flags(name: str = "serve") -> dict[str, click.Option]:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    return {each.opts[0]: each for each in command.params if isinstance(each, click.Option)}


def check_variables(environment: dict[str, str]) -> None:
    """Each variable of ours is a flag's, with a value that the flag takes."""
    by_variable = {each.envvar: each for each in list_flags().values()}
    for name, value in environment.items():
        if name.startswith("INSPECTOR_"):
            option = by_variable[name]
            if not isinstance(option.type, click.Path) and "$" not in value:
                option.type.convert(value, option, None)


def read_dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each with the rest of its line."""
    text = (TOP / "Dockerfile").read_text("utf-8")
    lines = re.sub(r"\\\n\s*", "", re.sub(r"(?m)^#.*\n", "", text)).splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line.strip()]


def read_image() -> tuple[dict[str, str], list[str]]:
    """The variables of the image, and the command line that it starts."""
    found = read_dockerfile()
    last = max(place for place, (word, _) in enumerate(found) if word == "FROM")
    image = found[last:]
    variables = dict(pair.split("=", 1) for word, rest in image if word == "ENV"
                     for pair in shlex.split(rest))  # fmt: skip
    commands = {word: rest for word, rest in image if word in ("ENTRYPOINT", "CMD")}
    return variables, [*json.loads(commands["ENTRYPOINT"]), *json.loads(commands["CMD"])]


def test_the_image_runs_without_root_and_says_how_it_is() -> None:
    found = read_dockerfile()
    stages = [place for place, (word, _) in enumerate(found) if word == "FROM"]
    assert len(stages) == 2
    image = dict(found[stages[-1] :])
    assert int(image["USER"].partition(":")[0]) > 0
    assert image["STOPSIGNAL"] == "SIGTERM"
    check = re.search(r"CMD (\[.*\])", image["HEALTHCHECK"])
    assert check is not None
    assert json.loads(check[1]) == ["inspector", "ready"]
    assert list_flags("ready")["--timeout"].default == 5.0  # less than the check's own
    variables, command = read_image()
    check_variables(variables)
    assert command == ["inspector", "serve"]


def test_the_image_is_made_of_files_that_are_there() -> None:
    kept = [line[1:] for line in (TOP / ".dockerignore").read_text("utf-8").splitlines()
            if line.startswith("!")]  # fmt: skip
    copied = [
        source
        for word, rest in read_dockerfile()
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    for source in copied:
        assert (TOP / source).exists(), source
        assert source in kept, f"{source} is left out by .dockerignore"


def test_the_composition_is_whole() -> None:
    compose: dict[str, Any] = yaml.safe_load((TOP / "compose.yaml").read_text("utf-8"))
    services = compose["services"]
    servers = {name: each for name, each in services.items() if name.startswith("inspector-")}
    assert len(servers) == 2
    for name, service in services.items():
        assert set(service.get("networks", ())) <= set(compose["networks"]), name
        assert set(service.get("secrets", ())) <= set(compose["secrets"]), name
        assert set(service.get("depends_on", ())) <= set(services), name
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            there = (
                (TOP / source).exists() if source.startswith(".") else source in compose["volumes"]
            )
            assert there, volume
    proxy = (TOP / "deploy/Caddyfile").read_text("utf-8")
    port = next(rest for word, rest in read_dockerfile() if word == "EXPOSE")
    for name, server in servers.items():
        environment = server["environment"]
        check_variables(environment)
        assert server["read_only"] is True
        assert server["cap_drop"] == ["ALL"]
        for value in environment.values():
            if value.startswith("/run/secrets/"):
                assert value.removeprefix("/run/secrets/") in server["secrets"]
        stop_s = parse_duration(server["stop_grace_period"])
        assert stop_s > parse_duration(environment["INSPECTOR_DRAIN"]) + 10
        subnet = compose["networks"]["inside"]["ipam"]["config"][0]["subnet"]
        assert environment["INSPECTOR_TRUSTED_PROXY"] == subnet
        assert f"{name}:{port}" in proxy


def test_the_unit_starts_what_there_is() -> None:
    lines = (TOP / "deploy/inspector.service").read_text("utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Za-z]+=", line))
    program, command, *arguments = shlex.split(settings["ExecStart"])
    assert (Path(program).name, command) == ("inspector", "serve")
    assert {each for each in arguments if each.startswith("--")} <= set(list_flags())
    text = (TOP / "deploy/inspector.toml").read_text("utf-8")
    config = tomllib.loads(text)
    assert {f"--{key}" for key in config} <= set(list_flags())
    assert float(settings["TimeoutStopSec"]) > parse_duration(config["drain"]) + 10
    for unsafe in ("PrivateTmp", "NoNewPrivileges", "DynamicUser"):
        assert settings[unsafe] == "yes"


def test_the_units_settings_are_read_by_the_command(tmp_path: Path) -> None:
    from inspector.cli.serve import command
    from inspector.cli.serving.config import read_config

    found = read_config(TOP / "deploy/inspector.toml", click.Context(command))
    assert found["public_url"] == "https://hooks.example.com"
    assert "max-streams=2000" in found["limit"]


def test_the_guide_says_the_defaults_of_bounds() -> None:
    text = (TOP / "docs/operate.md").read_text("utf-8")
    rows = re.findall(r"(?m)^\| `(?:--)?([\w-]+)`[^|]*\| ([\d,]+(?: [kMG]?B| s)?)\b[^|]*\|", text)
    told = {name: value.replace(",", "").replace(" ", "") for name, value in rows}
    assert {"capacity", "max-body", "max-requests-per-s", "receive-timeout"} <= set(told)
    defaults = Settings()
    others = {"capacity": defaults.capacity, "max-body": defaults.max_body_bytes}
    for name, value in told.items():
        if name in LIMITS:
            field, parse = LIMITS[name]
            assert parse(value) == getattr(defaults, field), name
        else:
            assert parse_size(value) == others[name], name


def shut_in(data: Path, *command: str) -> list[str]:
    """The command line that runs a command alone, see ``ALONE``."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", *as_root, "--mount", "sh", "-c", ALONE, "sh", str(data), *command]


@pytest.mark.process
@pytest.mark.skipif(shutil.which("unshare") is None, reason="Linux with util-linux")
def test_the_image_starts_on_a_read_only_system_as_nobody(tmp_path: Path) -> None:
    tried = subprocess.run(shut_in(tmp_path, "true"), capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        pytest.skip(f"this machine makes no namespaces: {tried.stderr.strip()}")
    variables, (_, *arguments) = read_image()
    variables |= {"INSPECTOR_DATA_DIR": str(tmp_path), "PATH": os.environ["PATH"]}
    variables |= {"INSPECTOR_HOST": "127.0.0.1", "INSPECTOR_PORT": "0", "INSPECTOR_BIN": "desk"}
    server = subprocess.Popen(
        shut_in(tmp_path, INSPECTOR, *arguments),
        env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        said = ""
        while (found := ADDRESS.search(said)) is None:
            line = server.stdout.readline()
            assert line, said
            said += line
        assert Path(f"/proc/{server.pid}/status").exists()
        large = b"x" * 3_000_000  # waits in a file, were there a temporary folder
        for body in (b"a=1", large):
            answer = requests.post(f"{found[0]}/desk", data=body, timeout=DEADLINE_S)
            assert answer.status_code == 200
        ready = run_program(
            [INSPECTOR, "ready", "--server", found[0], "--timeout", str(DEADLINE_S)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ready.returncode, ready.stdout) == (0, "ready\n")
        server.send_signal(signal.SIGTERM)
        rest, _ = server.communicate(timeout=DEADLINE_S)
        assert server.returncode == 0, rest
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    gone = run_program(
        [INSPECTOR, "ready", "--server", found[0]], capture_output=True, text=True, check=False
    )
    assert gone.returncode == 1
    assert "No server answers at" in gone.stderr
