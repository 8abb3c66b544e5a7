"""Templates in the helpdesk's syntax, rendered in Jinja's immutable sandbox.

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

from inspector.errors import InspectorError
from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.guard import Guard, SyntaxProblemError
from inspector.twig.lexer import HelpdeskLexer
from inspector.twig.lists import make_range
from inspector.twig.messages import explain_problem
from inspector.twig.parser import HelpdeskParser, OwnSyntaxError
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
    TooMuchWorkError,
    ValueProblemError,
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


def render_template(source: str, context: Context, work: Work | None = None) -> str:
    """Render one template over a ticket; an unknown variable is empty, at any depth.

    ``work`` is what it may still do together with others, ``MAX_WORK`` when it is alone.

    Raises ``InspectorError`` ``template_error``, whose message names the line, for
    what cannot be read or worked out, and for more work than that or more than
    ``MAX_OUTPUT_CHARS``.
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
    raise _error(line, problem)


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


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every lookup and every operator decided here."""

    context_class = Scope
    intercepted_binops = OPERATORS
    intercepted_unops = frozenset("+-")

    @cached_property
    def lexer(self) -> Lexer:
        return HelpdeskLexer(self)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return HelpdeskParser(self, source, name, filename).parse()

    def getattr(self, obj: Any, attribute: str) -> Any:
        return _look_up(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return _look_up(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002
        return False

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        return False

    def call_binop(self, context: TemplateContext, operator: str, left: Any, right: Any) -> Any:
        assert isinstance(context, Scope)  # noqa: S101
        context.work.charge(1)
        return calculate(operator, left, right)

    def call_unop(self, context: TemplateContext, operator: str, arg: Any) -> Any:  # noqa: ARG002
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


def _make_environment() -> _Sandbox:
    environment = _Sandbox(
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
    """Jinja's tree of a template; raises ``InspectorError`` ``template_error``."""
    if len(source) > MAX_TEMPLATE_CHARS:
        raise _error(1, f"the template is longer than {MAX_TEMPLATE_CHARS:,} characters")
    try:
        for count, (line, kind, text) in enumerate(_ENVIRONMENT.lex(source)):
            if count > MAX_TOKENS:
                raise _error(line, "the template is too complicated")
            if kind in ("integer", "float") and len(text) > 30:
                raise _error(line, "the number is too long")
        return _ENVIRONMENT.parse(source)
    except OwnSyntaxError as error:
        raise _error(error.lineno, str(error.message)) from None
    except TemplateSyntaxError as error:
        raise _error(error.lineno, explain_problem(error.message or "")) from None
    except RecursionError:
        raise _error(1, "the template is too complicated") from None


def _guard(source: str) -> tuple[nodes.Template, list[nodes.Template]]:
    """The tree with our own operations in it, and those of its arrow functions.

    Raises ``InspectorError`` ``template_error``.
    """
    tree = _parse(source)
    guard = Guard()
    try:
        guarded: nodes.Template = guard.visit(tree)
    except SyntaxProblemError as error:
        raise _error(error.line, str(error)) from None
    except RecursionError:
        raise _error(1, "the template is too complicated") from None
    return guarded, guard.functions


@lru_cache(maxsize=128)
def _compile(source: str) -> tuple[Template, ...]:
    """The template, and after it its arrow functions by their numbers."""
    tree, functions = _guard(source)
    try:
        return tuple(_ENVIRONMENT.from_string(each) for each in (tree, *functions))
    except TemplateSyntaxError as error:
        raise _error(error.lineno, explain_problem(error.message or "")) from None
    except (SyntaxError, RecursionError, MemoryError):
        raise _error(1, "the template is too complicated") from None


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


def _error(line: int, problem: str) -> InspectorError:
    """The error for a user's template: ``line`` counts from 1."""
    return InspectorError("template_error", f"Line {line}: {problem}.", line=line)
