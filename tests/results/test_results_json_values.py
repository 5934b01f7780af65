from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.results.json_values import dumps, loads

scalars = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(max_size=8),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
)
keys = st.one_of(st.text(), st.integers(), st.just("$type"))
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(keys, inner, max_size=4),
    ),
    max_leaves=12,
)


@given(values)
def test_values_come_back_as_they_were(value):
    back = loads(dumps(value))
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [None, pd.NA, pd.NaT])
def test_what_is_missing_is_none(value):
    assert dumps(value) is None
    assert loads(None) is None


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.str_("a"), "a"),
        (np.array([1, 2]), [1, 2]),
        (Decimal("1.10"), Decimal("1.10")),
        (pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-01-01", tz="UTC")),
        (datetime(2026, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001, RUF100
        (date(2026, 1, 1), date(2026, 1, 1)),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_other_kinds(value, back):
    assert loads(dumps(value)) == back


def test_plain_values_are_plain_json_for_other_programs():
    value = {"intent": "refund", "orders": [1, 2.5, None, True]}
    assert json.loads(dumps(value)) == value
