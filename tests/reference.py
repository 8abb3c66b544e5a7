"""The README's reference, worked out from the code it describes.

``make docs`` writes it into the README; ``test_docs`` fails while the two differ.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from inspector.app import create_app
from inspector.cli.main import root
from inspector.settings import VARIABLES, Settings

README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- reference: written by `make docs` -->\n"
END = "<!-- end of reference -->\n"
# Every command that asks a server has these; they are told once.
SHARED = ("--server", "--token")
WORDS = {"integer range": "N", "integer": "N", "directory": "DIR", "file": "FILE"}


def render_reference() -> str:
    """The reference as Markdown."""
    return "\n".join([*_render_commands(), *_render_api()])


def render_readme(readme: str) -> str:
    """The README with its reference as it should be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{render_reference()}\n{END}{after}"


def _render_commands() -> Iterator[str]:
    yield "### Commands\n"
    yield (
        "Each flag has an environment variable, `INSPECTOR_` and its name: `--max-body` is "
        "`INSPECTOR_MAX_BODY`. A command that asks a server takes `--server URL` and "
        "`--token TOKEN`. The exit status is 0 when it is done, 1 when it did not work, 2 for "
        "wrong usage.\n"
    )
    yield "| variable without a flag | meaning |"
    yield "| --- | --- |"
    for name, meaning in VARIABLES.items():
        yield f"| `{name}` | {meaning} |"
    yield ""
    context = click.Context(root, info_name="inspector")
    for name in root.list_commands(context):
        command = root.get_command(context, name)
        assert command is not None
        yield from _render_command(context, f"inspector {name}", command)


def _render_command(context: click.Context, path: str, command: click.Command) -> Iterator[str]:
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    usage = " ".join([path, *(_argument(each) for each in arguments)])
    yield f"#### `{usage}`\n"
    yield f"{command.get_short_help_str(200)}\n"
    flags = [each for each in command.params if isinstance(each, click.Option)]
    flags = [each for each in flags if path == "inspector serve" or each.opts[0] not in SHARED]
    if flags:
        yield "| flag | meaning |"
        yield "| --- | --- |"
        for flag in flags:
            meaning = (flag.help or "").split("  [")[0].replace("|", r"\|")
            yield f"| `{_flag(flag)}` | {meaning} |"
        yield ""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from _render_command(context, f"{path} {name}", below)


def _argument(argument: click.Argument) -> str:
    name = argument.metavar or (argument.name or "").upper()
    if isinstance(argument.type, click.Choice):
        name = "|".join(argument.type.choices)
    return name if argument.required else f"[{name}]"


def _flag(flag: click.Option) -> str:
    names = ", ".join(flag.opts)
    if flag.is_flag:
        return names
    if isinstance(flag.type, click.Choice):
        return names + " " + r"\|".join(flag.type.choices)
    word = flag.metavar or WORDS.get(flag.type.name) or flag.opts[0].rpartition("-")[2].upper()
    return names + " " + word.replace("|", r"\|")


def _render_api() -> Iterator[str]:
    yield "### API\n"
    yield (
        "Below `/api/v1`; `/api/v1/openapi.json` says all of it. An error is "
        '`{"error": {"code": "bin_not_found", "message": "There is no bin named x."}}` with the '
        "fitting status.\n"
    )
    yield "| call | what it does |"
    yield "| --- | --- |"
    for path, calls in describe_api()["paths"].items():
        for method, call in calls.items():
            places = [each for each in call.get("parameters", []) if each.get("in") == "query"]
            query = "&".join(f"{each['name']}=" for each in places)
            shown = path.replace("{", "<").replace("}", ">") + (f"?{query}" if query else "")
            yield f"| `{method.upper()} {shown}` | {call['summary']} |"
    yield ""


def describe_api() -> Any:
    """The API's own description."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder)))
        described = app.test_client().get("/api/v1/openapi.json").get_json()
        app.extensions["inspector"].close()
    return described


if __name__ == "__main__":
    README.write_text(render_readme(README.read_text(encoding="utf-8")), encoding="utf-8")
