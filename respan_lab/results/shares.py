"""How several models split the calls, beside the weights that were asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from .groups import Codes, Groups

__all__ = ["share_columns"]

_LIST_FIELDS = (
    "models",
    "load_balance_models",
    "load_balance_group",
    "fallback_models",
)
_DATE = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|latest)$")


def share_columns(
    frame: pd.DataFrame, groups: Groups, *, targets: Mapping[str, Any]
) -> pd.DataFrame:
    """Give ``share_<model>`` and, where weights were given, ``weight_<model>``.

    Args:
        frame: The rows' ``model``, ``asked_model``, ``answered_model``, ``provider``
            and ``status``, one row per call.
        groups: The group of each of these rows.
        targets: Target name to its fields. A target that is not in it counts as a
            list if no model was asked for.

    Returns:
        One row per group; a share is missing where no call went to a list.
    """
    listed = _is_list(frame, targets) & frame["answered_model"].notna().to_numpy()
    listed &= (frame["status"] == "ok").to_numpy(dtype=bool)
    rows = frame.loc[listed, ["model", "answered_model", "provider"]].astype(object)
    wanted = {str(name): _weights(targets.get(name)) for name in rows["model"].unique()}
    # Where nobody knows what is on a list, a model is called what it is called there.
    anywhere = {name: None for fields in targets.values() for name in _weights(fields)}
    answered = [
        _as_wanted(
            str(row.answered_model),
            str(row.provider),
            wanted=wanted[str(row.model)] or anywhere,
        )
        for row in rows.itertuples(index=False)
    ]
    codes = groups.codes[listed]
    lists = _lists(rows["model"], codes, wanted=wanted)
    columns: dict[str, Any] = {}
    known = [name for weights in wanted.values() for name in weights]
    for name in dict.fromkeys([*known, *sorted(set(answered))]):
        is_it = pd.Series([one == name for one in answered], dtype=float)
        share = is_it.groupby(codes).mean().reindex(range(len(groups)))
        on_list = np.array([name in lists.get(at, {}) for at in range(len(groups))])
        columns[f"share_{name}"] = share.where((share > 0) | on_list).astype("Float64")
        weight = [lists.get(group, {}).get(name) for group in range(len(groups))]
        if any(one is not None for one in weight):
            columns[f"weight_{name}"] = pd.array(weight, dtype="Float64")
    return pd.DataFrame(columns, index=range(len(groups)))


def _is_list(
    frame: pd.DataFrame, targets: Mapping[str, Any]
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    names = frame["model"].astype(object)
    known = {
        name: any((fields or {}).get(field) for field in _LIST_FIELDS)
        for name, fields in targets.items()
    }
    unasked = frame["asked_model"].isna()
    return np.array(
        [known.get(name, none) for name, none in zip(names, unasked, strict=True)],
        dtype=bool,
    )


def _weights(fields: Mapping[str, Any] | None) -> dict[str, float | None]:
    """Give each model of a list the part of the calls it should get, if one was set."""
    fields = fields or {}
    fallbacks = dict.fromkeys(fields.get("fallback_models") or (), None)
    group = fields.get("load_balance_group") or {}
    weighted = fields.get("load_balance_models") or group.get("models")
    if not weighted:
        asked = [fields["model"]] if fields.get("model") else fields.get("models") or ()
        return {**dict.fromkeys(asked, None), **fallbacks}
    sums: dict[str, float | None] = {}
    total = sum(float(one.get("weight", 1)) for one in weighted)
    for one in weighted:
        part = float(one.get("weight", 1)) / total
        sums[one["model"]] = (sums.get(one["model"]) or 0.0) + part
    return {**sums, **{name: None for name in fallbacks if name not in sums}}


def _as_wanted(answered: str, provider: str, *, wanted: Mapping[str, Any]) -> str:
    """Name the model as it was asked for: vendors answer with a bare or dated name."""
    full = f"{provider}/{answered}"
    for name in (answered, full):
        if name in wanted:
            return name
    alike = [name for name in wanted if _undated(name) == _undated(answered)]
    of_provider = [name for name in alike if name.startswith(f"{provider}/")]
    return next(iter(of_provider or alike), answered)


def _undated(name: str) -> str:
    return _DATE.sub("", name.rpartition("/")[2])


def _lists(
    models: pd.Series, codes: Codes, *, wanted: Mapping[str, dict[str, float | None]]
) -> dict[int, dict[str, float | None]]:
    """Give each group the models its lists name; weights only if it has one list."""
    lists: dict[int, dict[str, float | None]] = {}
    for group, targets in models.groupby(codes):
        names = [str(name) for name in targets.unique()]
        merged: dict[str, float | None] = {}
        for name in names:
            merged |= dict.fromkeys(wanted[name])
        lists[int(group)] = dict(wanted[names[0]]) if len(names) == 1 else merged
    return lists
