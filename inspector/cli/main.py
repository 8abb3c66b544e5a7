"""The root command: the table of subcommands, and the printing of errors.

Exit status: 0 done, 1 it did not work (one sentence on stderr), 2 wrong usage.
"""

from __future__ import annotations

import contextlib
import errno
import importlib
import os
import sys

import click

from inspector.cli.loading import loading
from inspector.errors import InspectorError

# Subcommand -> module; imported on demand, so that ``--help`` and ``--version`` are quick.
COMMANDS = {
    "serve": "inspector.cli.serve",
    "ready": "inspector.cli.ready",
    "bins": "inspector.cli.bins",
    "answers": "inspector.cli.answers",
    "requests": "inspector.cli.reading.requests",
    "show": "inspector.cli.show",
    "schema": "inspector.cli.reading.schema",
    "search": "inspector.cli.reading.search",
    "wait": "inspector.cli.reading.wait",
    "diff": "inspector.cli.reading.diff",
    "pin": "inspector.cli.pin",
    "note": "inspector.cli.note",
    "signatures": "inspector.cli.signatures",
    "tail": "inspector.cli.following.tail",
    "emit": "inspector.cli.emit",
    "replay": "inspector.cli.replay",
    "relay": "inspector.cli.following.relay",
    "export": "inspector.cli.export",
    "import": "inspector.cli.import_file",
    "delete": "inspector.cli.delete",
    "prune": "inspector.cli.prune",
    "audit": "inspector.cli.reading.audit",
    "backup": "inspector.cli.database.backup",
    "copy": "inspector.cli.database.copy",
    "mcp": "inspector.cli.agents.mcp",
    "completion": "inspector.cli.completion",
}

# Errors of a full disk, and their like.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in COMMANDS:
            return None
        with loading():
            command: click.Command = importlib.import_module(COMMANDS[name]).command
        return command


@click.command(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="request-inspector", prog_name="inspector")
def root() -> None:
    """See exactly what a webhook sends: bins that capture any request, on your own machine."""


def main() -> None:
    """Run the command and leave the process with its exit status."""
    try:
        status = root.main(prog_name="inspector", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except InspectorError as error:
        click.echo(error.message, err=True)
        sys.exit(1)
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        click.echo(f"The output cannot be written: {error.strerror}.", err=True)
        _drop_output()
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _drop_output() -> None:
    """Discard unwritten output, which Python would try to write again at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
