"""Evidence that may be looked at after every item: it is never spoilt by looking.

Sources: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables
by betting", JRSS B 86 (2024), for the bets and the sequence of intervals; J. Ville,
"Étude critique de la notion de collectif" (1939), for why a fair game's capital stays
below 1/alpha for ever with probability 1 - alpha at least.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .statistics import Interval

__all__ = ["BETS", "Evidence", "mean_sequence", "sequence_p_value"]

# Shares of the capital. The best share is the difference over its variance: these are
# good from a few points among items that mostly agree, up to plain cases.
BETS: NDArray[np.float64] = np.geomspace(0.05, 0.8, 6)
_STEPS = 40  # of the search for an end; each halves what is unknown of it


class Evidence:
    """Evidence that a mean is above 0, gathered value by value.

    It is the capital of one who bets on every value with several fixed shares at once.
    If the mean is 0 or less whatever came before, the chance that it ever reaches
    ``1 / alpha`` is ``alpha`` at most, however often one looks.

    Attributes:
        n: Values so far.
        log: The logarithm of the capital; 0 at the beginning.

    Example:
        >>> evidence = Evidence()
        >>> for value in [1, 0, 1, 1, 0, 1, 1, 1]:
        ...     evidence.add(value)
        >>> round(math.exp(evidence.log), 2)
        8.85
    """

    __slots__ = ("_logs", "log", "n")

    def __init__(self) -> None:
        self._logs = np.zeros(len(BETS))
        self.n = 0
        self.log = 0.0

    def add(self, value: float) -> None:
        """Count a value.

        Args:
            value: From -1 to 1.

        Raises:
            ValueError: It is outside: the bound on the error holds no more.
        """
        if not -1 <= value <= 1:
            raise ValueError(f"value is {value!r}; it lies from -1 to 1")
        self.n += 1
        self._logs += np.log1p(BETS * value)
        self.log = float(_mixed(self._logs))


def mean_sequence(
    values: Sequence[float], *, level: float = 0.95, low: float = 0.0, high: float = 1.0
) -> Interval:
    """Give the interval of a mean that holds at every look at once.

    It is the confidence sequence's: what no look so far has ruled out. It is wider
    than the interval of a fixed number of items, which is right for one look only.

    Args:
        values: In the order in which they came.
        level: The chance that the mean is in it at all looks.
        low: The least that a value can be.
        high: The most.

    Raises:
        ValueError: A value is outside, or the level is not between 0 and 1.

    Example:
        >>> low, high = mean_sequence([1, 0] * 50)
        >>> f"{low:.2f} {high:.2f}"
        '0.35 0.65'
    """
    shares = (np.asarray(values, dtype=float) - low) / (high - low)
    if shares.size and not (shares.min() >= 0 and shares.max() <= 1):
        raise ValueError(f"a value is outside {low:g} to {high:g}")
    if not 0 < level < 1:
        raise ValueError(f"level is {level!r}; give it as 0.95, between 0 and 1")
    least, most = _least(shares, level=level), 1 - _least(1 - shares, level=level)
    if least > most:  # the looks contradict each other: as rare as a wrong interval
        least = most = float(np.clip(shares.mean(), 0, 1))
    return Interval(low + least * (high - low), low + most * (high - low))


def sequence_p_value(differences: Sequence[float]) -> float:
    """Give the p-value, valid at every look, of a mean that is not 0.

    Args:
        differences: From -1 to 1, in the order in which they came.

    Example:
        >>> sequence_p_value([]), sequence_p_value([1.0] * 20) < 0.001
        (1.0, True)
    """
    values = np.asarray(differences, dtype=float)
    logs = [_path(0.5 + values / 2, 0.5), _path(0.5 - values / 2, 0.5)]
    most = max([float(log.max()) for log in logs if log.size], default=0.0)
    return float(min(1.0, 2 * math.exp(-most)))


def _least(shares: NDArray[np.float64], *, level: float) -> float:
    """The least mean that no look has ruled out: lower ones are ruled out, too."""
    enough = math.log(2 / (1 - level))
    ruled_out, least = 0.0, 1.0
    for _ in range(_STEPS):
        mean = (ruled_out + least) / 2
        path = _path(shares, mean)
        if path.size and path.max() >= enough:
            ruled_out = mean
        else:
            least = mean
    return ruled_out


def _path(shares: NDArray[np.float64], mean: float) -> NDArray[np.float64]:
    """The capital's logarithm at every look, had the mean been what it is held to be.

    The less the mean, the larger the capital, since each factor is 1 - b + b x / mean.
    """
    factors = 1 - BETS + BETS * (shares[:, None] / mean)
    return _mixed(np.cumsum(np.log(factors), axis=0))


def _mixed(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the capitals, by their logarithms in the last dimension."""
    most = logs.max(axis=-1, keepdims=True)
    total = np.exp(logs - most).mean(axis=-1)
    mixed: NDArray[np.float64] = np.log(total) + most[..., 0]
    return mixed
