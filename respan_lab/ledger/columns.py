"""Rows of a query as columns, each held as compactly as it can be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from .schema import Kind

if TYPE_CHECKING:
    import sqlite3

__all__ = ["column", "columns"]

_AT_A_TIME = 1024  # rows; as few as the processor's cache can hold
_BLOCK = 16  # of those become one: small pieces would lie about once they are freed
# Arrow's own pool keeps what is freed from everybody else.
_POOL = pa.system_memory_pool()
_READ: dict[Kind, Any] = {
    "text": pa.large_string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "boolean": pa.int8(),
    "moment": pa.int64(),
    "json": pa.large_string(),
}
_MEANT: dict[Kind, Any] = {
    **_READ,
    "boolean": pa.bool_(),
    "moment": pa.timestamp("us", "UTC"),
}


def column(parts: Iterable[Sequence[Any]], kind: Kind) -> pa.ChunkedArray:
    """Make a column of values as SQLite has them.

    Args:
        parts: The values, in pieces; None is missing.
        kind: What they are.

    Example:
        >>> column([[1, None], [0]], "boolean").to_pylist()
        [True, None, False]
    """
    read = _READ[kind]
    arrays = [pa.array(part, read) for part in parts]
    return pa.chunked_array(arrays, read).cast(_MEANT[kind])


def columns(
    cursor: sqlite3.Cursor, kinds: Mapping[str, Kind]
) -> dict[str, pa.ChunkedArray]:
    """Read rows as columns, few rows at a time.

    Args:
        cursor: Of a query that gives just the columns of `kinds`, in their order.
        kinds: What each column holds.
    """
    cursor.row_factory = None
    types = [_READ[kind] for kind in kinds.values()]
    read: list[list[pa.Array]] = [[] for _ in types]
    while block := _block(cursor, types):
        for arrays, array in zip(read, block, strict=True):
            arrays.append(array)
    return {
        name: pa.chunked_array(read.pop(0), of).cast(_MEANT[kind])
        for (name, kind), of in zip(kinds.items(), types, strict=True)
    }


def _block(cursor: sqlite3.Cursor, types: Sequence[pa.DataType]) -> list[pa.Array]:
    """Read as many rows as make a block; an empty list at the end."""
    pieces: list[list[pa.Array]] = [[] for _ in types]
    for _ in range(_BLOCK):
        if not (rows := cursor.fetchmany(_AT_A_TIME)):
            break
        for arrays, of, part in zip(
            pieces, types, zip(*rows, strict=True), strict=True
        ):
            arrays.append(_piece(part, of))
    return [pa.concat_arrays(each, memory_pool=_POOL) for each in pieces if each]


def _piece(part: Sequence[Any], of: pa.DataType) -> pa.Array:
    if part[0] is None and part.count(None) == len(part):  # as whole columns are
        return _nothing(len(part), of)
    return pa.array(part, of, memory_pool=_POOL)


@lru_cache(maxsize=16)
def _nothing(length: int, of: pa.DataType) -> pa.Array:
    return pa.nulls(length, of)
