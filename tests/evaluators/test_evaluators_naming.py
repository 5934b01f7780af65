from __future__ import annotations

import functools

import pytest

from respan_lab import evaluators as room
from respan_lab.errors import ConfigError
from respan_lab.evaluators import (
    EVALUATORS,
    check_evaluators,
    contains,
    exact_match,
    label,
    lower_is_better,
    numeric,
    score,
)


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
        (["numeric", "regex", label(["a", "b"])], ["numeric", "regex", "label"]),
        ([numeric], ["numeric"]),
        ({"near": numeric(1), "exact": numeric}, ["near", "exact"]),
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
        (5, "evaluator 5 is not known"),
        ([5], "evaluator 5 is not known"),
        ({"a": lambda answer: True}, "needs an argument 'answer'; allowed: output"),
        ({"a": type}, "cannot be read"),
        ("label", r"'label' needs labels: give lab.evaluators.label\(labels\)"),
        (label, "'label' needs labels"),
        (["within_latency"], "needs seconds"),
        ([numeric(1), numeric(2)], "two evaluators are named 'numeric'"),
    ],
)
def test_mistakes_are_found_before_anything_is_sent(given, said):
    with pytest.raises(ConfigError, match=said):
        check_evaluators(given)


def test_what_needs_no_setting_is_an_evaluator_by_its_name():
    found = score(check_evaluators(["numeric"]), {"output": "7", "expected": 7})
    assert found["score_numeric"] is True


@pytest.mark.parametrize("name", sorted(EVALUATORS))
def test_every_one_of_ours_has_its_name_and_says_what_it_does(name):
    assert EVALUATORS[name].__name__ == name
    assert getattr(room, name) is EVALUATORS[name]
    assert "Returns:" in EVALUATORS[name].__doc__
    assert "Example:" in EVALUATORS[name].__doc__


def test_a_function_says_itself_that_less_is_better():
    def blunders(output):
        return output.count("!")

    blunders.lower_is_better = True
    named = check_evaluators([blunders, "length", "refusal", "numeric", own])
    assert lower_is_better(named) == ["blunders", "length", "refusal"]
    assert lower_is_better(check_evaluators(room.length(at_most=5))) == []
