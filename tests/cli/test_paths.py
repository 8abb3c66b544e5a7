"""Every option that takes a path: relative to the current directory, and said in full."""

from __future__ import annotations

import os
import resource
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import requests
import trustme

from inspector.cli.main import root
from tests.programs import INSPECTOR, Program, run_program
from tests.servers import ADDRESS

pytestmark = pytest.mark.process

DEADLINE_S = 60


@contextmanager
def serve(folder: Path, *arguments: str) -> Iterator[str]:
    """The server's greeting, while it serves with ``folder`` as its current directory."""
    process = Program[str](
        [INSPECTOR, "serve", "--port", "0", "--bin", "desk", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "HOME": str(folder)},
    )
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if "curl" in line:
            break
    try:
        yield "".join(lines)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0, "".join(lines)
        process.stdout.close()


@pytest.mark.parametrize(
    ("arguments", "file"),
    [
        (("--data-dir", "data"), "data/inspector.sqlite3"),
        (("--data-dir", "./a b/c"), "a b/c/inspector.sqlite3"),
        (("--data-dir", "~/data"), "data/inspector.sqlite3"),
        (("--database", "sqlite:///x.sqlite3"), "x.sqlite3"),
        (("--database", "sqlite:///sub/x.sqlite3", "--data-dir", "data"), "sub/x.sqlite3"),
    ],
    ids=["data", "blank", "home", "file", "file below"],
)
def test_a_server_keeps_its_database_where_it_was_told(
    tmp_path: Path, arguments: tuple[str, ...], file: str
) -> None:
    with serve(tmp_path, *arguments) as said:
        assert str(tmp_path / file) in said
        assert (tmp_path / file).exists()
        found = ADDRESS.search(said)
        assert found is not None
        assert requests.post(f"{found[0]}/desk", data="a=1", timeout=10).status_code == 200
    # Beside it lies its log, which a last reader may have kept from being taken in.
    kept = (tmp_path / file).parent.glob(f"{Path(file).name}*")
    assert any(b"a=1" in each.read_bytes() for each in kept)


def refuse(folder: Path, *arguments: str, **how: Any) -> str:
    done = run_program(
        [INSPECTOR, "serve", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        cwd=folder,
        check=False,
        **how,
    )
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    said: str = done.stderr.strip().splitlines()[-1]
    return said


URLS = {
    "postgres://ann:S3K@RIT@127.0.0.1:9/x": "is written %40",
    "postgresql://ann:S3KRIT@127.0.0.1:9/x?password=S3KRIT": "cannot be used",
    "mysql://ann:S3KRIT@host/x": "is not a database we can open",
    "postgres//ann:S3K/R@IT@host": "is not a database we can open",
    "postgresql://ann:S3KRIT@host:port/x": "is not a database we can open",
}


@pytest.mark.parametrize("url", URLS)
def test_a_wrong_url_is_said_without_its_password(tmp_path: Path, url: str) -> None:
    said = refuse(tmp_path, "--database", url)
    assert URLS[url] in said
    assert "S3K" not in said
    assert "RIT" not in said


def test_a_missing_driver_is_said_with_the_command_that_installs_it(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no such thing')\n")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = refuse(tmp_path, "--database", "postgresql://host/x", env=environment)
    assert "pip install 'request-inspector[postgres]'" in said


def run_with_files_up_to(limit: int) -> Mapping[str, object]:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return {"preexec_fn": bound}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX limits")
@pytest.mark.parametrize("limit", [0, 30_000, 70_000])
def test_a_full_disk_is_a_sentence(tmp_path: Path, limit: int) -> None:
    said = refuse(tmp_path, "--data-dir", "data", "--bin", "new", **run_with_files_up_to(limit))
    assert "cannot be used" in said


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_home_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be made" in refuse(tmp_path, "--data-dir", "data")


ANSWERS = '[{"answers": [{"status": 202}]}]'
# Of each option and argument that takes a path: a command line, and what it writes or reads.
# The current directory has `in put/`, with the files that are read; `{url}` is the server.
USES = {
    ("answers", "file"): ("answers desk 'in put/rules.json' --server {url}", None),
    ("signatures", "file"): ("signatures desk 'in put/secrets.json' --server {url}", None),
    ("emit", "ticket"): ("emit --to {url}/desk --ticket 'in put/ticket.json'", None),
    ("emit", "save"): ("emit --to {url}/desk --save 'in put/action.json'", "in put/action.json"),
    ("emit", "body_file"): ("emit --to {url}/desk --body-file 'in put/ticket.json'", None),
    ("export", "output"): ("export desk -o 'in put/out.jsonl' --server {url}", "in put/out.jsonl"),
    ("backup", "file"): ("backup 'in put/copy.sqlite3' --data-dir data", "in put/copy.sqlite3"),
    ("backup", "data_dir"): ("backup two.sqlite3 --data-dir ./data", "two.sqlite3"),
    ("replay", "body_file"): (
        "replay desk/last --to {url}/desk --body-file 'in put/ticket.json' --server {url}",
        None,
    ),
    ("import", "file"): ("import 'in put/one.http' --bin desk --server {url}", None),
}
# Tried with a server of their own, here and above.
SERVERS = {("serve", name) for name in ("data_dir", "database", "unix_socket", "answers")} | {
    ("serve", "tls_cert"),
    ("serve", "tls_key"),
    ("serve", "config"),
    ("serve", "token_file"),
    ("serve", "secret_key_file"),
    ("serve", "database_file"),
}


def list_paths(command: click.Command, name: str = "") -> Iterator[tuple[str, str]]:
    """Command and name of each parameter that takes a path."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from list_paths(found, f"{name} {each}".strip())
    for parameter in command.params:
        if isinstance(parameter.type, (click.Path, click.File)):
            yield name, str(parameter.name)


def test_each_option_that_takes_a_path_is_tried_here() -> None:
    assert set(list_paths(root)) | {("serve", "database")} == set(USES) | SERVERS


def test_a_path_is_relative_to_the_current_directory(tmp_path: Path) -> None:
    folder = tmp_path / "in put"
    folder.mkdir()
    (folder / "rules.json").write_text(ANSWERS)
    (folder / "secrets.json").write_text('[{"scheme": "github", "secret": "abcdefgh"}]')
    (folder / "ticket.json").write_text('{"subject": "from a file"}')
    (folder / "one.http").write_bytes(b"POST /one HTTP/1.1\r\n\r\n")
    with serve(tmp_path, "--data-dir", "data") as said:
        found = ADDRESS.search(said)
        assert found is not None
        for line, written in USES.values():
            done = run_program(
                [INSPECTOR, *shlex.split(line.format(url=found[0]))],
                capture_output=True,
                text=True,
                timeout=DEADLINE_S,
                cwd=tmp_path,
                check=False,
            )
            assert done.returncode == 0, (line, done.stderr)
            assert written is None or (tmp_path / written).exists()
        told = requests.get(f"{found[0]}/api/v1/bins/desk/requests", timeout=10).text
        assert "from a file" in told
        assert "/one" in told


def test_a_servers_files_are_relative_to_the_current_directory(tmp_path: Path) -> None:
    (tmp_path / "rules.json").write_text(ANSWERS)
    with serve(tmp_path, "--data-dir", "data", "--answers", "rules.json") as said:
        found = ADDRESS.search(said)
        assert found is not None
        assert requests.post(f"{found[0]}/desk", data="a=1", timeout=10).status_code == 202
    certificate = trustme.CA().issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    files = ("--tls-cert", "cert.pem", "--tls-key", "./key.pem")
    with serve(tmp_path, "--data-dir", "data", *files) as said:
        assert "https://127.0.0.1:" in said
    for name, content in (("c.toml", "port = 1\nbin = ['other']"), ("t", "t" * 9), ("k", "key")):
        (tmp_path / name).write_text(content)
    (tmp_path / "d").write_text("sqlite:///by-file.sqlite3\n")
    secrets = ("--token-file", "t", "--secret-key-file", "k", "--database-file", "./d")
    with serve(tmp_path, "--config", "./c.toml", "--data-dir", "data", *secrets) as said:
        assert str(tmp_path / "by-file.sqlite3") in said
        assert (tmp_path / "by-file.sqlite3").exists()
    with serve(tmp_path, "--data-dir", "data", "--unix-socket", "here.sock") as said:
        assert str(tmp_path / "here.sock") in said
        assert (tmp_path / "here.sock").exists()
        assert f"curl --unix-socket {tmp_path / 'here.sock'} http://localhost/" in said
        assert ":0/" not in said
