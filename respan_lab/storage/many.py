"""Many rows in few statements."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar

__all__ = ["insert", "padded", "pieces", "values"]

T = TypeVar("T")

_MOST = 64  # rows of a statement


def insert(
    connection: sqlite3.Connection,
    into: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Insert rows, many with each statement.

    Python's interpreter lock is given up and taken back for each statement. With other
    threads at work the taking back costs more than a row does. Columns that are empty
    in all rows are left out, as half of them mostly are: `sqlite3` is slow to hand on
    a None, and a boolean that is no number.

    Args:
        connection: To the file.
        into: The statement up to its columns: `INSERT INTO t`.
        columns: Their names.
        rows: As long as there are columns, all of them, and none without any value.

    Example:
        >>> connection = sqlite3.connect(":memory:")
        >>> _ = connection.execute("CREATE TABLE t (a, b)")
        >>> insert(connection, "INSERT INTO t", ("a", "b"), [(1, "x"), (2, "y")])
        >>> connection.execute("SELECT sum(a), max(b) FROM t").fetchone()
        (3, 'y')
        >>> connection.close()
    """
    if not rows:
        return
    left = [
        (name, _plain(column))
        for name, column in zip(columns, zip(*rows, strict=True), strict=True)
        if column.count(None) < len(column)
    ]
    names, parts = zip(*left, strict=True)
    for piece in pieces(list(zip(*parts, strict=True))):
        connection.execute(
            f"{into} ({', '.join(names)}) {values(len(piece), len(names))}",
            tuple(chain.from_iterable(piece)),
        )


def _plain(column: Sequence[Any]) -> Sequence[Any]:
    if bool not in set(map(type, column)):
        return column
    return [int(value) if isinstance(value, bool) else value for value in column]


def pieces(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut rows into pieces of 64, 32, 16 and so on: there are few such lengths.

    SQLite's compiled statements are kept by their text.

    Example:
        >>> [len(piece) for piece in pieces(range(150))]
        [64, 64, 16, 4, 2]
    """
    start, length = 0, _MOST
    while start < len(rows):
        while length > len(rows) - start:
            length //= 2
        yield rows[start : start + length]
        start += length


def padded(rows: Sequence[T]) -> Iterator[list[T]]:
    """Cut rows into pieces of at most 64, the last one filled up with its last row.

    It is for statements to which a row that comes twice makes no difference.

    Example:
        >>> [len(piece) for piece in padded(range(150))]
        [64, 64, 32]
    """
    for start in range(0, len(rows), _MOST):
        piece = list(rows[start : start + _MOST])
        whole = 1 << (len(piece) - 1).bit_length()
        yield piece + piece[-1:] * (whole - len(piece))


@lru_cache(maxsize=256)
def values(n_rows: int, n_columns: int) -> str:
    """Give the placeholders of rows.

    Example:
        >>> values(2, 3)
        'VALUES (?, ?, ?), (?, ?, ?)'
    """
    row = f"({', '.join('?' * n_columns)})"
    return f"VALUES {', '.join([row] * n_rows)}"
