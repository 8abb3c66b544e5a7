"""The command ``inspector``. Each subcommand has a module, imported when it is called."""

from inspector.cli.main import main

__all__ = ["main"]
