"""What calls will cost, from what like ones have cost: the arithmetic.

Sources: W. G. Cochran, "Sampling Techniques" (1977), chapter 6, for the ratio of two
sums; G. J. Hahn and W. Q. Meeker, "Statistical Intervals" (1991), section 4.8, for the
interval of a mean of future observations, and 2.6 for taking one on the log scale where
nothing is below 0; G. W. Hill, "Algorithm 396: Student's t-quantiles", CACM 13 (1970).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

__all__ = ["Forecast", "Seen", "clipped", "project", "t_quantile", "within"]

_TAILS = 0.05  # both: intervals are 95 %


class Seen(NamedTuple):
    """A call that was answered.

    Attributes:
        cluster: What it shares with calls that are not independent of it: its item.
        n_bytes: Of its prompt.
        prompt_tokens: As billed.
        completion_tokens: As billed, of all choices.
        read: US dollars for the prompt; None if nobody knows.
        written: US dollars for the answer; None likewise.
    """

    cluster: Hashable
    n_bytes: int
    prompt_tokens: float
    completion_tokens: float
    read: float | None
    written: float | None


class Forecast(NamedTuple):
    """What calls will take, in all.

    Attributes:
        prompt_tokens: Tokens.
        completion_tokens: Tokens, of all choices.
        cost: US dollars; None if no price is known.
        low: The lower end of the 95 % interval; None if there is none.
        high: The upper end; None likewise.
    """

    prompt_tokens: float
    completion_tokens: float
    cost: float | None
    low: float | None = None
    high: float | None = None


def project(
    seen: Sequence[Seen], *, calls: int, n_bytes: int, clusters: int
) -> Forecast:
    """Reckon what calls will take, from like ones.

    Prompt tokens, and their dollars, are in proportion to the prompts' bytes;
    completion tokens, and theirs, are as many a call as before. With `e` what the `m`
    clusters seen differ from that, each by its mean call at the new calls' size, and
    `s` the standard deviation of `e`, the interval of the dollars of `N` calls in `k`
    clusters is::

        cost * exp(± t(m - 1) * s * sqrt(1 / m + 1 / k) / (cost / N))

    Few observations widen it by Student's `t`; the log scale keeps it above 0, and
    holds up better than the plain one where a few answers are very long.

    Args:
        seen: At least one.
        calls: How many will be made.
        n_bytes: Of all their prompts together.
        clusters: How many independent ones they make: their items.

    Returns:
        No interval for fewer than two clusters.

    Example:
        >>> before = [Seen(i, 40, 10, out, 1e-5, out * 1e-5) for i, out in enumerate(
        ...     [18, 20, 22])]
        >>> found = project(before, calls=100, n_bytes=8000, clusters=100)
        >>> found.prompt_tokens, found.completion_tokens
        (2000.0, 2000.0)
        >>> f"{found.cost:.3f}: {found.low:.3f} to {found.high:.3f}"
        '0.022: 0.017 to 0.028'
    """
    every = _mean_calls(seen)
    prompt = _per_byte(every, [one.prompt_tokens for one in every]) * n_bytes
    completion = fmean(one.completion_tokens for one in every) * calls
    priced = _mean_calls([s for s in seen if None not in (s.read, s.written)])
    if not priced or not calls:
        cost = 0.0 if priced else None
        return Forecast(prompt, completion, cost, cost, cost)
    each = _each(priced, n_bytes / calls)
    cost = fmean(each) * calls
    if len(each) < 2:
        return Forecast(prompt, completion, cost)
    return Forecast(prompt, completion, cost, *_interval(cost, _spread(each, clusters)))


def clipped(
    cost: float, low: float | None, high: float | None, most: float | None = None
) -> tuple[float | None, float | None]:
    """Keep an interval to what can be, and around its figure.

    Args:
        cost: The figure, in US dollars.
        low: The lower end; None if there is none.
        high: The upper end; None likewise.
        most: What it can be at most; None if that is not known.

    Example:
        >>> clipped(2.0, -1.0, 9.0, 5.0)
        (0.0, 5.0)
    """
    if high is not None and most is not None:
        high = min(high, most)
    return (
        None if low is None else min(max(low, 0.0), cost),
        None if high is None else max(high, cost),
    )


def within(found: Forecast, most: float | None) -> Forecast:
    """Keep a forecast's interval to a bound, which is its end where it has none.

    Args:
        found: The forecast.
        most: Dollars that the calls can cost at most; None if that is not known.

    Example:
        >>> within(Forecast(10, 10, 2.0, 1.0), 5.0)[3:]
        (1.0, 5.0)
    """
    if found.cost is None:
        return found._replace(low=None)
    high = most if found.high is None else found.high
    low, high = clipped(found.cost, found.low, high, most)
    return found._replace(low=low, high=high)


def t_quantile(df: int) -> float:
    """Give how many standard errors each side of a 95 % interval has.

    Args:
        df: Degrees of freedom, 1 or more.

    Example:
        >>> round(t_quantile(9), 3)
        2.262
    """
    if df == 1:
        return 1 / math.tan(_TAILS * math.pi / 2)
    if df == 2:
        return math.sqrt(2 / (_TAILS * (2 - _TAILS)) - 2)
    a = 1 / (df - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * df
    y = (d * _TAILS) ** (2 / df)
    y = _near(df, a, b, c, d) if y > 0.05 + a else _far(df, d, y)
    return math.sqrt(df * y)


def _near(df: int, a: float, b: float, c: float, d: float) -> float:
    x = NormalDist().inv_cdf(_TAILS / 2)
    y = x * x
    if df < 5:
        c += 0.3 * (df - 4.5) * (x + 0.6)
    c = (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b + c
    y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
    return math.expm1(a * y * y)


def _far(df: int, d: float, y: float) -> float:
    inner = ((df + 6) / (df * y) - 0.089 * d - 0.822) * (df + 2) * 3
    return ((1 / inner + 0.5 / (df + 4)) * y - 1) * (df + 1) / (df + 2) + 1 / y


def _mean_calls(seen: Iterable[Seen]) -> list[Seen]:
    """The mean call of each cluster."""
    clusters: dict[Hashable, list[Seen]] = {}
    for one in seen:
        clusters.setdefault(one.cluster, []).append(one)
    return [_mean(cluster, of) for cluster, of in clusters.items()]


def _mean(cluster: Hashable, of: Sequence[Seen]) -> Seen:
    if len(of) == 1:
        return of[0]
    columns = list(zip(*of, strict=True))[1:]
    means = [None if None in column else fmean(column) for column in columns]
    return Seen(cluster, *means)  # type: ignore[arg-type]  # None only where it may be


def _per_byte(seen: Sequence[Seen], amounts: Sequence[float]) -> float:
    n_bytes = math.fsum(one.n_bytes for one in seen)
    return math.fsum(amounts) / n_bytes if n_bytes else 0.0


def _each(seen: Sequence[Seen], mean_bytes: float) -> list[float]:
    """Dollars of the new calls' mean one, as each cluster would have it."""
    read = [one.read or 0.0 for one in seen]
    rate = _per_byte(seen, read)
    of_seen = fmean(one.n_bytes for one in seen)
    scale = mean_bytes / of_seen if of_seen else 1.0
    return [
        rate * mean_bytes
        + (dollars - rate * one.n_bytes) * scale
        + (one.written or 0.0)
        for one, dollars in zip(seen, read, strict=True)
    ]


def _spread(each: Sequence[float], clusters: int) -> float:
    """Half the width of the interval of the mean, as a share of it."""
    m, mean = len(each), fmean(each)
    if not mean:
        return 0.0
    return t_quantile(m - 1) * stdev(each) * math.sqrt(1 / m + 1 / clusters) / mean


def _interval(cost: float, share: float) -> tuple[float, float | None]:
    try:
        return cost * math.exp(-share), cost * math.exp(share)
    except OverflowError:  # nothing is known of how much it may be
        return 0.0, None
