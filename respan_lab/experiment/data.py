"""The user's data as items: a row each, with an id that pairs it across targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Item", "read_items"]


class Item(NamedTuple):
    """One row of the data."""

    id: Any
    variables: dict[str, Any]
    expected: Any


def read_items(data: Any, *, expected: str, item: str) -> list[Item]:
    """Read data of any of the accepted kinds.

    Args:
        data: A DataFrame, a list of mappings, a path (`.csv`, `.jsonl`, `.parquet`),
            anything with `to_pandas()`; None is one item with the id 0.
        expected: The column that holds the reference, if there is one.
        item: The column that holds the item's id; without it, the index.

    Raises:
        ConfigError: Another kind of data, no rows, or an id twice.
    """
    if data is None:
        return [Item(0, {}, None)]
    rows, ids = _rows(data)
    if not rows:
        raise ConfigError("data has no rows")
    if all(item in row for row in rows):
        ids = [row[item] for row in rows]
    _require_unique(ids, item)
    return [
        Item(
            row_id,
            {str(k): v for k, v in row.items() if k not in (item, expected)},
            row.get(expected),
        )
        for row_id, row in zip(ids, rows, strict=True)
    ]


def _rows(data: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    if isinstance(data, str | Path):
        data = _read_file(Path(data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        for row in data:
            if not isinstance(row, Mapping):
                raise ConfigError(
                    f"data holds {row!r}: every row is a mapping of column to value, "
                    'for example {"text": "..."}'
                )
        return [_clean(row) for row in data], list(range(len(data)))
    if hasattr(data, "to_pandas"):
        data = data.to_pandas()
    if hasattr(data, "to_dict") and hasattr(data, "index"):
        records = data.to_dict("records")
        return [_clean(row) for row in records], data.index.tolist()
    raise ConfigError(
        f"data is a {type(data).__name__}; give a DataFrame, a list of mappings, a "
        "path (.csv, .jsonl, .parquet) or anything with to_pandas()"
    )


def _read_file(path: Path) -> pd.DataFrame | list[dict[str, Any]]:
    if not path.is_file():
        raise ConfigError(f"data: there is no file {str(path)!r}")
    kind = path.suffix.lower()
    if kind == ".jsonl":
        return _read_jsonl(path)
    import pandas as pd

    if kind == ".csv":
        return pd.read_csv(path)
    if kind == ".parquet":
        return pd.read_parquet(path)
    raise ConfigError(
        f"data: {path.name!r} is of no known kind; use .csv, .jsonl or .parquet"
    )


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    import json

    rows = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise ConfigError(
                    f"data: line {number} of {path.name!r} is not JSON: {error}"
                ) from None
    return rows


def _clean(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """The row with a hole shown as None, whatever its column's dtype calls it."""
    return {name: None if _is_missing(value) else value for name, value in row.items()}


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str | bool | int | list | dict):
        return value is None
    # NaN and NaT differ from themselves, pandas' NA gives no answer; arrays give many.
    differs = value != value
    return type(differs).__name__ == "NAType" or str(differs) == "True"


def _require_unique(ids: list[Any], item: str) -> None:
    seen = set()
    for row_id in ids:
        if row_id in seen:
            raise ConfigError(
                f"the item id {row_id!r} occurs twice (column {item!r}, else the "
                "index); items are paired across targets by their id, so it must be "
                "unique"
            )
        seen.add(row_id)
