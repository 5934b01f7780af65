"""What a run can be told: each option in its range, before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from respan_lab.errors import ConfigError
from respan_lab.experiment.options import Settings


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_concurrency": 0},
        {"max_concurrency": True},
        {"retries": -1},
        {"timeout": 0},
        {"timeout": "5"},
        {"image_tokens": 0},
        {"image_tokens": 1.5},
        {"requests_per_minute": 0},
        {"tokens_per_minute": float("nan")},
        {"stream": 1},
        {"order_seed": None},
        {"store": 3},
        {"store": "a\0b"},
        {"maybe_billed": "never"},
        {"mode": "tape"},
        {"mode": "replay", "fresh": True},
        {"max_concurency": 3},
    ],
    ids=str,
)
def test_what_is_out_of_range_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    name = next(iter(wrong))
    with pytest.raises(ConfigError, match=name):
        Settings.of(wrong)  # type: ignore[arg-type]


def test_the_widest_values_are_taken(tmp_path: Path) -> None:
    settings = Settings.of(
        {"max_concurrency": 1, "retries": 0, "timeout": None, "store": tmp_path}
    )
    assert not settings.asks_again
    assert Settings.of({"mode": "record"}).asks_again
