"""The columns of the frame of log rows, declared once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LOG_COLUMNS", "log_frame"]

_TIME = "datetime64[us, UTC]"

# dtype of each column, in the order of the frame; `object` holds dicts and lists.
LOG_COLUMNS: dict[str, str] = {
    "unique_id": "string",
    "timestamp": _TIME,
    "start_time": _TIME,
    "model": "string",
    "asked_model": "string",
    "provider_id": "category",
    "deployment_name": "string",
    "status": "category",
    "status_code": "Int64",
    "error_class": "category",
    "error_code": "string",
    "error_message": "string",
    "fault_domain": "category",
    "warnings": "object",
    "prompt_tokens": "Int64",
    "completion_tokens": "Int64",
    "total_request_tokens": "Int64",
    "reasoning_tokens": "Int64",
    "prompt_cache_hit_tokens": "Int64",
    "prompt_cache_creation_tokens": "Int64",
    "cost": "Float64",
    "latency": "Float64",
    "time_to_first_token": "Float64",
    "tokens_per_second": "Float64",
    "routing_time": "Float64",
    "stream": "boolean",
    "cache_bit": "boolean",
    "has_tool_calls": "boolean",
    "used_custom_credential": "boolean",
    "positive_feedback": "boolean",
    "customer_identifier": "string",
    "custom_identifier": "string",
    "group_identifier": "string",
    "thread_identifier": "string",
    "trace_unique_id": "string",
    "span_name": "string",
    "prompt_id": "string",
    "prompt_name": "string",
    "prompt_version_number": "Int64",
    "environment": "category",
    "log_type": "category",
    "metadata": "object",
    "properties": "object",
    "variables": "object",
    "scores": "object",
    "prompt_messages": "object",
    "completion_message": "object",
}


def log_frame(
    rows: Sequence[dict[str, Any]], named: Sequence[str] = ()
) -> pd.DataFrame:
    """Make a frame of log rows.

    Args:
        rows: As the gateway gave them.
        named: The fields that were asked for; none for all.

    Returns:
        `LOG_COLUMNS`, those of them that were asked for, then what else the rows hold.

    Example:
        >>> frame = log_frame([{"unique_id": "a", "cost": 1, "mood": "good"}])
        >>> str(frame.cost.dtype), frame.columns[-1], len(log_frame([]))
        ('Float64', 'mood', 0)
    """
    import pandas as pd

    first = [name for name in LOG_COLUMNS if not named or name in named]
    known = dict.fromkeys([*first, *named])
    names = list(known | dict.fromkeys(name for row in rows for name in row))
    columns = {
        name: _column([row.get(name) for row in rows], LOG_COLUMNS.get(name))
        for name in names
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(rows)), columns=names)


def _column(values: list[Any], dtype: str | None) -> pd.Series:
    import pandas as pd

    try:
        if dtype == _TIME:
            moments = pd.to_datetime(values, utc=True, format="ISO8601")
            return pd.Series(moments).astype(_TIME)
        if dtype in ("category", "string") and all(map(_is_text, values)):
            return pd.Series(values, dtype="string").astype(dtype)
        if dtype in ("Int64", "Float64", "boolean"):
            return pd.Series(values, dtype=dtype)
    except (TypeError, ValueError):
        pass  # another gateway, other types: what it sent is kept as it is
    whole = pd.Series(values, dtype="object")
    return whole if dtype is not None else whole.infer_objects()


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)
