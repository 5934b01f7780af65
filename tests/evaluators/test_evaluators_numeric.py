from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from respan_lab.errors import ConfigError
from respan_lab.evaluators import numeric


@pytest.mark.parametrize(
    ("output", "expected", "right"),
    [
        ("3 boxes of 4 are 12.", 12, True),
        ("12, as 3 times 4", 12, False),
        ("It costs $1,234.50", "1234.5", True),
        ("1234.5 USD", "$1,234.50", True),
        ("-5", -5, True),
        ("5", -5, False),
        ("0.3", 0.1 + 0.2, True),
        ("12", [11, 12], True),
        ("12", np.int64(12), True),
        ("12", np.float32(12), True),
        ("12", Decimal("12.0"), True),
        ("0.5", Fraction(1, 2), True),
        (12, 12, True),
        (np.float64(12.0), "12", True),
        ("45%", 45, True),
        ("45%", 0.45, True),
        ("0.45", "45%", True),
        ("45", "45%", True),
        ("45%", "45%", True),
        ("4.5%", 0.45, False),
        ("45%", "0.45%", False),
        ("1e999", 5, False),
    ],
)
def test_the_last_number_counts(output, expected, right):
    assert numeric()(output, expected)[0] is right


def test_a_wrong_number_is_named():
    assert numeric()("it is 1,300", 1200) == (False, "found 1300")
    assert numeric()("45%", 1) == (False, "found 45%")
    assert numeric()("no idea", 1) == (False, "no number in the answer")


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_what_is_missing_has_no_score(missing):
    assert numeric()("5", missing) == (None, None)
    assert numeric()(missing, 5) == (None, None)
    assert numeric()("5", []) == (None, None)


@pytest.mark.parametrize(
    "expected", ["Oslo", "3 to 5", True, {"a": 1}, float("inf"), "1e999"]
)
def test_a_reference_that_is_no_number_is_a_mistake(expected):
    with pytest.raises(ValueError, match="expected is"):
        numeric()("5", expected)


@pytest.mark.parametrize(
    ("which", "right"), [("first", 3), ("last", 12), ("any", 4), ("any", 3)]
)
def test_it_can_be_said_which_number_counts(which, right):
    text = "3 boxes of 4 are 12"
    assert numeric(which=which)(text, right) == (True, None)
    assert numeric(which=which)(text, 5)[0] is False


def test_several_different_numbers_can_have_no_score():
    only = numeric(which="only")
    assert only("5 = 5.0", 5) == (True, None)
    assert only("5 or 6", 5) == (None, "2 different numbers in the answer")
    assert only("", 5) == (False, "no number in the answer")


def test_tolerance_is_in_the_units_of_the_reference():
    assert numeric(0.5)("12.5", 12)[0] is True
    assert numeric(0.5)("12.6", 12)[0] is False
    assert numeric(1)("46", "45%")[0] is True
    assert numeric(1)("0.46", "45%")[0] is True
    assert numeric(1)("0.47", "45%")[0] is False
    assert numeric(0.01)("46%", 0.45)[0] is True
    assert numeric(0.01)("47%", 0.45)[0] is False
    assert numeric(relative=0.1)("109", 100)[0] is True
    assert numeric(relative=0.1)("111", 100)[0] is False


def test_decimals_may_be_written_with_a_comma():
    assert numeric(decimal=",")("1.234,5", "1234,5")[0] is True


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"tolerance": -1}, "tolerance=-1: use"),
        ({"tolerance": "1"}, "tolerance='1': use"),
        ({"relative": float("inf")}, "relative=inf: use"),
        ({"relative": float("nan")}, "relative=nan: use"),
        ({"which": "best"}, "which='best': use one of 'last'"),
        ({"decimal": ";"}, "decimal=';': use one of"),
    ],
)
def test_settings_are_checked(settings, said):
    with pytest.raises(ConfigError, match=said):
        numeric(**settings)


def test_the_end_of_a_huge_answer_is_read():
    huge = "7 " * 500_000
    assert numeric()(huge + "12", 12)[0] is True
    assert numeric(which="first")("12 " + huge, 12)[0] is True
    assert numeric(which="any")("12 " + huge, 12)[0] is False


plain = st.floats(-1e12, 1e12, allow_nan=False)


@given(plain, plain, st.floats(0, 1e6), st.floats(0, 0.5))
def test_a_number_fits_if_it_is_near_enough(found, wanted, tolerance, relative):
    limit = max(Fraction(tolerance), Fraction(relative) * abs(Fraction(wanted)))
    off = abs(Fraction(found) - Fraction(wanted))
    assume(abs(off - limit) > max(limit, abs(Fraction(wanted))) / 10**9 or off == 0)
    near = off <= limit
    score = numeric(tolerance, relative=relative)
    assert score(f"It is {found!r}.", wanted)[0] is near


@given(st.text())
def test_anything_can_be_scored(text):
    assert numeric(which="any")(text, 1)[0] in (True, False)
