"""The SQL of each filter does what the operator says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gateway_log_rows import row
from hypothesis import given
from hypothesis import strategies as st

from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.logs.filters import condition
from respan_lab.gateway.store.log_columns import COLUMNS, METADATA, SCHEMA
from respan_lab.gateway.store.logs import LogQuery, LogStore

# Few characters, so that texts meet: with cases, a zero, several bytes, wildcards.
TEXTS = st.text("aAßs\0😀%_'\"", max_size=4)
NUMBERS = st.one_of(
    st.integers(-3, 3), st.integers(), st.floats(allow_nan=False, allow_infinity=False)
)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "note": TEXTS,
    "status_code": st.integers(0, 20),
    "prompt_tokens": st.integers(-3, 3),
    "cost": st.floats(-2, 2) | st.integers(-3, 3).map(float),
    "stream": st.booleans(),
}
TEXTUAL = ("note", "metadata__k")
ROWS = st.fixed_dictionaries(
    {**{name: st.none() | kind for name, kind in KINDS.items()},
     "metadata__k": st.none() | TEXTS}
)  # fmt: skip

EQUALITY: dict[str, Callable[[Any, list[Any]], bool]] = {
    "": lambda x, vs: x is not None and x in vs,
    "in": lambda x, vs: x is not None and x in vs,
    "not": lambda x, vs: x not in vs,
    "not_in": lambda x, vs: x not in vs,
}
ORDER: dict[str, Callable[[Any, list[Any]], bool]] = {
    "lt": lambda x, vs: x is not None and x < vs[0],
    "lte": lambda x, vs: x is not None and x <= vs[0],
    "gt": lambda x, vs: x is not None and x > vs[0],
    "gte": lambda x, vs: x is not None and x >= vs[0],
}
SUBTEXT: dict[str, Callable[[Any, list[Any]], bool]] = {
    "contains": lambda x, vs: x is not None and vs[0] in x,
    "not_contains": lambda x, vs: x is None or vs[0] not in x,
    "icontains": lambda x, vs: x is not None and vs[0].casefold() in x.casefold(),
    "startswith": lambda x, vs: x is not None and x.startswith(vs[0]),
    "not_startswith": lambda x, vs: x is None or not x.startswith(vs[0]),
    "endswith": lambda x, vs: x is not None and x.endswith(vs[0]),
    "not_endswith": lambda x, vs: x is None or not x.endswith(vs[0]),
}
PRESENCE: dict[str, Callable[[Any, list[Any]], bool]] = {
    "empty": lambda x, vs: x is None or x == "",
    "not_empty": lambda x, vs: x is not None and x != "",
}
MODEL = EQUALITY | ORDER | SUBTEXT | PRESENCE


def expected(field: str, operator: str, held: Any, values: list[Any]) -> bool:
    if field == "metadata__k" and held is None:
        return False
    if field == "status_code" and operator in SUBTEXT:
        held = None if held is None else str(held)
    return MODEL[operator](held, values)


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str, list[Any]]:
    field = draw(st.sampled_from([*KINDS, "metadata__k"]))
    allowed = EQUALITY | PRESENCE
    if field != "stream":
        allowed = allowed | ORDER
    if field in (*TEXTUAL, "status_code"):
        allowed = allowed | SUBTEXT
    operator = draw(st.sampled_from(sorted(allowed)))
    if operator in PRESENCE:
        return field, operator, [""]
    values = TEXTS if field in TEXTUAL else NUMBERS
    if field == "stream":
        values = st.booleans()
    elif operator in SUBTEXT and field == "status_code":
        values = st.sampled_from(["1", "12", "", "x", "0"])
    most = 4 if operator in EQUALITY else 1
    return field, operator, draw(st.lists(values, min_size=1, max_size=most))


def found(rows: list[dict[str, Any]], filters: Any) -> list[int]:
    """Which of the rows, by SQLite."""
    with sqlite3.connect(":memory:") as connection:
        connection.create_function(
            "casefold", 1, lambda text: None if text is None else text.casefold()
        )
        for statement in SCHEMA.split(";"):
            connection.execute(statement)
        for n, each in enumerate(rows):
            held = {name: each.get(name) for name in COLUMNS}
            held["unique_id"] = str(n)
            marks = ", ".join(f":{name}" for name in COLUMNS)
            connection.execute(f"INSERT INTO logs VALUES ({n}, {marks})", held)
            if each.get("metadata__k") is not None:
                pair = (n, "k", each["metadata__k"])
                connection.execute("INSERT INTO metadata VALUES (?, ?, ?)", pair)
        where = condition(filters)
        sql = f"SELECT id FROM logs WHERE {where.sql} ORDER BY id"
        return [each[0] for each in connection.execute(sql, where.values)]


@given(st.lists(ROWS, max_size=8), questions())
def test_sqlite_finds_what_the_operator_says(
    rows: list[dict[str, Any]], question: tuple[str, str, list[Any]]
) -> None:
    field, operator, values = question
    model = [
        n for n, each in enumerate(rows)
        if expected(field, operator, each[field], values)
    ]  # fmt: skip
    assert found(rows, {field: {"operator": operator, "value": values}}) == model


ABC: list[dict[str, Any]] = [{"note": "a"}, {"note": "b"}, {"note": None}, {"note": ""}]


@pytest.mark.parametrize(
    ("given_", "expected_"),
    [
        ({"note": {"value": ["a"]}}, [0]),
        ({"note": {"value": "a"}}, [0]),
        ({"note": {"operator": None, "value": ["a"]}}, [0]),
        ({"note": {"operator": "=", "value": ["a"]}}, [0]),
        ({"note": {"operator": "==", "value": ["a"]}}, [0]),
        ({"note": {"operator": "eq", "value": ["a"]}}, [0]),
        ({"note": {"operator": "equals", "value": ["a", "b"]}}, [0, 1]),
        ({"note": {"operator": "isnull", "value": [True]}}, [2]),
        ({"note": {"operator": "isnull", "value": ["false"]}}, [0, 1, 3]),
        ({"note": {"operator": "gte", "value": ["b"]}}, [1]),
        ({"note": [{"operator": "gte", "value": ["a"]},
                   {"operator": "lt", "value": ["b"]}]}, [0]),
        ({"note": {"value": ["a"]}, "unique_id": {"value": ["1"]}}, []),
        ({"note": None}, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
        (None, [0, 1, 2, 3]),
        ({"note": {"value": ["' OR 1 = 1 --"]}}, []),
        ({"metadata__k' OR 1 = 1 --": {"value": ["x"]}}, []),
    ],
)  # fmt: skip
def test_forms(given_: Any, expected_: list[int]) -> None:
    assert found(ABC, given_) == expected_


@pytest.mark.parametrize(
    ("alias", "field"),
    [
        ("total_cost", "cost"),
        ("input_tokens", "prompt_tokens"),
        ("output_tokens", "completion_tokens"),
        ("total_tokens", "total_request_tokens"),
        ("trace_id", "trace_unique_id"),
    ],
)
def test_an_alias_is_the_field(alias: str, field: str) -> None:
    asked = {"value": [1]}
    assert condition({alias: asked}) == condition({field: asked})


def test_numbers_may_be_texts_and_texts_numbers() -> None:
    rows = [{"status_code": 200, "error_code": "429"}]
    assert found(rows, {"status_code": {"value": ["200"]}}) == [0]
    assert found(rows, {"error_code": {"value": [429]}}) == [0]


@pytest.mark.parametrize(
    ("filters", "field", "said"),
    [
        ({"mood": {"value": [1]}}, "mood", "not a field"),
        ({"timestamp": {"value": [1]}}, "timestamp", "not a field"),
        ({"scores__x": {"value": [1]}}, "scores__x", "not a field"),
        ({"properties": {"value": [1]}}, "properties", "not a field"),
        ({"cost": {"operator": "near", "value": [1]}}, "cost", "'near' is not an"),
        ({"cost": {"operator": "contains", "value": ["1"]}}, "cost", "not an operator"),
        ({"stream": {"operator": "gt", "value": [True]}}, "stream", "not an operator"),
        ({"cost": {"operator": 3, "value": [1]}}, "cost", "must be a text"),
        ({"cost": {"operator": "gt", "value": [1, 2]}}, "cost", "takes one value"),
        ({"cost": {"value": []}}, "cost", "at least one"),
        ({"cost": {"value": ["x"]}}, "cost", "'x' is not a number"),
        ({"cost": {"value": [float("nan")]}}, "cost", "not a number"),
        ({"cost": {"value": [10**400]}}, "cost", "not a number"),
        ({"cost": {"value": [True]}}, "cost", "not a number"),
        ({"stream": {"value": [1]}}, "stream", "neither true nor false"),
        ({"note": {"value": [None]}}, "note", "not a text"),
        ({"note": {"value": [{}]}}, "note", "not a text"),
        ({"note": "a"}, "note", "must be"),
        ({"note": {"operator": ""}}, "note", "must be"),
        ({"note": {"value": ["a"], "connector": "OR"}}, "note", "`OR`"),
        ({"note": {"value": ["a"], "filter_params": {}}}, "note", "bundles"),
        ({"filter_bundle": {"connector": "OR"}}, "filter_bundle", "not a field"),
        (["note"], "filters", "must be an object"),
        ({"note": {"value": ["a"] * 1001}}, "filters", "at most"),
        ({"note": [{"operator": "empty", "value": [""]}] * 501}, "filters", "at most"),
    ],
)
def test_what_cannot_be_filtered_by_is_named(
    filters: Any, field: str, said: str
) -> None:
    with pytest.raises(GatewayFailure, match=said) as caught:
        condition(filters)
    assert caught.value.status == 400
    assert caught.value.body["error"]["param"] == field


def test_the_store_runs_every_operator(tmp_path: Path) -> None:
    async def go() -> list[Any]:
        store = LogStore(tmp_path)
        kept = row({"note": "ABC", "metadata": {"k": "Straße"}}, log_id="a")
        assert kept[METADATA] == {"k": "Straße"}
        store.put(kept)
        counts = []
        for operator in MODEL:
            where = condition(
                {"metadata__k": {"operator": operator, "value": ["STRASSE"]}}
            )
            counts.append(len(await store.list(LogQuery(where.sql, where.values))))
        await store.aclose()
        return counts

    counts = dict(zip(MODEL, asyncio.run(go()), strict=True))
    assert [name for name in counts if counts[name]] == [
        name for name in MODEL if expected("metadata__k", name, "Straße", ["STRASSE"])
    ]
