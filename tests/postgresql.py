"""A PostgreSQL cluster of the tests' own: made, started, used through a socket file, removed."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

SUPERUSER = "inspector"
START_DEADLINE_S = 30
STOP_DEADLINE_S = 30
# The tests' data need not survive the machine; the cluster must be quick and small.
SERVER_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "100",
}
# As an installation has it: for benchmarks.
DURABLE_OPTIONS = {
    "listen_addresses": "",
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "4GB",
}


class Account(NamedTuple):
    """As whom a program runs; all None for the one who runs the tests."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


def find_programs() -> Path | None:
    """The folder with ``initdb`` and ``postgres``, of the newest version there is, or None."""
    if os.name != "posix":
        return None  # The cluster is reached through a socket file.
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


@contextmanager
def run_cluster(programs: Path, options: Mapping[str, str] = SERVER_OPTIONS) -> Iterator[str]:
    """Run a new cluster while the block runs; gives the URL of its database ``postgres``."""
    account = find_account()
    with tempfile.TemporaryDirectory(prefix="inspector-pg-") as name:
        folder = Path(name)
        if account.user is not None and account.group is not None:
            os.chown(folder, account.user, account.group)
        initdb = start_program(
            f"{programs}/initdb -D data -U {SUPERUSER} -A trust -E UTF8 --locale=C --no-sync",
            folder,
            account,
        )
        if initdb.wait(START_DEADLINE_S) != 0:
            raise RuntimeError((folder / "log").read_text())
        chosen = "".join(f" -c {name}={value}" for name, value in options.items())
        server = start_program(
            f"{programs}/postgres -D data -c unix_socket_directories={name}{chosen}",
            folder,
            account,
        )
        url = f"postgresql+psycopg://{SUPERUSER}@/postgres?host={name}"
        try:
            wait_until_up(server, url, folder / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # Fast shutdown: open sessions are ended.
            try:
                server.wait(STOP_DEADLINE_S)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def find_account() -> Account:
    """PostgreSQL refuses to run as root, so root runs it as ``postgres`` or ``nobody``."""
    if os.geteuid() != 0:
        return Account()
    import pwd  # Not on every platform.

    names = {entry.pw_name: entry for entry in pwd.getpwall()}
    entry = names.get("postgres") or names["nobody"]
    return Account(entry.pw_uid, entry.pw_gid, ())


def start_program(command: str, folder: Path, account: Account) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            shlex.split(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )


def wait_until_up(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + START_DEADLINE_S
    while True:
        try:
            connect(url).close()
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                message = f"PostgreSQL did not start:\n{log.read_text()}"
                raise RuntimeError(message) from error
            time.sleep(0.02)
        else:
            return


def connect(url: str) -> "psycopg.Connection[tuple[object, ...]]":
    return psycopg.connect(re.sub(r"^postgresql\+psycopg:", "postgresql:", url), autocommit=True)


@contextmanager
def make_database(cluster_url: str) -> Iterator[str]:
    """An empty database of its own while the block runs; gives its URL."""
    name = f"test_{uuid4().hex}"
    with connect(cluster_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield make_url(cluster_url).set(database=name).render_as_string()
    finally:
        with connect(cluster_url) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
