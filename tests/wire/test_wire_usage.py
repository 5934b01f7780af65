from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.wire import Usage

NAMES = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "prompt_tokens_details",
    "completion_tokens_details",
    "cached_tokens",
    "cache_creation_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
    "cache_creation_prompt_tokens",
    "reasoning_tokens",
]
COUNTS = [
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.integers()
    | st.floats()
    | st.text(max_size=3)
)
GARBAGE = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner)
    ),
    max_leaves=20,
)


@given(GARBAGE)
def test_reading_never_raises_and_gives_counts_or_none(garbage) -> None:
    usage = Usage.from_wire(garbage)
    for name in COUNTS:
        count = getattr(usage, name)
        assert count is None or (type(count) is int and 0 <= count <= 2**53)
    assert all(isinstance(note, str) for note in usage.notes)


PART = st.none() | st.integers(-1, 9) | st.just("7")


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": st.integers(-1, 9), "completion_tokens": st.integers(-1, 9)},
        optional={
            "total_tokens": st.none() | st.integers(0, 18),
            "prompt_tokens_details": st.dictionaries(
                st.sampled_from(
                    ["cached_tokens", "cache_creation_tokens", "cache_write_tokens"]
                ),
                PART,
            )
            | GARBAGE,
            "completion_tokens_details": st.dictionaries(
                st.just("reasoning_tokens"), PART
            ),
        },
    )
)
def test_the_quick_way_reads_what_the_careful_way_does(report) -> None:
    assert Usage.from_wire(report) == Usage.from_wire(MappingProxyType(report))


@given(st.integers(0, 2**40), st.integers(0, 2**40))
def test_a_right_report_has_no_notes(prompt: int, completion: int) -> None:
    report = {"prompt_tokens": prompt, "completion_tokens": completion}
    for total in ({}, {"total_tokens": prompt + completion}, {"total_tokens": None}):
        for details in ({}, {"prompt_tokens_details": None}):
            usage = Usage.from_wire({**report, **total, **details})
            assert usage == Usage(prompt, completion, prompt + completion)


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 3}}, {"cached_tokens": 3}),
        ({"cache_read_input_tokens": 3}, {"cached_tokens": 3}),
        (
            {"prompt_tokens_details": {"cache_creation_tokens": 4}},
            {"cache_write_tokens": 4},
        ),
        ({"cache_creation_input_tokens": 4}, {"cache_write_tokens": 4}),
        ({"cache_creation_prompt_tokens": 4}, {"cache_write_tokens": 4}),
        (
            {"completion_tokens_details": {"reasoning_tokens": 2}},
            {"reasoning_tokens": 2},
        ),
        ({"input_tokens": 5, "output_tokens": 6}, {"total_tokens": 11}),
        ({"prompt_tokens": 5.0, "completion_tokens": 6}, {"total_tokens": 11}),
        ({"prompt_tokens": 5}, {"total_tokens": None, "completion_tokens": None}),
        ({"total_tokens": 7}, {"total_tokens": 7, "prompt_tokens": None}),
    ],
)
def test_every_spelling_is_read(report: dict, expected: dict) -> None:
    usage = Usage.from_wire(report)
    assert {name: getattr(usage, name) for name in expected} == expected
    assert usage.notes == ()


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_reported_is_unknown_and_no_fault(nothing) -> None:
    assert Usage.from_wire(nothing) == Usage()


@pytest.mark.parametrize(
    ("report", "note"),
    [
        ({"prompt_tokens": True}, "prompt_tokens is True, not a count"),
        ({"prompt_tokens": -1}, "prompt_tokens is -1, not a count"),
        ({"prompt_tokens": float("nan")}, "prompt_tokens is nan, not a count"),
        ({"prompt_tokens": 1.5}, "prompt_tokens is 1.5, not a count"),
        ({"prompt_tokens": "9"}, "prompt_tokens is '9', not a count"),
        ({"prompt_tokens": 1e300}, "prompt_tokens is"),
        ("12 tokens", "usage is '12 tokens', not an object"),
        (
            {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9},
            "total_tokens is 9, yet prompt and completion give 3",
        ),
        (
            {"prompt_tokens": 1, "cache_read_input_tokens": 5},
            "cached_tokens is 5, more than prompt_tokens, 1",
        ),
        (
            {
                "prompt_tokens_details": {"cached_tokens": 2},
                "cache_read_input_tokens": 3,
            },
            "cached_tokens is 2, yet cache_read_input_tokens says 3",
        ),
    ],
)
def test_what_cannot_be_right_is_a_note(report, note: str) -> None:
    notes = Usage.from_wire(report).notes
    assert len(notes) == 1
    assert notes[0].startswith(note)


def test_a_total_that_contradicts_is_kept_as_reported() -> None:
    report = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 9}
    assert Usage.from_wire(report).total_tokens == 9
