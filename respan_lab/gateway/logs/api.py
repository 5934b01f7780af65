"""Reading the log back: `POST /api/request-logs/list/` and `GET .../{unique_id}/`."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, urlencode

from ...errors import ConfigError
from ...storage.texts import as_json
from ..failure import GatewayFailure
from ..store.logs import LogQuery
from .filters import Condition, column_of, condition
from .view import LISTED, SHOWN, columns_for, shown

if TYPE_CHECKING:
    from ..exchange import Exchange
    from ..gateway import Gateway

__all__ = ["list_logs", "show_log"]

_QUERY = frozenset(
    {
        "end_time",
        "environment",
        "include_fields",
        "log_type",
        "page",
        "page_size",
        "sort_by",
        "start_time",
    }
)
_PAGE_SIZE, _LARGEST_PAGE = 100, 1000
_LAST_PAGE = 10**9
_WINDOW = timedelta(hours=1)
_FIRST = datetime.min.replace(tzinfo=UTC)


class _Asked(NamedTuple):
    page: int
    page_size: int
    order: str
    where: Condition
    fields: tuple[str, ...]


async def list_logs(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with a page of log rows."""
    await exchange.read()
    query = _query(exchange)
    asked = _read(query, _filters(exchange.content), datetime.now(UTC))
    rows = await _rows(gateway, asked)
    page = {
        "count": min(len(rows), asked.page_size),
        "next": _link(exchange, query, asked.page + 1, len(rows) > asked.page_size),
        "previous": _link(exchange, query, asked.page - 1, asked.page > 1),
    }
    content = await asyncio.to_thread(_written, page, rows[: asked.page_size], asked)
    await exchange.answer(200, content)


async def show_log(gateway: Gateway, exchange: Exchange) -> None:
    """Answer with one log row, its whole request and answer included."""
    unique_id: str = exchange.scope["path_params"]["unique_id"]
    with _readable():
        row = await gateway.logs.get(unique_id)
    if row is None:
        raise GatewayFailure(
            404, f"there is no log row {unique_id!r}", code="log_not_found"
        )
    await exchange.answer(200, as_json(shown(row, SHOWN)).encode())


async def _rows(gateway: Gateway, asked: _Asked) -> list[dict[str, Any]]:
    """Read a page of rows, and one more if there is one."""
    query = LogQuery(
        asked.where.sql,
        asked.where.values,
        asked.order,
        limit=asked.page_size + 1,
        offset=(asked.page - 1) * asked.page_size,
        columns=columns_for(asked.fields) or ("unique_id",),
    )
    with _readable():
        return await gateway.logs.list(query)


def _written(
    page: dict[str, Any], rows: Sequence[Mapping[str, Any]], asked: _Asked
) -> bytes:
    page["results"] = [shown(row, asked.fields) for row in rows]
    return as_json(page).encode()


def _query(exchange: Exchange) -> dict[str, str]:
    """Read the query string; of repeated names the last counts, blanks do not."""
    text = exchange.scope.get("query_string", b"").decode("latin-1")
    return {name: values[-1] for name, values in parse_qs(text).items()}


def _filters(content: bytes) -> Any:
    try:
        body = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        body = False
    if body is None:
        return None
    if not isinstance(body, dict):
        raise GatewayFailure(400, "the body must be a JSON object", code="invalid_json")
    for name in body.keys() - {"filters"}:
        raise _bad(name, f"{name!r} is not read here; the body is {{'filters': ...}}")
    return body.get("filters")


def _read(query: Mapping[str, str], filters: Any, now: datetime) -> _Asked:
    for name in sorted(query.keys() - _QUERY):
        raise _bad(name, f"{name!r} is not a parameter; there are {sorted(_QUERY)}")
    named = [
        Condition(f"({name} = ?)", (query[name],))
        for name in ("environment", "log_type")
        if name in query
    ]
    if query.get("environment", "test") not in ("prod", "test"):
        raise _bad("environment", "environment must be 'prod' or 'test'")
    all_of = [_window(query, now), *named, condition(filters)]
    return _Asked(
        page=_whole(query, "page", 1, _LAST_PAGE),
        page_size=_whole(query, "page_size", _PAGE_SIZE, _LARGEST_PAGE),
        order=_order(query.get("sort_by", "-timestamp")),
        where=Condition(
            " AND ".join(each.sql for each in all_of),
            tuple(value for each in all_of for value in each.values),
        ),
        fields=_fields(query.get("include_fields")),
    )


def _whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    is_whole = text.isascii() and text.isdigit() and len(text) < 20
    if not is_whole or not 1 <= int(text) <= most:
        raise _bad(name, f"{name} is {text!r}; it must be a number from 1 to {most}")
    return int(text)


def _order(text: str) -> str:
    column = column_of(text.removeprefix("-"))
    if column is None:
        raise _bad(
            "sort_by",
            f"sort_by is {text!r}; name a column, such as timestamp, cost or -latency",
        )
    way = "DESC" if text.startswith("-") else "ASC"
    # What is missing stands last either way; a time never is.
    missing = "" if column == "timestamp" else f"{column} IS NULL, "
    return f"{missing}{column} {way}, id {way}"


def _window(query: Mapping[str, str], now: datetime) -> Condition:
    end = _moment(query, "end_time")
    start = _moment(query, "start_time")
    if start is None:
        start = max(end or now, _FIRST + _WINDOW) - _WINDOW
    if end is None:
        return Condition("(timestamp >= ?)", (_text(start),))
    return Condition("(timestamp >= ? AND timestamp <= ?)", (_text(start), _text(end)))


def _moment(query: Mapping[str, str], name: str) -> datetime | None:
    text = query.get(name)
    if text is None:
        return None
    # A plus sign that was not escaped has become a space.
    for spelling in (text, "+".join(text.rsplit(" ", 1))):
        try:
            moment = datetime.fromisoformat(spelling)
            return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        except (ValueError, OverflowError):
            continue
    raise _bad(
        name, f"{name} is {text!r}; write it like 2026-01-31T12:00:00Z (UTC by default)"
    )


def _text(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _fields(text: str | None) -> tuple[str, ...]:
    if text is None:
        return LISTED
    names = tuple(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
    for name in names:
        if name not in SHOWN and column_of(name) is None:
            raise _bad(
                "include_fields",
                f"include_fields names {name!r}; there are {', '.join(SHOWN)}",
            )
    return names or LISTED


def _link(
    exchange: Exchange, query: Mapping[str, str], page: int, is_there: bool
) -> str | None:
    if not is_there:
        return None
    scope = exchange.scope
    host = exchange.headers.get("host", "localhost")
    asked = urlencode({**query, "page": page})
    return f"{scope.get('scheme', 'http')}://{host}{scope['path']}?{asked}"


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except (ConfigError, sqlite3.Error) as error:
        raise GatewayFailure(
            500, f"the log cannot be read: {error}", code="log_unusable"
        ) from None


def _bad(name: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_value", param=name)
