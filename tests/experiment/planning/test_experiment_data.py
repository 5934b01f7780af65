"""Data of odd kinds: read as it was meant, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.experiment.planning.data import Item, read_items


def _items(data: Any, *, expected: str = "expected", item: str = "item") -> list[Item]:
    return read_items(data, expected=expected, item=item)


def test_a_conversation_in_a_parquet_file_is_a_list(tmp_path: Path) -> None:
    talk = [
        {"role": "user", "content": "Hello"},
        {"role": "assistant", "content": "Hi"},
        {"role": "user", "content": "Bye"},
    ]
    path = tmp_path / "talks.parquet"
    pd.DataFrame({"messages": [talk, talk]}).to_parquet(path)
    assert _items(path)[1].variables["messages"] == talk
    assert len(lab.Experiment(None, "m", path)) == 2


def test_arrays_are_lists_with_their_holes() -> None:
    value = np.array([1.0, float("nan")])
    assert _items([{"a": value}])[0].variables == {"a": [1.0, None]}


def test_only_an_empty_field_of_a_csv_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("text,expected\nNA,None\nnull,\n", encoding="utf-8")
    items = _items(path)
    assert [one.variables["text"] for one in items] == ["NA", "null"]
    assert [one.expected for one in items] == ["None", None]


def test_a_mark_at_the_start_of_a_file_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n', encoding="utf-8-sig")
    assert _items(path)[0].variables == {"a": 1}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_file_that_cannot_be_read_is_named(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"broken.{kind}"
    path.write_bytes(b"\xff\xfe" if kind != "parquet" else b"x")
    with pytest.raises(lab.ConfigError, match="broken"):
        _items(path)


@pytest.mark.parametrize(
    "data",
    [
        pd.Series(["a", "b"]),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        {"a": [1]},
        [{"a": 1, "item": [1]}],
        [{"a": 1}, {"a": 2, "item": None}],
    ],
    ids=["a series", "a column twice", "a dict", "a list as an id", "no ids"],
)
def test_what_is_no_data_is_refused(data: Any) -> None:
    with pytest.raises(lab.ConfigError):
        _items(data)


def test_a_column_that_is_named_is_there() -> None:
    data = [{"a": 1, "label": "x"}]
    assert _items(data, expected="label")[0].expected == "x"
    with pytest.raises(lab.ConfigError, match=r"'lable'.*'label'"):
        _items(data, expected="lable")
    with pytest.raises(lab.ConfigError, match="'id'"):
        _items(data, item="id")


def test_a_decimal_that_is_no_number_is_a_hole() -> None:
    data = [{"t": Decimal("sNaN")}, {"t": Decimal("NaN")}, {"t": Decimal("1.5")}]
    items = read_items(data, expected="expected", item="item")
    assert [item.variables["t"] for item in items] == [None, None, Decimal("1.5")]
