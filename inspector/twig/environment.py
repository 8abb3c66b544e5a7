"""Twig templates, rendered in Jinja's immutable sandbox.

Three walls, each enough alone for most attacks: only listed syntax gets through
(``guard``); nothing but ticket data can be looked up, so that no Python
attribute is ever reached; and every operation is counted before it is done
(``values``), so that the same template takes the same, bounded work
anywhere. Time follows from the count: no clock is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, meta, nodes, pass_context
from jinja2.lexer import Lexer
from jinja2.runtime import Context as TemplateContext
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from inspector.twig.errors import TemplateError, TooMuchWorkError, ValueProblemError
from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.guard import TwigGuard
from inspector.twig.lexer import TwigLexer
from inspector.twig.lists import make_range
from inspector.twig.messages import explain_problem
from inspector.twig.parser import TwigParser
from inspector.twig.patterns import matches
from inspector.twig.scope import (
    Scope,
    find_variable,
    make_arrow,
    set_variable,
    start_scope,
)
from inspector.twig.values import (
    OPERATORS,
    Work,
    calculate,
    compare,
    entries_of,
    is_true,
    order,
    pairs_of,
    to_number,
    to_text,
)

# What variables are looked up in: data as forms and JSON have it.
Context: TypeAlias = Mapping[str, Any]

MAX_TEMPLATE_CHARS = 100_000
MAX_TOKENS = 20_000
MAX_OUTPUT_CHARS = 1_000_000

_LOOP_FIELDS = ("index", "index0", "revindex", "revindex0", "first", "last", "length")


def render_twig(source: str, context: Context, work: Work | None = None) -> str:
    """Render one template over a ticket; an unknown variable is empty, at any depth.

    ``work`` is what it may still do together with others, ``MAX_WORK`` when it is alone.

    Raises ``TemplateError`` for what cannot be read or worked out, and for more work than
    that or more than ``MAX_OUTPUT_CHARS`` of output.
    """
    if "{" not in source and "\r" not in source and len(source) <= MAX_TEMPLATE_CHARS:
        return source  # Header names, most URLs: a series renders them thousands of times.
    templates = template, *functions = _compile(source)
    scope = start_scope(template, context, None)
    scope.work, scope.functions = work or scope.work, functions
    try:
        return "".join(_limited(template.root_render_func(scope), scope.work))
    except TooMuchWorkError as error:
        line, problem = _line_of(error, templates), "the template does too much from here on"
    except ValueProblemError as error:
        line, problem = _line_of(error, templates), str(error)
    except Exception as error:
        line, problem = _line_of(error, templates), f"it cannot be worked out ({error})"
    raise TemplateError(line, problem)


def check_template(source: str) -> None:
    """Raise what ``render_template`` would raise for a template that cannot be read."""
    _compile(source)


def missing_variables(source: str, context: Context) -> list[str]:
    """Which variables of a template have no value, as one writes them, each once."""
    return [".".join(path) for path in _variables(source) if not _find_value(path, context)]


@lru_cache(maxsize=128)
def _variables(source: str) -> list[tuple[str, ...]]:
    """The variables that a template has from outside, each once, in its order."""
    unassigned = meta.find_undeclared_variables(_guard(source)[0])
    found: dict[tuple[str, ...], None] = {}
    pending: list[nodes.Node] = [_parse(source)]
    while pending:
        node = pending.pop()
        path = _variable_path(node)
        if path is None:
            pending.extend(reversed(list(node.iter_child_nodes())))
        elif path[0] in unassigned:
            found[path] = None
    return list(found)


def _variable_path(node: nodes.Node) -> tuple[str, ...] | None:
    """``ticket.agent.name`` as its parts, or None for anything that is not a variable."""
    path: list[str] = []
    while True:
        if isinstance(node, nodes.Getattr):
            path.append(node.attr)
        elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
            path.append(str(node.arg.value))
        elif isinstance(node, nodes.Name) and node.ctx == "load":
            return (node.name, *reversed(path))
        else:
            return None
        node = node.node


def _find_value(path: tuple[str, ...], context: Context) -> Any:
    value: Any = context
    for part in path:
        value = _look_up(value, part)
    return None if isinstance(value, Undefined) else value


class TwigEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every lookup and every operator decided here."""

    context_class = Scope
    intercepted_binops = OPERATORS
    intercepted_unops = frozenset("+-")

    @cached_property
    def lexer(self) -> Lexer:
        return TwigLexer(self)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return TwigParser(self, source, name, filename).parse()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of the data; no attribute of a Python object is ever reached."""
        return _look_up(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An entry of the data."""
        return _look_up(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002
        """None is."""
        return False

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        """None is."""
        return False

    def call_binop(self, context: TemplateContext, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic as PHP does it, counted."""
        assert isinstance(context, Scope)  # noqa: S101
        context.work.charge(1)
        return calculate(operator, left, right)

    def call_unop(self, context: TemplateContext, operator: str, arg: Any) -> Any:  # noqa: ARG002
        """A sign before a number."""
        return -to_number(arg) if operator == "-" else to_number(arg)


def _look_up(value: Any, key: Any) -> Any:
    """An entry of a map or a list; of anything else, and for any other key, no value."""
    if isinstance(value, dict):
        found = value.get(key if isinstance(key, str) else to_text(key))
    elif isinstance(value, (list, tuple)):
        text = to_text(key)
        index = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        found = value[index] if 0 <= index < len(value) else None
    elif isinstance(value, LoopContext) and key in _LOOP_FIELDS:
        found = getattr(value, key)
    else:
        found = None
    return ChainableUndefined(name=to_text(key)) if found is None else found


def _entries(work: Work, value: Any, as_pairs: bool, cost: int) -> Any:
    """What a loop runs over: values, as in the helpdesk, or keys and values."""
    entries = pairs_of(value) if as_pairs else entries_of(value)
    work.charge(len(entries) * (cost + 1))
    return entries


def _concat(work: Work, parts: list[Any]) -> str:
    texts = [to_text(part) for part in parts]
    work.charge(sum(map(len, texts)))
    return "".join(texts)


def _text(_work: Work, value: Any) -> str:
    return to_text(value)


def _piece(work: Work, value: Any) -> str:
    """A piece of what a block gathers, which is not sent yet."""
    return work.text(value)


def _truth(_work: Work, value: Any) -> bool:
    return is_true(value)


def _compare(work: Work, left: Any, sign: str, right: Any) -> bool:
    work.charge(1)
    return compare(work, sign, left, right)


def _order(work: Work, left: Any, right: Any) -> int:
    work.charge(1)
    return order(work, left, right)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A left side that will do; an object, since Python's ``or`` takes "" and 0 for nothing."""

    value: Any


def _if_true(_work: Work, value: Any) -> _Chosen | None:
    return _Chosen(value) if is_true(value) else None


def _if_set(_work: Work, value: Any) -> _Chosen | None:
    return None if value is None or isinstance(value, Undefined) else _Chosen(value)


def _chosen(_work: Work, value: Any) -> Any:
    return value.value if isinstance(value, _Chosen) else value


def _starts_with(work: Work, text: Any, start: Any) -> bool:
    work.charge(1)
    return isinstance(text, str) and isinstance(start, str) and text.startswith(start)


def _ends_with(work: Work, text: Any, end: Any) -> bool:
    work.charge(1)
    return isinstance(text, str) and isinstance(end, str) and text.endswith(end)


_GUARDED: dict[str, Any] = {
    "chosen": _chosen,
    "compare": _compare,
    "concat": _concat,
    "ends with": _ends_with,
    "entries": _entries,
    "if set": _if_set,
    "if true": _if_true,
    "matches": matches,
    "order": _order,
    "piece": _piece,
    "range": make_range,
    "starts with": _starts_with,
    "text": _text,
    "truth": _truth,
}


def _accounted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function the work account of the rendering it is called in."""

    @pass_context
    def call(context: TemplateContext, *args: Any, **kwargs: Any) -> Any:
        assert isinstance(context, Scope)  # noqa: S101
        return function(context.work, *args, **kwargs)

    return call


def _as_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(work: Work, _nothing: None, *args: Any, **kwargs: Any) -> Any:
        return function(work, *args, **kwargs)

    return call


def _make_environment() -> TwigEnvironment:
    environment = TwigEnvironment(
        undefined=ChainableUndefined,
        autoescape=False,
        optimized=False,
        trim_blocks=True,
        keep_trailing_newline=True,
        finalize=to_text,
        cache_size=0,
    )
    environment.globals.clear()
    calls: dict[str, Callable[..., Any]] = dict(FILTERS)
    calls |= {f"guarded {name}": function for name, function in _GUARDED.items()}
    calls |= {f"guarded {name}()": _as_filter(called) for name, called in FUNCTIONS.items()}
    environment.filters = {name: _accounted(function) for name, function in calls.items()}
    environment.filters |= {
        "guarded arrow": make_arrow,
        "guarded set": set_variable,
        "guarded variable": find_variable,
    }
    environment.tests = dict(TESTS)
    return environment


_ENVIRONMENT = _make_environment()


def _parse(source: str) -> nodes.Template:
    """Jinja's tree of a template; raises ``TemplateError``."""
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateError(1, f"the template is longer than {MAX_TEMPLATE_CHARS:,} characters")
    try:
        for count, (line, kind, text) in enumerate(_ENVIRONMENT.lex(source)):
            if count > MAX_TOKENS:
                raise TemplateError(line, "the template is too complicated")
            if kind in ("integer", "float") and len(text) > 30:
                raise TemplateError(line, "the number is too long")
        return _ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        raise TemplateError(error.lineno, explain_problem(error.message or "")) from None
    except RecursionError:
        raise TemplateError(1, "the template is too complicated") from None


def _guard(source: str) -> tuple[nodes.Template, list[nodes.Template]]:
    """The tree with our own operations in it, and those of its arrow functions.

    Raises ``TemplateError``.
    """
    tree = _parse(source)
    guard = TwigGuard()
    try:
        guarded: nodes.Template = guard.visit(tree)
    except RecursionError:
        raise TemplateError(1, "the template is too complicated") from None
    return guarded, guard.functions


@lru_cache(maxsize=128)
def _compile(source: str) -> tuple[Template, ...]:
    """The template, and after it its arrow functions by their numbers."""
    tree, functions = _guard(source)
    try:
        return tuple(_ENVIRONMENT.from_string(each) for each in (tree, *functions))
    except TemplateSyntaxError as error:
        raise TemplateError(error.lineno, explain_problem(error.message or "")) from None
    except (SyntaxError, RecursionError, MemoryError):
        raise TemplateError(1, "the template is too complicated") from None


def _limited(pieces: Iterator[str], work: Work) -> Iterator[str]:
    left = MAX_OUTPUT_CHARS
    for piece in pieces:
        left -= len(piece)
        work.charge(len(piece))
        if left < 0:
            raise TooMuchWorkError
        yield piece


def _line_of(error: BaseException, templates: Sequence[Template]) -> int:
    """The line of the template, or of a function of it, whose code raised the error."""
    line = 1
    traceback = error.__traceback__
    while traceback is not None:
        template = traceback.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template in templates:
            line = template.get_corresponding_lineno(traceback.tb_lineno)
        traceback = traceback.tb_next
    return line
