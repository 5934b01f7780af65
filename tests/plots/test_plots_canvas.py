from __future__ import annotations

import subprocess
import sys

import matplotlib
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from respan_lab import plots
from respan_lab.errors import ConfigError

SUMMARY = pd.DataFrame(
    {"model": ["a", "b"], "n": 9, "n_items": 9, "score_exact": [0.5, 1.0]}
)


def test_nothing_global_changes():
    before = dict(matplotlib.rcParams)
    plots.picture(lambda: plots.scores(SUMMARY))
    plots.scores(SUMMARY)
    assert dict(matplotlib.rcParams) == before


def test_figures_do_not_pile_up_where_nobody_sees_them():
    for _ in range(30):  # pyplot warns of more than 20 open ones
        plots.scores(SUMMARY)
    assert plt.get_fignums() == []


def test_a_picture_is_a_png_of_the_plots_own_size():
    image = plots.picture(lambda: plots.scores(SUMMARY), dpi=100)
    assert image.startswith(b"\x89PNG")
    assert int.from_bytes(image[16:20], "big") == 760


def test_a_plot_that_fails_leaves_pictures_as_they_were():
    with pytest.raises(ConfigError):
        plots.picture(lambda: plots.scores(SUMMARY.head(0)))
    assert plt.get_fignums() == []


NOTEBOOK = """
import matplotlib
matplotlib.use("module://matplotlib_inline.backend_inline")
import pandas as pd
from matplotlib import pyplot as plt
from respan_lab import plots
frame = pd.DataFrame({"model": ["a"], "n": 9, "n_items": 9, "score_x": [0.5]})
ax = plots.scores(frame)
plots.picture(lambda: plots.scores(frame))
print(plt.get_fignums() == [ax.figure.number])
try:
    plots.scores(frame.head(0))
except ValueError:
    print(len(plt.get_fignums()))
"""


def test_a_notebook_shows_each_figure_once_and_none_that_failed():
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["True", "1"]
