from __future__ import annotations

import math

import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError


@pytest.fixture
def compared():
    def make(*rows, metric="match", **values):
        columns = ("a", "b", "diff", "ci_low", "ci_high", "verdict", "n_more")
        frame = pd.DataFrame(rows, columns=columns).astype(
            {
                "diff": "Float64",
                "ci_low": "Float64",
                "ci_high": "Float64",
                "n_more": "Int64",
            }
        )
        return frame.assign(metric=metric, n_items=24, ci_level=0.95, **values)

    return make


ROWS = (
    ("new", "old", 0.25, 0.1, 0.4, "better", None),
    ("odd", "old", -0.3, -0.5, -0.1, "worse", None),
    ("twin", "old", 0.0, -0.01, 0.01, "tied", None),
    ("few", "old", 0.04, -0.1, 0.18, "undecided", 1911),
)


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def texts(ax):
    return [text.get_text() for text in ax.texts]


def points(ax):
    return [line for line in ax.get_lines() if line.get_marker() not in ("None", None)]


def test_points_and_intervals_are_the_differences(compared):
    ax = plots.differences(compared(*ROWS))
    assert [line.get_xdata()[0] for line in points(ax)] == [0.25, -0.3, 0.0, 0.04]
    bars = [
        tuple(line.get_xdata()) for line in ax.get_lines() if len(line.get_xdata()) == 2
    ]
    assert (0.1, 0.4) in bars
    assert (0, 0) in bars  # no difference


def test_each_row_says_what_is_shown(compared):
    shown = texts(plots.differences(compared(*ROWS)))
    assert shown[:3] == ["+0.25", "+0.10 to 0.40".replace("+", ""), "better"]
    assert "\u22120.30" in shown
    assert "undecided (+1,911 items)" in shown


def test_a_verdict_has_its_colour_and_marker(compared):
    looks = {
        (p.get_color(), p.get_marker())
        for p in points(plots.differences(compared(*ROWS)))
    }
    assert len(looks) == 4
    assert len({marker for _, marker in looks}) == 4


def test_a_baseline_that_all_share_stands_in_the_title(compared):
    ax = plots.differences(compared(*ROWS))
    assert ax.get_title(loc="left") == "match against old"
    assert names(ax) == ["new", "odd", "twin", "few"]


def test_pairs_stand_under_their_first(compared):
    rows = [
        ("a", "b", 0.1, 0, 0.2, "undecided", 9),
        ("a", "c", 0.2, 0.1, 0.3, "better", None),
    ]
    ax = plots.differences(compared(*rows))
    assert names(ax) == ["a", "against b", "against c"]


def test_ratios_are_drawn_as_ratios(compared):
    row = ("slow", "fast", math.log(2), math.log(1.5), math.log(2.5), "worse", None)
    ax = plots.differences(compared(row, metric="latency"), margin=0.1)
    [point] = points(ax)
    assert point.get_xdata()[0] == pytest.approx(2)
    assert ax.get_xscale() == "log"
    assert texts(ax)[:2] == ["2.00x", "1.50 to 2.50"]
    band = ax.patches[0].get_extents().transformed(ax.transData.inverted())
    assert (band.x0, band.x1) == pytest.approx((math.exp(-0.1), math.exp(0.1)))
    assert ax.get_xlabel().startswith("ratio of latency, the first over the second")


def test_what_costs_nothing_is_infinitely_cheaper_and_not_drawn(compared):
    rows = [
        ("free", "paid", -math.inf, None, None, "better", None),
        ("paid", "free", math.inf, None, None, "worse", None),
        ("a", "b", None, None, None, "undecided", None),
    ]
    ax = plots.differences(compared(*rows, metric="cost"))
    assert "∞" in texts(ax)
    assert "–" in texts(ax)
    assert all(math.isfinite(p.get_xdata()[0]) for p in points(ax))


def test_the_label_tells_unit_interval_and_items(compared):
    frame = compared(*ROWS)
    told = plots.differences(frame).get_xlabel().replace("\n", " ")
    assert told == (
        "difference in match, the first less the second, in the score's unit; with its "
        "95 % interval; n=24 items in common"
    )
    frame.loc[0, "n_items"] = 20
    ax = plots.differences(frame)
    assert {"n=20", "n=24"} <= set(texts(ax))


def test_notes_of_the_comparison_stand_below(compared):
    frame = compared(*ROWS)
    frame.attrs["notes"] = ["3 items of a have no partner"]
    assert "3 items of a have no partner" in plots.differences(frame).get_xlabel()


def test_one_of_several_metrics_is_chosen(compared):
    both = pd.concat([compared(ROWS[0]), compared(ROWS[1], metric="other")])
    ax = plots.differences(both, metric="other")
    assert ax.get_title(loc="left") == "other: odd against old"
    with pytest.raises(
        ConfigError, match="metric is None; the comparison's metrics: 'mat"
    ):
        plots.differences(both)


def test_frames_that_are_no_comparison_are_refused(compared):
    with pytest.raises(ConfigError, match=r"r\.compare\(\)"):
        plots.differences(pd.DataFrame({"metric": ["x"]}))
    with pytest.raises(ConfigError, match="no pair was compared"):
        plots.differences(compared())


def test_any_name_can_be_drawn_and_stays_inside(compared, nasty, all_inside):
    name = nasty["model"].cat.categories[0]
    rows = [
        (name, "b", 0.1, 0, 0.2, "undecided", 9),
        (name, name, 0.2, 0.1, 0.3, "tied", None),
    ]
    all_inside(plots.differences(compared(*rows, metric=f"m{name}"), note=name))
