"""The user's data as items: a row each, with an id that pairs it across targets."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...results.run_plan import PlannedItem as Item

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["Item", "read_items"]

_WHOLE = frozenset({str, bool, int, type(None)})


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
        return [Item(0, None, {})]
    rows, ids = _rows(data)
    if not rows:
        raise ConfigError("data has no rows")
    columns = dict.fromkeys(chain.from_iterable(rows))
    for argument, name in (("expected", expected), ("item", item)):
        if name not in columns and name != argument:
            shown = ", ".join(map(repr, columns))
            raise ConfigError(f"{argument}={name!r} is no column of the data: {shown}")
    if item in columns:
        ids = [row.get(item) for row in rows]
    _require_unique(ids, item)
    references = [row.get(expected) for row in rows]
    variables = _without(rows, columns, (item, expected))
    return list(map(Item, ids, references, variables))


def _without(
    rows: list[dict[Any, Any]], columns: Iterable[Any], left_out: Sequence[str]
) -> list[dict[str, Any]]:
    """The rows by texts as names, without some columns."""
    if all(type(name) is str and name not in left_out for name in columns):
        return rows  # as they are: nobody else has them
    return [
        {str(name): value for name, value in row.items() if name not in left_out}
        for row in rows
    ]


def _rows(data: Any) -> tuple[list[dict[Any, Any]], Sequence[Any]]:
    if isinstance(data, str | Path):
        data = _read_file(Path(data))
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        for row in data:
            # Mostly it is a dict; to ask an abstract class takes far longer.
            if type(row) is not dict and not isinstance(row, Mapping):
                raise ConfigError(
                    f"data holds {row!r}: every row is a mapping of column to value, "
                    'for example {"text": "..."}'
                )
        return [_clean(row) for row in data], range(len(data))
    if hasattr(data, "to_pandas"):
        data = data.to_pandas()
    if hasattr(data, "to_dict") and hasattr(data, "columns"):
        return _frame_rows(data)
    raise ConfigError(
        f"data is a {type(data).__name__}; give a DataFrame, a list of mappings, a "
        "path (.csv, .jsonl, .parquet) or anything with to_pandas()"
    )


def _frame_rows(frame: pd.DataFrame) -> tuple[list[dict[str, Any]], list[Any]]:
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise ConfigError(f"data has the column {twice[0]!r} twice; rename one")
    return [_clean(row) for row in frame.to_dict("records")], frame.index.tolist()


def _read_file(path: Path) -> pd.DataFrame | list[dict[str, Any]]:
    if not path.is_file():
        raise ConfigError(f"data: there is no file {str(path)!r}")
    import pandas as pd

    readers: dict[str, Callable[[Path], Any]] = {
        ".jsonl": _read_jsonl,
        # Only an empty field is a hole: "NA" and "None" are words people label with.
        ".csv": partial(pd.read_csv, keep_default_na=False, na_values=[""]),
        ".parquet": pd.read_parquet,
    }
    read = readers.get(path.suffix.lower())
    if read is None:
        raise ConfigError(
            f"data: {path.name!r} is of no known kind; use {', '.join(readers)}"
        )
    try:
        return read(path)
    except ConfigError:
        raise
    except (ValueError, OSError) as error:  # pandas' and pyarrow's own are ValueErrors
        raise ConfigError(f"data: {path.name!r} cannot be read: {error}") from None


def _read_jsonl(path: Path) -> list[dict[str, Any]]:
    import json

    rows = []
    with path.open(encoding="utf-8-sig") as lines:
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
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if type(value) in _WHOLE:  # as nearly always
        return value
    if callable(getattr(value, "tolist", None)) and getattr(value, "ndim", None):
        return _plain(value.tolist())  # an array, as a Parquet file gives a list
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, dict):
        return {name: _plain(entry) for name, entry in value.items()}
    return None if _is_missing(value) else value


def _is_missing(value: Any) -> bool:
    if value is None or isinstance(value, str | bool | int):
        return value is None
    # NaN and NaT differ from themselves, pandas' NA gives no answer; arrays give many.
    try:
        differs = value != value
    except ArithmeticError:  # a decimal that signals is no number either
        return True
    return type(differs).__name__ == "NAType" or str(differs) == "True"


def _require_unique(ids: Sequence[Any], item: str) -> None:
    if isinstance(ids, range):
        return
    seen = set()
    for row_id in ids:
        if not isinstance(row_id, Hashable):
            raise ConfigError(
                f"the item id {row_id!r} (column {item!r}) is a "
                f"{type(row_id).__name__}; use a text or a number"
            )
        if row_id in seen:
            raise ConfigError(
                f"the item id {row_id!r} occurs twice (column {item!r}, else the "
                "index); items are paired across targets by their id, so it must be "
                "unique"
            )
        seen.add(row_id)
