from __future__ import annotations

import numpy as np
import pytest
from matplotlib.text import Text

from respan_lab import plots


def marks(ax):
    """The large marks: x, y."""
    lines = [line for line in ax.get_lines() if line.get_markersize() == 10]
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines]


def names(ax):
    return [text.get_text() for text in ax.texts]


def test_marks_are_medians_of_the_calls_that_count(calls, timed):
    both = timed.groupby("model", observed=True)[
        ["time_to_first_token", "tokens_per_second"]
    ].median()
    found = marks(plots.speed(calls))
    assert np.allclose(found, both.loc[["b", "a"]].to_numpy(dtype=float))


def test_crosses_are_the_middle_half(calls, timed):
    lines = [line for line in plots.speed(calls).get_lines() if line.get_zorder() == 3]
    mine = timed[timed["model"] == "b"]
    low, high = mine["time_to_first_token"].quantile([0.25, 0.75])
    assert tuple(lines[0].get_xdata()) == pytest.approx((low, high))
    low, high = mine["tokens_per_second"].quantile([0.25, 0.75])
    assert tuple(lines[1].get_ydata()) == pytest.approx((low, high))


def test_every_call_is_a_dot(calls, timed):
    dots = [
        line for line in plots.speed(calls).get_lines() if line.get_markersize() == 4
    ]
    assert sum(len(line.get_xdata()) for line in dots) == len(timed)


def test_each_mark_has_its_name_beside_it(calls):
    ax = plots.speed(calls)
    assert {"b, n=17", "a, n=20"} <= set(names(ax))
    assert ax.get_ylabel() == "tokens a second"
    assert ax.get_xlabel().startswith("time to first token, seconds\n")


def test_a_model_that_was_not_streamed_is_told(calls):
    calls.loc[calls["model"] == "a", "tokens_per_second"] = None
    ax = plots.speed(calls)
    assert len(marks(ax)) == 1
    assert "no data: a" in ax.get_xlabel()
    assert "20 without the figure" in ax.get_xlabel().replace("\n", " ")


def test_names_cover_neither_each_other_nor_marks(calls):
    ax = plots.speed(calls, by=["model", "prompt"])
    figure = ax.get_figure()
    figure.draw_without_rendering()
    shown = [text for text in ax.texts if " · " in text.get_text()]
    assert len(shown) == 4
    extents = [Text.get_window_extent(text) for text in shown]  # without the line
    for at, one in enumerate(extents):
        assert not any(one.overlaps(other) for other in extents[at + 1 :])
        assert not any(one.contains(*ax.transData.transform(m)) for m in marks(ax))


def test_any_name_can_be_drawn_and_stays_inside(nasty, all_inside):
    all_inside(plots.speed(nasty))
