from __future__ import annotations

from typing import Any

import pytest

from respan_lab.experiment.progress import Progress


def _last_line(rows: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]) -> str:
    with Progress(len(rows), name="mine", enabled=True) as progress:
        for row in rows:
            progress.count(row)
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_the_bar_tells_cost_and_errors(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"status": "ok", "cost": 0.00125}, {"status": "error", "cost": None}]
    line = _last_line(rows, capsys)
    assert line.startswith("mine")
    assert "2/2" in line
    assert "$0.00125, 1 error]" in line


def test_an_unknown_cost_is_not_zero(capsys: pytest.CaptureFixture[str]) -> None:
    line = _last_line([{"status": "ok", "cost": None}], capsys)
    assert "–, 0 errors, 1 unpriced]" in line


def test_it_can_be_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(1, name=None, enabled=False) as progress:
        progress.count({"status": "ok", "cost": 1.0})
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
