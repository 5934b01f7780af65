"""What goes wrong, by kind, and how often."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..evaluators import json_schema, json_valid, refusal
from .dtypes import is_missing
from .groups import Codes, Groups, group_columns, group_rows, item_codes
from .statistics import effective_n, wilson

__all__ = ["KINDS", "failures", "is_refusal"]

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

KINDS: Mapping[str, str] = {
    "refused": "answered, and declined to",
    "truncated": "answered, and cut off: finish_reason is length",
    "schema": "answered, but not in the form that response_format asked for",
    "rate_limit": "429: a rate limit, a budget or a limit policy",
    "timeout": "no answer in the time allowed",
    "connection": "no connection, or one that broke, or an unreadable answer",
    "server": "5xx, or 424: the gateway or a provider is in trouble",
    "bad_request": "400, 413, 422: not valid, or too large",
    "other": "any other error: a key, a name, a bug",
    "maybe_billed": "sent, and the answer never reached us",
    "skipped": "never sent: the budget, an interrupt, a stop",
}
"""The kinds of failures, in order, with what counts as one."""

_ALWAYS = 5  # the first kinds are told even if there was none
_KIND_OF_ERROR = {
    "RateLimitError": "rate_limit",
    "APITimeoutError": "timeout",
    "APIConnectionError": "connection",
    "StreamError": "connection",
    "ServerError": "server",
    "UpstreamError": "server",
    "BadRequestError": "bad_request",
}


def failures(
    frame: pd.DataFrame,
    manifest: Mapping[str, Any] | None = None,
    *,
    by: str | Sequence[str] | None = None,
    every: bool = False,
) -> pd.DataFrame:
    """Count what went wrong, by target and kind.

    Args:
        frame: The frame of a run.
        manifest: Of it: its ``params`` and ``targets`` tell which answers were to
            have a form.
        by: The columns to group by; None as the summary.
        every: Whether kinds that do not occur are told, too.

    Returns:
        As `Results.failures` says.
    """
    frame = frame.reset_index(drop=True)
    groups = group_rows(frame, group_columns(frame, by))
    is_call = frame["choice"].fillna(0).eq(0).to_numpy(dtype=bool)
    status = frame["status"].astype(object)
    answered = (status == "ok").to_numpy(dtype=bool)
    cut_off = (frame["finish_reason"] == "length").fillna(False).to_numpy(dtype=bool)
    sent = is_call & (status != "skipped").to_numpy(dtype=bool)
    formed = _had_form(frame, manifest or {})
    found = {
        "refused": (is_refusal(frame), answered),
        "truncated": (answered & cut_off, answered),
        "schema": (_is_malformed(frame, manifest or {}), formed),
        **{kind: (is_call & mask, sent) for kind, mask in _of_errors(frame).items()},
        "skipped": (is_call & ~sent, is_call),
    }
    kinds = [
        kind
        for at, kind in enumerate(KINDS)
        if every or at < _ALWAYS or found[kind][0].any()
    ]
    items = item_codes(frame)
    rows = [
        _row(groups, at, kind, *found[kind], items=items)
        for at in range(len(groups))
        for kind in kinds
    ]
    return _typed(rows, groups.keys)


def is_refusal(frame: pd.DataFrame) -> Mask:
    """Tell the answers that decline, by the rule of the evaluator ``refusal``.

    Where a run was scored with an evaluator of that name, what that said holds: it
    saw the whole answer.
    """
    rule = refusal()

    @cache  # answers are often alike
    def is_one(output: str | None, reason: str | None) -> bool:
        return bool(rule(output, {"finish_reason": reason})[0])

    answered = (frame["status"] == "ok").to_numpy(dtype=bool)
    answers = frame.loc[answered, ["output", "finish_reason"]].astype(object)
    found = np.zeros(len(frame), dtype=bool)
    known = answers.where(answers.notna(), None).to_numpy()
    found[answered] = [is_one(output, reason) for output, reason in known]
    if "score_refusal" in frame and frame["score_refusal"].dtype == "boolean":
        said = frame["score_refusal"]
        found = np.where(said.notna(), said.fillna(False).to_numpy(dtype=bool), found)
    return found


def _of_errors(frame: pd.DataFrame) -> dict[str, Mask]:
    status = frame["status"].astype(object)
    failed = status.isin(("error", "maybe_billed"))
    kinds = frame["error_type"].astype(object).map(_KIND_OF_ERROR).fillna("other")
    # "stopped" is how a call ended that was under way when the run did.
    kinds = kinds.where(frame["error_type"].astype(object) != "stopped", "")
    errors = ("rate_limit", "timeout", "connection", "server", "bad_request", "other")
    return {
        **{kind: (failed & (kinds == kind)).to_numpy(dtype=bool) for kind in errors},
        "maybe_billed": (status == "maybe_billed").to_numpy(dtype=bool),
    }


def _forms(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.Series:
    """Give each row the form its answer was to have; None if nobody asked for one."""
    shared = (manifest.get("params") or {}).get("response_format")
    targets = manifest.get("targets") or {}
    own = {
        name: (fields or {}).get("response_format", shared)
        for name, fields in targets.items()
    }
    forms = [own.get(name, shared) for name in frame["model"].astype(object)]
    if "param_response_format" in frame:
        axis = frame["param_response_format"].astype(object)
        read = {form: _read(form) for form in axis.unique()}
        forms = [read[form] for form in axis]
    with_parsed = set(frame["model"][frame["parsed"].notna()].astype(object))
    return pd.Series(
        [
            # Only a pydantic class is parsed, so one must have been asked for.
            "class" if form is None and name in with_parsed else form
            for form, name in zip(forms, frame["model"].astype(object), strict=True)
        ],
        index=frame.index,
        dtype=object,
    )


def _had_form(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> Mask:
    """Tell the answers that were to have a form; a tool call has its own."""
    forms = _forms(frame, manifest)
    asked = ~forms.map(lambda form: is_missing(form) or _is_text(form)).astype(bool)
    answered = (frame["status"] == "ok") & frame["tool_calls"].isna()
    had: Mask = (asked & answered).to_numpy(dtype=bool)
    return had


def _read(form: Any) -> Any:
    """Give a value of an axis back its form; a class has left its name."""
    is_json = isinstance(form, str) and form.startswith("{")
    return json.loads(form) if is_json else None if is_missing(form) else form


def _is_text(form: Any) -> bool:
    return isinstance(form, Mapping) and form.get("type") == "text"


def _is_malformed(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> Mask:
    found = np.zeros(len(frame), dtype=bool)
    forms = _forms(frame, manifest).tolist()
    checks: dict[int, Callable[..., Any]] = {}
    outputs, parsed = frame["output"].tolist(), frame["parsed"].tolist()
    for at in np.flatnonzero(_had_form(frame, manifest)):
        form = forms[at]
        if not isinstance(form, Mapping):  # a pydantic class, which has parsed it
            found[at] = is_missing(parsed[at])
            continue
        if id(form) not in checks:  # a schema is read once
            checks[id(form)] = _check_of(form)
        found[at] = checks[id(form)](outputs[at])[0] is False
    return found


def _check_of(form: Mapping[str, Any]) -> Callable[..., Any]:
    content = form.get("json_schema")
    schema = content.get("schema") if isinstance(content, Mapping) else None
    if form.get("type") == "json_schema" and isinstance(schema, Mapping):
        return json_schema(schema, fences=False)
    return json_valid(fences=False)


def _row(
    groups: Groups, at: int, kind: str, failed: Mask, asked: Mask, *, items: Codes
) -> dict[str, Any]:
    here = asked & (groups.codes == at)
    n, count = int(here.sum()), int(failed[here].sum())
    row = {str(name): groups.keys[name].iloc[at] for name in groups.keys}
    row |= {"kind": kind, "n": n, "count": count}
    if not n:
        return row
    by_item = pd.Series(failed[here]).groupby(items[here])
    low, high = wilson(count / n, effective_n(by_item.mean().tolist(), n))
    return {**row, "rate": count / n, "ci_low": low, "ci_high": high}


def _typed(rows: list[dict[str, Any]], keys: pd.DataFrame) -> pd.DataFrame:
    names = [*keys.columns, "kind", "n", "count", "rate", "ci_low", "ci_high"]
    found = pd.DataFrame(rows, columns=names)
    known = [name for name in keys.columns if keys[name].notna().any()]
    figures = dict.fromkeys(("rate", "ci_low", "ci_high"), "Float64")
    dtypes = {name: keys[name].dtype for name in known}
    counts = {"n": "Int64", "count": "Int64"}
    kinds = {"kind": pd.CategoricalDtype(list(KINDS), ordered=False)}
    found = found[known + names[len(keys.columns) :]]
    return found.astype({**dtypes, **counts, **figures, **kinds})
