from __future__ import annotations

import functools

import pytest

from respan_lab import evaluators as room
from respan_lab.errors import ConfigError
from respan_lab.evaluators import bind, check_evaluators, contains, exact_match


def own(output, expected):
    return output == expected


def test_public_names_are_there():
    assert all(hasattr(room, name) for name in room.__all__)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ((), []),
        ("exact_match", ["exact_match"]),
        (own, ["own"]),
        (["exact_match", contains, own], ["exact_match", "contains", "own"]),
        ({"first": own, "second": "contains"}, ["first", "second"]),
        ({"short": lambda output: len(output) < 9}, ["short"]),
    ],
)
def test_evaluators_come_by_name(given, names):
    assert list(check_evaluators(given)) == names


def test_a_name_means_one_of_ours():
    assert check_evaluators("exact_match")["exact_match"] is exact_match


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("exact_mach", "'exact_mach' is not known; nearest: 'exact_match'"),
        ([own, own], "two evaluators are named 'own'"),
        (lambda output: True, "has no name"),
        (functools.partial(own, expected="a"), "has no name"),
        ({"a": 5}, "evaluator 5 is not known"),
        ({"a": lambda answer: True}, "needs an argument 'answer'; allowed: output"),
        ({"a": type}, "cannot be read"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(given, said):
    with pytest.raises(ConfigError, match=said):
        check_evaluators(given)


def everything(output, /, expected, *, row, limit=3, completion=None, **rest):
    return output, expected, row, limit, completion, rest


def test_arguments_are_bound_by_name():
    context = {"output": "a", "expected": "b", "row": {"k": 1}, "variables": {}}
    bound = bind(everything, context)
    got = everything(*bound.args, **bound.kwargs)
    rest = {"parsed": None, "tool_calls": None, "variables": {}}
    assert got == ("a", "b", {"k": 1}, 3, None, rest)


def test_what_the_context_lacks_is_none_or_the_functions_own_default():
    def needs(output, parsed, tool_calls=()):
        return output, parsed, tool_calls

    bound = bind(needs, {"output": "a"})
    assert needs(*bound.args, **bound.kwargs) == ("a", None, ())
