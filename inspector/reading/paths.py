"""Paths of fields, and their spellings in the languages that people paste into.

A path is a tuple of keys, list indices as their digits: ``("ticket", "agent", "id")``.
Whether ``"0"`` is an index or a key of a map is the value's affair, so functions that
must tell them apart are given the value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote_plus

from inspector.domain.formats.values import XmlDocument
from inspector.domain.nested_values import open_text

Path = tuple[str, ...]

ANY_INDEX = "[]"
# The elements of all lists along a path that are looked at.
MAX_ELEMENTS = 5_000
MAX_LINK_CHARS = 1_000
# The part of a key that a filter looks at, in characters.
MAX_KEY_CHARS = 200

# A key that needs no quotes in the dotted notation. Hyphens are common in JSON and harmless here.
_PLAIN = re.compile(r"[A-Za-z0-9_-]+\Z")
_IN_QUERY = re.compile(r"[A-Za-z0-9._-]*\Z")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_STEP = re.compile(r'\.?([^.\[\]"]+)|\[("(?:[^"\\]|\\.)*")\]|\.?\[\]', re.DOTALL)

# A word of a filter. Names have spaces in brackets and in templates only.
_FILTER_WORD = re.compile(
    r"""\{\{.*?(?:\}\}|\Z)
    |(?:(?<=\S)[\[(](?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\[\]"'()][^\[\]()]*)[\])]|\S)+""",
    re.VERBOSE | re.DOTALL,
)
# The name of the variable for the fields in written expressions.
_VARIABLE = re.compile(
    r"(?:\$\w+|json\.loads\(request\.body\)|req\.body|request\.(?:form|json|POST)|r\.Form|params|_context|\.(?:form|json))"
    r"(?=[.\[])"
)
_NAME_STEP = re.compile(
    r"""\.?(?:\[|(?:getlist|Get)\()(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')[\])]
    |\[:(\w+)\]
    |\.?\[(?!["'])([^\[\]]*)(?:\]+|\Z)
    |\.?([^.\[\](){}]+)""",
    re.VERBOSE | re.DOTALL,
)


def is_plain_key(key: str) -> bool:
    """True for a key that stands without quotes in a written path."""
    return _PLAIN.match(key) is not None


def format_path(path: Path) -> str:
    """``ticket.agent.id``; a key with other characters is quoted: ``a["b.c"].d``.

    ``ANY_INDEX`` stands for every element of a list: ``emails[].id``.
    """
    text = ".".join(path)
    if "[" not in text and all(map(_PLAIN.match, path)):
        return text
    parts: list[str] = []
    for key in path:
        if key == ANY_INDEX:
            parts.append("[]")
        elif _PLAIN.match(key):
            parts.append(f".{key}" if parts else key)
        else:
            parts.append(f"[{quote_key(key)}]")
    return "".join(parts)


def parse_path(text: str) -> Path:
    """The path that ``format_path`` wrote. Raises ``ValueError`` with a sentence for anything else.

    More is understood than is written: ``ticket[agent][id]`` too, because that is
    how a form spells it.
    """
    if not text:
        return ()
    if "[" in text and '"' not in text:
        dotted = re.sub(r"\[([^\[\]]+)\]", r".\1", text)
        text = dotted.removeprefix(".") if text[0] == "[" else dotted
    keys: list[str] = []
    position = 0
    while position < len(text):
        step = _STEP.match(text, position)
        if step is None or (step[0].startswith(".") and not keys):
            raise ValueError(f"This is no path from character {position + 1} on.")
        keys.append(_step_key(step))
        position = step.end()
    return tuple(keys)


def _step_key(step: re.Match[str]) -> str:
    if step[1] is not None:
        return step[1]
    if step[2] is None:
        return ANY_INDEX
    try:
        return str(json.loads(step[2]))
    except ValueError:
        raise ValueError("A quoted key of this path is not closed properly.") from None


def find_value(root: Any, path: Path) -> Any:
    """The value at this path, or ``MISSING``. It may go on inside a text (``nested_values``)."""
    value = root
    for key in path:
        if isinstance(value, str) and (opened := open_text(value)) is not None:
            value = opened.value
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and _is_index(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return MISSING
    return value


def is_inside_text(root: Any, path: Path) -> bool:
    """True when a path leads through a text that was opened."""
    return any(isinstance(find_value(root, path[:end]), str) for end in range(1, len(path)))


def form_name(path: Path) -> str:
    """``ticket[agent][id]``, as PHP spells it in a body."""
    return path[0] + "".join(f"[{key}]" for key in path[1:]) if path else ""


def template_name(path: Path, root: Any) -> str:
    """``{{ ticket.agent.id }}``, for the helpdesk's Twig templates.

    Source: Twig, "Template Designers": ``foo.bar`` and ``foo['bar']`` are subscripts alike.
    """
    parts: list[str] = []
    for key, index in _steps(path, root):
        if index is not None:
            parts.append(f"[{index}]")
        elif _IDENTIFIER.match(key):
            parts.append(f".{key}" if parts else key)
        else:
            escaped = key.replace("\\", "\\\\").replace("'", "\\'")
            parts.append(f"['{escaped}']" if parts else f"_context['{escaped}']")
    return "{{ " + "".join(parts) + " }}"


def python_name(path: Path, root: Any, attribute: str) -> str:
    """``request.form["ticket"]["agent"]["id"]``; of other formats ``request.at("order.id")``."""
    if attribute not in ("form", "json"):
        return f"request.at({quote_key(format_path(path))})"
    steps = (
        f"[{index}]" if index is not None else f"[{quote_key(key)}]"
        for key, index in _steps(path, root)
    )
    return f"request.{attribute}" + "".join(steps)


def php_name(variable: str, path: Path, root: Any) -> str:
    """``$_POST['ticket']['agent']['id']``."""
    return index_name(variable, path, root, quote_php)


def index_name(start: str, path: Path, root: Any, write_key: Callable[[str], str]) -> str:
    """Subscripts behind ``start``: a list's index bare, a key as ``write_key`` has it."""
    parts, value = [start], root
    for key in path:
        parts.append(f"[{key if isinstance(value, list) else write_key(key)}]")
        value = find_value(value, (key,))
    return "".join(parts)


def quote_php(key: str) -> str:
    """A key in single quotes, as PHP and Ruby read it."""
    escaped = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def jq_name(path: Path, root: Any, attribute: str) -> str:
    """``.form.ticket.agent.id``, for ``jq`` over a request's JSON; over its body without attribute.

    Source: jq manual, "Object Identifier-Index": other keys than identifiers are quoted.
    """
    start = f".{attribute}" if attribute in ("form", "json") else ".parsed.value"
    parts = [start] if attribute else []
    for key, index in _steps(path, root):
        if index is not None:
            parts.append(f"[{index}]")
        elif _IDENTIFIER.match(key):
            parts.append(f".{key}")
        else:
            parts.append(f"[{quote_key(key)}]")
    name = "".join(parts)
    return name if name.startswith(".") else f".{name}"


def _steps(path: Path, root: Any) -> list[tuple[str, int | None]]:
    """Each key with its index when the container at that place is a list."""
    steps: list[tuple[str, int | None]] = []
    value = root
    for key in path:
        if isinstance(value, list) and _is_index(key):
            steps.append((key, int(key)))
        else:
            steps.append((key, None))
        value = find_value(value, (key,))
    return steps


def _is_index(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) < 10


def quote_key(key: str) -> str:
    """The key in double quotes, as JSON, Python and jq all read it; lone surrogates escaped."""
    text = json.dumps(key, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def quote_path(text: str) -> str:
    """A written path for a URL's query; ``""`` when it is too long to be sent in one."""
    if len(text) > MAX_LINK_CHARS:
        return ""
    return text if _IN_QUERY.match(text) else quote(text, safe="")


def split_names(text: str) -> list[str]:
    """The words of a filter, each name of a field in one piece, with its spaces."""
    return _FILTER_WORD.findall(text)


def compile_name(text: str) -> re.Pattern[str] | None:
    """A pattern that finds a field by its name in a dotted path in lower case.

    ``text`` is a name as this module or ``receivers`` writes it, or the beginning of one:
    ``ticket[agent][id]``, ``{{ ticket.agent.id }}``, ``request.form["ticket"]``,
    ``emails[].id``. None for anything else, a dotted path included: that is found as it is.
    """
    name = unquote_plus(text) if "%" in text else text
    name = name.removeprefix("{{").rstrip("} ").strip() if name.startswith("{{") else name
    name = _VARIABLE.sub("", name, count=1) if _VARIABLE.match(name) else name
    if name == text and text.startswith(".") and "[" not in text:  # jq's, from the root on
        return re.compile(r"\A" + re.escape(text[1:].lower()))
    if name == text and "[" not in text:
        return None
    keys: list[str] = []
    position = 0
    while position < len(name):
        step = _NAME_STEP.match(name, position)
        if step is None:
            return None
        keys.append(_key_pattern(step))
        position = step.end()
    end = r"(?![\w-])" if text.endswith(("]", "}", ")")) else ""
    return re.compile(r"(?<![\w-])" + r"\.".join(keys) + end) if keys else None


def _key_pattern(step: re.Match[str]) -> str:
    if step[4] == "":
        return r"(?:\d+|\[\])"
    if step[1] is not None:
        try:
            key = str(json.loads(f'"{step[1]}"', strict=False))
        except ValueError:
            key = step[1]
    elif step[2] is not None:
        key = re.sub(r"\\(.)", r"\1", step[2], flags=re.DOTALL)
    else:
        key = step[3] or step[4] or step[5] or ""
    pattern = re.escape(key[:MAX_KEY_CHARS].lower())
    if key.endswith("]") and "[" in key:  # A form's name, which Flask and Django leave as it is.
        nested = re.sub(r"\[([^\[\]]*)\][^\[]*", r".\1", key[:MAX_KEY_CHARS].lower()).rstrip(".")
        return f"(?:{pattern}|{re.escape(nested)})"
    return rf"(?:{pattern}|\[\])" if _is_index(key) else pattern


class _Missing:
    """Not there, which is neither empty nor null."""

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING = _Missing()


def find_all(root: Any, path: Path) -> list[Any]:
    """Every value at a path that may have ``ANY_INDEX`` in it, in order.

    An element of XML that came once counts as a list of one.
    """
    if ANY_INDEX not in path:
        found = find_value(root, path)
        return [] if found is MISSING else [found]
    values = [root]
    is_xml = isinstance(root, XmlDocument)
    for key in path:
        if key == ANY_INDEX:
            lists = (value if isinstance(value, list) else [value] * is_xml for value in values)
            values = [item for items in lists for item in items]
        else:
            steps = (find_value(value, (key,)) for value in values)
            values = [value for value in steps if value is not MISSING]
        values = values[:MAX_ELEMENTS]
    return values
