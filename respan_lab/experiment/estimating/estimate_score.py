"""An estimate against what came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_estimate"]


class _Came(NamedTuple):
    calls: int
    cost: float | None


def score_estimate(
    estimate: pd.DataFrame,
    results: pd.DataFrame,
    judges: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Score an estimate by the run that followed it.

    What counts is what the run itself has sent: rows from the ledger are not among
    them. A figure that nobody knows is None.

    Args:
        estimate: As `Experiment.estimate` gives it.
        results: The frame of the run.
        judges: What its judges asked, as its manifest tells it; None asked nothing.

    Returns:
        Plain values: `targets`, one entry for each row of the estimate, by its `model`,
        `prompt`, `judge` and `basis`; `left_out`, what the estimate did not reckon
        with: the dollars of judges that it has no row of, by name; and `total`, all
        but those, each with `calls` and `actual_calls`;
        `cost`, `cost_low`, `cost_high` and `actual_cost` in dollars; `ratio`, the
        actual cost over the estimated one; and `inside`, whether it lay in the
        interval. `inside` and `ratio` are None unless every estimated call was made
        and priced, for then nobody knows. An interval without an upper end holds all
        that is not below it.

    Example:
        >>> import pandas as pd
        >>> said = pd.DataFrame({"model": ["m"], "calls": [2], "cost": [0.02],
        ...                      "cost_low": [0.01], "cost_high": [0.04]})
        >>> came = pd.DataFrame({"model": "m", "status": "ok", "choice": 0,
        ...                      "from_ledger": False, "cost": [0.01, 0.02]})
        >>> score_estimate(said, came)["total"]["inside"]
        True
    """
    sent, told = _sent(results), judges or {}
    keys = [name for name in ("model", "prompt") if name in estimate]
    about = [name for name in (*keys, "judge", "basis") if name in estimate]
    targets, judged = [], {}
    for row in estimate.to_dict("records"):
        said = {name: _plain(row[name]) for name in _SAID}
        named = {name: _plain(row[name]) for name in keys}
        shown = {name: _plain(row[name]) for name in about}
        if name := shown.get("judge"):
            came = judged[name] = _of_judge(told.get(name))
        else:
            came = _of_cells(_of(sent, named))
        targets.append({**shown, **_scored(said, came)})
    totals = {name: _sum([target[name] for target in targets]) for name in _SAID}
    every = [_of_cells(sent), *judged.values()]
    whole = _Came(sum(o.calls for o in every), _sum([o.cost for o in every]))
    left_out = {name: one["cost"] for name, one in told.items() if name not in judged}
    return {
        "targets": targets,
        "total": _scored(totals, whole),
        "left_out": left_out,
    }


_SAID = ("calls", "cost", "cost_low", "cost_high")


def _sent(results: pd.DataFrame) -> pd.DataFrame:
    """A row for each call that the run has made."""
    is_first = results["choice"].fillna(0) == 0
    is_sent = results["status"].isin(("ok", "error", "maybe_billed"))
    return results[
        is_first & is_sent & ~results["from_ledger"].fillna(False).astype(bool)
    ]


def _of(sent: pd.DataFrame, named: dict[str, Any]) -> pd.DataFrame:
    for name, value in named.items():
        column = sent[name]
        sent = sent[column.isna() if value is None else column == value]
    return sent


def _of_cells(sent: pd.DataFrame) -> _Came:
    billed = sent[sent["status"] != "error"]["cost"]  # an error costs nothing
    return _Came(len(sent), None if billed.isna().any() else float(billed.sum()))


def _of_judge(told: Mapping[str, Any] | None) -> _Came:
    if told is None:
        return _Came(0, 0.0)
    return _Came(told["calls"], None if told["unpriced"] else told["cost"])


def _scored(said: dict[str, Any], came: _Came) -> dict[str, Any]:
    actual = came.cost
    is_whole = actual is not None and came.calls == said["calls"] and came.calls > 0
    return {
        **said,
        "actual_calls": came.calls,
        "actual_cost": actual,
        "inside": _inside(said, actual) if is_whole else None,
        "ratio": actual / said["cost"]
        if is_whole and actual and said["cost"]
        else None,
    }


def _inside(said: dict[str, Any], actual: float | None) -> bool | None:
    low, high = said["cost_low"], said["cost_high"]
    if actual is None or said["cost"] is None or low is None:
        return None
    # Sums in another order differ in their last digits.
    slack = 1e-9 * actual
    return bool(low - slack <= actual and (high is None or actual <= high + slack))


def _sum(values: list[Any]) -> Any:
    return None if None in values else sum(values)


def _plain(value: Any) -> Any:
    import pandas as pd

    if pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
