"""Templates that compute too much within every other bound are stopped."""

from __future__ import annotations

import time

import pytest

from respan_lab.errors import PromptError
from respan_lab.prompts import Prompt
from respan_lab.prompts.bounds import MAX_OUTPUT, MAX_STEPS
from respan_lab.prompts.template import template_of
from respan_lab.prompts.work import MAX_WORK, working

LARGE = "x" * (MAX_OUTPUT - 100)


def hoarding(what: str) -> str:
    return (
        "{% set ns = namespace(kept='') %}{% for i in range(90000) %}"
        f"{{% set ns.kept = [ns.kept, {what}] %}}{{% endfor %}}"
    )


@pytest.mark.parametrize(
    "what",
    [
        "'x' * 1000000",
        "s | upper",
        "s.upper()",
        "s[1:]",
        "s.split('x')",
        "s | list",
        "s ~ 'y'",
        "s + 'y'",
        "'%s' % s",
        "(s | escape).lower()",
    ],
)
def test_what_is_made_on_the_way_is_bounded(what: str) -> None:
    with pytest.raises(PromptError, match=f"{MAX_WORK} characters on its way"):
        Prompt(hoarding(what)).render(s=LARGE)


LONG = [0] * 900_000


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(90000) %}{% if 1 in xs %}{% endif %}{% endfor %}",
        "{% for i in range(90000) %}{% if xs == ys %}{% endif %}{% endfor %}",
        "{% for i in range(90000) %}{% if xs is eq(ys) %}{% endif %}{% endfor %}",
        "{% for i in range(90000) %}{% set n = xs.count(1) %}{% endfor %}",
        "{% for i in range(90000) %}{% set n = xs | max %}{% endfor %}",
        "{% set found = xs | select('in', ys) | list %}",
        "{% set found = xs | map('string') | map('string') | map('string') | list %}",
        "{% if 1 in xs %}{% endif %}" * 2000,
        "{{ 1 in xs }}" * 2000,
    ],
)
def test_the_processor_s_time_is_bounded(template: str) -> None:
    began = time.thread_time()
    with pytest.raises(PromptError, match=r"0\.05 seconds"), working(0.05):
        Prompt(template).render(xs=LONG, ys=[*LONG[1:], 1])
    assert time.thread_time() - began < 2


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{ 1.5 | round(1000000000, 'ceil') }}", "width"),
        ("{{ (s | escape).center(1000000000) }}", "width"),
        ("{{ s.rfind('y' + 'x' * 400000) }}", "from its end"),
        ("{{ s.strip('y' * 400000 + 'x') }}", "from its end"),
        ("{{ s | trim('y' * 400000 + 'x') }}", "from its end"),
        ("{{ xs | sum(start=[]) }}", "characters on its way"),
        ("{{ s.encode('punycode') }}", "encode"),
        ("{{ (1).from_bytes(s) }}", "from_bytes"),
        ("{{ s | pprint }}", "pprint"),
    ],
)
def test_single_operations_are_bounded(template: str, said: str) -> None:
    with pytest.raises(PromptError, match=said):
        Prompt(template).render(s=LARGE, xs=[[0]] * 100_000)


def test_a_text_of_many_digits_is_no_number() -> None:
    (message,) = Prompt("{{ s | int(base=32) }}").render(s="9" * 1_000_000)
    assert message["content"] == "0"


def test_a_loop_over_a_range_counts_once() -> None:
    loop = f"{{% for i in range({MAX_STEPS - 1}) %}}{{% endfor %}}done"
    assert Prompt(loop).render()[0]["content"] == "done"
    with pytest.raises(PromptError, match=f"{MAX_STEPS} steps"):
        Prompt(f"{{{{ range({MAX_STEPS + 1}) | list }}}}").render()


def test_a_prompt_s_messages_count_together() -> None:
    loop = f"{{% for i in range({MAX_STEPS // 2}) %}}{{% endfor %}}"
    Prompt(loop, system="Be brief.").render()
    with pytest.raises(PromptError, match=f"{MAX_STEPS} steps"):
        Prompt(loop, system=loop).render()


def test_a_block_counts_what_is_rendered_in_it() -> None:
    loop = template_of(f"{{% for i in range({MAX_STEPS // 2}) %}}{{% endfor %}}")
    for _ in range(3):
        loop.render({})
    with working():
        loop.render({})
        with pytest.raises(PromptError, match=f"{MAX_STEPS} steps"):
            loop.render({})
    loop.render({})


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ 1 < 2 < 3 }} {{ 'a' in d }} {{ 3 not in xs }}", "True True True"),
        ("{{ 'abc'[1:] }}{{ xs[:1] }}{{ 'abc'[::-1] }}{{ 'abc'[1] }}", "bc[1]cbab"),
        ("{{ 7 - 2 }} {{ 7 / 2 }} {{ 7 // 2 }}", "5 3.5 3"),
        ("{{ xs | map('string') | join('-') }}", "1-2"),
        ("{{ xs | select('odd') | list }}", "[1]"),
        ("{{ [[1], [2]] | sum(start=[]) }}", "[1, 2]"),
        ("{{ ds | sum(attribute='a') }}", "4"),
        ("{{ '-a-' | trim('-') }}{{ ' a '.strip() }}{{ 'aba'.rfind('a') }}", "aa2"),
        ("{{ '42' | int + 1 }} {{ 1.256 | round(1) }}", "43 1.3"),
        ("{{ 'a b' | title }} {{ 'ab' is string }}", "A B True"),
    ],
)
def test_ordinary_templates_work(template: str, text: str) -> None:
    values = {"xs": [1, 2], "d": {"a": 1}, "ds": [{"a": 1}, {"a": 3}]}
    assert Prompt(template).render(**values)[0]["content"] == text
