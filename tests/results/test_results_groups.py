"""Rows sorted into groups, against a plain sort of tuples."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.results.groups import group_rows

_MODELS = ["y", "z", "x"]
_ROWS = st.lists(
    st.tuples(st.sampled_from([*_MODELS, None]), st.sampled_from([1, True, "1", None])),
    max_size=40,
)


@given(_ROWS)
def test_groups_are_the_sorted_distinct_rows(rows):
    seen = list(dict.fromkeys(repr(value) for _, value in rows))
    places = [
        (len(_MODELS) if model is None else _MODELS.index(model), seen.index(repr(one)))
        for model, one in rows
    ]
    distinct = sorted(set(places))
    frame = pd.DataFrame(
        {
            "model": pd.Categorical([model for model, _ in rows], categories=_MODELS),
            "value": pd.Series([value for _, value in rows], dtype=object),
        }
    ).set_axis(range(100, 100 + len(rows)))
    groups = group_rows(frame, ["model", "value"])
    assert groups.codes.tolist() == [distinct.index(one) for one in places]
    first = [places.index(one) for one in distinct]
    assert [repr(one) for one in groups.keys["value"]] == [
        repr(rows[at][1]) for at in first
    ]
