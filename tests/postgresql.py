"""A PostgreSQL cluster of the tests' own: made, started, used through a socket file, removed."""

import atexit
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
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


class Cluster:
    """A server with its data in ``folder``, reached through a socket file there."""

    def __init__(
        self, programs: Path, folder: Path, options: Mapping[str, str] = SERVER_OPTIONS
    ) -> None:
        self.programs = programs
        self.folder = folder
        self.options = options
        self.account = find_account()
        self.url = f"postgresql+psycopg://{SUPERUSER}@/postgres?host={folder}"
        self.process: subprocess.Popen[bytes] | None = None
        if self.account.user is not None and self.account.group is not None:
            os.chown(folder, self.account.user, self.account.group)

    def create(self) -> None:
        """Make an empty one."""
        run_program(f"cp -a {make_data(self.programs)} data", self.folder, self.account)

    def follow(self, other: "Cluster") -> None:
        """Make a copy of another that runs, which then follows it."""
        options = f"-h {other.folder} -U {SUPERUSER} -R -c fast --no-sync"
        command = f"{self.programs}/pg_basebackup -D data {options}"
        run_program(command, self.folder, self.account)

    def start(self) -> None:
        """Start it, or start it again, and wait until it answers."""
        options = "".join(f" -c {name}={value}" for name, value in self.options.items())
        self.process = start_program(
            f"{self.programs}/postgres -D data -c unix_socket_directories={self.folder}{options}",
            self.folder,
            self.account,
        )
        wait_until_up(self.process, self.url, self.folder / "log")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: by default a fast shutdown, open sessions are ended; SIGQUIT is a crash."""
        if self.process is None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    @contextmanager
    def stopped_in_its_tracks(self) -> Iterator[None]:
        """Stop all its processes where they are, and let them go on.

        The one that makes the others is first, so that none of them is missed.
        """
        assert self.process is not None
        parent = self.process.pid
        os.kill(parent, signal.SIGSTOP)
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        pids = [*map(int, children), parent]
        try:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)


@cache
def make_data(programs: Path) -> Path:
    """The folder with an empty cluster's data: made once, for a copy costs a tenth of it."""
    folder = Path(tempfile.mkdtemp(prefix="inspector-pg-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    account = find_account()
    if account.user is not None and account.group is not None:
        os.chown(folder, account.user, account.group)
    options = f"-U {SUPERUSER} -A trust -E UTF8 --locale=C --no-sync"
    run_program(f"{programs}/initdb -D data {options}", folder, account)
    return folder / "data"


@contextmanager
def make_cluster(programs: Path, options: Mapping[str, str] = SERVER_OPTIONS) -> Iterator[Cluster]:
    """A cluster that is neither created nor started yet; stopped when the block ends."""
    with tempfile.TemporaryDirectory(prefix="inspector-pg-") as name:
        cluster = Cluster(programs, Path(name), options)
        try:
            yield cluster
        finally:
            cluster.stop()


@contextmanager
def run_cluster(programs: Path, options: Mapping[str, str] = SERVER_OPTIONS) -> Iterator[str]:
    """Run a new cluster while the block runs; gives the URL of its database ``postgres``."""
    with make_cluster(programs, options) as cluster:
        cluster.create()
        cluster.start()
        yield cluster.url


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


def run_program(command: str, folder: Path, account: Account) -> None:
    if start_program(command, folder, account).wait(START_DEADLINE_S) != 0:
        raise RuntimeError((folder / "log").read_text())


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
def make_database(cluster_url: str, template: str = "template0") -> Iterator[str]:
    """A database while the block runs, empty or a copy of one to which nobody is connected.

    Gives its URL.
    """
    name = f"test_{uuid4().hex}"
    with connect(cluster_url) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield make_url(cluster_url).set(database=name).render_as_string()
    finally:
        with connect(cluster_url) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
