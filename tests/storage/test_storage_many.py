"""Rows in few statements: each of them once, in their order."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.storage.many import insert, padded, pieces


@given(st.integers(0, 400))
def test_pieces_are_all_there_is_in_order(n: int) -> None:
    cut = list(pieces(range(n)))
    assert [each for piece in cut for each in piece] == list(range(n))
    assert {len(piece) for piece in cut} <= {64, 32, 16, 8, 4, 2, 1}


@given(st.integers(0, 400))
def test_padded_pieces_hold_all_there_is_and_the_last_row_again(n: int) -> None:
    cut = [each for piece in padded(range(n)) for each in piece]
    assert cut[:n] == list(range(n))
    assert set(cut[n:]) <= {n - 1}
    assert {len(piece) for piece in padded(range(n))} <= {64, 32, 16, 8, 4, 2, 1}


@given(
    st.lists(
        st.tuples(st.integers(-9, 9), st.none() | st.booleans() | st.text("ab")),
        max_size=150,
    )
)
def test_every_row_is_inserted_once(rows: list[tuple[int, str | None]]) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    insert(connection, "INSERT INTO t", ("a", "b"), rows)
    assert connection.execute("SELECT a, b FROM t ORDER BY rowid").fetchall() == rows
    connection.close()


def test_a_row_of_another_length_is_refused() -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE t (a, b)")
    with pytest.raises(ValueError, match="shorter"):
        insert(connection, "INSERT INTO t", ("a", "b"), [(1, 2), (3,)])
    connection.close()
