from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.evaluators.numbers import numbers_in


def values(text, decimal="."):
    return [one.value for one in numbers_in(text, decimal)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The answer is 42.", [42]),
        ("-5", [-5]),
        ("x=−7 or –8", [-7, -8]),
        ("10-15 and 10–15", [10, 15, 10, 15]),
        ("- 5 apples", [5]),
        ("GPT-4, B2 and v1.5 know 3", [3]),
        ("número5 5", [5]),
        ("-$1,234.5; $-5; -€ 6; 7 €", [-1234.5, -5, -6, 7]),
        ("1,234,567.89", [1234567.89]),
        ("12,34,567", [1234567]),
        ("1,2,3", [1, 2, 3]),
        ("3,5", [3, 5]),
        ("1,2345", [1, 2345]),
        (
            "1'234'567 1’234 1_000 1\u202f234 1\u00a0234",
            [1234567, 1234, 1000, 1234, 1234],
        ),
        (r"$\boxed{1{,}234}$", [1234]),
        ("1 234", [1, 234]),
        ("1.2.3", [1.2]),
        (".5 and -.5", [0.5, -0.5]),
        ("答案是42，不是-5", [42, -5]),
        ("４２ ٤٢", [42, 42]),
        ("6e23 6.02E-3 2e", [6e23, 6.02e-3, 2]),
        ("3×10⁸, 3 x 10^{-8}, 2 * 10**3", [3e8, 3e-8, 2e3]),
        (r"2 \times 10^5, 3 \cdot 10^{6}", [2e5, 3e6]),
        ("10^8, 10⁻³, 10²", [1e8, 1e-3, 100]),
        ("5²", [5]),
        ("5 km, 5km, 5m2", [5, 5, 5]),
        ("2024-05-03 12:30 3/4", [2024, 5, 3, 12, 30, 3, 4]),
        ("5)-3", [5, 3]),
        ("**42**, `43`, #### 72", [42, 43, 72]),
        ("1e999", [math.inf]),
        ("", []),
        ("NaN, Infinity, one, Ⅷ, ½", []),
    ],
)
def test_numbers_are_read_as_people_write_them(text, found):
    assert values(text) == found


def test_a_comma_can_stand_before_the_decimals():
    assert values("1.234.567,89 und 3,5 und 1.234", ",") == [1234567.89, 3.5, 1234]
    assert values("12;34;567 und 12.34.567", ",") == [12, 34, 567, 1234567]


@pytest.mark.parametrize("sign", ["%", " %", r"\%", "％", " percent", " per cent"])
def test_percent_is_told(sign):
    assert [tuple(one) for one in numbers_in(f"45{sign} of 3")] == [
        (45, True),
        (3, False),
    ]


def test_percentile_is_no_percent():
    assert not any(one.is_percent for one in numbers_in("45 percentile"))


prose = st.sampled_from(["", "It is ", "≈ ", "(", "**", "$", "答案是", "So: "])
after = st.sampled_from(["", ".", " km", "km", ")", "**", "!", "。"])
numbers = st.integers(-(10**15), 10**15) | st.floats(
    -1e15, 1e15, allow_nan=False, allow_infinity=False
)


@given(prose, numbers, after)
def test_what_python_writes_is_read_again(before, number, behind):
    assert values(f"{before}{number}{behind}") == [number]


@given(prose, st.integers(-(10**15), 10**15), st.sampled_from(",'_\u202f\u00a0"), after)
def test_groups_of_thousands_are_read_again(before, number, group, behind):
    assert values(before + f"{number:,}".replace(",", group) + behind) == [number]


@given(st.decimals(-(10**9), 10**9, places=2))
def test_both_conventions_agree(number):
    english = f"{number:,}"
    german = english.translate(str.maketrans(",.", ".,"))
    assert values(english) == values(german, ",") == [float(number)]


@given(st.lists(st.integers(-(10**6), 10**6)))
def test_each_of_several_is_found(numbers):
    assert values(", ".join(map(str, numbers))) == numbers


@given(st.text(alphabet="0123456789.,-−+eE^x×*10 %$'’_{}\\⁸⁻\n", max_size=60))
def test_anything_can_be_read(text):
    assert all(isinstance(one, float) for one in values(text))
    assert all(isinstance(one, float) for one in values(text, ","))


@pytest.mark.parametrize(
    "piece", ["1,", "11,", "111,", "1", "1.", "10^", "1 x 1", "-", "1e", "1 ", "'111"]
)
def test_no_long_text_takes_long(piece):
    # In time that grows with the square of the length, this would take minutes.
    text = piece * (100_000 // len(piece))
    assert sum(1 for _ in numbers_in(text)) <= len(text)
