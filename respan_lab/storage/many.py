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
    connection: sqlite3.Connection, into: str, rows: Sequence[Sequence[Any]]
) -> None:
    """Insert rows, many with each statement.

    Python's interpreter lock is given up and taken back for each statement. With other
    threads at work the taking back costs more than a row does.

    Args:
        connection: To the file.
        into: The statement up to its values: `INSERT INTO t (a, b)`.
        rows: As long as there are columns, all of them.

    Example:
        >>> connection = sqlite3.connect(":memory:")
        >>> _ = connection.execute("CREATE TABLE t (a, b)")
        >>> insert(connection, "INSERT INTO t (a, b)", [(1, "x"), (2, "y"), (3, "z")])
        >>> connection.execute("SELECT sum(a), max(b) FROM t").fetchone()
        (6, 'z')
        >>> connection.close()
    """
    for piece in pieces(rows):
        connection.execute(
            f"{into} {values(len(piece), len(piece[0]))}",
            tuple(chain.from_iterable(piece)),
        )


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
