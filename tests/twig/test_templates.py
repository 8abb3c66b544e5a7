"""The helpdesk's template language: what it means, and what it refuses."""

import re
from operator import attrgetter
from time import thread_time
from typing import Any, NamedTuple

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError
from jinja2.lexer import Lexer

from inspector.twig.environment import (
    _ENVIRONMENT,
    MAX_OUTPUT_CHARS,
    render_twig,
)
from inspector.twig.errors import TemplateError, ValueProblemError
from inspector.twig.filters import FILTERS
from inspector.twig.lexer import TwigLexer
from inspector.twig.variables import missing_variables

TICKET: Any = {
    "ticket": {
        "id": "5",
        "subject": "Hierarchy problem",
        "html": "<b>&\"'",
        "zero": "0",
        "empty": "",
        "price": "1234.5",
        "date_created": "2014-05-21 14:18:57",
        "date_created_ts": "1400681937",
        "agent": {"name": "Annie Edison", "groups": ["3", "4", "6"]},
        "slas": [{"sla": {"title": "VIP"}}, {"sla": {"title": "Basic"}}],
        "items": "not a method",
        "labels": {"a": "1", "b": "2"},
        "sparse": {"2": "6"},
    },
    "event_type": "update",
}


class Case(NamedTuple):
    source: str
    rendered: str


CASES = [
    # Variables
    Case("plain text, { and }", "plain text, { and }"),
    Case("{{ ticket.id }}", "5"),
    Case("{{ticket.agent.name}}", "Annie Edison"),
    Case("{{ ticket['agent']['name'] }}", "Annie Edison"),
    Case("{{ ticket.agent.groups.0 }}{{ ticket.agent.groups[2] }}", "36"),
    Case("{{ ticket.slas.1.sla.title }}", "Basic"),
    Case("{{ ticket.sparse.2 }}{{ ticket.sparse[2] }}", "66"),
    Case("{{ event_type }}", "update"),
    Case("[{{ ticket }}{{ ticket.agent.groups }}]", "[ArrayArray]"),
    # Nothing is nothing, at any depth
    Case("[{{ nothing }}{{ ticket.no }}{{ ticket.no.such['thing'][0].x }}{{ ticket.id.x }}]", "[]"),
    Case("[{{ ticket.agent.groups.9 }}{{ ticket.agent.groups.x }}]", "[]"),
    # No Python behind the data
    Case("[{{ ticket.items }}{{ ticket.keys }}{{ ticket.__class__ }}]", "[not a method]"),
    Case("[{{ ''.__class__.__mro__ }}{{ self }}{{ self.__init__ }}{{ ticket.id.upper }}]", "[]"),
    Case("[{{ range }}{{ dict }}{{ lipsum }}{{ cycler }}{{ namespace }}{{ _ }}]", "[]"),
    Case("{% for x in [1] %}[{{ loop.cycle }}{{ loop._iterable }}]{% endfor %}", "[]"),
    # Printing
    Case("{{ 1 }} {{ 1.0 }} {{ 1.5 }} {{ true }}{{ false }}{{ none }}", "1 1 1.5 1"),
    Case("{{ ticket.html }}", "<b>&\"'"),
    Case("{#+ a comment +#}{{+ 1 }}", "1"),
    Case("{# a comment #}x{% raw %}{{ y }}{% endraw %}", "x{{ y }}"),
    Case("a\r\nb\n", "a\nb\n"),
    Case("{% if 1 %}\nx\n{% endif %}\ny", "x\ny"),
    # Conditions follow PHP's truth
    Case("{% if ticket.id %}yes{% else %}no{% endif %}", "yes"),
    Case("{% if ticket.zero %}yes{% else %}no{% endif %}", "no"),
    Case("{% if ticket.empty or ticket.no or none or 0 %}yes{% else %}no{% endif %}", "no"),
    Case("{% if not ticket.zero and ticket.id %}yes{% endif %}", "yes"),
    Case("{% if ticket.no %}1{% elseif ticket.id %}2{% else %}3{% endif %}", "2"),
    Case("[{{ ticket.id or 'x' }}{{ ticket.no and 'x' }}]", "[1]"),
    # Comparisons read numbers in texts
    Case("{{ ticket.id == 5 }}{{ ticket.id == '5.0' }}{{ ticket.id != 6 }}", "111"),
    Case("{{ ticket.id > 10 }}|{{ ticket.id < 10 }}|{{ '10' > '9' }}|{{ 'b' > 'a' }}", "|1|1|1"),
    Case("{{ ticket.no == '' }}{{ ticket.no == none }}{{ none == false }}{{ 0 == 'a' }}", "111"),
    Case("{{ true == 'x' }}{{ [1] == ['1'] }}{{ [1, 2] == [1, 2] }}{{ [] == none }}", "111"),
    Case("{{ 'problem' in ticket.subject }}{{ '3' in ticket.agent.groups }}", "11"),
    Case("{{ 3 in ticket.agent.groups }}{{ 9 not in ticket.agent.groups }}", "11"),
    Case("[{{ [] in 'x' }}{{ 'x' in none }}]", "[]"),
    # Arithmetic
    Case("{{ ticket.id + 1 }} {{ ticket.id * '2' }} {{ 7 / 2 }} {{ 6 / 2 }}", "6 10 3.5 3"),
    Case(
        "{{ 7 // 2 }} {{ -7 % 3 }} {{ 2 ** 10 }} {{ -ticket.id }} {{ ticket.no + 1 }}",
        "3 -1 1024 -5 1",
    ),
    Case("{{ 9223372036854775807 + 1 }} {{ 2 ** 64 }}", "9.2233720368548E+18 1.844674407371E+19"),
    Case("{{ 10 ** 400 }} {{ (-8) ** 0.5 }} {{ 1 ** 99999999 }} {{ (-1) ** 3 }}", "INF NAN 1 -1"),
    Case("{{ 'a' ~ 1 ~ ticket.id ~ none }}", "a15"),
    # Loops give values, as the helpdesk's do
    Case("{% for g in ticket.agent.groups %}{{ g }}{% endfor %}", "346"),
    Case("{% for v in ticket.labels %}{{ v }}{% endfor %}", "12"),
    Case("{% for k, v in ticket.labels %}{{ k }}={{ v }};{% endfor %}", "a=1;b=2;"),
    Case("{% for k, v in ticket.agent.groups %}{{ k }}={{ v }};{% endfor %}", "0=3;1=4;2=6;"),
    Case(
        "{% for g in ticket.agent.groups if g>3 %}{{ loop.index0 }}{{ loop.length }},{% endfor %}",
        "02,12,",
    ),
    Case("{% for x in ticket.no %}x{% else %}none{% endfor %}", "none"),
    Case("{% for x in 'text' %}x{% else %}none{% endfor %}", "none"),
    Case("{% set x = 'a' %}{% set x = x ~ 'b' %}{{ x }}", "ab"),
    Case("{% set x %}a{{ ticket.id }}{% endset %}{{ x }}", "a5"),
    # As older helpdesks have them
    Case("{% filter upper %}a{% endfilter %}{% spaceless %} <a> <b> {% endspaceless %}", "A<a><b>"),
    # Arrow functions see what stands around them, and get no further
    Case("{% set n = 2 %}{{ [1, 2]|map(v => v * n * ticket.id)|join(',') }}{{ v }}", "10,20"),
    Case("{{ [1]|map(v => [v.x, v.__class__, loop, self])|first|join }}", ""),
    Case("{{ [1]|map((v, k, no) => no is defined ? 1 : 0)|first }}", "0"),
    Case("{{ [1, 2]|map(() => 3)|join }}", "33"),
    Case("{{ [1]|map(result => result + 1)|first }}", "2"),
    Case("{% set result = 3 %}{{ [1]|map(v => result + v)|first }}", "4"),
    # Filters
    Case(
        "{{ ticket.agent.name|upper }} {{ 'ÄB'|lower }} {{ 'aBC dE'|capitalize }}",
        "ANNIE EDISON äb Abc de",
    ),
    Case("{{ 'hello big WORLD'|title }}", "Hello Big World"),
    Case(
        "{{ ticket.no|default('-') }}{{ ticket.empty|default('-') }}{{ ticket.zero|default('-') }}",
        "--0",
    ),
    Case("{{ ticket.no.such.thing|default(ticket.id) }}", "5"),
    Case("{{ ticket.date_created|date('Y-m-d') }}", "2014-05-21"),
    Case("{{ ticket.date_created_ts|date('D, d M Y H:i:s') }}", "Wed, 21 May 2014 14:18:57"),
    Case("{{ ticket.date_created|date }}", "May 21, 2014 14:18"),
    Case("{{ ticket.date_created|date('H:i', 'Europe/London') }}", "15:18"),
    Case("{{ ticket.date_created|date(timezone='Asia/Kolkata', format='H:i') }}", "19:48"),
    Case("{{ 'now'|date('Y') > 2000 }}", "1"),
    Case("{{ ticket.agent.groups|length }}{{ ticket.id|length }}{{ ticket.no|length }}", "310"),
    Case(
        "{{ ticket.agent.groups|first }}{{ ticket.labels|last }}{{ 'abc'|first }}{{ []|last }}",
        "32a",
    ),
    Case("{{ ticket.labels|keys|join('+') }} {{ ticket.agent.groups|join }}", "a+b 346"),
    Case("{{ 'a,b,c'|split(',')|last }} {{ 'a,b,c'|split(',', 2)|last }}", "c b,c"),
    Case("{{ 'abc'|split('')|join('-') }}", "a-b-c"),
    Case("{{ 'a b a'|replace({'a': 'b', 'b': 'c'}) }}", "b c b"),
    Case("{{ 'Hi aa'|replace({'a': '1', 'aa': '2', '': 'no'}) }}", "Hi 2"),
    Case(
        "{{ ticket.subject|slice(0, 4) }} {{ ticket.subject[0:4] }} {{ ticket.subject[10:2] }}",
        "Hier Hier pr",
    ),
    Case(
        "{{ 'abcdef'[2:] }} {{ 'abcdef'[:2] }} {{ 'abcdef'|slice(-2) }} {{ 'abc'|slice(1, -1) }}",
        "cdef ab ef b",
    ),
    Case("{{ ticket.agent.groups[1:1]|join }}", "4"),
    Case("{{ '  a '|trim }}|{{ 'xax'|trim('x') }}|{{ ' a '|trim(side='left') }}|", "a|a|a |"),
    Case("{{ 'a b/ü'|url_encode }}", "a%20b%2F%C3%BC"),
    Case(
        "{{ ticket.labels|json_encode }} {{ 'a/ü\"'|json_encode }}",
        '{"a":"1","b":"2"} "a\\/\\u00fc\\""',
    ),
    Case("{{ [1, 1.5, true, none, nothing]|json_encode }}", "[1,1.5,true,null,null]"),
    Case(
        "{{ ticket.html|e }} {{ ticket.html|escape('html') }}",
        "&lt;b&gt;&amp;&quot;&#039; &lt;b&gt;&amp;&quot;&#039;",
    ),
    Case("{{ ticket.html|raw }} {{ 'a b'|e('url') }}", "<b>&\"' a%20b"),
    Case(
        "{{ ticket.price|number_format(2) }} {{ ticket.price|number_format(1, ',', '.') }}",
        "1,234.50 1.234,5",
    ),
    Case("{{ 1234567|number_format }} {{ -1.005|number_format(2) }}", "1,234,567 -1.01"),
    Case("{{ 2.5|round }} {{ -2.5|round }} {{ 1.234|round(2) }}", "3 -3 1.23"),
    Case("{{ 1.1|round(0, 'ceil') }} {{ 19|round(-1, 'floor') }}", "2 10"),
    Case("{{ '-5'|abs }}", "5"),
    # Tests
    Case("{{ ticket.id is defined }}{{ ticket.no is defined }}{{ ticket.empty is empty }}", "11"),
    Case("{{ ticket.no is null }}{{ ticket.id is not null }}{{ none is none }}", "111"),
    Case("{{ ticket.id is odd }}{{ ticket.zero is even }}{{ ticket.labels is iterable }}", "111"),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("source"))
def test_templates_mean_what_the_helpdesk_means(case: Case) -> None:
    assert render_twig(case.source, TICKET) == case.rendered


class Refused(NamedTuple):
    source: str
    line: int
    says: str


REFUSED = [
    Refused("{% if %}", 1, "a value is missing before “%}”"),
    Refused("a\nb\n{{ ticket.id", 3, "the template ends where “}}” is missing"),
    Refused("{{ a }\n}", 1, "“}” is out of place"),
    Refused("\n{{ a ? }}", 2, "a value is missing before “}}”"),
    Refused("\n\n{{ a ?? }}", 3, "a value is missing before “}}”"),
    Refused("{{ a ?: b : c }}", 1, "“:” is out of place: “}}” or an operator would fit"),
    Refused("{{ a |> b }}", 1, "a name is missing before “>”"),
    Refused("{{ {a.b: 1} }}", 1, "“:” is missing before “.”"),
    Refused("{{ a starts 'b' }}", 1, "“starts” is out of place"),
    Refused("{{ a is divisible }}", 1, "no test `is divisible`; the nearest is divisible by"),
    Refused("{{ a|uper }}", 1, "there is no filter uper; the nearest is upper"),
    Refused("{{ a|dateModify('+1 day') }}", 1, "; the nearest is date_modify"),
    Refused("{{ a is divisible by }}", 1, "a value is missing before “}}”"),
    Refused("{{ 'x'|replace('a', 'b') }}", 1, "replace takes a map, as in replace({'a': 'b'})"),
    Refused("{% autoescape %}{% endautoescape %}", 1, "autoescape works in the helpdesk, not here"),
    Refused("a\n{% flush %}", 2, "the tag flush works in the helpdesk, not here"),
    Refused("{{ 'x'|slug }}", 1, "the filter slug works in the helpdesk, not here"),
    Refused("{{ constant('X') }}", 1, "the function constant works in the helpdesk, not here"),
    Refused("{{ 1 is constant('X') }}", 1, "the test constant works in the helpdesk, not here"),
    Refused("{% flus %}", 1, "there is no tag flus; there are for, if, set"),
    Refused("a\n{% if 0 %}\n{% elif 1 %}{% endif %}", 3, "elif is not Twig's"),
    Refused("\n{{ 'a' if 1 else 'b' }}", 2, "it is written b ? a : c"),
    Refused("\n{{ 0x10 }}", 2, "0x10 is no number in Twig"),
    Refused("\n{{ (1, 2) }}", 2, "a list is written [a, b]"),
    Refused("\n{% print 1 %}", 2, "print is not Twig's; write {{ ... }}"),
    Refused("\n{% if 1: %}{% endif %}", 2, "“:” is out of place: in Twig a tag ends without it"),
    Refused("{% for x in [1]: %}{% endfor %}", 1, "“:” is out of place"),
    Refused("{% if 0 %}{% else: %}{% endif %}", 1, "“:” is out of place"),
    Refused("{%+ if 1 %}{% endif %}", 1, "behind {% comes a tag"),
    Refused("{% if 1 +%}{% endif %}", 1, "a value is missing before “%}”"),
    Refused("{{ 'a'|trim('a', 'b') }}", 1, "the side that trim takes is left, right or both"),
    Refused("{{ a is odd(1) }}", 1, "is odd does not take these arguments"),
    Refused("\n{{ 1 is divisible by(0) }}", 2, "a division by zero"),
    Refused("{{ 1..none }}{{ 0..(10 ** 400) }}", 1, "a range goes from one number to another"),
    Refused("{{ range(1, 2, 0) }}", 1, "in steps of more than 0"),
    Refused("{{ 1|merge([2]) }}", 1, "merge works on lists and maps"),
    Refused("{{ 'b'|sort }}", 1, "sort works on lists and maps"),
    Refused("{{ [[1], [2]]|sort }}", 1, "lists and maps have no order"),
    Refused("{{ max([]) }}", 1, "there is nothing to choose from"),
    Refused("\n{{ '%s %s'|format('a') }}", 2, "the format asks for more than 1 values"),
    Refused("{{ '%3$s'|format('a') }}", 1, "the format asks for more than 1 values"),
    Refused("{{ '100% sure'|format }}", 1, "the format asks for more than 0 values"),
    Refused("{{ '%y'|format(1) }}", 1, "'%y' is no part of a format; write %% for a percent"),
    Refused("{{ '%9999s'|format(1) }}", 1, "a format is at most 1000 characters wide"),
    Refused("{{ 1.5|round(1, 'up') }}", 1, "there is no rounding 'up'"),
    Refused("\n{{ 'a' matches 'b' }}", 2, "'b' is no pattern like '/^urgent/i'"),
    Refused("{{ 'a' matches '' }}", 1, "'' is no pattern"),
    Refused("{{ 'a' matches '/a' }}", 1, "'/a' is no pattern"),
    Refused("{{ 'a' matches '/a/e' }}", 1, "'/a/e' is no pattern"),
    Refused("{{ 'a' matches '/[z-a]/' }}", 1, "the pattern '[z-a]' cannot be read"),
    Refused("{{ 'a' matches '/[[:alpha:]]/' }}", 1, "the pattern '[[:alpha:]]' cannot be read"),
    Refused("{{ 'a' matches '/(a+)+$/' }}", 1, "a pattern cannot have ')+$' here"),
    Refused("{{ 'a' matches '/(?<x>a)/' }}", 1, "a pattern cannot have '(?<x>a)' here"),
    Refused("{{ 'a' matches '/(a)\\\\1/' }}", 1, "a pattern cannot have"),
    Refused("{{ 'a' matches '/a{9999}/' }}", 1, "a pattern repeats at most 1000 times"),
    Refused("{% unknown %}", 1, "there is no tag unknown; there are for, if, set"),
    Refused("{{ ticket.id ", 1, "the template ends where “}}” is missing"),
    Refused("\n{% for x in y %}", 2, "{% for %} is not closed: {% endfor %} is missing"),
    Refused("{% if a %}{% else %}", 1, "{% if %} is not closed: {% endif %} is missing"),
    Refused("{% if a %}{% endfor %}", 1, "{% endfor %} is out of place: {% if %} needs its"),
    Refused("{% for a in b %}{% if c %}{% endfor %}", 1, "{% if %} needs its {% endif %} first"),
    Refused("{% endif %}", 1, "{% endif %} belongs to nothing that is open here"),
    Refused("{% if %}{% endif %}", 1, "a value is missing before “%}”"),
    Refused("{{ }}", 1, "a value is missing before “}}”"),
    Refused("{{ a ?? }}", 1, "a value is missing before “}}”"),
    Refused("{{ a . }}", 1, "behind a dot comes a name or a number"),
    Refused("{{ [1, }}", 1, "“]” is missing before “}”"),
    Refused("{{ a) }}", 1, "“)” is out of place"),
    Refused("{{ $a }}", 1, "“$” is out of place"),
    Refused("{{ a b }}", 1, "“b” is out of place: “}}” or an operator would fit"),
    Refused("{{ {'a' 1} }}", 1, "“:” is missing before a number"),
    Refused("{{ (a ? }}", 1, "“)” is missing before “}”"),
    Refused('{{ "abc }}', 1, 'the text that begins with " is not closed'),
    Refused("{{ it's }}", 1, "the text that begins with ' is not closed"),
    Refused("{% for x %}{% endfor %}", 1, "“in” is missing before “%}”"),
    Refused("{% set 5 = 3 %}", 1, "this cannot be set: set and for take a name of yours"),
    Refused("{% for loop in [1] %}{% endfor %}", 1, "set and for take a name of yours"),
    Refused("{% %}", 1, "behind {% comes a tag; there are for, if, set"),
    Refused("{# a", 1, "{# is not closed: #} is missing"),
    Refused(
        "{% verbatim %}{{ a }}", 1, "{% verbatim %} is not closed: {% endverbatim %} is missing"
    ),
    Refused("{{ a\N{PLUS-MINUS SIGN}b }}", 1, "is out of place"),
    Refused("{% block a-b %}", 1, "it cannot be read"),
    Refused(
        "x\n{{ ticket.id|nosuch }}",
        2,
        "there is no filter nosuch; there are abs, batch",
    ),
    Refused("{{ 1|guarded }}", 1, "there is no filter guarded"),
    Refused("{{ 1 is divisibleby(3) }}", 1, "there is no test `is divisibleby`"),
    Refused("{{ ticket.id|upper(1) }}", 1, "upper does not take these arguments"),
    Refused("{{ ticket.id|date(nosuch=1) }}", 1, "date does not take these arguments"),
    Refused("{{ ticket.id|upper(*ticket) }}", 1, "upper cannot be used so"),
    Refused("{{ range(3) }}", 1, "range does not take these arguments"),
    Refused("{{ randon(3) }}", 1, "there is no function randon; the nearest is random"),
    Refused("{{ ticket.subject.upper() }}", 1, "no such function; there are attribute"),
    Refused("{{ max(*ticket) }}", 1, "max cannot be used so"),
    Refused("{% include 'x' %}", 1, "include works in the helpdesk, not here"),
    Refused("{% import 'x' as y %}", 1, "import works in the helpdesk"),
    Refused("{% from 'x' import y %}", 1, "import works in the helpdesk"),
    Refused("{% extends 'x' %}", 1, "extends works in the helpdesk"),
    Refused("{% block x %}{% endblock %}", 1, "a block works in the helpdesk"),
    Refused("{% macro x() %}{% endmacro %}", 1, "a macro works in the helpdesk"),
    Refused("{% set a, b %}x{% endset %}", 1, "set with a block takes one name"),
    Refused("{% set a.b %}x{% endset %}", 1, "set with a block takes one name"),
    Refused("{% set a %}x", 1, "{% set %} is not closed"),
    Refused("{% apply nosuch %}x{% endapply %}", 1, "there is no filter nosuch"),
    Refused("{% apply upper|slice %}x{% endapply %}", 1, "slice does not take these arguments"),
    Refused("{% apply %}x{% endapply %}", 1, "a name is missing before “%}”"),
    Refused('\n{{ "#{ticket.id|nosuch}" }}', 2, "there is no filter nosuch"),
    Refused('{{ "#{ticket.id" }}', 1, "is not closed"),
    Refused("{{ v => v }}", 1, "an arrow function belongs into filter, map, reduce, sort"),
    Refused("{% set f = v => v %}", 1, "an arrow function belongs into"),
    Refused("{{ [1]|map([v => v]) }}", 1, "an arrow function belongs into"),
    Refused("{{ [1]|default(v => v) }}", 1, "an arrow function belongs into"),
    Refused("{{ [1]|map(v.x => 1) }}", 1, "an arrow function is written v => ..."),
    Refused("{{ [1]|map((v, 1) => 1) }}", 1, "an arrow function is written v => ..."),
    Refused("{{ [1]|map('upper') }}", 1, "an arrow function is missing, as in map(v => v.name)"),
    Refused("{{ [1]|filter(ticket) }}", 1, "an arrow function is missing, as in filter("),
    Refused("{{ [1]|reduce(1) }}", 1, "an arrow function is missing, as in reduce("),
    Refused("{{ [1]|sort(1) }}", 1, "an arrow function is missing, as in sort("),
    Refused("{{ 'x'|filter(v => v) }}", 1, "filter works on lists and maps"),
    Refused("{{ ticket.id|map(v => v) }}", 1, "map works on lists and maps"),
    Refused("{{ [2, 1]|sort((a, b) => 'x') }}", 1, "'x' is not a number"),
    Refused("\n{{ [1]|map(v =>\n 1 / 0) }}", 3, "a division by zero"),
    Refused("{% with x = 1 %}{% endwith %}", 1, "is out of place"),
    Refused("{% set a.b = 1 %}", 1, "set and for take a name of yours"),
    Refused("{% set a, b = 1 %}", 1, "set needs as many values as names"),
    Refused("{% for a in b recursive %}{% endfor %}", 1, "a loop is written"),
    Refused("{% for a, (b, c) in d %}{% endfor %}", 1, "a list is written [a, b]"),
    Refused("{% for a, b, c in d %}{% endfor %}", 1, "a loop is written"),
    Refused("{{ 'abc'[::2] }}", 1, "a slice has a start and a length"),
    Refused("a\n{{ 'a' + 1 }}", 2, "'a' is not a number; join texts with ~"),
    Refused("{{ 'a' * 3 }}", 1, "'a' is not a number"),
    Refused("{{ ticket * 3 }}", 1, "* works on numbers, not on lists or maps"),
    Refused("{{ '%9999999999d' % 1 }}", 1, "'%9999999999d' is not a number"),
    Refused("{{ ticket < 3 }}", 1, "lists and maps have no order"),
    Refused("\n\n{{ 1 / 0 }}", 3, "a division by zero"),
    Refused("{{ 1 % ticket.no }}", 1, "a division by zero"),
    Refused("{{ 'soon'|date }}", 1, "'soon' is not a date"),
    Refused("\n{{ 'now'|date_modify('soon') }}", 2, "'soon' moves no date: write '+2 days'"),
    Refused("{{ 'now'|date_modify('+999999999 years') }}", 1, "moves no date"),
    Refused("{{ 'now'|date_modify('') }}", 1, "'' moves no date"),
    Refused("{{ '2 days'|date_modify('x days') }}", 1, "'x days' moves no date"),
    Refused("{{ date('soon') }}", 1, "'soon' is not a date"),
    Refused("{{ 'now'|date('Y', 'Mars/North') }}", 1, "there is no time zone 'Mars/North'"),
    Refused("{{ 'x'|e('xml') }}", 1, "there is no escaping 'xml'; there are html, url, js"),
    Refused("{{ 'x'|abs }}", 1, "'x' is not a number"),
    Refused("{{ (10 ** 400)|json_encode }}", 1, "JSON has no infinite numbers"),
    Refused("{{ 1e+400 }}", 1, "the number is too large"),
    Refused("{{ (10 ** 400) is even }}", 1, "the number is not finite"),
]


@pytest.mark.parametrize("case", REFUSED, ids=attrgetter("source"))
def test_an_error_names_the_line_and_the_trouble(case: Refused) -> None:
    with pytest.raises(TemplateError) as caught:
        render_twig(case.source, TICKET)
    assert caught.value.line == case.line
    assert str(caught.value) == f"Line {case.line}: {caught.value.problem}."
    assert case.says in caught.value.problem


BIG: Any = {"ticket": {"text": "x" * 100_000, "list": ["x"] * 10_000}}
NEST = "".join(f"{{% for x{i} in ticket.list %}}" for i in range(8))

BOMBS = {
    "text times": "{{ 'a' * 10**9 }}",
    "list times": "{{ [1] * 10**9 }}",
    "powers": "{{ 9 ** 9 ** 9 ** 9 }}",
    "power of powers": "{{ ((((10**300)**10)**10)**10)**10 }}",
    "long number": "{{ " + "9" * 50_000 + " }}",
    "loops": NEST + "x" + "{% endfor %}" * 8,
    "silent loops": NEST + "{% set a = 1 %}" + "{% endfor %}" * 8,
    "comparing loops": NEST + "{% if ticket.text in ticket.text %}{% endif %}" + "{% endfor %}" * 8,
    "doubling": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = a ~ a %}" * 60 + "{{ a|length }}",
    "doubling lists": "{% set a = [1] %}" + "{% set a = [a, a] %}" * 60 + "{{ a|json_encode }}",
    "comparing lists": "{% set a = [1] %}{% set b = [1] %}"
    + "{% set a = [a, a] %}{% set b = [b, b] %}" * 40
    + "{{ a == b }}",
    "doubling by join": "{% set a = 'aaaaaaaaaa' %}" + "{% set a = [a, a]|join(a) %}" * 60,
    "doubling by replace": "{% set a = 'aa' %}" + "{% set a = a|replace({'a': a}) %}" * 60,
    "replacing": "{{ ticket.text|replace({'x': ticket.text}) }}",
    "alternatives": "{{ ticket.text|replace({"
    + ",".join(f"'y{i}': '1'" for i in range(900))
    + "}) }}",
    "decimals": "{{ 1|number_format(10**9) }}" * 4_000,
    "thousands": "{{ '1e300'|number_format(20, ticket.text, ticket.text) }}",
    "dates": "{{ 'now'|date(ticket.text) }}",
    "ranges": "{{ (1..10 ** 9)|join }}",
    "steps": "{{ range(0, 1, 1e-9)|join }}",
    "infinite steps": "{{ range(0, 1e300, 1e-300)|join }}",
    "merging": "{% set a = ticket.list %}" + "{% set a = a|merge(a) %}" * 30,
    "merging in a loop": "{% set a = [1] %}{% for x in ticket.list %}{% set a = a|merge(a) %}"
    "{% endfor %}{{ a|length }}",
    "joining in a loop": "{% set a = 'aa' %}{% for x in ticket.list %}{% set a = a ~ a %}"
    "{% endfor %}{{ a|length }}",
    "sorting": "{{ (1..100000)|reverse|sort|first }}",
    "formats": "{{ '%1$999s%1$999s%1$999s%1$999s%1$999s'|format(1)|replace({' ': ticket.text}) }}",
    "positions": "{% set f = '%1$s%1$s%1$s%1$s' %}" + "{% set f = f ~ f %}" * 6
    + "{{ f|format(ticket.text) }}",
    "patterns": "{{ ticket.text matches '/x*x*y/' }}",
    "optional patterns": "{{ 'x' matches '/" + "x?" * 60 + "y/' }}",
    "branching patterns": "{{ 'x' matches '/" + "(x|y)?" * 30 + "z/' }}",
    "counted patterns": "{{ ticket.text matches '/" + "x{1000}" * 70 + "y/' }}",
    "unclosed counts": "{{ ticket.text matches '/" + "x{,9}" * 90 + "y/' }}",
    "line breaks": "{% set a = '\\n\\n\\n\\n' %}" + "{% set a = a|nl2br ~ a %}" * 30,
    "choices": "{{ 1" + " ? 1 : 1" * 9_000 + " }}",
    "fallbacks": "{{ a" + " ?? a" * 9_000 + " }}",
    "nested fallbacks": "{{ " + "(" * 2_000 + "a" + " ?? a)" * 2_000 + " }}",
    "gathering": "{% set a = 'aaaaaaaaaa' %}" + "{% set a %}{{ a }}{{ a }}{% endset %}" * 60,
    "gathering in loops": "{% set a %}" + NEST + "{{ ticket.text }}" + "{% endfor %}" * 8
    + "{% endset %}",
    "gathering plain text": "{% apply upper %}" + NEST + "x" * 50_000 + "{% endfor %}" * 8
    + "{% endapply %}",
    "texts in texts": "{{ " + '"#{' * 2_000 + "1" + '}"' * 2_000 + " }}",
    "expressions in texts": '{{ "' + "#{1}" * 6_000 + '" }}',
    "texts that begin": '{{ "#{' * 20_000,
    "doubling in texts": "{% set a = 'aaaaaaaaaa' %}" + '{% set a = "#{a}#{a}" %}' * 60,
    "functions": "{{ ticket.list|map(v => v)|first }}" * 40,
    "functions in functions": "{{ [1]|map(v => " * 30 + "1" + ")}}" * 30,
    "functions in loops": NEST + "{{ [1]|map(v => v)|first }}" + "{% endfor %}" * 8,
    "functions over functions": "{{ ticket.list|map(v => ticket.list|map(w => v ~ w)|join)|join }}",
    "doubling by functions": "{{ (1..99)|reduce((c, v) => c ~ c, ticket.text)|length }}",
    "lists by functions": "{{ (1..99)|reduce((c, v) => [c, c], [1])|json_encode }}",
    "sorting by functions": "{{ (1..50000)|reverse|sort((a, b) => a <=> b)|first }}",
    "output": "{{ ticket.text }}" * 11,
    "contexts": NEST + "{{ _context|json_encode }}" + "{% endfor %}" * 8,
    "doubling contexts": "{% set a = _context %}" * 40 + "{{ a|json_encode }}",
    "contexts in withs": "{% with _context %}{% set a = [_context, _context] %}" * 20
    + "{{ a|json_encode }}" + "{% endwith %}" * 20,
    "withs in loops": NEST + "{% with {b: 1} %}{% endwith %}" + "{% endfor %}" * 8,
    "parents of loops": "{% for x in ticket.list %}{% for y in ticket.list %}"
    "{{ loop.parent|json_encode }}{% endfor %}{% endfor %}",
    "pieces": "{{ ticket.list|batch(1)|json_encode }}" * 30,
    "filling": "{{ [1]|batch(999999, ticket.text)|json_encode }}" * 4,
    "escaping": "{{ ticket.text|e('html_attr') }}" * 3
    + "{{ ticket.text|nl2br|nl2br|e('js') }}" * 9,
    "parentheses": "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "lists in lists": "{{ " + "[" * 5_000 + "]" * 5_000 + " }}",
    "nots": "{{ " + "not " * 5_000 + "1 }}",
    "minuses": "{{ " + "-" * 5_000 + "1 }}",
    "sums": "{{ 1" + " + 1" * 9_000 + " }}",
    "dots": "{{ a" + ".b" * 9_000 + " }}",
    "filters": "{{ a" + "|upper" * 9_000 + " }}",
    "loops in loops": "{% for a in ticket.list %}" * 25 + "{% endfor %}" * 25,
    "ifs": "{% if 1 %}" * 900 + "{% endif %}" * 900,
    "elifs": "{% if 0 %}" + "{% elif 0 %}" * 5_000 + "{% endif %}",
    "outputs": "{{ a }}" * 14_000,
    "too long": "x" * 100_001,
    "unclosed": "{{" * 40_000,
    "comments": "{#" * 40_000,
    "quotes": "{{ '" + "\\" * 90_000,
}  # fmt: skip
HARMLESS = {"powers", "power of powers"}  # They are worked out as floats: INF.


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_no_template_takes_long_or_gives_much(name: str) -> None:
    started = thread_time()
    if name in HARMLESS:
        assert render_twig(BOMBS[name], BIG) == "INF"
    else:
        with pytest.raises(TemplateError):
            render_twig(BOMBS[name], BIG)
    assert thread_time() - started < 3


@pytest.mark.parametrize(
    "source",
    [
        "{{ x.upper() }}",
        "{{ x.__class__.__mro__ }}",
        "{{ x['__class__']['__base__']['__subclasses__']() }}",
        "{{ ('%s' % x).format(x) }}",
        "{{ x|attr('__class__') }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% macro m() %}{{ m.__globals__ }}{{ caller() }}{% endmacro %}{{ m() }}",
    ],
)
def test_the_sandbox_alone_reaches_no_python(source: str) -> None:
    """What would happen if the check of the syntax let something through."""
    try:
        rendered = _ENVIRONMENT.from_string(source).render({"x": "text"})
    except (SecurityError, jinja2.TemplateError, ValueProblemError):
        rendered = ""
    assert rendered == ""


def test_a_jinja_with_other_patterns_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else ``{{~`` would silently mean something else after an upgrade."""
    begin = Lexer.__init__

    def changed(lexer: Lexer, environment: jinja2.Environment) -> None:
        begin(lexer, environment)
        ends = lexer.rules["variable_begin"]
        ends[0] = ends[0]._replace(pattern=re.compile(r"[-]?\}\}"))

    monkeypatch.setattr(Lexer, "__init__", changed)
    with pytest.raises(RuntimeError, match="other patterns"):
        TwigLexer(_ENVIRONMENT)


def test_large_data_fits_through_when_nothing_multiplies_it() -> None:
    assert len(render_twig("{{ ticket.text|upper }}", BIG)) == 100_000
    letter: Any = {"text": "Dear all, " + "the printer burns. " * 200}
    assert render_twig("{{ text matches '/dear.*printer/is' ? 1 : 0 }}", letter) == "1"
    assert len(render_twig("{% for x in ticket.list %}{{ x }}{% endfor %}", BIG)) == 10_000


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("{{ ticket.id }}", []),
        ("{{ ticket.zero }}", []),
        ("{{ ticket.sla.id }}", ["ticket.sla.id"]),
        ("{{ ticket['sla'][0]|upper }} {{ ticket.sla.0 }}", ["ticket.sla.0"]),
        ("{{ b }}{{ ticket.empty }}{{ a|default(c) }}", ["b", "ticket.empty", "a", "c"]),
        ("{% for g in ticket.no %}{{ g.title }}{{ loop.index }}{% endfor %}", ["ticket.no"]),
        ("{{ ticket.no ?? ticket.nor ?: '' }}", ["ticket.no", "ticket.nor"]),
        ("{{ max(ticket.no, 1) }}{{ {a: ticket.no, nor}|length }}", ["ticket.no", "nor"]),
        ("{% set x = ticket.no %}{{ x }}", ["ticket.no"]),
        ("{{ ticket[ticket.id] }}", []),
    ],
)
def test_missing_variables_are_named_as_one_writes_them(source: str, missing: list[str]) -> None:
    assert missing_variables(source, TICKET) == missing


PIECES = [
    " ", "\n", "\\", "\0", "\ud800", "é", "if ", "endif ", "for ", "endfor ", "set ", "not ", "in ",
    *"{{ }} {% %} {# #} ( ) [ ] { } , : ' | . = == < ~ + - * ** / // % ? ?: ?? ..".split(),
    *"1 0 1.5 'x' a starts_with ends_with matches is_odd is_divisible_by(2) '/a+b?/i'".split(),
    *"1e+400 ticket id agent groups labels loop upper date default join slice replace".split(),
    *"with endwith only do b-and b-or _context a|batch(2) cycle(a,1) attribute(a,b)".split(),
    *"round is_divisible_by_2 same_as 'x'|e('js') autoescape false endautoescape".split(),
    *"number_format split json_encode is defined empty none true and or else elseif".split(),
    *"merge sort reverse format striptags nl2br max(1,a) range(a,9)".split(),
    *"raw endraw verbatim endverbatim set\\ a endset apply\\ upper endapply {{~ ~}} -%}".split(),
    *'=> <=> v a|map(v=>v|upper) b|filter((v,k)=>k) a|sort((a,b)=>a<=>b) "#{ "a#{b}" #{ "'.split(),
]  # fmt: skip
SOURCES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=12).map(lambda parts: f"{{{{ {''.join(parts)} }}}}"),
    st.text(max_size=50),
)
LEAVES = st.text(max_size=8) | st.sampled_from(["", "0", "5", "1e9", "-1", "2014-05-21", "now"])
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
FILTER_CALLS = st.builds(
    "{{{{ {0}|{1}({2}) }}}}".format,
    st.sampled_from(["a", "b", "[a, b]", "{'x': a}", "none", "1e+400", "-1.5", "2 ** 62"]),
    st.sampled_from(sorted(FILTERS)),
    st.lists(
        st.sampled_from(["a", "b", "-3", "0", "1e+400", "'x'", "none", "{a: b}"]), max_size=3
    ).map(", ".join),
)


@given(source=SOURCES | FILTER_CALLS, a=TREES, b=TREES)
def test_a_template_gives_a_text_or_a_template_error(source: str, a: Any, b: Any) -> None:
    context = {"a": a, "b": b, **TICKET}
    try:
        rendered = render_twig(source, context)
    except TemplateError as error:
        trouble = error
    else:
        assert len(rendered) <= MAX_OUTPUT_CHARS
        missing_variables(source, context)
        return
    assert "cannot be worked out" not in trouble.problem
    assert not re.search("(?i)jinja|token|statement|encountered", trouble.problem)
