from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab.errors import ConfigError
from respan_lab.evaluators import within_cost, within_latency


@pytest.mark.parametrize(
    ("found", "right"),
    [(1.0, True), (2.0, True), (2.1, False), (0, True), (np.float64(3), False)],
)
def test_the_limit_is_within(found, right):
    assert within_latency(2)({"latency": found}) == (right, None)
    assert within_cost(2)({"cost": found}) is right


@pytest.mark.parametrize("row", [{}, {"latency": None, "cost": float("nan")}])
def test_what_is_unknown_has_no_score(row):
    assert within_latency(2)(row) == (None, None)
    assert within_cost(2)(row) is None
    assert within_cost(2)({"cost": pd.NA}) is None


@pytest.mark.parametrize("column", ["cached", "substituted"])
def test_the_time_of_a_cache_or_another_model_does_not_count(column):
    row = {"latency": 0.1, column: True}
    assert within_latency(2)(row) == (None, f"{column}: not its latency")
    for other in (False, None, pd.NA):
        assert within_latency(2)({**row, column: other}) == (True, None)


@pytest.mark.parametrize(
    "limit", [0, -1, True, "2", None, float("nan"), float("inf"), pd.NA]
)
def test_limits_are_checked(limit):
    with pytest.raises(ConfigError, match="use a number above 0"):
        within_latency(limit)
    with pytest.raises(ConfigError, match="use a number above 0"):
        within_cost(limit)
