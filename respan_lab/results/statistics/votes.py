"""Strengths from votes: who wins how often against whom.

Sources: R. A. Bradley and M. E. Terry, Biometrika 39 (1952), for the model; F. Caron
and A. Doucet, Journal of Computational and Graphical Statistics 21 (2012), for a prior;
B. Efron, Annals of Statistics 7 (1979), for the bootstrap.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import ConfigError
from .paired import Numbers

__all__ = ["strengths", "win_matrix"]

PRIOR = 0.1  # of a win and of a loss against one of average strength
_DRAWS = 1000  # of the bootstrap
_STEPS = 100
_LONGEST = 2.0  # of a step, which must not leap over the maximum
_FAR = 30.0  # of a strength: as good as infinite
_CRUMB = 1e-9
_SETTLED = 1e-8


def strengths(
    votes: pd.DataFrame, *, level: float = 0.95, prior: float = PRIOR, seed: int = 0
) -> pd.DataFrame:
    """Give each contender's strength from votes on pairs of answers.

    By the Bradley-Terry model: a beats b with chance ``1 / (1 + exp(b - a))`` of their
    strengths. A tie is half a win of either. A weak prior, a tenth of a win and of a
    loss against one of average strength, keeps the strengths of those finite who
    always win. Intervals are of a bootstrap that draws items, since the votes on one
    item hang together.

    Args:
        votes: A row for each vote: ``a`` and ``b``, the names of the two; ``winner``,
            one of those names, ``tie``, or missing, which is no vote; and ``item``.
            Without ``item`` each row is one.
        level: Of the intervals.
        prior: The weight of the prior; 0 for none.
        seed: Of the bootstrap.

    Returns:
        A row for each contender, the strongest first: ``name``; ``n_votes``,
        ``n_items``; ``win_rate``, ties half; ``strength``, a natural logarithm whose
        mean over all is 0, with ``ci_low``, ``ci_high``; and ``expected_win_rate``,
        the model's, against all others in equal shares, which unlike ``win_rate`` does
        not hang on whom it was shown with, with ``expected_ci_low``,
        ``expected_ci_high``.

    Raises:
        ConfigError: A column is missing, a winner is none of the two, or there is no
            vote.

    Example:
        >>> votes = pd.DataFrame({"item": range(9), "a": "x", "b": "y",
        ...                       "winner": ["x"] * 5 + ["y"] * 2 + ["tie"] * 2})
        >>> strengths(votes, prior=0)[["name", "win_rate", "strength"]].round(3)
          name  win_rate  strength
        0    x     0.667     0.347
        1    y     0.333    -0.347
    """
    names, per_item = win_matrix(votes)
    wins = per_item.sum(axis=0)
    found = _fitted(wins[None], prior)[0]
    drawn = _fitted(_resampled(per_item, seed), prior)
    ends = (0.5 - level / 2, 0.5 + level / 2)
    low, high = np.quantile(drawn, ends, axis=0)
    rate_low, rate_high = np.quantile(_expected(drawn), ends, axis=0)
    shown = per_item + per_item.transpose(0, 2, 1)
    n_votes = shown.sum(axis=(0, 2))
    frame = pd.DataFrame(
        {
            "name": pd.array(names, dtype="string"),
            "n_votes": pd.array(n_votes.round().astype(int), dtype="Int64"),
            "n_items": pd.array((shown.sum(axis=2) > 0).sum(axis=0), dtype="Int64"),
            "win_rate": wins.sum(axis=1) / n_votes,
            "strength": found,
            "ci_low": low,
            "ci_high": high,
            "expected_win_rate": _expected(found[None])[0],
            "expected_ci_low": rate_low,
            "expected_ci_high": rate_high,
        }
    )
    order = np.argsort(-found, kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def win_matrix(votes: pd.DataFrame) -> tuple[list[str], Numbers]:
    """Count wins by item: of the row's contender against the column's, ties half.

    Args:
        votes: As for `strengths`.

    Returns:
        The contenders' names, as they come, and an array of items by contenders by
        contenders.

    Raises:
        ConfigError: As `strengths`.
    """
    missing = [name for name in ("a", "b", "winner") if name not in votes]
    if missing:
        raise ConfigError(
            f"the votes have no column {missing[0]!r}; needed: a, b, winner (and item)"
        )
    votes = votes[votes["winner"].notna()]
    if votes.empty:
        raise ConfigError("there is no vote; winner is the name of a, of b, or 'tie'")
    a, b, winner = (votes[name].astype(str).to_numpy() for name in ("a", "b", "winner"))
    strange = ~((winner == a) | (winner == b) | (winner == "tie")) | (a == b)
    if strange.any():
        at = int(np.flatnonzero(strange)[0])
        raise ConfigError(
            f"winner={winner[at]!r} of {a[at]!r} and {b[at]!r}: use one of the two "
            "names, which differ, or 'tie'"
        )
    names = list(dict.fromkeys([*a, *b]))
    place = {name: at for at, name in enumerate(names)}
    of_a = np.where(winner == a, 1.0, np.where(winner == b, 0.0, 0.5))
    first, second = (np.array([place[one] for one in side]) for side in (a, b))
    rows = votes["item"].astype(str) if "item" in votes else np.arange(len(votes))
    items = pd.factorize(rows)[0]
    wins = np.zeros((items.max() + 1, len(names), len(names)))
    np.add.at(wins, (items, first, second), of_a)
    np.add.at(wins, (items, second, first), 1 - of_a)
    return names, wins


def _resampled(per_item: Numbers, seed: int) -> Numbers:
    """Add the wins up over items that were drawn with replacement, many times."""
    n_items = len(per_item)
    equal = np.full(n_items, 1 / n_items)
    weights = np.random.default_rng(seed).multinomial(n_items, equal, size=_DRAWS)
    sums: Numbers = np.tensordot(weights.astype(float), per_item, axes=1)
    return sums


def _fitted(wins: Numbers, prior: float) -> Numbers:
    """Maximise the likelihood for each of several matrices of wins at once.

    By Newton's method: the likelihood has one maximum and no other turning point.
    """
    from scipy.special import expit

    shown = wins + wins.transpose(0, 2, 1)
    n = wins.shape[1]
    at = np.zeros(wins.shape[:2])
    for _ in range(_STEPS):
        chance = expit(at[:, :, None] - at[:, None, :])
        weight = shown * chance * (1 - chance)
        slope = (wins - shown * chance).sum(axis=2) + prior * (1 - 2 * expit(at))
        own = weight.sum(axis=2) + 2 * prior * expit(at) * expit(-at)
        # The ones hold the mean, which votes say nothing of; the crumb holds who is
        # in no vote that was drawn.
        bend = np.eye(n) * (own + _CRUMB)[:, :, None] - weight + 1.0 / n
        step = np.linalg.solve(bend, slope[:, :, None])[:, :, 0]
        at = np.clip(at + np.clip(step, -_LONGEST, _LONGEST), -_FAR, _FAR)
        if np.abs(step).max() < _SETTLED:
            break
    centred: Numbers = at - at.mean(axis=1, keepdims=True)
    return centred


def _expected(strength: Numbers) -> Numbers:
    """Give the mean chance of winning against each other contender."""
    from scipy.special import expit

    chances = expit(strength[:, :, None] - strength[:, None, :])
    n = strength.shape[1]
    rates: Numbers = (chances.sum(axis=2) - 0.5) / max(n - 1, 1)
    return rates
