from __future__ import annotations

import pytest

from respan_lab.errors import PromptError
from respan_lab.prompts import Prompt
from respan_lab.prompts.bounds import MAX_OUTPUT, MAX_SOURCE, MAX_STEPS, weight


def text_of(template: str, **values: object) -> object:
    return Prompt(template).render(**values)[0]["content"]


def doubling(start: str, step: str, end: str = "") -> str:
    return (
        f"{{% set ns = namespace(s={start}) %}}"
        f"{{% for i in range(99) %}}{{% set ns.s = {step} %}}{{% endfor %}}{end}"
    )


TWICE = "{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}"
DEEPER = "{% if loop.depth < 60 %}{{ loop('ab') }}{% endif %}"


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(999) %}{% for j in range(999) %}x{% endfor %}{% endfor %}",
        "{% for i in range(10 ** 9) %}x{% endfor %}",
        "{% set x = range(10 ** 9) | list %}",
        f"{{% macro f(n) %}}{TWICE}{{% endmacro %}}{{{{ f(60) }}}}",
        f"{{% for a in 'ab' recursive %}}{DEEPER}{{% endfor %}}",
    ],
)
def test_steps_are_bounded(template):
    with pytest.raises(PromptError, match=f"{MAX_STEPS} steps"):
        Prompt(template).render()


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'x' * 10 ** 9 }}",
        "{{ 10 ** 9 * 'x' }}",
        "{{ ['x'] * 10 ** 9 }}",
        doubling("'ab'", "ns.s ~ ns.s"),
        doubling("'ab'", "ns.s + ns.s"),
        doubling("[1]", "[ns.s, ns.s]", "{{ ns.s }}"),
        doubling("'ab'", "'%s%s' | format(ns.s, ns.s)"),
        doubling("'ab'", "'%s%s' % (ns.s, ns.s)"),
        doubling("'ab'", "'{0}{0}'.format(ns.s)"),
        doubling("'ab'", "'{a}{a}'.format_map({'a': ns.s})"),
        doubling("'ab'", "[ns.s, ns.s] | join"),
        doubling("'ab'", "''.join([ns.s, ns.s])"),
        "{% set s = 'x' * 1000000 %}{{ s }}{{ s }}",
        "{% macro f() %}{{ s * 999999 }}{{ s * 999999 }}{% endmacro %}{{ f() }}",
        "{% set s = 'x' * 1000 %}{{ s | replace('x', s * 10) }}",
        "{% set s = 'x' * 1000 %}{{ s.replace('x', s * 10) }}",
        "{% set s = 'x' * 1000 %}{{ (s * 10).join(s) }}",
        "{% set s = 'x' * 1000 %}{{ s | join(s * 10) }}",
    ],
)
def test_texts_are_bounded(template):
    with pytest.raises(PromptError, match=f"{MAX_OUTPUT} characters"):
        Prompt(template).render(s="x")


@pytest.mark.parametrize(
    "template",
    [
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999, 1) }}",
        "{{ '%999999999d' | format(1) }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:{}}'.format(1, 999999999) }}",
        "{{ 'x' | center(999999999) }}",
        "{{ 'x' | indent(999999999) }}",
        "{{ {} | tojson(indent=999999999) }}",
        "{{ [1] | batch(999999999, 1) | list }}",
        "{{ [1] | slice(999999999) | list }}",
        "{{ 'x'.center(999999999) }}",
        "{{ 'x'.zfill(999999999) }}",
        "{{ (1).to_bytes(999999999, 'big') }}",
    ],
)
def test_widths_are_bounded(template):
    with pytest.raises(PromptError, match="width"):
        Prompt(template).render()


@pytest.mark.parametrize(
    "template", ["{{ 10 ** (10 ** 9) }}", doubling("2 ** 999", "ns.s * ns.s")]
)
def test_numbers_are_bounded(template):
    with pytest.raises(PromptError, match="bits"):
        Prompt(template).render()


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ '' | attr('__class__') }}",
        "{{ items.append(1) }}",
        "{{ items.__init__.__globals__ }}",
        "{{ 'a'.translate({97: 'b'}) }}",
        "{{ '\t'.expandtabs(9) }}",
        "{{ '{0.__class__}'.format(items) }}",
    ],
)
def test_the_sandbox_holds(template):
    items: list[int] = []
    with pytest.raises(PromptError):
        Prompt(template).render(items=items)
    assert items == []


def test_endless_recursion_is_an_error():
    with pytest.raises(PromptError, match="recursion"):
        Prompt("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}").render()


def test_a_long_template_is_refused_at_once():
    assert text_of("x" * MAX_SOURCE) == "x" * MAX_SOURCE
    with pytest.raises(PromptError, match=f"{MAX_SOURCE + 1} characters"):
        Prompt("x" * (MAX_SOURCE + 1))


def test_a_long_value_is_refused():
    assert text_of("{{ a }}", a="x" * MAX_OUTPUT) == "x" * MAX_OUTPUT
    with pytest.raises(PromptError, match="shorten"):
        Prompt("{{ a }}").render(a="x" * (MAX_OUTPUT + 1))


def test_deeply_nested_templates_are_refused():
    with pytest.raises(PromptError):
        Prompt("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        (
            "{% for x in xs %}{{ loop.index }}/{{ loop.length }} {% endfor %}",
            "1/2 2/2 ",
        ),
        ("{% for x in xs if x > 1 %}{{ x }}{{ loop.last }}{% endfor %}", "2True"),
        ("{% for x in [] %}{% else %}none{% endfor %}", "none"),
        ("{% for k, v in d.items() %}{{ k }}={{ v }}{% endfor %}", "a=1"),
        ("{{ xs | join(', ') }}", "1, 2"),
        ("{{ ds | join(', ', attribute='a') }}", "1, 3"),
        ("{{ 'a-b' | replace('-', '+') }}{{ 'a-b'.replace('-', '+') }}", "a+ba+b"),
        ("{{ ', '.join(['a', 'b']) }}", "a, b"),
        ("{{ 7 * 6 }} {{ 2 ** 10 }} {{ 7 % 4 }} {{ 1.5 + 1 }}", "42 1024 3 2.5"),
        ("{{ 2 ** 0.5 > 1 }} {{ 2 ** -1 }}", "True 0.5"),
        ("{{ 'ab' * 2 }} {{ 'a' + 'b' }} {{ 'a' ~ 1 }}", "abab ab a1"),
        ("{{ [1] + [2] }} {{ [0] * 2 }}", "[1, 2] [0, 0]"),
        ("{{ '%05.1f' % 2.25 }}|{{ '{:,}'.format(12345) }}", "002.2|12,345"),
        ("{{ 'x' | center(5) }}|{{ 'x'.ljust(3) }}|", "  x  |x  |"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ d | tojson }}", '{"a": 1}'),
        (
            "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}",
            "aba",
        ),
        ("{% set j = joiner(',') %}{{ j() }}a{{ j() }}b", "a,b"),
        ("{{ dict(a=1).a }}", "1"),
        ("{% for a in xs recursive %}{{ a }}{% endfor %}", "12"),
        ("{{ 12345 | string }}{{ 2000000 | default(0) }}", "123452000000"),
    ],
)
def test_ordinary_templates_work(template, text):
    values = {"xs": [1, 2], "d": {"a": 1}, "ds": [{"a": 1}, {"a": 3}]}
    assert text_of(template, **values) == text


def test_a_prompt_says_the_same_each_time():
    with pytest.raises(PromptError, match="random"):
        Prompt("{{ [1, 2] | random }}")
    with pytest.raises(PromptError, match="lipsum"):
        Prompt("{{ lipsum() }}").render()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("abc", 3), ([], 1), (["ab", "c"], 4), ({"a": "bc"}, 5), (3, 1), (None, 1)],
)
def test_weight_counts_what_prints(value, expected):
    assert weight(value) == expected


def test_weight_stops_counting_shared_values():
    value: list[object] = ["x" * 1000]
    for _ in range(100):
        value = [value, value]
    assert weight(value) > MAX_OUTPUT
