<?php
// Records what Twig makes of templates: php record_twig.php > twig.json (Debian: php-cli, php-twig)
require_once '/usr/share/php/Twig/autoload.php';

$context = [
    'ticket' => [
        'id' => '5', 'subject' => "Hierarchy problem, O'Neill-Smith", 'html' => "<b class=\"a>b\">Hi</b><br/>\n<!-- x --> 3 < 4",
        'zero' => '0', 'empty' => '', 'price' => '1234.5', 'ref' => 'ABCD-1234', 'name' => 'Zoë Ärger',
        'date_created' => '2014-05-21 14:18:57', 'date_created_ts' => '1400681937',
        'agent' => ['name' => 'Annie Edison', 'groups' => ['3', '14', '6']],
        'slas' => [['sla' => ['title' => 'VIP'], 'hours' => '4'], ['sla' => ['title' => 'Basic'], 'hours' => '24']],
        'labels' => ['b' => '2', 'a' => '1'],
    ],
    'event_type' => 'update',
];
// One a line; \n in a line is a line feed.
$templates = <<<'TWIG'
{{ ticket.id ? 'yes' : 'no' }}{{ ticket.zero ? 'yes' : 'no' }}{{ ticket.no ? 'yes' }}
{{ ticket.no ?: 'none' }} {{ ticket.id ?: 'none' }} {{ ticket.zero ?: 'none' }} {{ ticket.empty ? : 'none' }}
{{ ticket.no ?? 'none' }} {{ ticket.no.such.thing ?? 'none' }} [{{ ticket.empty ?? 'none' }}] {{ ticket.zero ?? 'none' }}
{{ ticket.no ?? ticket.nor ?? ticket.id }}{{ null ?? 'x' }}
{{ ticket.id == 5 ? 'five' : ticket.id == 6 ? 'six' : 'many' }}
{{ ticket.id is defined ? 'd' : 'u' }}{{ ticket.no is defined ? 'd' : 'u' }}
{{ ticket.no ?? 1 + 2 }} {{ (ticket.no ?? 1) + 2 }} {{ ticket.id ?? 1 ~ 'x' }}
{{ 'a' ~ ticket.id ~ 'b' ~ (1 + 2) }} {{ ticket.subject|lower ~ '!' }}
{{ 'Ticket ' ~ ticket.id ~ ': ' ~ ticket.subject|upper }}
{{ 1 + 2 ~ 3 + 4 }}
{{ 2 + 3 * 4 }} {{ (2 + 3) * 4 }} {{ 7 % 3 }} {{ 7 // 2 }} {{ 2 ** 3 ** 2 }} {{ -2 ** 2 }} {{ 7 / 2 }}
{{ -1|abs }} {{ (-1)|abs }} {{ -ticket.id }} {{ 3 - -2 }}
{% if not ticket.id == 5 %}a{% else %}b{% endif %}{% if not (ticket.id == 5) %}a{% else %}b{% endif %}
{% if not ticket.empty and ticket.id %}a{% else %}b{% endif %}{% if not ticket.no in ['1'] %}a{% else %}b{% endif %}
{% if ticket.id not in ['1', '5'] %}a{% else %}b{% endif %}{% if 'Hier' in ticket.subject %}c{% endif %}
{% if ticket.id in 1..10 %}in{% endif %}{% if 5 in [1, 5] %}in{% endif %}
{% for i in 1..4 %}{{ i }}{% endfor %} {% for i in 4..1 %}{{ i }}{% endfor %} {{ ('a'..'e')|join }} {{ (0..ticket.id)|join(',') }}
{{ range(0, 10, 5)|join(',') }} {{ range(10, 1, 4)|join(',') }} {{ range('a', 'i', 3)|join }} {{ (1..ticket.id - 2)|join }}
{{ ticket.subject starts with 'Hier' ? 1 : 0 }}{{ ticket.subject ends with 'Smith' ? 1 : 0 }}{{ ticket.subject starts with 'x' ? 1 : 0 }}
{{ ticket.no starts with '' ? 1 : 0 }}{{ ticket.empty starts with '' ? 1 : 0 }}{{ 12 starts with '1' ? 1 : 0 }}
{{ ticket.ref matches '/^[A-Z]{4}-\\d+$/' ? 1 : 0 }}{{ ticket.ref matches '/^abcd/i' ? 1 : 0 }}{{ ticket.ref matches '/^abcd/' ? 1 : 0 }}
{{ ticket.subject matches '#(printer|problem)#' ? 1 : 0 }}{{ 'colour' matches '{colou?r}' ? 1 : 0 }}{{ 'é' matches '/^.$/' ? 1 : 0 }}{{ 'é' matches '/^.$/u' ? 1 : 0 }}
{{ ticket.name matches '/\\bÄrger/u' ? 1 : 0 }}{{ "a\nb" matches '/^b$/m' ? 1 : 0 }}{{ "a\nb" matches '/a.b/' ? 1 : 0 }}{{ "a\nb" matches '/a.b/s' ? 1 : 0 }}
{{ ticket.id is same as('5') ? 1 : 0 }}{{ ticket.id is same as(5) ? 1 : 0 }}{{ ticket.no is same as(null) ? 1 : 0 }}
{{ 6 is divisible by(3) ? 1 : 0 }}{{ ticket.id is divisible by(2) ? 1 : 0 }}{{ ticket.id is not divisible by(2) ? 1 : 0 }}
{{ ticket.id is odd ? 1 : 0 }}{{ ticket.id is even ? 1 : 0 }}{{ ticket.zero is even ? 1 : 0 }}{{ ticket.labels is iterable ? 1 : 0 }}{{ ticket.id is iterable ? 1 : 0 }}
{{ ticket.empty is empty ? 1 : 0 }}{{ ticket.zero is empty ? 1 : 0 }}{{ ticket.no is empty ? 1 : 0 }}{{ [] is empty ? 1 : 0 }}{{ ticket.no is null ? 1 : 0 }}{{ ticket.id is not null ? 1 : 0 }}
{{ ticket.no.such is defined ? 1 : 0 }}{{ ticket.agent.name is defined ? 1 : 0 }}{{ ticket.empty is defined ? 1 : 0 }}
{% set n = 0 %}{% for s in ticket.slas %}{% set n = n + s.hours %}{% endfor %}{{ n }}
{% set found = false %}{% for g in ticket.agent.groups %}{% if g == 14 %}{% set found = g %}{% endif %}{% endfor %}{{ found ?: 'none' }}
{% for a in 1..2 %}{% set n = 0 %}{% for b in 1..a %}{% set n = n + b %}{% endfor %}{{ n }},{% endfor %}
{% for s in ticket.slas %}{% set x = s.hours %}{{ x }};{% endfor %}
{% set list = [] %}{% for s in ticket.slas %}{% set list = list|merge([s.sla.title]) %}{% endfor %}{{ list|join(' + ') }}
{% for g in ticket.agent.groups %}{{ loop.index }}/{{ loop.length }}:{{ g }}{% if not loop.last %}, {% endif %}{% endfor %}
{% for g in ticket.agent.groups %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first ? 'F' }}{{ loop.last ? 'L' }} {% endfor %}
{% for k, v in ticket.labels %}{{ k }}={{ v }};{% else %}none{% endfor %}{% for x in ticket.no %}x{% else %}none{% endfor %}
{% for k, v in ['x', 'y'] %}{{ k }}{{ v }}{% endfor %}{% for k in ticket.labels|keys %}{{ k }}{% endfor %}
{% if ticket.no %}1{% elseif ticket.id > 4 %}2{% else %}3{% endif %}
{{ 'aBC dE'|upper }} {{ 'ÄB'|lower }} {{ 'aBC dE'|capitalize }} {{ 'hello big WORLD'|title }} {{ "o'neill-smith 3rd x_y"|title }} {{ 'élan'|capitalize }}
[{{ '  a b '|trim }}] [{{ 'xaxbx'|trim('x') }}] [{{ ' a '|trim(side='left') }}] [{{ ' a '|trim(side='right') }}] [{{ "\t a\n"|trim }}]
{{ ticket.date_created|date('Y-m-d H:i') }} {{ ticket.date_created_ts|date('D, d M Y') }} {{ ticket.date_created|date('jS F Y, g:ia') }} {{ ticket.date_created|date }}
{{ ticket.date_created|date('c') }} {{ ticket.date_created|date('H:i', 'Europe/London') }} {{ ticket.date_created|date(timezone='Asia/Kolkata', format='H:i T') }} {{ ticket.date_created|date('\\Y Y') }}
{{ ticket.date_created|date_modify('+2 days')|date('Y-m-d H:i') }} {{ '2014-01-31 10:00:00'|date_modify('+1 month')|date('Y-m-d') }} {{ '2012-02-29'|date_modify('-1 year')|date('Y-m-d') }} {{ ticket.date_created_ts|date_modify('1 week ago')|date('c') }}
{{ ticket.date_created|date_modify('tomorrow noon')|date('Y-m-d H:i') }} {{ ticket.date_created|date_modify('midnight')|date('H:i:s') }} {{ ticket.date_created|date_modify('first day of next month')|date('Y-m-d H:i') }} {{ ticket.date_created|date_modify('last day of')|date('Y-m-d') }}
{{ ticket.date_created|date_modify('next month')|date('Y-m-d') }} {{ ticket.date_created|date_modify('+1 week 2 days 4 hours 2 sec')|date('Y-m-d H:i:s') }} {{ '2014-12-15'|date_modify('last day of previous month')|date('Y-m-d') }} {{ '2014-11-30'|date_modify('+3 months')|date('Y-m-d') }}
{{ date(ticket.date_created) < date('2015-01-01') ? 1 : 0 }}{{ date(ticket.date_created) > date('-2 days') ? 1 : 0 }}{{ date() > date('yesterday') ? 1 : 0 }}{{ 'tomorrow'|date('H:i') }}
{{ ticket.slas|column('hours')|join(',') }} {{ [{a: 1}, {b: 2}, {a: 3}]|column('a')|json_encode }}
{{ ticket.no|default('-') }}{{ ticket.empty|default('-') }}{{ ticket.zero|default('-') }}{{ ticket.no.such|default(ticket.id) }}{{ []|default('x') }}[{{ ticket.no|default }}]
{{ ticket.agent.groups|length }}{{ ticket.subject|length }}{{ ticket.name|length }}{{ ticket.no|length }}{{ ticket.labels|length }}
{{ ticket.agent.groups|join(', ') }} {{ ticket.agent.groups|join(', ', ' and ') }} {{ ['a']|join(', ', ' and ') }} [{{ []|join(', ') }}] {{ ticket.labels|join('-') }} {{ 'abc'|join('-') }}
{{ ticket.agent.groups|first }}{{ ticket.agent.groups|last }}{{ ticket.labels|first }}{{ ticket.subject|first }}{{ ticket.subject|last }}[{{ []|first }}]
{{ ticket.slas|first.sla.title }} {{ (ticket.slas|last).sla.title }} {{ ticket.slas[0].sla.title }} {{ ticket.slas.1.hours }} {{ ticket['agent']['name'] }}
{{ 'I like %this% and %that%.'|replace({'%this%': 'foo', '%that%': "bar"}) }} {{ 'a b a'|replace({a: 'b', b: 'c'}) }} {{ 'aa'|replace({'a': '1', 'aa': '2'}) }} {{ 'x1'|replace({1: 2}) }}
{{ ticket.price|number_format(2) }} {{ ticket.price|number_format(1, ',', '.') }} {{ 1234567|number_format }} {{ -1.005|number_format(2) }} {{ 0.5|number_format }} {{ 9800.333|number_format(2, '.', '') }}
{{ 42.55|round }} {{ 42.55|round(1, 'floor') }} {{ 2.5|round }} {{ -2.5|round }} {{ 1.1|round(0, 'ceil') }} {{ 1234|round(-2) }} {{ ticket.price|round }} {{ 1.005|round(2) }}
{{ 'abcdef'|slice(1, 3) }} {{ 'abcdef'[1:3] }} {{ 'abcdef'[2:] }} {{ 'abcdef'[:2] }} {{ 'abcdef'|slice(-2) }} {{ 'abc'|slice(1, -1) }} {{ [1, 2, 3, 4]|slice(1, 2)|join }} {{ [1, 2, 3][-2:]|join }}
{{ {a: 1, b: 2, c: 3}|slice(1)|keys|join }} {{ {a: 1, 5: 2, c: 3}|slice(1)|keys|join }} {{ [1, 2, 3]|slice(1, 2, true)|keys|join }}
{{ 'one,two,three'|split(',')|join('/') }} {{ 'one,two,three'|split(',', 2)|join('/') }} {{ 'one,two,three'|split(',', -1)|join('/') }} {{ '123'|split('')|join('-') }} {{ 'aabbcc'|split('', 2)|join('-') }}
{{ 'a b/ü&c=~'|url_encode }} {{ {q: 'a b', n: 5}|url_encode }} {{ {a: ['x', 'y']}|url_encode }}
{{ ticket.labels|json_encode }} {{ 'a/ü"'|json_encode }} {{ [1, 1.5, true, null, ticket.no]|json_encode }} {{ {}|json_encode }} {{ {a: {b: []}}|json_encode }} {{ ticket.slas|json_encode }} {{ '<&>'|json_encode }}
{{ ticket.html|raw }} {{ '<a href="x">&\'</a>'|escape }} {{ '<b>'|e('html') }} {{ 'a b'|e('url') }}
{{ "a\nb\r\nc"|nl2br }}
{{ ticket.html|striptags }} {{ 'a<br>b <i title="x > y">c</i> 1 < 2 <3'|striptags }}|{{ '<p>unclosed <b'|striptags }}|
{{ -5|abs }} {{ '-5'|abs }} {{ (3 - 10)|abs }} {{ 1.5|abs }}
{{ {a: 1, b: 2}|keys|join(',') }} {{ ['x', 'y']|keys|join(',') }}
{{ [1, 2]|merge([3])|join }} {{ {a: 1}|merge({b: 2, a: 3})|json_encode }} {{ {5: 'x'}|merge({7: 'y'})|json_encode }} {{ ticket.labels|merge(['z'])|json_encode }} {{ [1, 2]|merge({'a': 3})|json_encode }}
{{ ticket.agent.groups|sort|join(',') }} {{ ['b', 'a', 'C']|sort|join }} {{ ticket.labels|sort|json_encode }} {{ [3, 1, 2]|sort|json_encode }} {{ ['10', '9', 'x']|sort|join(',') }} {{ [1, 2]|sort|json_encode }}
{{ [1, 2, 3]|reverse|join }} {{ 'abcé'|reverse }} {{ {a: 1, b: 2}|reverse|json_encode }} {{ [1, 2]|reverse|json_encode }} {{ [1, 2]|reverse(true)|json_encode }}
{{ 'I like %s and %s.'|format('foo', ticket.id) }} {{ '%05.1f|%5d|%-5s|%+d|%x|%b|%e|100%%'|format(3.14159, 42, 'ab', 7, 255, 5, 1234.5) }} {{ "%2$s %1$s"|format('a', 'b') }} {{ "%'*8s|%.2s|%05d|%u|%c"|format('ab', 'xyz', -42, 3, 65) }}
{{ '%s%s'|format(true, null) }} {{ '%d %d'|format('12abc', ticket.price) }} {{ '%5.1f|%-8.2f|%08.2f'|format(1.25, 2.5, -3.14159) }} {{ '%X %o %G'|format(255, 8, 0.00001234) }}
{{ max(1, 3, 2) }}{{ min([4, 2, 8]) }}{{ max('apple', 'pear') }}{{ min(ticket.id, 3) }}
{{ {name: 'x', 'b c': 'y', (ticket.id): 'z', 7: 'w'}|json_encode }} {% set a = 1 %}{{ {a}|json_encode }}
{{ ticket.id == '5' ? 1 : 0 }}{{ ticket.id != 5 ? 1 : 0 }}{{ ticket.id >= 5 ? 1 : 0 }}{{ 'abc' < 'abd' ? 1 : 0 }}{{ '10' > '9' ? 1 : 0 }}
{{ ticket.id > 3 and ticket.id < 9 ? 1 : 0 }}{{ ticket.no or ticket.id ? 1 : 0 }}{{ ticket.id in ['5'] and not ticket.no ? 1 : 0 }}
{{ true }}|{{ false }}|{{ null }}|{{ 1.0 }}|{{ 1.50 }}|{{ 10 / 4 }}|{{ 10 / 5 }}|{{ 0.1 + 0.2 }}
{{ 'it\'s' }} {{ "tab\there" }} {{ 'back\\slash' }} {{ "q\"q" }} {{ 'x\dy' }} {{ "\x41\102" }}
{{ 'null' }}{{ NULL }}{{ TRUE }}{{ FALSE }}{{ none }}
a {{- ' b ' -}} c {#- no -#} d {%- if true -%} e {%- endif %}
{# a comment #}x{% if ticket.id %}\ny\n{% endif %}\nz
{{ ticket.subject|lower|replace({' ': '-', ',': '', "'": ''})|slice(0, 20) }}
{{ ticket.agent.name|split(' ')|last|upper ~ ', ' ~ ticket.agent.name|split(' ')|first }}
{{ (ticket.price * 1.2)|number_format(2) ~ ' EUR' }} {{ ticket.id * 2 - 1 }} {{ '5' + '5' }}
{% if ticket.agent.groups|length > 2 and 'VIP' in ticket.slas|first.sla.title %}vip{% endif %}
{% if ticket.subject|lower matches '/urgent|problem/' %}URGENT{% endif %}
{{ ticket.agent ? ticket.agent.name : 'nobody' }} {{ ticket.agent.name ?? 'nobody' }} {{ ticket.team.name ?? 'no team' }}
{% set x %}{{ ticket.id }}: {{ ticket.subject|lower }}{% endset %}[{{ x }}] {{ x|upper|length }} {{ x == '5: ' ~ ticket.subject|lower ? 1 : 0 }}
{% set x %}{% endset %}[{{ x }}]{{ x ?: 'none' }}{{ x is empty ? 1 : 0 }} {% set y %}0{% endset %}{{ y|default('-') }}
{% set x %}a{% for g in ticket.agent.groups %}{{ g }},{% endfor %}b{% endset %}{{ x|trim('ab') }}
{% set n %}1{% endset %}{% for g in ticket.agent.groups %}{% set n %}{{ n }}{{ g }}{% endset %}{% endfor %}{{ n }}
{% set x %}1{% set y %}2{% endset %}{{ y }}{{ y }}3{% endset %}{{ x }}
{% set n = 1 %}{% set x %}{% set n = 2 %}{{ n }}{% endset %}{{ x }}{{ n }}
{% if ticket.id %}{% set x %}yes{% endset %}{% else %}{% set x = 'no' %}{% endif %}{{ x }}
{% apply upper %}ticket {{ ticket.id }}{% endapply %} {% apply lower|trim|replace({' ': '-'}) %} {{ ticket.agent.name }} {% endapply %} {% apply length %}abc{% endapply %}
{% apply slice(0, 5) %}{{ ticket.subject }}{% apply upper %}x{% endapply %}{% endapply %} {% apply date('Y') %}{{ ticket.date_created }}{% endapply %}
{% apply spaceless %} <p> <b>a  b</b> </p> {% endapply %}|{{ ' <a>  </a> '|spaceless }}|{{ 'x > < y'|spaceless }}
{% apply upper %}{% set z = 'in' %}{{ z }}{% endapply %}
{# spaceless #}{% apply spaceless %}\n<ul>\n\t<li>{{ ticket.id }}</li>\n</ul>\n{% endapply %}
{% verbatim %}{{ ticket.id }} {% if %} {# x #}{% endverbatim %} {{ ticket.id }}
a {%- verbatim -%} {{ x }} {%- endverbatim -%} b
a {%~ verbatim ~%} {{ x }} {%~ endverbatim ~%} b
{# x #}a\n{% verbatim %}\n{{ x }}\n{% endverbatim %}\nb
{# x #}a \n  {%- verbatim -%}  \n{{ x }}\n  {%- endverbatim -%}  \n b
{# x #}a \n {{~ ticket.id ~}} \n b
{# x #}a {{~ ticket.id }} b {{ ticket.id ~}} c {%~ if true ~%} d {%~ endif ~%} e {#~ no ~#} f
{# x #}a\n\t {%~ if ticket.id ~%} \t\n b \n {%~ endif ~%} \n\n c
{# x #}<ul> \n {#~ no ~#} \n </ul> {{- ' x ' -}} \n y {{~ ' z ' }}
{{ "ticket #{ticket.id}: #{ticket.subject|upper}!" }} {{ "#{1 + 2}" }} {{ "a#{ticket.no}b" }} {{ '#{ticket.id}' }} {{ "# {x} \#{ticket.id}" }}
{{ "#{ticket.agent.name|replace({'Annie': "A."})}" }} {{ "x#{"y#{ticket.id}z"}" }} {{ "#{ {a: 1}.a }" }} {{ "\t#{"q\"q"}\n"|trim }}
{{ "#{ticket.id}" ~ 1 }} {{ "#{ticket.id}"|length }} {{ {'a': "#{ticket.id}"}|json_encode }} {{ "#{ticket.id}" == 5 ? 1 : 0 }} {{ "a#{true}#{null}#{1.5}" }}
{{ "price: #{ticket.price|number_format(2)} #{ticket.id > 3 ? 'many' : 'few'}" }} {{ 'x' in "ax#{ticket.id}" ? 1 : 0 }}
{{ ticket.agent.groups|filter(g => g > 5)|join(',') }} {{ ticket.agent.groups|filter(g => g > 5)|json_encode }} {{ ticket.slas|filter(s => s.sla.title == 'VIP')|length }}
{{ {a: 1, b: 2, c: 3}|filter(v => v != 2)|json_encode }} {{ {a: 1, b: 2}|filter((v, k) => k == 'b')|json_encode }} {{ [0, '0', '', 'x', null, []]|filter(v => v)|json_encode }}
{{ ticket.slas|map(s => s.sla.title)|join(' and ') }} {{ {a: 1, b: 2}|map((v, k) => k ~ '=' ~ v)|join('&') }} {{ ['x', 'y']|map((v, k) => k)|json_encode }}
{{ ticket.slas|map(s => "#{s.sla.title}: #{s.hours} h")|join('; ') }} {{ {b: 1, a: 2}|map(v => v * 2)|json_encode }}
{{ ticket.slas|reduce((sum, s) => sum + s.hours, 0) }} {{ [1, 2, 3]|reduce((c, v) => c ~ v) }} {{ [1, 2, 3]|reduce((c, v) => c * v, 1) }} {{ {a: 1, b: 2}|reduce((c, v, k) => c ~ k ~ v, '>') }}
{{ ticket.slas|sort((a, b) => b.hours <=> a.hours)|map(s => s.sla.title)|join(',') }} {{ ['b', 'a', 'C']|sort((a, b) => a|lower <=> b|lower)|join }} {{ {x: 2, y: 1}|sort((a, b) => a <=> b)|json_encode }}
{% set min = 5 %}{{ ticket.agent.groups|filter(g => g > min)|map(g => g + min)|join(',') }}{% for s in ticket.slas %}{{ [1, 2]|map(i => i * s.hours ~ loop.index)|join(',') }};{% endfor %}
{% for s in ticket.slas|filter(s => s.hours > 5) %}{{ s.sla.title }}{% else %}none{% endfor %}{% for k, v in [5, 6, 7]|filter(v => v > 5) %}{{ k }}{{ v }}{% endfor %}
{{ [[1, 2], [3]]|map(r => r|map(x => x * 2)|join(','))|join(';') }} {{ [1, 2]|map(x => [1, 2]|filter(y => y >= x)|length)|join }} {{ [3]|map(v => v > 2 ? 'big' : 'small')|first }}
{{ 1 <=> 2 }} {{ 'b' <=> 'a' }} {{ '5' <=> ticket.id }} {{ null <=> 1 }} {{ (2 <=> 1) + 1 }}
{% set n = 0 %}{% for g in ticket.agent.groups %}{% set n = n + 1 %}{{ [1]|map(n => n * 10)|first }}{{ [1]|map(v => n)|first }} {% endfor %}
{{ [1, 2, 3]|filter(v => v is odd)|map(v => v)|last }} {{ ticket.labels|map((v, k) => "#{k}#{v}")|join(' ') }} {{ (ticket.slas|filter(s => s.hours < 10)|first).sla.title }}
{{ ticket.empty|date('Y') == 'now'|date('Y') ? 1 : 0 }}{{ ticket.no|date('Y') == 'now'|date('Y') ? 1 : 0 }}{{ false|date('Y') == 'now'|date('Y') ? 1 : 0 }}{{ ' '|date('Y') == 'now'|date('Y') ? 1 : 0 }} {{ 0|date('Y') }} {{ '0'|date('Y') }}
{{ ticket.empty|date_modify('+0 days')|date('Y') == date()|date('Y') ? 1 : 0 }}{{ date(ticket.no)|date('Y') == date('')|date('Y') ? 1 : 0 }}
{{ 1234.567|number_format(2, ticket.no) }} {{ 1234.567|number_format(ticket.no) }} {{ 1234.567|number_format(2, ticket.no, ticket.no) }} {{ 1234.567|number_format(2, '') }}
{{ 'a,b,c'|split(',', ticket.no)|json_encode }} {{ ticket.date_created|date(ticket.no) }} {{ ticket.date_created|date('H:i', ticket.no) }} [{{ ticket.date_created|date('') }}] {{ ticket.date_created|date('D', false) }}
[{{ ' x '|trim(ticket.no) }}] [{{ ' x '|trim('') }}] {{ 'abc'|slice(1, ticket.no) }} {{ [1, 2, 3]|slice(ticket.no)|join }} {{ [1, 2]|join(ticket.no) }} {{ [1, 2, 3]|join(',', ticket.no) }} {{ 2.55|round(ticket.no) }} [{{ ticket.no|default(ticket.nor) }}] {{ [1, 2]|reverse(ticket.no)|json_encode }}
{% apply upper %}{% set a = 1 %}{% endapply %}{{ a }} {% set a %}{% set b = 2 %}{% endset %}{{ b }}
{% for x in 1..2 %}{% for y in 1..2 %}{% set n = (n ?? 0) + 1 %}{{ n }}{% endfor %}|{% endfor %}[{{ n }}]
{% for x in 1..2 %}{% for y in 1..2 %}{% set n = n + 1 %}{{ n }}{% endfor %}|{{ n }}|{% endfor %}
{% set foo = 'outer' %}{% set foo %}[{{ foo }}]{% endset %}{{ foo }} {% set bar %}[{{ bar }}]{% endset %}{{ bar }}
{% for a in 1..2 %}{% for b in 1..2 %}{{ loop.parent.loop.index }}{{ loop.index }} {% endfor %}{{ loop.parent.ticket.id }}{{ loop.parent.a }}{% endfor %}
{{ _context|keys|join(',') }} {{ _context.ticket.id }} {{ _context['ticket'].id }} {% for a in 1..2 %}{{ _context.a }}{{ _context._parent.ticket.id }}{{ _key }}{% endfor %} {% set _context = 1 %}{{ _context.ticket.id }}
{% for x in [1] %}{% set z = 5 %}{% endfor %}[{{ z }}]{% set z = 4 %}{% for x in [1] %}{% set z = 5 %}{% endfor %}[{{ z }}]{% if true %}{% set q = 2 %}{% endif %}{{ q }}
{% for x in [1, 2] %}{{ x }}{% endfor %}{{ x }}|{% set x = 9 %}{% for x in [1, 2] %}{{ x }}{% endfor %}{{ x }}{% for k, v in [5] %}{% endfor %}[{{ k }}{{ v }}]
{% set a, b = 1, 2 %}{{ a }}{{ b }}{% set a, b = b, a %}{{ a }}{{ b }}
{{ 6 is divisible by 3 ? 1 : 0 }}{{ ticket.id is same as '5' ? 1 : 0 }}{{ 6 is not divisible by 4 ? 1 : 0 }}{{ 6 is divisible by 3 and 1 ? 1 : 0 }}{{ 8 is divisible by 2 + 2 }}{{ ticket.id is same as '5' ~ '' ? 1 : 0 }}{{ 6 is divisible by -3 ? 1 : 0 }}
{{ ticket.date_created|date(format='Y', timezone='UTC') }} {{ 1234.5|number_format(decimal=1, thousand_sep=' ') }} {{ 1234.5|number_format(decimal=1, thousandSep='_', decimalPoint=',') }} {{ 'x'|e(strategy='html') }} {{ [1, 2, 3]|slice(length=1, start=1)|join }} {{ 'a-b'|split(delimiter='-')|join }} {{ range(low=1, high=3)|join }} {{ [1, 2, 3]|join(glue='+', and=' and ') }} {{ 'xax'|trim(characterMask='x') }} {{ 'xax'|trim(character_mask='x', side='left') }} {{ [1]|merge(arr2=[2])|join }} {{ 'a'|replace(from={a: 'b'}) }}
{{ ticket.html|nl2br }} {{ ticket.html|spaceless }}
{{ (ticket.html ~ '<b>')|nl2br }}|{{ ticket.html|raw|nl2br }}|{{ ticket.html|upper|nl2br }}|{{ ticket.html|e|nl2br }}
{% apply nl2br %}<b>{{ ticket.html }}{% endapply %}{% apply spaceless %}<b> {{ ticket.html }} </b>{% endapply %}
{% set x = '<i>' %}{{ x|nl2br }}{% set y %}<i>{% endset %}{{ y|nl2br }}{{ y|spaceless }}{% set z = ticket.html|raw %}{{ z|nl2br }}
{{ ticket.html|striptags|nl2br }} {{ ticket.html|nl2br|upper }} {{ ticket.html|nl2br|nl2br }} {{ ('<b>' ~ '<i>')|nl2br }} {{ (true ? '<b>' : '<i>')|nl2br }} {{ (ticket.id ? ticket.html : '')|nl2br }} {{ '<b>'|nl2br }} {{ '<b>'|spaceless }} {{ "#{ticket.html}"|nl2br }} {{ ['<b>']|join|nl2br }} {{ '<b>'|upper|nl2br }} {{ 5|nl2br }}
{% autoescape false %}{{ ticket.html }}{% endautoescape %}
{% for x in 1..2 %}{% set c %}{{ x }}{% endset %}{% endfor %}[{{ c }}]{% for x in 1..2 %}{% set n %}{{ n }}{{ x }}{% endset %}{{ n }};{% endfor %}[{{ n }}]
{% set n = 0 %}{% for x in 1..2 %}{% for y in 1..2 %}{% set n = n + 1 %}{% set m = m + 1 %}{% endfor %}{{ m }}{% endfor %}{{ n }}[{{ m }}]
{% for x in 1..2 %}{% set m = 0 %}{% for y in 1..2 %}{% set m = m + 1 %}{% endfor %}{{ m }}{% endfor %}[{{ m }}]
{% for x in 1..2 %}{% if x == 1 %}{% set s = 'first' %}{% endif %}{{ s }}{% endfor %}[{{ s }}]{% for x in 1..2 %}{% set ticket = {id: x} %}{{ ticket.id }}{% endfor %}{{ ticket.id }}
{% set x = 'o' %}{% for k, x in ['a'] %}{% set x = x ~ '!' %}{{ x }}{% endfor %}{{ x }}{% for x in ['a'] %}{% set k = 'set' %}{% for k, v in ['b'] %}{{ k }}{% endfor %}{{ k }}{% endfor %}
{% for x in [1] %}{% else %}{% set e = 1 %}{% endfor %}[{{ e }}]{% for x in [] %}{% else %}{% set e = 2 %}{{ e }}{% endfor %}[{{ e }}]
{% for x in 1..2 %}{% apply upper %}{% set a = a ~ 'a' %}{% endapply %}{{ a }}{% endfor %}[{{ a }}]{% set loop = 3 %}{{ loop }}{% for x in [1] %}{{ loop.index }}{% endfor %}{{ loop }}
{% for x in [1, 2] %}{{ [1]|map(v => v + x)|first }}{{ [1]|map(v => loop.index)|first }}{% endfor %}{% set v = 1 %}{{ [5]|map(v => v)|first }}{{ v }}
{% with %}{% set w = 1 %}{{ w }}{% endwith %}[{{ w }}]{% with {a: 1} %}{{ a }}{{ ticket.id }}{% endwith %}[{{ a }}]{% with {a: 1} only %}{{ a }}[{{ ticket.id }}]{% endwith %}{% set v = 1 %}{% with %}{% set v = 2 %}{{ v }}{% endwith %}{{ v }}
{% with {x: 1} %}{% for i in [1] %}{{ x }}{{ loop.parent.x }}{% endfor %}{% endwith %}[{{ x }}]{% do ticket.id %}{% set n = 1 %}{% with %}{% for i in 1..3 %}{% set n = n + 1 %}{% endfor %}{{ n }}{% endwith %}{{ n }}
{{ True }}{{ None }}[{{ fAlse }}] {{ True|default('no such variable') }}
{{ ticket.id|e('js') }} {{ 'a"b<é/'|e('js') }} {{ "O'Neill & Söhne €😀\t"|e('js') }} {{ 'abc123,._'|e('js') }} {{ "\f\n\r\t/\\"|e('js') }} [{{ ticket.no|e('js') }}{{ ''|e('js') }}]
{{ 'a"b<é /'|e('css') }} {{ 'a"b<é /'|e('html_attr') }} {{ '<a href="x">'|e('html_attr') }} {{ 'é€😀	'|e('html_attr') }} {{ 'a-b.c_d,e'|e('html_attr') }} {{ 'é😀'|e('css') }} {{ '0A b'|e('css') }}
{% for row in ['a', 'b', 'c']|batch(2) %}[{{ row|join }}]{% endfor %} {% for row in ['a', 'b', 'c']|batch(2, '-') %}[{{ row|join }}]{% endfor %} {{ ['a', 'b', 'c']|batch(2)|json_encode }} {{ {a: 1, b: 2, c: 3}|batch(2, 'x')|json_encode }} {{ ['a', 'b', 'c', 'd', 'e']|batch(2.5)|length }} {{ []|batch(2)|json_encode }} {{ ['a', 'b', 'c']|batch(2, 'x', false)|json_encode }}
{% for i in 0..3 %}{{ cycle(['odd', 'even'], i) }}{% endfor %} {{ cycle('a', 0) }} {{ random([5]) }} {{ random('a') }} {{ random(0) }} {{ random(3, 3) }}
{{ attribute(ticket, 'id') }} [{{ attribute(ticket, 'no') }}] {{ attribute([5, 6], 1) }} {{ attribute(ticket.agent, 'na' ~ 'me') }} [{{ attribute('x', 'y') }}] {{ attribute([5], '0') }}
{{ 6 b-and 3 }} {{ 6 b-or 1 }} {{ 6 b-xor 3 }} {{ 1 b-or 2 + 4 }} {{ 1 + 2 b-and 3 }} {{ '6' b-and 3 }} {{ 6 b-and ticket.no }} {{ 1 b-or 2 == 2 }} {{ 1 == 1 b-and 1 }} {{ 5 b-xor 1 b-or 2 b-and 3 }} {{ 1.9 b-and 1 }}
{{ 1e+3 }} {{ 1.5E-1 }} {{ loop.index }}[{{ loop.parent.x }}]
{% if 0 %}{% elif 1 %}x{% endif %}
{{ 'a' if ticket.id else 'b' }}
{{ "a" "b" }}
{{ (1, 2) }}
{{ 1, 2 }}
{% for x in 1, 2 %}{% endfor %}
{{ 0x10 }}
{{ 1e3 }}
{{ 1_000 }}
{{ 'abc'|replace('a', 'b') }}
{% print 'x' %}
{% set a, b = 1 %}
{% set a = 1, 2 %}
{% set a, b %}x{% endset %}
{% set x|upper %}b{% endset %}
{% set a.b = 1 %}
{% with 1 %}{% endwith %}
{{ ticket.date_created|date('H:i', '') }}
{{ 'x'|e('xml') }}
{{ ['a']|batch(0) }}
{{ cycle([], 0) }}
{{ random([]) }}
{{ ticket.date_created|date('H:i', '+02:00') }} {{ ticket.date_created|date('H:i P', '+0230') }} {{ ticket.date_created|date('H:i', '-5') }} {{ ticket.date_created|date('H:i T', 'EST') }} {{ ticket.date_created|date('H:i T', 'europe/london') }} {{ ticket.date_created|date('e T', '+02:00') }}
{{ '21.05.2014'|date('Y-m-d') }} {{ '05/21/2014'|date('Y-m-d') }} {{ ticket.date_created|date_modify('next monday')|date('Y-m-d') }} {{ date('21.05.2014') < date('22.05.2014') ? 1 : 0 }} {{ date('2014-05-21', 'Europe/London')|date('c') }}
TWIG;
$twig = new Twig\Environment(new Twig\Loader\ArrayLoader(), ['autoescape' => false, 'strict_variables' => false]);
$twig->getExtension(Twig\Extension\CoreExtension::class)->setTimezone('UTC');
date_default_timezone_set('UTC');
$rendered = $refused = [];
foreach (explode("\n", $templates) as $line) {
    $source = preg_match('/^\{#/', $line) ? str_replace('\n', "\n", $line) : $line;
    try {
        $rendered[] = [$source, $twig->createTemplate($source)->render($context)];
    } catch (Throwable $error) {
        $refused[] = $source;
        fwrite(STDERR, "$source\n  " . $error->getMessage() . "\n");
    }
}
echo json_encode(['php' => PHP_VERSION, 'twig' => Twig\Environment::VERSION, 'context' => $context, 'rendered' => $rendered, 'refused' => $refused],
    JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE), "\n";
