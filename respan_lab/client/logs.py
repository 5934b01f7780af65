"""The gateway's log as a frame: filters, time range, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..errors import ConfigError, StreamError
from .log_columns import log_frame
from .rest import fetch

if TYPE_CHECKING:
    import pandas as pd

    from .door import Door

__all__ = ["LogOptions", "Moment", "read_logs"]

Moment: TypeAlias = datetime | timedelta | str | None

_PATH = "/request-logs/list/"
_DAY = timedelta(days=1)
_LARGEST_PAGE = 1000
_OPERATORS = (
    *("not", "in", "not_in", "lt", "lte", "gt", "gte", "contains", "not_contains"),
    *("icontains", "startswith", "not_startswith", "endswith", "not_endswith"),
    *("empty", "not_empty"),
)
_PRESENCE = {("empty", True), ("not_empty", False)}
# In lists the platform writes these as JSON texts at times.
_STRUCTURED = (
    *("prompt_messages", "completion_message", "completion_messages", "metadata"),
    *("properties", "variables", "scores", "tools", "tool_calls", "input", "output"),
)


class LogOptions(TypedDict, total=False):
    """The keywords of `Client.logs`, as they are documented there."""

    end: Moment
    filters: Mapping[str, Any] | None
    log_type: str | None
    environment: str | None
    sort_by: str
    limit: int | None
    include_fields: Sequence[str] | None


async def read_logs(
    door: Door,
    start: Moment = None,
    *,
    end: Moment = None,
    filters: Mapping[str, Any] | None = None,
    log_type: str | None = "chat",
    environment: str | None = None,
    sort_by: str = "-timestamp",
    limit: int | None = None,
    include_fields: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Read the log of a gateway; see `Client.logs`."""
    now = datetime.now(UTC)
    until = _moment("end", end, now, default=now)
    since = _moment("start", start, now, default=until - _DAY)
    if since > until:
        raise ConfigError(f"start ({since}) is after end ({until})")
    query = {
        "start_time": _text(since),
        "end_time": _text(until),
        "sort_by": sort_by,
        "log_type": log_type,
        "environment": environment,
        "include_fields": ",".join(_names(include_fields)) or None,
        "page_size": str(_page_size(limit)),
    }
    sent = {name: value for name, value in query.items() if value is not None}
    body = {"filters": wire_filters(filters or {})}
    rows = await _all(door, sent, body, limit)
    return log_frame([_read(row) for row in rows], _names(include_fields))


def wire_filters(filters: Mapping[str, Any]) -> dict[str, Any]:
    """Bring filters into the platform's form.

    Args:
        filters: The form itself, `{"cost": {"operator": "gte", "value": [0.1]}}`, or
            the short one, `{"cost__gte": 0.1}`, or some of each.

    Raises:
        ConfigError: A value has no such form.

    Example:
        >>> wire_filters({"model": ["a", "b"], "note": None})["model"]
        [{'operator': '', 'value': ['a', 'b']}]
    """
    if not isinstance(filters, Mapping):
        raise ConfigError(
            f"filters is {filters!r}; give a dict such as {{'model': 'gpt-5', "
            "'cost__gt': 0.1}"
        )
    found: dict[str, list[Any]] = {}
    for name, value in filters.items():
        if _is_wire(value):
            found.setdefault(name, []).extend(
                value if isinstance(value, list) else [value]
            )
        else:
            field, condition = _short(str(name), value)
            found.setdefault(field, []).append(condition)
    return dict(found)


def _is_wire(value: Any) -> bool:
    listed = value if isinstance(value, list) and value else [value]
    return all(isinstance(each, Mapping) for each in listed)


def _short(name: str, value: Any) -> tuple[str, dict[str, Any]]:
    field, operator = _split(name)
    if operator in ("empty", "not_empty"):
        is_empty = (operator, bool(value)) in _PRESENCE
        return field, {"operator": "empty" if is_empty else "not_empty", "value": [""]}
    if value is None:
        operator = "not_empty" if operator in ("not", "not_in") else "empty"
        return field, {"operator": operator, "value": [""]}
    values = (
        list(value) if isinstance(value, list | tuple | set | frozenset) else [value]
    )
    bad = [each for each in values if not isinstance(each, str | int | float)]
    if bad or not values:
        raise ConfigError(
            f"filters[{name!r}] is {value!r}; use a text, a number, a bool, a list of "
            "those, or None for what is missing"
        )
    return field, {"operator": operator, "value": values}


def _split(name: str) -> tuple[str, str]:
    field, parted, operator = name.rpartition("__")
    # In metadata__in the word is the key.
    if parted and operator in _OPERATORS and field not in ("metadata", "scores"):
        return field, operator
    return name, ""


async def _all(
    door: Door, query: dict[str, str], body: Any, limit: int | None
) -> list[dict[str, Any]]:
    """Follow the pages; a row that moved on to the next page meanwhile counts once."""
    rows: dict[Any, dict[str, Any]] = {}
    seen: set[str] = set()
    asked: str | None = urlencode(query)
    while (
        asked is not None and asked not in seen and (limit is None or len(rows) < limit)
    ):
        seen.add(asked)
        page = await fetch(door, f"{_PATH}?{asked}", body)
        results = page.get("results") if isinstance(page, dict) else None
        if not isinstance(results, list):
            raise StreamError(f"{door.url}{_PATH}: the answer is not a page of rows")
        for row in results:
            if isinstance(row, dict):
                rows.setdefault(row.get("unique_id") or row.get("id") or len(rows), row)
        asked = _following(page.get("next"), query) if results else None
    return list(rows.values())[:limit]


def _following(link: Any, query: dict[str, str]) -> str | None:
    """What to ask for next; of the link only its query is used.

    So the key goes nowhere else, whatever host a link names.
    """
    if not isinstance(link, str) or not link:
        return None
    return urlencode({**query, **dict(parse_qsl(urlsplit(link).query))})


def _read(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _structure(value) if name in _STRUCTURED else value
        for name, value in row.items()
    }


def _structure(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _moment(name: str, given: Moment, now: datetime, *, default: datetime) -> datetime:
    try:
        if given is None:
            return default
        if isinstance(given, timedelta):
            return now - given
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
        return moment.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise ConfigError(
            f"{name} is {given!r}; give a datetime, an ISO text such as "
            "'2026-01-31T12:00', or a timedelta back from now"
        ) from None


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _names(include_fields: Sequence[str] | None) -> list[str]:
    if isinstance(include_fields, str):
        raise ConfigError(
            f"include_fields is {include_fields!r}; give a list of names, such as "
            f"[{include_fields!r}]"
        )
    if not include_fields:
        return []
    # Without its id a row that is met twice cannot be told from another.
    return list(dict.fromkeys(["unique_id", *include_fields]))


def _page_size(limit: int | None) -> int:
    if limit is None:
        return _LARGEST_PAGE
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        raise ConfigError(f"limit is {limit!r}; give a number of rows, or None for all")
    return min(limit, _LARGEST_PAGE)
