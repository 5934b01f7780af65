from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from respan_lab.evaluators import ARGUMENTS, bind
from respan_lab.evaluators.binding import Bound


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


def test_what_is_positional_only_keeps_its_place():
    def odd(first=1, output="x", /, row=2):
        return first, output, row

    assert Bound(odd)({"output": "a"}) == (1, "a", 2)
    assert Bound(odd)({"row": 3}) == (1, "x", 3)


def test_it_is_known_what_a_function_wants():
    assert Bound(everything).wants == frozenset(ARGUMENTS)
    assert Bound(lambda output, limit=3: None).wants == {"output"}
    assert Bound(lambda **rest: None).wants == frozenset(ARGUMENTS)


@given(st.dictionaries(st.sampled_from(ARGUMENTS), st.integers()))
def test_every_argument_there_is_arrives(context):
    def all_of_it(**rest):
        return rest

    assert Bound(all_of_it)(context) == {n: context.get(n) for n in ARGUMENTS}
