"""A choice in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .metrics import Figures
from .wording import count, figure, money, seconds

__all__ = ["sentence_of"]


def sentence_of(
    model: str | None,
    shown: Sequence[str],
    models: Sequence[str],
    may_be_best: Sequence[str],
    figures: Figures,
    *,
    within: float,
    n_more: int | None,
    dollars: float | None,
    costs: Mapping[str, float | None],
    left_out: Mapping[str, tuple[str, float | None]],
) -> str:
    """Say what was chosen and why, or what it would take.

    Args:
        model: The choice; None for none.
        shown: The targets that are good enough.
        models: Those within the limits.
        may_be_best: Those that nothing is shown to be better than.
        figures: Of the metric.
        within: How much worse is good enough.
        n_more: Items that would do; None if that cannot be said.
        dollars: Their cost; None likewise.
        costs: Of a mean call of each.
        left_out: Which targets are beyond a limit: of what, and their figure.
    """
    out = _left_out(left_out)
    if not models:
        return f"no choice: no target is within the limits{out}"
    if len(models) == 1:
        return f"{model}: the only target{' within the limits' if out else ''}{out}"
    amount = _amount(figures, within)
    if model is not None:
        cost = costs[model]
        each = "" if cost is None else f", {money(cost)} a call"
        which = "the cheapest" if len(shown) > 1 else "the only one"
        of = f" of {len(shown)}" if len(shown) > 1 else ""
        unpriced = [name for name in shown if costs[name] is None and name != model]
        unknown = f"; what {_listed(unpriced)} costs is not known" if unpriced else ""
        return (
            f"{model}: {which}{of} shown to be at most {amount} worse than the best of "
            f"{len(models)} by {figures.name}{each}{unknown}{out}"
        )
    if shown:
        return (
            f"no choice: {_listed(shown)} are shown to be at most {amount} worse than "
            f"the best by {figures.name}, but what they cost is not known{out}"
        )
    return (
        f"no choice: none of {len(models)} is shown to be at most {amount} worse than "
        f"the best by {figures.name}; {_listed(may_be_best)} may be the best"
        f"{_more(n_more, dollars)}{out}"
    )


def _amount(figures: Figures, within: float) -> str:
    if figures.is_ratio:
        return f"{100 * within:.3g} %"
    return f"{100 * within:.3g} points" if figures.in_points else figure(within)


def _more(n_more: int | None, dollars: float | None) -> str:
    if n_more is None:
        return ""
    price = "" if dollars is None else f" ({money(dollars)})"
    return f"; about {count(n_more, 'further item')}{price} would show one"


def _left_out(left_out: Mapping[str, tuple[str, float | None]]) -> str:
    told = []
    for name, (what, value) in left_out.items():
        shown = money(value) if what == "cost" else seconds(value)
        told.append(f"{name} ({what} {'not known' if value is None else shown})")
    return f"; left out: {', '.join(told)}" if told else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
