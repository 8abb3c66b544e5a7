"""Files for containers, proxies and service managers, held against those that read them.

Where a reader is not installed its test is skipped; what the Compose specification says of the
keys we use is written down here.
"""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

TOP = Path(__file__).parent.parent
UNIT = TOP / "deploy" / "inspector.service"
DEADLINE_S = 120

TEXTS = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
NOTHING_MORE = {"type": "object", "additionalProperties": False}
VOLUME = {"type": "string", "pattern": r"^[^:]+:/[^:]+(:ro)?$"}
HEALTHCHECK = {
    **NOTHING_MORE,
    "required": ["test"],
    "properties": {
        "test": {"type": "array", "prefixItems": [{"enum": ["CMD", "CMD-SHELL", "NONE"]}]},
        "interval": DURATION,
        "timeout": DURATION,
        "start_period": DURATION,
        "retries": {"type": "integer"},
    },
}
DEPENDENCY = {
    **NOTHING_MORE,
    "required": ["condition"],
    "properties": {
        "condition": {
            "enum": ["service_started", "service_healthy", "service_completed_successfully"]
        }
    },
}
SERVICE = {
    **NOTHING_MORE,
    "required": ["image"],
    "properties": {
        "image": {"type": "string"},
        "build": {"type": "string"},
        "restart": {"type": "string", "pattern": r"^(no|always|unless-stopped|on-failure(:\d+)?)$"},
        "read_only": {"type": "boolean"},
        "tmpfs": TEXTS,
        "cap_drop": TEXTS,
        "security_opt": TEXTS,
        "stop_grace_period": DURATION,
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "secrets": TEXTS,
        "networks": TEXTS,
        "ports": {"type": "array", "items": {"type": "string", "pattern": r"^\d+:\d+$"}},
        "volumes": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^[^:]+:/[^:]+(:ro)?$"},
        },
        "depends_on": {"anyOf": [TEXTS, {"type": "object", "additionalProperties": DEPENDENCY}]},
        "healthcheck": HEALTHCHECK,
    },
}
SUBNET = {**NOTHING_MORE, "properties": {"subnet": {"type": "string"}}}
NETWORK = {
    **NOTHING_MORE,
    "properties": {
        "ipam": {
            **NOTHING_MORE,
            "properties": {"config": {"type": "array", "items": SUBNET}},
        }
    },
}
SECRET = {**NOTHING_MORE, "required": ["file"], "properties": {"file": {"type": "string"}}}
COMPOSE = {
    **NOTHING_MORE,
    "required": ["services"],
    "patternProperties": {"^x-": {}},
    "properties": {
        "services": {"type": "object", "additionalProperties": SERVICE},
        "networks": {"type": "object", "additionalProperties": NETWORK},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
        "secrets": {"type": "object", "additionalProperties": SECRET},
    },
}


def read_compose() -> Any:
    return yaml.safe_load((TOP / "compose.yaml").read_text("utf-8"))


def test_the_composition_has_only_keys_that_the_specification_knows() -> None:
    jsonschema.validate(read_compose(), COMPOSE, jsonschema.Draft202012Validator)


def misspell(compose: Any) -> None:
    compose["services"]["proxy"]["read-only"] = True


def say_a_bare_number(compose: Any) -> None:
    compose["services"]["database"]["stop_grace_period"] = "60"


def wait_for_no_condition(compose: Any) -> None:
    compose["services"]["inspector-1"]["depends_on"]["database"] = {"condition": "healthy"}


def leave_a_switch_a_number(compose: Any) -> None:
    compose["services"]["database"]["environment"]["POSTGRES_PORT"] = 5432


@pytest.mark.parametrize(
    "spoil", [misspell, say_a_bare_number, wait_for_no_condition, leave_a_switch_a_number]
)
def test_a_composition_that_is_spoilt_is_refused(spoil: Callable[[Any], None]) -> None:
    compose = copy.deepcopy(read_compose())
    spoil(compose)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(compose, COMPOSE, jsonschema.Draft202012Validator)


def find(name: str) -> str:
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/bin")
    if program is None:
        pytest.skip(f"{name} is not installed")
    return program


def run(*command: str, **environment: str) -> str:
    """What a program says, which has to end well."""
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=DEADLINE_S, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    return said


def test_docker_compose_takes_the_composition() -> None:
    said = run(find("docker-compose"), "-f", str(TOP / "compose.yaml"), "config", "--quiet")
    assert said == ""  # one wrapper of it ends well whatever it finds


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    assert run(find("hadolint"), str(TOP / "Dockerfile")) == ""


def test_caddy_takes_its_file(tmp_path: Path) -> None:
    program, file = find("caddy"), str(TOP / "deploy" / "Caddyfile")
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    for name in ("hooks.example.com", ""):
        chosen = {**home, "INSPECTOR_NAME": name} if name else home
        said = run(program, "validate", "--adapter", "caddyfile", "--config", file, **chosen)
        assert "Valid configuration" in said
        assert '"level":"warn"' not in said


def test_nginx_takes_the_guides_example(tmp_path: Path) -> None:
    program = find("nginx")
    guide = (TOP / "docs" / "operate.md").read_text("utf-8")
    upstream, location = (
        re.search(rf"(?ms)^    {word} .*?^    }}$", guide)[0]  # type: ignore[index]
        for word in ("upstream", "location")
    )
    paths = "".join(
        f"{each}_temp_path {tmp_path}/{each};\n"
        for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (tmp_path / "conf").write_text(
        f"pid {tmp_path}/pid;\nerror_log {tmp_path}/errors;\nevents {{}}\nhttp {{\n"
        f"access_log off;\n{paths}{upstream}\n"
        f"server {{ listen unix:{tmp_path}/socket;\n{location}\n}} }}\n"
    )
    said = run(program, "-t", "-p", str(tmp_path), "-c", f"{tmp_path}/conf",
               "-e", f"{tmp_path}/errors")  # fmt: skip
    assert "test is successful" in said
    assert "[warn]" not in said.replace('[warn] the "user" directive', "")


def test_systemd_takes_the_unit_and_finds_it_well_shut_in(tmp_path: Path) -> None:
    program = find("systemd-analyze")
    unit = tmp_path / UNIT.name
    # The program is where the unit's head says that it is to be installed.
    unit.write_text(UNIT.read_text("utf-8").replace("/opt/inspector/bin/inspector", "/bin/true"))
    assert run(program, "verify", str(unit)) == ""
    said = run(program, "security", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert found is not None
    assert float(found[1]) < 2.0
