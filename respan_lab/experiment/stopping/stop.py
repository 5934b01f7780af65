"""When a run may end before all is asked: the rule, as the user states it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ...errors import ConfigError

__all__ = ["Stop"]

_UNBOUNDED = ("cost", "latency", "time_to_first_token", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Stop:
    """Ends a run once it is shown which target is better, as early as that is sure.

    Targets are compared by item, with evidence that may be looked at after every one
    (`respan_lab.results.sequence`): over the whole run, however often it looks, a
    target is called better without being so with probability ``1 - confidence`` at
    most, all pairs of targets together (Bonferroni). A target that is shown worse is
    asked no more; the run ends when one is left. With a baseline, every other target
    is compared with that alone, and the run ends when all of them are better or worse.
    Targets that are equal are asked to the end.

    What is in flight then is finished and reported, and decides nothing. An item of
    which a target has no score decides nothing of its pairs, even if it was refused;
    `compare` counts that as the worst, and tells if the verdict is another then.

    Args:
        metric: A score of the run's evaluators, by its name without ``score_``; each
            value from 0 to 1. Whatever an evaluator calls better counts as better.
        baseline: The target that the others are compared with; None compares all.
        confidence: Of all decisions of the run together, between 0.5 and 1.

    Raises:
        ConfigError: A value is out of range.

    Example:
        >>> import respan_lab as lab
        >>> lab.Stop("exact_match")
        Stop(metric='exact_match', baseline=None, confidence=0.95)
    """

    metric: str
    baseline: str | None = None
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if not isinstance(self.metric, str) or not self.metric:
            raise ConfigError(
                f"Stop(metric={self.metric!r}): give the name of a score, for example "
                "'exact_match'"
            )
        if self.metric in _UNBOUNDED:
            raise ConfigError(
                f"Stop({self.metric!r}): only a score from 0 to 1 can end a run; what "
                "has no upper bound gives no such certainty"
            )
        confidence = self.confidence
        is_number = isinstance(confidence, float) and not isinstance(confidence, bool)
        if not is_number or not 0.5 < confidence < 1:
            raise ConfigError(
                f"Stop(confidence={confidence!r}): give it between 0.5 and 1, for "
                "example 0.95"
            )

    def check(
        self, targets: Sequence[str], evaluators: Mapping[str, Callable[..., Any]]
    ) -> None:
        """Check the rule against a run, before anything is sent.

        Args:
            targets: Their names.
            evaluators: By name.

        Raises:
            ConfigError: There is no such score or baseline, or nothing to compare.
        """
        if len(targets) < 2:
            raise ConfigError(
                f"stop= compares targets, and there is only {', '.join(targets)}; "
                "give two or more models, or leave it out"
            )
        if self.baseline is not None and self.baseline not in targets:
            raise ConfigError(
                f"Stop(baseline={self.baseline!r}): no target has that name"
                f"{_nearest(self.baseline, targets)}; there are {', '.join(targets)}"
            )
        if not any(self._is_of(name) for name in evaluators):
            known = ", ".join(evaluators) or "none: give evaluators="
            raise ConfigError(
                f"Stop({self.metric!r}): no evaluator gives such a score"
                f"{_nearest(self.metric, evaluators)}; the evaluators are {known}"
            )

    def is_lower_better(self, evaluators: Mapping[str, Callable[..., Any]]) -> bool:
        """Whether the evaluator of the metric says that less is better."""
        return any(
            getattr(function, "lower_is_better", False) is True
            for name, function in evaluators.items()
            if self._is_of(name)
        )

    def _is_of(self, evaluator: str) -> bool:
        # An evaluator that returns a dict gives `<name>_<part>`.
        return self.metric == evaluator or self.metric.startswith(f"{evaluator}_")


def _nearest(name: str, known: Sequence[str] | Mapping[str, Any]) -> str:
    near = get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""
