from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError

ROWS = [
    ("good", "easy", 1.0),
    ("good", "hard", 0.0),
    ("good", "hard", 1.0),  # a repeat
    ("good", "never", 0.0),
    ("weak", "easy", 0.5),
    ("weak", "hard", 0.0),
    ("weak", "never", None),
]


@pytest.fixture
def frame():
    rows = [(m, i, s) for m, i, s in reversed(ROWS)]
    made = pd.DataFrame(rows, columns=["model", "item", "score_match"])
    return made.astype({"score_match": "Float64"})


def cells(ax):
    [mesh] = ax.collections
    return np.ma.filled(mesh.get_array(), np.nan)


def names(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def keys(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_the_best_target_is_on_top_and_the_easiest_item_at_the_left(frame):
    ax = plots.heatmap(frame)
    assert names(ax.yaxis) == ["good", "weak"]
    assert names(ax.xaxis) == ["easy", "hard", "never"]
    assert ax.get_ylim() == (2, 0)


def test_cells_are_means_over_repeats(frame):
    expected = [[1, 0.5, 0], [0.5, 0, np.nan]]
    assert np.array_equal(cells(plots.heatmap(frame)), expected, equal_nan=True)


def test_rows_have_their_mean_over_items_beside_them(frame):
    texts = [text.get_text() for text in plots.heatmap(frame).texts]
    assert texts[:2] == ["0.50", "0.25"]
    frame.loc[frame["item"] == "never", "score_match"] = 1.0
    texts = [text.get_text() for text in plots.heatmap(frame).texts]
    assert texts[:2] == ["0.83", "0.50"]


def test_the_key_tells_values_and_missing_ones(frame):
    assert keys(plots.heatmap(frame)) == ["0", "0.5", "1", "no score"]
    whole = frame.dropna()
    whole.loc[whole.index[0], "score_match"] = 0.3
    assert keys(plots.heatmap(whole))[:5] == ["0", "0.25", "0.5", "0.75", "1"]


def test_many_items_are_put_together_and_the_axis_says_so():
    rng = np.random.default_rng(5)
    scores = rng.integers(0, 2, (2, 1000)).astype(float)
    frame = pd.DataFrame(
        {
            "model": np.repeat(["a", "b"], 1000),
            "item": np.tile(np.arange(1000), 2),
            "score_match": scores.ravel(),
        }
    )
    ax = plots.heatmap(frame)
    found = cells(ax)
    assert found.shape == (2, 91)  # 11 items each, the last has 10
    order = np.argsort(-scores.mean(axis=0), kind="stable")
    best = scores[np.argsort(-scores.mean(axis=1), kind="stable")][:, order]
    assert found[:, 0] == pytest.approx(best[:, :11].mean(axis=1))
    assert found[:, -1] == pytest.approx(best[:, 990:].mean(axis=1))
    told = ax.get_xlabel().replace("\n", " ")
    assert told.startswith(
        "1,000 items, the highest scores first; each column: the mean of 11"
    )
    assert names(ax.xaxis) == ["1", "200", "400", "600", "800", "1,000"]


def test_scores_beyond_one_have_their_own_scale(frame):
    frame["score_match"] *= 40
    [mesh] = plots.heatmap(frame).collections
    assert mesh.get_clim() == (0, 40)


def test_a_target_without_scores_is_a_row_without_colour(frame):
    frame.loc[frame["model"] == "weak", "score_match"] = None
    ax = plots.heatmap(frame)
    assert names(ax.yaxis) == ["good", "weak"]
    assert np.isnan(cells(ax)[1]).all()


def test_items_of_any_kind_are_told_apart(frame):
    frame["item"] = pd.Series([1, "1", 1.5, True, (1, 2), None, "x"], dtype=object)
    assert len(names(plots.heatmap(frame).xaxis)) == 7


def test_the_score_is_chosen_if_there_are_several(frame):
    both = frame.assign(score_other=1.0)
    assert (
        plots.heatmap(both, score="other").get_title(loc="left")
        == "other, item by item"
    )
    with pytest.raises(
        ConfigError, match="score is None; the frame's scores: 'match', 'oth"
    ):
        plots.heatmap(both)
    with pytest.raises(ConfigError, match="no call was scored"):
        plots.heatmap(frame.assign(score_match=None))
    with pytest.raises(ConfigError, match="the frame has no rows"):
        plots.heatmap(frame.head(0))


def test_any_name_can_be_drawn_and_stays_inside(nasty, all_inside):
    all_inside(plots.heatmap(nasty))
    items = [f"{i}{name}" for i, name in enumerate(nasty["item"])]
    all_inside(plots.heatmap(nasty.assign(item=items)))
