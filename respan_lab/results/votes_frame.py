"""The frame of votes, a judge's or people's, and what it says of who voted."""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

import pandas as pd

from .agreement import agreed, kappa
from .statistics.rates import rate_interval
from .statistics.votes import PRIOR, strengths
from .text import visible
from .wording import count, money

__all__ = ["Agreement", "Rate", "Votes"]


class Rate(NamedTuple):
    """A share, with what it is a share of.

    Attributes:
        rate: From 0 to 1; None of nothing.
        ci_low: The lower end of its 95 % interval; None as that.
        ci_high: The upper end.
        n: Of how many.
    """

    rate: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


class Agreement(NamedTuple):
    """How far two agree, on the pairs that both have decided.

    Attributes:
        rate: The share with the same verdict, a tie being one; None of nothing.
        ci_low: The lower end of its 95 % interval, Wilson's on items.
        ci_high: The upper end.
        n: On how many pairs.
        kappa: Cohen's: 1 is full agreement, 0 is what chance would give; None where
            chance alone would agree always.
    """

    rate: float | None
    ci_low: float | None
    ci_high: float | None
    n: int
    kappa: float | None


class Votes(pd.DataFrame):  # type: ignore[misc]  # pandas has no types here
    """Votes on pairs of answers; what is made of it is a plain frame.

    They are a judge's, or people's: then there is a column ``rater``, and each pair was
    shown in one order alone, so that nothing is known of flips.

    Intervals are Wilson's, on as many independent pairs as there are: several votes on
    one item are not so many items. `attrs["judges"]` tells what the judge was asked
    and what was newly spent on it, as `r.manifest["judges"]` does.
    """

    @property
    def _constructor(self) -> Any:
        return pd.DataFrame

    @property
    def flip_rate(self) -> Rate:
        """The share of pairs whose verdict changed with the order they were shown in.

        Changed means another verdict, from or to a tie as well; those count as ties.
        """
        return self._rate(self["flipped"])

    @property
    def tie_rate(self) -> Rate:
        """The share of pairs that are a tie, said so twice or not agreed on."""
        return self._rate(self["winner"].eq("tie").where(self["winner"].notna()))

    @property
    def first_rate(self) -> Rate:
        """The share of single verdicts for the answer shown first, ties aside.

        Each answer stands first once, or a drawn half of the times, so that one half is
        no preference.
        """
        items = [*self["item"], *self["item"]]
        ab = _is_first(self["winner_ab"], self["a"], self["b"])
        ba = _is_first(self["winner_ba"], self["b"], self["a"])
        return _rate_of(items, [*ab, *ba])

    @property
    def favours(self) -> str | None:
        """The position shown to be favoured: `first`, `second`, or None."""
        found = self.first_rate
        if found.ci_low is None or found.ci_high is None:
            return None
        if found.ci_low > 0.5:
            return "first"
        return "second" if found.ci_high < 0.5 else None

    @property
    def cost(self) -> float | None:
        """Dollars that the verdicts cost when they were made; None if none is known."""
        total = self["cost"].sum(min_count=1)
        return None if pd.isna(total) else float(total)

    def ranking(
        self, *, level: float = 0.95, prior: float = PRIOR, seed: int = 0
    ) -> pd.DataFrame:
        """Rank the answers' sides by these votes: their Bradley-Terry strengths.

        Args:
            level: Of the intervals.
            prior: The weight of a prior that keeps strengths finite; 0 for none.
            seed: Of the bootstrap, which draws items.

        Returns:
            A row for each, the strongest first: ``name``, ``n_votes``, ``n_items``,
            ``win_rate``, ``strength`` with ``ci_low`` and ``ci_high``, and
            ``expected_win_rate`` with its ends; see `statistics.strengths`.

        Raises:
            ConfigError: There is no vote.
        """
        return strengths(pd.DataFrame(self), level=level, prior=prior, seed=seed)

    def agreement(self, other: pd.DataFrame) -> Agreement:
        """Say how far these votes agree with another's: a judge's, or another rater's.

        Only pairs of answers that both have decided count; identical ones that nobody
        was asked about do not.

        Args:
            other: Votes on the same answers, of `Results.pairwise`, of a `lab.Rater` or
                of `Results.ratings` for one rater.

        Raises:
            ConfigError: It is no frame of votes, or has two votes on a pair.

        Example:
            >>> votes = pd.DataFrame({"item": [1, 2, 3, 4], "a": "x", "b": "y",
            ...                       "winner": ["x", "y", "tie", "x"]})
            >>> found = Votes(votes).agreement(votes.assign(winner=["x"] * 4))
            >>> found.rate, found.n, found.kappa
            (0.5, 4, 0.0)
        """
        both = agreed(self, other)
        same = [each.one == each.two for each in both]
        return Agreement(*_rate_of([each.item for each in both], same), kappa(both))

    @property
    def sentence(self) -> str:
        """What the votes say of who voted, in words."""
        missing = int(self["winner"].isna().sum())
        judges = self.attrs.get("judges") or {}
        unreadable = sum(one.get("unreadable", 0) for one in judges.values())
        first, favours = self.first_rate, self.favours
        who = "raters favour" if "rater" in self else "the judge favours"
        bias = f": {who} what stands {favours}" if favours else ""
        parts = [
            count(len(self), "pair") if "rater" not in self else self._by_whom(),
            f"{missing:,} without a verdict" if missing else "",
            f"{count(unreadable, 'answer')} of the judge cannot be read"
            if unreadable
            else "",
            f"verdict changed with the order in {_percent(self.flip_rate)}"
            if "rater" not in self
            else "",
            f"ties {_percent(self.tie_rate)}",
            f"shown first won {_percent(first)} of {first.n:,} verdicts{bias}",
            f"{money(self.cost)} for judging" if self.cost is not None else "",
            *self.attrs.get("notes", ()),
        ]
        return " · ".join(part for part in parts if part)

    def _by_whom(self) -> str:
        n_raters = self["rater"].nunique()
        return f"{count(len(self), 'vote')} of {count(n_raters, 'rater')}"

    def _rate(self, values: pd.Series) -> Rate:
        return _rate_of(list(self["item"]), values.tolist())

    def __repr__(self) -> str:
        with pd.option_context("display.width", 200, "display.max_columns", 20):
            return f"{visible(self.sentence)}\n{super().__repr__()}"

    def _repr_html_(self) -> str:
        with pd.option_context("display.html.use_mathjax", False):
            table = super()._repr_html_()
        return f"<p><strong>{escape(visible(self.sentence))}</strong></p>\n{table}"


def _is_first(winners: Any, first: Any, second: Any) -> list[bool | None]:
    """Whether the first won; None for ties, and without a verdict."""
    return [
        None
        if pd.isna(won) or str(won) not in (str(one), str(two))
        else won == str(one)
        for won, one, two in zip(winners, first, second, strict=True)
    ]


def _rate_of(items: list[Any], values: list[Any]) -> Rate:
    """Give the share of what is true, over what is known; items hang together."""
    known: dict[str, list[float]] = {}
    for item, value in zip(items, values, strict=True):
        if not pd.isna(value):
            known.setdefault(str(item), []).append(float(value))
    n = sum(map(len, known.values()))
    if not n:
        return Rate(None, None, None, 0)
    rate = sum(map(sum, known.values())) / n
    found = rate_interval([sum(some) / len(some) for some in known.values()], n)
    assert found is not None  # shares of true lie from 0 to 1
    return Rate(rate, min(found.low, rate), max(found.high, rate), n)


def _percent(found: Rate) -> str:
    if found.rate is None:
        return "–"
    low, high = (round(100 * (end or 0.0)) for end in (found.ci_low, found.ci_high))
    return f"{100 * found.rate:.0f} % ({low}–{high} %)"
