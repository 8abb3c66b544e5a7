"""The house stays one that a newcomer finds their way in: no circles, no crowded folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "inspector"
MAX_MODULES_IN_A_FOLDER = 25


@cache
def find_modules() -> dict[str, Path]:
    """Every module by its dotted name."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def list_imports(path: Path) -> Iterator[str]:
    """The modules of ours that a module imports, those for type checking and late ones too."""
    modules = find_modules()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if name in modules)
            # A package's own names, not merely the way to one of its modules.
            if any(name not in modules for name in inner):
                yield node.module


def test_no_modules_import_one_another_in_a_circle() -> None:
    graph = {
        name: {each for each in list_imports(path) if each != name}
        for name, path in find_modules().items()
    }
    assert sum(map(len, graph.values())) > 500, "imports are found at all"
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError("A circle: " + " <- ".join(error.args[1])) from None


def test_no_folder_is_crowded() -> None:
    folders = {path.parent for path in find_modules().values() if path.stem != "__init__"}
    crowded = {
        str(folder.relative_to(PACKAGE.parent)): count
        for folder in folders
        if (count := sum(path.stem != "__init__" for path in folder.glob("*.py")))
        > MAX_MODULES_IN_A_FOLDER
    }
    assert crowded == {}
