from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from respan_lab import plots
from respan_lab.errors import ConfigError


def test_dots_are_calls_at_the_time_they_began(calls, timed):
    ax = plots.timeline(calls)
    dots = [line for line in ax.get_lines() if line.get_markersize() == 4]
    began = (timed["started_at"] - calls["started_at"].min()).dt.total_seconds()
    wanted = sorted(zip(began, timed["latency"].astype(float), strict=True))
    found = sorted(xy for line in dots for xy in zip(*line.get_data(), strict=True))
    assert np.allclose(found, wanted)
    assert ax.get_xlabel().startswith("seconds since 2026-03-01 00:00:00 UTC")
    assert ax.get_ylabel() == "latency, seconds"


def test_lines_go_through_medians_of_calls_in_turn(calls, timed):
    ax = plots.timeline(calls)
    line = next(line for line in ax.get_lines() if line.get_markersize() == 5)
    mine = timed.loc[timed["model"] == "b", "latency"].to_numpy(dtype=float)
    parts = np.array_split(mine, 2)  # 17 calls: 8 or more in each
    assert list(line.get_ydata()) == pytest.approx([np.median(part) for part in parts])


def test_failures_are_ticks_at_the_top(calls):
    ax = plots.timeline(calls)
    [ticks] = [line for line in ax.get_lines() if line.get_marker() == "|"]
    assert list(ticks.get_xdata()) == pytest.approx([12], abs=0.2)  # the fifth call
    assert "ticks at the top: 1 call failed" in ax.get_xlabel()


@pytest.mark.parametrize(
    ("step", "unit"),
    [("3s", "seconds"), ("1min", "minutes"), ("1h", "hours"), ("2D", "days")],
)
def test_the_unit_fits_the_length_of_the_run(calls, step, unit):
    calls["started_at"] = pd.date_range("2026-03-01", periods=40, freq=step, tz="UTC")
    ax = plots.timeline(calls)
    assert ax.get_xlabel().startswith(f"{unit} since")
    low, high = ax.get_xlim()
    assert low == 0
    assert high < 120


def test_what_was_asked_in_an_earlier_run_does_not_stretch_time(calls):
    calls.loc[2, "started_at"] = pd.Timestamp("2020-01-01", tz="UTC")
    assert plots.timeline(calls).get_xlim()[1] < 130


def test_large_runs_are_bands(calls):
    rng = np.random.default_rng(3)
    n = 50_000
    began = pd.Timestamp("2026-03-01", tz="UTC") + pd.to_timedelta(
        np.arange(n) / 10, unit="s"
    )
    frame = pd.DataFrame(
        {
            "model": "m",
            "status": "ok",
            "latency": rng.lognormal(size=n),
            "started_at": began,
        }
    )
    ax = plots.timeline(frame)
    [band] = ax.collections
    low, high = np.quantile(frame["latency"].iloc[:1250], [0.1, 0.9])
    first = band.get_paths()[0].vertices
    first = first[first[:, 0] == first[:, 0].min()]
    assert (first[:, 1].min(), first[:, 1].max()) == pytest.approx((low, high))
    assert max(len(line.get_xdata()) for line in ax.get_lines()) <= 40
    assert "band: 10th to 90th percentile" in ax.get_xlabel()


def test_a_run_that_never_began_is_refused(calls):
    with pytest.raises(ConfigError, match="no call has a started_at"):
        plots.timeline(calls.assign(started_at=pd.NaT))


def test_a_run_answered_from_the_ledger_says_so(calls):
    ax = plots.timeline(calls.assign(from_ledger=True))
    first, *_ = ax.get_legend().get_texts()
    assert first.get_text() == "b\nno data"


def test_any_name_can_be_drawn_and_stays_inside(nasty, all_inside):
    all_inside(plots.timeline(nasty))
