"""Columns give back what SQLite holds, whatever stands in a row."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.ledger.columns import column, columns
from respan_lab.ledger.schema import Kind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
KINDS: dict[str, Kind] = {
    "text": "text",
    "integer": "integer",
    "real": "real",
    "boolean": "boolean",
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
INTEGERS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(
    st.tuples(
        st.none() | TEXTS,
        st.none() | INTEGERS,
        st.none() | st.floats(allow_nan=False),
        st.none() | st.booleans(),
    )
)


@given(ROWS)
def test_rows_are_the_same_as_columns(rows: list[tuple[Any, ...]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a TEXT, b INTEGER, c REAL, d INTEGER)")
    connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows)
    read = columns(connection.execute("SELECT * FROM t"), KINDS)
    connection.close()
    assert list(read) == list(KINDS)
    assert list(zip(*(each.to_pylist() for each in read.values()), strict=True)) == rows


@pytest.mark.parametrize("count", [0, 1, 1024, 1025, 3000])
def test_no_row_is_lost_between_two_pieces(count: int) -> None:
    connection = sqlite3.connect(":memory:")
    cursor = connection.execute(
        "WITH RECURSIVE up(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM up) "
        "SELECT n FROM up LIMIT ?",
        (count,),
    )
    assert columns(cursor, {"n": "integer"})["n"].to_pylist() == list(range(count))
    connection.close()


def test_a_moment_is_one() -> None:
    moments = column([[1, None]], "moment").to_pylist()
    assert moments == [EPOCH + timedelta(microseconds=1), None]
