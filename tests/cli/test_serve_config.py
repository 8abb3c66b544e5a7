"""Settings of ``inspector serve`` from a file, and secrets from files of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from inspector.cli import serve
from inspector.cli.bins import command as bins
from inspector.cli.client import Client
from inspector.settings import Settings
from tests.servers import LiveServer

CONFIG = """
port = 9001
bin = ["desk", "other"]
max-body = "2MB"
capacity = 7
public_url = "https://h.test/in"
trusted-proxy = "10.0.0.0/8"
access-log = true
log-format = "json"
data-dir = "kept"
[limit]
max-streams = 100
search-time = "90s"
"""


def read(
    monkeypatch: pytest.MonkeyPatch, *arguments: str, env: dict[str, str] | None = None
) -> tuple[Settings | None, str]:
    """The settings that serve would start with, or what it says instead."""
    found: list[Settings] = []

    def stop(settings: Settings, **_: Any) -> Any:
        found.append(settings)
        raise click.Abort

    monkeypatch.setattr("inspector.server.ServerProcess", stop)
    monkeypatch.setattr("inspector.server.logs.set_up_logging", lambda **_: None)
    result = CliRunner().invoke(serve.command, list(arguments), env=env)
    return (found[0] if found else None), result.output


def test_a_file_has_a_key_for_each_flag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "inspector.toml"
    file.write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    settings, said = read(monkeypatch, "--config", str(file), "--port", "9002",
                          env={"INSPECTOR_CAPACITY": "8"})  # fmt: skip
    assert settings is not None, said
    assert (settings.port, settings.capacity) == (9002, 8)
    assert settings.bins == ("desk", "other")
    assert settings.max_body_bytes == 2_000_000
    assert settings.addresses.path_prefix == "/in"
    assert settings.trusted_proxies == ("10.0.0.0/8",)
    assert (settings.max_streams, settings.search_time_s) == (100, 90)
    assert settings.data_dir == tmp_path / "kept"
    by_variable, said = read(monkeypatch, env={"INSPECTOR_CONFIG": str(file)})
    assert by_variable is not None, said
    assert by_variable.port == 9001


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("prot = 1", "has 'prot', which is no setting. Do you mean port?"),
        ("nonsense-key = 1", "has 'nonsense-key', which is no setting."),
        ("config = 'x'", "has 'config', which is no setting."),
        ('port = "http"', "has a wrong port: 'http' is not a valid integer range."),
        ("port = 99999", "has a wrong port: 99999 is not in the range"),
        ("port = true", "has a wrong port: it is a text or a number."),
        ("port = [1]", "has a wrong port: it is a text or a number."),
        ("quiet = 1", "has a wrong quiet: it is true or false."),
        ("bin = [{a = 1}]", "has a wrong bin: it is a text or a number."),
        ("log-level = 'loud'", "has a wrong log-level: 'loud' is not one of"),
        ("tls-cert = '/nowhere'", "has a wrong tls-cert: File '/nowhere' does not exist."),
        ("port = ", "is no TOML: "),
        ("\\x00", "is no TOML: "),
        ("max-body = 'much'", "'much' is not a size."),
        ("path-prefix = 'x'", "is no path to serve below."),
    ],
)
def test_a_wrong_key_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "inspector.toml"
    file.write_text(text)
    settings, output = read(monkeypatch, "--config", str(file))
    assert settings is None
    assert said in " ".join(output.replace("│", " ").split()), output


def test_a_file_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        settings, output = read(monkeypatch, "--config", str(path))
        assert settings is None
        assert str(path) in output
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert "is no TOML" in read(monkeypatch, "--config", str(tmp_path / "bytes"))[1]


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("token", "database", "key")}
    files["token"].write_text("t" * 20 + "\n")
    files["database"].write_text("postgresql://ann:pass@db/inspector\r\n")
    files["key"].write_text("hush")
    settings, said = read(
        monkeypatch, "--token-file", str(files["token"]), "--secret-key-file", str(files["key"]),
        env={"INSPECTOR_DATABASE_FILE": str(files["database"])},
    )  # fmt: skip
    assert settings is not None, said
    assert settings.token == "t" * 20
    assert settings.database == "postgresql://ann:pass@db/inspector"
    assert settings.secret_key == "hush"
    assert "hush" not in repr(settings)


def test_a_secret_that_cannot_be_read_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cases = {"empty": b"\n", "bytes": b"\xff", "large": b"x" * 70_000, "short": b"x"}
    for name, content in cases.items():
        (tmp_path / name).write_bytes(content)
    said = {name: read(monkeypatch, "--token-file", str(tmp_path / name))[1] for name in cases}
    assert "is empty" in said["empty"]
    assert "is no text" in said["bytes"]
    assert "is too large" in said["large"]
    assert "A token has at least 8 characters" in " ".join(said["short"].split())
    assert "cannot be read" in read(monkeypatch, "--token-file", str(tmp_path / "none"))[1]
    both = read(monkeypatch, "--token-file", str(tmp_path / "short"), "--token", "t" * 20)[1]
    assert "are the same secret" in both


def test_other_commands_find_the_token_in_a_file(
    live_server: LiveServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tokens: list[str | None] = []
    init = Client.__init__

    def note(self: Client, server: str, token: str | None = None) -> None:
        tokens.append(token)
        init(self, server, token)

    monkeypatch.setattr(Client, "__init__", note)
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    arguments = ["list", "--server", live_server.url]
    CliRunner().invoke(bins, arguments, env={"INSPECTOR_TOKEN_FILE": str(file)})
    CliRunner().invoke(
        bins, arguments, env={"INSPECTOR_TOKEN_FILE": str(file), "INSPECTOR_TOKEN": "given"}
    )
    assert tokens == ["from-a-file", "given"]
