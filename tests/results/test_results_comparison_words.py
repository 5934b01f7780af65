"""A comparison in words."""

import pandas as pd
import pytest

from respan_lab.results.comparison_words import wording


@pytest.mark.parametrize("missing", [None, pd.NA, float("nan")])
@pytest.mark.parametrize(
    ("metric", "diff", "said"),
    [
        ("latency", -0.7, "undecided: 2.0x faster"),
        ("latency", 0.7, "undecided: 2.0x slower"),
        ("match", -0.5, "undecided: 50.0 points less"),
    ],
)
def test_one_item_has_a_difference_and_no_interval(missing, metric, diff, said):
    row = {"metric": metric, "diff": diff, "ci_low": missing, "ci_high": missing}
    assert wording({**row, "verdict": "undecided", "n_more": missing}) == said
