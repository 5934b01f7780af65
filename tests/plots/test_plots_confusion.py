from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError


@pytest.fixture
def frame():
    pairs = [
        ("yes", " yes\n"),
        ("yes", "no"),
        ("no", "no"),
        ("no", "maybe"),
        ("no", None),
    ]
    made = pd.DataFrame(pairs, columns=["expected", "output"])
    return made.assign(model="m", status="ok")


def counts(ax, panel=0):
    """The matrix as drawn: parts of rows."""
    return np.asarray(ax.collections[panel].get_array())


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_cells_are_counts_coloured_by_their_part_of_the_row(frame):
    ax = plots.confusion(frame)
    # rows no, yes; columns no, yes, (other), (none)
    assert counts(ax) == pytest.approx(
        np.array([[1, 0, 1, 1], [3, 3, 0, 0]]) / [[3], [6]]
    )
    assert texts(ax)[2:10] == ["1", "0", "1", "1", "1", "1", "0", "0"]
    assert texts(ax)[10:] == ["no", "yes", "(other)", "(none)"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["no", "yes"]


def test_each_matrix_says_how_many_are_right(frame):
    assert texts(plots.confusion(frame))[:2] == ["m", "0.40 right, n=5"]


def test_each_model_has_its_matrix_on_one_axes(frame):
    both = pd.concat([frame, frame.assign(model="other", output="no")])
    ax = plots.confusion(both)
    assert len(ax.collections) == 2
    assert len(ax.get_figure().axes) == 1
    assert counts(ax, 1)[:, 0].tolist() == [1, 1]
    assert {"m", "other", "0.60 right, n=5"} <= set(texts(ax))


def test_fields_of_structured_answers_are_compared():
    frame = pd.DataFrame(
        {
            "model": "m",
            "expected": [{"intent": "a", "n": 1}, {"intent": "b", "n": 2}],
            "parsed_intent": ["a", "a"],
            "parsed_n": [1, 2],
            "output": "{}",
        }
    )
    assert "0.50 right, n=2" in texts(plots.confusion(frame, "intent"))
    assert "1.00 right, n=2" in texts(plots.confusion(frame, "n"))
    with pytest.raises(ConfigError, match="name one of 'intent', 'n'"):
        plots.confusion(frame)
    with pytest.raises(ConfigError, match="needs the column 'parsed_nothing'"):
        plots.confusion(frame, "nothing")


def test_calls_never_sent_or_without_expected_label_are_left_out(frame):
    more = pd.concat(
        [frame, frame.assign(status="skipped"), frame.assign(expected=None)]
    )
    assert "0.40 right, n=5" in texts(plots.confusion(more))
    with pytest.raises(ConfigError, match="no call has an expected label"):
        plots.confusion(frame.assign(expected=None))


def test_many_labels_keep_the_most_common_ones():
    labels = [f"l{i:02}" for i in range(20) for _ in range(20 - i)]
    ax = plots.confusion(
        pd.DataFrame({"model": "m", "expected": labels, "output": labels})
    )
    assert counts(ax).shape == (12, 12)
    assert {"l00", "l10", "(other)"} <= set(texts(ax))
    assert "l11" not in texts(ax)


def test_other_labels_taken_for_one_another_are_not_right():
    labels = [f"l{i:02}" for i in range(20) for _ in range(20 - i)]
    turned = [{"l18": "l19"}.get(one, one) for one in labels]
    ax = plots.confusion(
        pd.DataFrame({"model": "m", "expected": labels, "output": turned})
    )
    assert f"{(210 - 2) / 210:.2f} right, n=210" in texts(ax)


def test_more_than_twelve_matrices_are_counted(frame):
    many = pd.concat([frame.assign(model=f"m{i:02}") for i in range(15)])
    ax = plots.confusion(many)
    assert len(ax.collections) == 12
    assert "3 more are not drawn" in ax.get_xlabel()


def test_any_name_can_be_drawn_and_stays_inside(nasty, all_inside):
    all_inside(plots.confusion(nasty))
    all_inside(plots.confusion(nasty.assign(expected=nasty["output"])))
