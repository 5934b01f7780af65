"""Every target waits in some provider's lane, whatever the gateway tells."""

from __future__ import annotations

from typing import Any

import pytest

import respan_lab as lab
from respan_lab.experiment.pacing.gates import Gates

CARDS: dict[str, dict[str, Any]] = {
    "gpt-5": {"provider": "openai"},
    "local/m": {"provider": "local", "max_concurrency": 1},
    "mine": {"model": "mine"},
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (lab.Target(model="gpt-5"), {"openai"}),
        (lab.Target(model="gpt-5", fallback_models=["local/m"]), {"openai", "local"}),
        (lab.Target(model="mine"), {"mine"}),
        (lab.Target(model="groq/unknown"), {"groq"}),
        (lab.Target(load_balance_group="g1"), {"group:g1"}),
    ],
    ids=lambda value: (
        ",".join(sorted(value)) if isinstance(value, set) else repr(value)
    ),
)
def test_a_target_has_a_provider_at_least(
    target: lab.Target, expected: set[str]
) -> None:
    assert Gates(CARDS).of(target) == expected


def test_only_declared_limits_are_places() -> None:
    assert Gates(CARDS).places == {"local": 1}
