"""``inspector completion``: what a shell needs to complete our commands."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

VARIABLE = "_INSPECTOR_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print the completion for SHELL.

    bash: eval "$(inspector completion bash)" in ~/.bashrc; zsh likewise in ~/.zshrc;
    fish: inspector completion fish > ~/.config/fish/completions/inspector.fish
    """
    from inspector.cli.main import root  # the root imports us

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    click.echo(kind(root, {}, "inspector", VARIABLE).source())
