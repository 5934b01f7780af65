"""An estimate against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["score_estimate"]


def score_estimate(estimate: pd.DataFrame, results: pd.DataFrame) -> dict[str, Any]:
    """Score an estimate by the run that followed it.

    What counts is what the run itself has sent: rows from the ledger are not among
    them. A figure that nobody knows is None.

    Args:
        estimate: As `Experiment.estimate` gives it.
        results: The frame of the run.

    Returns:
        Plain values: `targets`, one entry for each row of the estimate, by its `model`,
        `prompt` and `basis`, and `total`, each with `calls` and `actual_calls`;
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
    sent = _sent(results)
    keys = [name for name in ("model", "prompt") if name in estimate]
    about = [name for name in (*keys, "basis") if name in estimate]
    targets = []
    for row in estimate.to_dict("records"):
        said = {name: _plain(row[name]) for name in _SAID}
        named = {name: _plain(row[name]) for name in keys}
        shown = {name: _plain(row[name]) for name in about}
        targets.append({**shown, **_scored(said, _of(sent, named))})
    totals = {name: _sum([target[name] for target in targets]) for name in _SAID}
    return {"targets": targets, "total": _scored(totals, sent)}


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


def _scored(said: dict[str, Any], sent: pd.DataFrame) -> dict[str, Any]:
    billed = sent[sent["status"] != "error"]["cost"]  # an error costs nothing
    is_priced = not billed.isna().any()
    actual = float(billed.sum()) if is_priced else None
    is_whole = is_priced and len(sent) == said["calls"] and len(sent) > 0
    return {
        **said,
        "actual_calls": len(sent),
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
