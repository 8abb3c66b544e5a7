"""Twig templates, rendered in Jinja's immutable sandbox.

Three layers of defence, each enough for most attacks: only listed syntax is accepted
(``guard``); only ticket data can be looked up, so no Python attribute is ever reached; and
every operation is counted before it is done (``values``), so a template takes the same, bounded
work everywhere. Time is bounded by that count, without a clock.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

from jinja2 import ChainableUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.lexer import Lexer
from jinja2.runtime import Context as TemplateContext
from jinja2.runtime import Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from inspector.twig.errors import TemplateError, TooMuchWorkError, ValueProblemError
from inspector.twig.filters import FILTERS, FUNCTIONS, TESTS
from inspector.twig.guard import TwigGuard
from inspector.twig.lexer import TwigLexer
from inspector.twig.lists import filter_, make_range
from inspector.twig.messages import explain_problem
from inspector.twig.parser import TwigParser
from inspector.twig.patterns import matches
from inspector.twig.scope import (
    Arrow,
    TwigScope,
    all_variables,
    close_loop,
    close_with,
    find_variable,
    make_arrow,
    open_loop,
    open_with,
    set_block,
    set_variables,
    start_scope,
    step_loop,
)
from inspector.twig.values import (
    OPERATORS,
    Markup,
    Work,
    bits_and,
    bits_or,
    bits_xor,
    calculate,
    compare_values,
    is_collection,
    is_true,
    look_up,
    order,
    pairs_of,
    to_number,
    to_text,
)

# The type of the variables' data, as forms and JSON have it.
Context: TypeAlias = Mapping[str, Any]

MAX_TEMPLATE_CHARS = 100_000
MAX_TOKENS = 20_000
MAX_OUTPUT_CHARS = 1_000_000

_REQUIRED = object()
# The cost of a loop's round beside that of its body.
ROUND_COST = 10


def render_twig(source: str, context: Context, work: Work | None = None) -> str:
    """Render one template over a ticket; an unknown variable is empty, at any depth.

    ``work`` is what it may still do together with others, ``MAX_WORK`` when it is alone.

    Raises ``TemplateError`` for a template that cannot be parsed or rendered, and for more work
    than that or more than ``MAX_OUTPUT_CHARS`` of output.
    """
    if "{" not in source and "\r" not in source and len(source) <= MAX_TEMPLATE_CHARS:
        return source  # Header names, most URLs: a series renders them thousands of times.
    templates = template, *functions = _compile(source)
    scope = start_scope(template, dict(context), None)
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


class TwigEnvironment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, with every lookup and every operator decided here."""

    context_class = TwigScope
    intercepted_binops = OPERATORS
    intercepted_unops = frozenset("+-")

    @cached_property
    def lexer(self) -> Lexer:
        return TwigLexer(self)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return TwigParser(self, source, name, filename).parse()

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An entry of the data; no attribute of a Python object is ever reached."""
        return look_up(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An entry of the data."""
        return look_up(obj, argument)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:  # noqa: ARG002
        """None is."""
        return False

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        """None is."""
        return False

    def call_binop(self, context: TemplateContext, operator: str, left: Any, right: Any) -> Any:
        """Arithmetic as PHP does it, counted."""
        assert isinstance(context, TwigScope)  # noqa: S101
        context.work.charge(1)
        return calculate(operator, left, right)

    def call_unop(self, context: TemplateContext, operator: str, arg: Any) -> Any:  # noqa: ARG002
        """A sign before a number."""
        return -to_number(arg) if operator == "-" else to_number(arg)


def _entries(work: Work, value: Any, cost: int) -> Any:
    """The keys and values that a loop runs over."""
    entries = pairs_of(value)
    work.charge(len(entries) * (cost + ROUND_COST))
    return entries


def _choose(work: Work, value: Any, wanted: Arrow) -> Any:
    """The entries that a loop's ``if`` chooses."""
    return filter_(work, value, wanted) if is_collection(value) else []


def _written(work: Work, value: Any) -> Any:
    """A text that the author has written, which a filter need not escape."""
    return Markup(work.text(value))


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
    return compare_values(work, sign, left, right)


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
    "b-and": bits_and,
    "choose": _choose,
    "chosen": _chosen,
    "b-or": bits_or,
    "b-xor": bits_xor,
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
    "written": _written,
}


def _accounted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the function the work account of the rendering it is called in."""

    @pass_context
    def call(context: TemplateContext, *args: Any, **kwargs: Any) -> Any:
        assert isinstance(context, TwigScope)  # noqa: S101
        return function(context.work, *args, **kwargs)

    return call


def _defaulted(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, to which an optional argument without a value is one that is not given."""
    parameters = list(inspect.signature(function).parameters.values())
    usual = {each.name: each.default for each in parameters[1:] if each.default is not each.empty}
    by_place = [usual.get(each.name, _REQUIRED) for each in parameters[1:]]

    def call(work: Work, *args: Any, **kwargs: Any) -> Any:
        given = [
            by_place[at] if at < len(by_place) and _is_missing(arg, by_place[at]) else arg
            for at, arg in enumerate(args)
        ]
        named = {
            name: usual[name] if name in usual and _is_missing(arg, usual[name]) else arg
            for name, arg in kwargs.items()
        }
        return function(work, *given, **named)

    return call


def _is_missing(value: Any, usual: Any) -> bool:
    return usual is not _REQUIRED and (value is None or isinstance(value, Undefined))


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
    calls |= {
        f"guarded {name}()": _as_filter(_defaulted(called)) for name, called in FUNCTIONS.items()
    }
    environment.filters = {name: _accounted(function) for name, function in calls.items()}
    environment.filters |= {name: _accounted(_defaulted(each)) for name, each in FILTERS.items()}
    environment.filters |= {
        "guarded arrow": make_arrow,
        "guarded close loop": close_loop,
        "guarded close with": close_with,
        "guarded context": all_variables,
        "guarded open loop": open_loop,
        "guarded open with": open_with,
        "guarded set": set_variables,
        "guarded set block": set_block,
        "guarded step": step_loop,
        "guarded variable": find_variable,
    }
    environment.tests = dict(TESTS)
    return environment


_ENVIRONMENT = _make_environment()


def parse_twig(source: str) -> nodes.Template:
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
    tree = parse_twig(source)
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
