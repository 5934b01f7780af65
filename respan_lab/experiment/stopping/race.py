"""A race of targets: each item in its turn, the losers out, over when it is sure."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

from ...results.sequence import Evidence
from ..pacing.order import asking_order
from .stop import Stop

if TYPE_CHECKING:
    from ..planning.plan import Cell

__all__ = ["Entry", "Race"]


class Entry(NamedTuple):
    """A cell as the race knows it: its place in the plan, its item, its target."""

    at: int
    item: Hashable
    target: str


class _Pair:
    """Two targets, and the evidence for either."""

    def __init__(self, a: str, b: str) -> None:
        self.a, self.b = a, b
        self.for_a, self.for_b = Evidence(), Evidence()
        self.winner: str | None = None

    def add(self, difference: float, *, enough: float) -> None:
        self.for_a.add(difference)
        self.for_b.add(-difference)
        if self.for_a.log >= enough:
            self.winner = self.a
        elif self.for_b.log >= enough:
            self.winner = self.b


class Race:
    """Which targets are still asked, as the answers come; no clock, no waiting.

    Items count in the order in which they are asked, whatever order their answers come
    in: an item counts when all cells of it have ended that targets still in the race
    are asked. Were the quick answers counted first, easy items would decide.

    Args:
        stop: The rule.
        entries: All cells, the items in the order in which they are asked.
        targets: In the order given.
        lower_is_better: Whether less of the metric is better.

    Example:
        >>> entries = [Entry(2 * i + j, i, "ab"[j]) for i in range(40) for j in (0, 1)]
        >>> race = Race(Stop("good"), entries, ["a", "b"])
        >>> for entry in entries:
        ...     race.hear(entry.at, [{"score_good": entry.target == "a"}])
        >>> race.reason("b")
        'stop: worse than a after 9 items'
        >>> race.is_over
        True
    """

    def __init__(
        self,
        stop: Stop,
        entries: Iterable[Entry],
        targets: Sequence[str],
        *,
        lower_is_better: bool = False,
    ) -> None:
        self._stop = stop
        self._sign = -1 if lower_is_better else 1
        self._entries = {entry.at: entry for entry in entries}
        self._waited: dict[Hashable, dict[str, set[int]]] = {}
        for entry in self._entries.values():
            of_item = self._waited.setdefault(entry.item, {})
            of_item.setdefault(entry.target, set()).add(entry.at)
        self._order = list(self._waited)
        self._scores: dict[Hashable, dict[str, list[float]]] = {}
        self._live = list(targets)
        self._out: dict[str, str] = {}
        self._pairs = [_Pair(a, b) for a, b in self._compared(targets)]
        # Two sides of each pair share the error with all others.
        alpha = (1 - stop.confidence) / len(self._pairs)
        self._enough = math.log(2 / alpha)
        self._counted = 0
        self._trouble: str | None = None

    @classmethod
    def of(
        cls,
        stop: Stop | None,
        cells: Sequence[Cell],
        evaluators: Mapping[str, Callable[..., Any]],
        *,
        seed: int,
    ) -> Race | None:
        """Start the race of a run; None without a rule.

        Args:
            stop: The rule; None for none.
            cells: All of the run.
            evaluators: By name.
            seed: Of the order in which items are asked.

        Raises:
            ConfigError: The rule does not fit the run.
        """
        if stop is None:
            return None
        targets = list(dict.fromkeys(cell.target.name for cell in cells))
        stop.check(targets, evaluators)
        order = asking_order(cells, range(len(cells)), seed=seed, by_item=True)
        entries = (Entry(at, cells[at].item.id, cells[at].target.name) for at in order)
        is_lower_better = stop.is_lower_better(evaluators)
        return cls(stop, entries, targets, lower_is_better=is_lower_better)

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to decide."""
        return all(pair.winner or self._is_closed(pair) for pair in self._pairs)

    def reason(self, target: str) -> str | None:
        """Why a target is asked no more; None if it is."""
        if target in self._out:
            return self._out[target]
        if self._live_others(target):
            return None
        return f"stop: decided after {self._counted:,} items"

    def hear(self, at: int, scores: Sequence[Mapping[str, Any]]) -> None:
        """Hear that a cell has ended.

        Args:
            at: Its place in the plan.
            scores: Of each of its choices, by column; empty if it has no answer.
        """
        entry = self._entries.pop(at, None)
        if entry is None:  # heard before: asked by this run and another
            return
        self._waited[entry.item][entry.target].discard(at)
        column = f"score_{self._stop.metric}"
        values = [float(s[column]) for s in scores if s.get(column) is not None]
        if any(not 0 <= value <= 1 for value in values):
            self._trouble = f"a score {column} is {values[0]:g}, not from 0 to 1"
        of_item = self._scores.setdefault(entry.item, {})
        of_item.setdefault(entry.target, []).extend(values)
        if self._trouble is None:
            self._count()

    def manifest(self) -> dict[str, Any]:
        """Give what a run's manifest tells of the race; plain values.

        Its ``items`` are the ids of the items that count, in their order; an id that
        is neither a text nor a whole number is there as a text.
        """
        return {
            "metric": self._stop.metric,
            "baseline": self._stop.baseline,
            "confidence": self._stop.confidence,
            "is_over": self.is_over,
            "items": [_plain(item) for item in self._order[: self._counted]],
            "n_items": len(self._order),
            "n_pairs": len(self._pairs),
            "out": dict(self._out),
            "pairs": [
                {"a": p.a, "b": p.b, "n_items": p.for_a.n, "winner": p.winner}
                for p in self._pairs
            ],
            "trouble": self._trouble,
        }

    def _compared(self, targets: Sequence[str]) -> Iterable[tuple[str, str]]:
        baseline = self._stop.baseline
        if baseline is None:
            return combinations(targets, 2)
        return ((target, baseline) for target in targets if target != baseline)

    def _count(self) -> None:
        while self._counted < len(self._order) and not self.is_over:
            item = self._order[self._counted]
            waited = self._waited[item]
            if any(waited.get(target) for target in self._live):
                return
            self._counted += 1
            self._weigh(self._scores.pop(item, {}))

    def _weigh(self, scores: Mapping[str, Sequence[float]]) -> None:
        means = {target: fmean(values) for target, values in scores.items() if values}
        for pair in self._pairs:
            is_known = pair.a in means and pair.b in means
            if is_known and not pair.winner and not self._is_closed(pair):
                difference = self._sign * (means[pair.a] - means[pair.b])
                pair.add(difference, enough=self._enough)
        for pair in self._pairs:
            if pair.winner:
                self._part(pair)

    def _part(self, pair: _Pair) -> None:
        """Let one of a decided pair leave: the loser, or whoever is no baseline."""
        word = "better" if pair.winner == pair.a else "worse"
        if self._stop.baseline is not None or pair.winner == pair.b:
            leaver, other = pair.a, pair.b
        else:
            leaver, other, word = pair.b, pair.a, "worse"
        if leaver in self._live:
            self._live.remove(leaver)
            n = f"after {self._counted:,} items"
            self._out[leaver] = f"stop: {word} than {other} {n}"

    def _live_others(self, target: str) -> bool:
        """Whether a target is still in a pair that is open."""
        return any(
            target in (pair.a, pair.b) and not pair.winner and not self._is_closed(pair)
            for pair in self._pairs
        )

    def _is_closed(self, pair: _Pair) -> bool:
        """Whether one of the two has left the race for another's sake."""
        return pair.a in self._out or pair.b in self._out


def _plain(item: Hashable) -> str | int:
    return item if isinstance(item, str | int) else str(item)
