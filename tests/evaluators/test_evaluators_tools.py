from __future__ import annotations

import itertools
import json

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.evaluators import tool_called
from respan_lab.wire.choice import ToolCall


def call(name, **arguments):
    return ToolCall("c1", name, json.dumps(arguments))


OSLO = {"name": "weather", "arguments": {"city": "Oslo", "days": 2}}


@pytest.mark.parametrize(
    ("calls", "right"),
    [
        ([call("weather", city="Oslo", days=2)], True),
        ([call("weather", days=2.0, city=" oslo")], True),
        ([call("weather", city="Oslo", days="2")], True),
        ([call("weather", city="Oslo")], False),
        ([call("weather", city="Oslo", days=2, unit="C")], False),
        ([call("weather", city="Bergen", days=2)], False),
        ([call("forecast", city="Oslo", days=2)], False),
        ([call("weather", city="Oslo", days=2), call("other")], False),
        ([call("weather", city="Oslo", days=2)] * 2, False),
        ([ToolCall(None, "weather", "city=Oslo")], False),
        ([ToolCall(None, "weather", "[" * 100_000)], False),
        ([], False),
    ],
)
def test_just_the_expected_call_is_made(calls, right):
    assert tool_called()(calls, OSLO)[0] is right
    assert tool_called()(calls, json.dumps(OSLO))[0] is right
    assert tool_called("weather", OSLO["arguments"])(calls)[0] is right
    frame_form = [{"name": c.name, "arguments": c.arguments} for c in calls]
    assert tool_called()(json.dumps(frame_form), OSLO)[0] is right


def test_the_note_says_what_was_called():
    assert tool_called("a")([call("b", x="ä")]) == (False, 'called b({"x": "ä"})')
    assert tool_called("a")([ToolCall(None, "b", "?")]) == (
        False,
        "called b(no JSON object)",
    )
    assert tool_called("a")([]) == (False, "called nothing")


def test_the_name_alone_may_count():
    calls = [call("weather", city="Oslo")]
    assert tool_called("weather")(calls) == (True, None)
    assert tool_called()(calls, "weather") == (True, None)
    assert tool_called()(calls, {"name": "weather"}) == (True, None)
    assert tool_called()(calls, {"name": "weather", "arguments": {}})[0] is False
    assert tool_called("ping", {})([ToolCall(None, "ping", "")])[0] is True


def test_no_call_may_be_expected():
    assert tool_called()([], []) == (True, None)
    assert tool_called()([call("a")], [])[0] is False


def test_further_arguments_and_calls_may_be_allowed():
    calls = [call("a"), call("weather", city="Oslo", days=2, unit="C")]
    assert tool_called(extra_arguments=True)(calls, OSLO)[0] is False
    assert tool_called(extra_calls=True)(calls, OSLO)[0] is False
    both = tool_called(extra_arguments=True, extra_calls=True)
    assert both(calls, OSLO) == (True, None)
    assert both(calls, [])[0] is True


def test_order_counts_if_it_is_said():
    calls, wanted = [call("a"), call("b"), call("a")], ["b", "a", "a"]
    assert tool_called()(calls, wanted)[0] is True
    assert tool_called(ordered=True)(calls, wanted)[0] is False
    assert tool_called(ordered=True)(calls, ["a", "b", "a"])[0] is True
    assert tool_called(ordered=True, extra_calls=True)(calls, ["a", "a"])[0] is True
    assert tool_called(ordered=True, extra_calls=True)(calls, ["b", "b"])[0] is False


def test_each_expected_call_has_a_call_of_its_own():
    # Whichever "a" is taken for the name alone, the other one must be left.
    wanted = ["a", {"name": "a", "arguments": {"x": 1}}]
    for calls in itertools.permutations([call("a", x=1), call("a", x=2)]):
        assert tool_called()(list(calls), wanted)[0] is True
    assert tool_called()([call("a", x=2), call("a", x=3)], wanted)[0] is False


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_what_is_missing_has_no_score(missing):
    assert tool_called()([call("a")], missing) == (None, None)
    assert tool_called()(missing, "a") == (None, None)


@pytest.mark.parametrize(
    "expected", [5, "", {"city": "Oslo"}, [5], {"name": "a", "arguments": "[1]"}, "{"]
)
def test_another_reference_is_a_mistake(expected):
    with pytest.raises(ValueError, match=r"tool_called needs|Expecting"):
        tool_called()([call("a")], expected)


def test_arguments_need_a_name():
    with pytest.raises(ConfigError, match="arguments need a name"):
        tool_called(arguments={"a": 1})


def fits(one, wanted):
    return one == wanted or (wanted[1] is None and one[0] == wanted[0])


some_calls = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([None, 1, 2])), max_size=4
)


@given(some_calls, some_calls)
def test_calls_are_matched_as_by_trying_every_way(made, wanted):
    calls = [call(name, x=x or 0) for name, x in made]
    expected = [
        {"name": name} if x is None else {"name": name, "arguments": {"x": x}}
        for name, x in wanted
    ]
    made = [(name, x or 0) for name, x in made]
    some_way = any(
        all(map(fits, way, wanted)) for way in itertools.permutations(made, len(wanted))
    )
    in_order = any(
        all(map(fits, way, wanted)) for way in itertools.combinations(made, len(wanted))
    )
    is_all = len(made) == len(wanted)
    assert tool_called()(calls, expected)[0] is (some_way and is_all)
    assert tool_called(extra_calls=True)(calls, expected)[0] is some_way
    assert tool_called(extra_calls=True, ordered=True)(calls, expected)[0] is in_order


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ((5,), "name=5: use a tool's name"),
        (("",), "name='': use a tool's name"),
        (("a", ["x"]), r"arguments=\['x'\]: use a dict"),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(ConfigError, match=said):
        tool_called(*settings)


def test_an_expected_value_that_is_broken_json_is_named():
    for expected in ("{x", {"name": "a", "arguments": "{x"}):
        with pytest.raises(ValueError, match=r"expected is .*\{x.*needs a tool's name"):
            tool_called()([], expected)
