"""The log as a frame, from a hosted gateway's answers and from the embedded one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from stubs.http_stub import Reply, Request, Stub

import respan_lab as lab
from respan_lab.client.log_columns import LOG_COLUMNS
from respan_lab.client.logs import wire_filters

KEY = "sk-very-secret-0123456789"
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def span(n: int, **more: Any) -> dict[str, Any]:
    """A row as the hosted gateway gives it."""
    return {
        "id": f"row-{n}",
        "unique_id": f"row-{n}",
        "timestamp": f"2026-01-31T12:00:{n % 60:02}.5Z",
        "start_time": f"2026-01-31T12:00:{n % 60:02}Z",
        "model": "gpt-5",
        "provider_id": "openai",
        "status": "success",
        "status_code": 200,
        "prompt_tokens": 10,
        "cost": 0.25,
        "stream": False,
        "metadata": '{"plan": "pro"}',
        "prompt_messages": '[{"role": "user", "content": "Hi"}]',
        "mood": "good",
        **more,
    }


def pages(
    rows: list[dict[str, Any]], link: Callable[[int], str | None] | None = None
) -> Callable[[Request], Any]:
    """Serve rows as the platform does; `link` makes what a page calls the next one."""

    async def answer(request: Request) -> Reply:
        query = {k: v[-1] for k, v in parse_qs(urlsplit(request.target).query).items()}
        page, size = int(query.get("page", 1)), int(query["page_size"])
        held = rows[(page - 1) * size : page * size]
        following = f"http://internal:8000/api/request-logs/list/?page={page + 1}"
        is_last = page * size >= len(rows)
        body = {
            "count": len(held),
            "next": (None if is_last else following) if link is None else link(page),
            "previous": None,
            "results": held,
        }
        return Reply(json.dumps(body).encode())

    return answer


def client(stub: Stub) -> lab.Client:
    return lab.Client(KEY, stub.url)


def asked(request: Request) -> dict[str, str]:
    query = parse_qs(urlsplit(request.target).query)
    return {name: values[-1] for name, values in query.items()}


def window(request: Request) -> list[datetime]:
    query = asked(request)
    return [datetime.fromisoformat(query[f"{end}_time"]) for end in ("start", "end")]


def test_a_frame_has_the_declared_columns_and_then_the_rest() -> None:
    with Stub(pages([span(1)])) as stub, client(stub) as asking:
        frame = asking.logs()
    assert list(frame.columns) == [*LOG_COLUMNS, "id", "mood"]
    dtypes = {name: str(frame[name].dtype) for name in LOG_COLUMNS}
    assert dtypes == LOG_COLUMNS
    told = frame.iloc[0]
    assert told["metadata"] == {"plan": "pro"}
    assert told["prompt_messages"] == [{"role": "user", "content": "Hi"}]
    assert told["start_time"] == pd.Timestamp("2026-01-31T12:00:01Z")
    assert told["cost"] == 0.25
    assert told["latency"] is pd.NA


def test_an_empty_log_has_the_columns_too() -> None:
    with Stub(pages([])) as stub, client(stub) as asking:
        frame = asking.logs()
        named = asking.logs(include_fields=["cost", "mood"])
    assert {name: str(frame[name].dtype) for name in frame} == LOG_COLUMNS
    assert list(named.columns) == ["unique_id", "cost", "mood"]
    assert len(frame) == len(named) == 0


def test_types_of_another_gateway_are_kept_as_they_are() -> None:
    rows = [span(1, cost="free", timestamp="just now", provider_id={"id": 1})]
    with Stub(pages(rows)) as stub, client(stub) as asking:
        told = asking.logs().iloc[0]
    assert told[["cost", "timestamp", "provider_id"]].tolist() == [
        "free",
        "just now",
        {"id": 1},
    ]


def test_pages_are_followed_on_the_own_host_alone() -> None:
    rows = [span(n) for n in range(2500)]
    with Stub(pages(rows)) as stub, client(stub) as asking:
        frame = asking.logs(filters={"model": "gpt-5"}, log_type=None)
        requests = list(stub.requests)
    assert frame.unique_id.tolist() == [f"row-{n}" for n in range(2500)]
    assert [asked(each).get("page") for each in requests] == [None, "2", "3"]
    for each in requests:
        assert each.target.startswith("/api/request-logs/list/?")
        assert each.headers["authorization"] == f"Bearer {KEY}"
        assert asked(each)["start_time"] == asked(requests[0])["start_time"]
        assert json.loads(each.body)["filters"]["model"]


@pytest.mark.parametrize(
    "link",
    [
        lambda page: "http://elsewhere/api/request-logs/list/",
        lambda page: "?page=1",
        lambda page: 7,
    ],
)
def test_a_link_that_leads_nowhere_new_ends_it(link: Callable[[int], Any]) -> None:
    with Stub(pages([span(1)], link)) as stub, client(stub) as asking:
        assert len(asking.logs()) == 1
        assert len(stub.requests) <= 2


def test_a_row_that_moved_to_the_next_page_counts_once() -> None:
    rows = [span(n // 2) for n in range(2000)]
    with Stub(pages(rows)) as stub, client(stub) as asking:
        assert len(asking.logs()) == 1000


@pytest.mark.parametrize(("limit", "size", "n"), [(3, 3, 1), (1500, 1000, 2)])
def test_a_limit_reads_no_more_than_it_must(limit: int, size: int, n: int) -> None:
    with Stub(pages([span(n) for n in range(4000)])) as stub, client(stub) as asking:
        assert len(asking.logs(limit=limit)) == limit
        assert asked(stub.requests[0])["page_size"] == str(size)
        assert len(stub.requests) == n


def test_a_time_range_is_always_sent() -> None:
    before = datetime.now(UTC)
    with Stub(pages([])) as stub, client(stub) as asking:
        asking.logs()
        asking.logs(timedelta(hours=2), end=timedelta(hours=1))
        asking.logs("2026-01-31T12:00:00+00:00", end=NOON + timedelta(days=1))
        (start, end), (early, late), named = map(window, stub.requests)
    assert before <= end <= datetime.now(UTC)
    assert end - start == timedelta(days=1)
    assert late - early == timedelta(hours=1)
    assert named == [NOON, NOON + timedelta(days=1)]


def test_everything_asked_for_is_sent() -> None:
    with Stub(pages([])) as stub, client(stub) as asking:
        asking.logs(environment="prod", sort_by="cost", include_fields=["cost"])
        query = asked(stub.requests[0])
    told = [query[n] for n in ("environment", "sort_by", "include_fields", "log_type")]
    assert told == ["prod", "cost", "unique_id,cost", "chat"]


@pytest.mark.parametrize(
    ("short", "wire"),
    [
        ({"model": "a"}, {"model": [("", ["a"])]}),
        ({"model": ["a", "b"]}, {"model": [("", ["a", "b"])]}),
        ({"model": None}, {"model": [("empty", [""])]}),
        ({"model__not": None}, {"model": [("not_empty", [""])]}),
        ({"note__empty": True}, {"note": [("empty", [""])]}),
        ({"note__empty": False}, {"note": [("not_empty", [""])]}),
        ({"note__not_empty": True}, {"note": [("not_empty", [""])]}),
        ({"note__not_empty": False}, {"note": [("empty", [""])]}),
        ({"stream": True}, {"stream": [("", [True])]}),
        ({"cost__gt": 1, "cost__lte": 2}, {"cost": [("gt", [1]), ("lte", [2])]}),
        ({"metadata__plan": "pro"}, {"metadata__plan": [("", ["pro"])]}),
        ({"metadata__in": "pro"}, {"metadata__in": [("", ["pro"])]}),
        ({"metadata__a__in": ["x"]}, {"metadata__a": [("in", ["x"])]}),
        ({"cost": {"operator": "gt", "value": [1]}}, {"cost": [("gt", [1])]}),
        (
            {"cost": [{"operator": "gt", "value": [1]}], "cost__lt": 3},
            {"cost": [("gt", [1]), ("lt", [3])]},
        ),
    ],
)
def test_filters_in_short(short: Any, wire: dict[str, Any]) -> None:
    assert wire_filters(short) == {
        field: [{"operator": operator, "value": value} for operator, value in asked_for]
        for field, asked_for in wire.items()
    }


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"filters": ["model"]}, "filters is"),
        ({"filters": {"model": []}}, "filters\\['model'\\]"),
        ({"filters": {"model": [None]}}, "filters\\['model'\\]"),
        ({"filters": {"model": NOON}}, "filters\\['model'\\]"),
        ({"start": "yesterday"}, "start is 'yesterday'"),
        ({"end": 7}, "end is 7"),
        ({"start": NOON, "end": NOON - timedelta(1)}, "is after end"),
        ({"limit": 0}, "limit is 0"),
        ({"limit": True}, "limit is True"),
        ({"include_fields": "cost"}, "give a list"),
    ],
)
def test_what_is_not_usable_is_said_before_anything_is_sent(
    how: dict[str, Any], said: str
) -> None:
    with Stub(pages([])) as stub, client(stub) as asking:
        with pytest.raises(lab.ConfigError, match=said):
            asking.logs(**how)
        assert stub.requests == []


@pytest.mark.parametrize("body", [b"[]", b'{"detail": "moved"}', b"{"])
def test_an_answer_that_is_no_page_is_an_error(body: bytes) -> None:
    async def answer(request: Request) -> Reply:
        return Reply(body)

    with (
        Stub(answer) as stub,
        client(stub) as asking,
        pytest.raises(lab.APIError, match="not"),
    ):
        asking.logs()


def test_a_refusal_is_told() -> None:
    async def answer(request: Request) -> Reply:
        return Reply(b'{"detail": "unsupported filter field: mood"}', 400)

    with (
        Stub(answer) as stub,
        client(stub) as asking,
        pytest.raises(lab.APIError, match="unsupported filter field: mood"),
    ):
        asking.logs(filters={"mood": "good"})


def embedded(home: Path) -> lab.Client:
    gateway = lab.Gateway(home=home, seed=1, sim_time_scale=0)
    return lab.Client(gateway=gateway)


def test_the_embedded_gateway_fills_the_same_frame(tmp_path: Path) -> None:
    asking = embedded(tmp_path)
    answer = asking.chat(
        "Hi!", model="sim/small", metadata={"plan": "pro"}, request_breakdown=True
    )
    asking.chat("Hi!", model="sim/small", custom_identifier="other")
    frame = asking.logs(filters={"metadata__plan": "pro", "cost__gt": 0})
    assert list(frame.columns)[: len(LOG_COLUMNS)] == list(LOG_COLUMNS)
    assert {name: str(frame[name].dtype) for name in LOG_COLUMNS} == LOG_COLUMNS
    told = frame.set_index("unique_id").loc[answer.log_id]
    assert told["completion_message"]["content"] == answer.text
    assert told["cost"] == pytest.approx(answer.cost)
    assert told["latency"] == answer.breakdown["latency"]
    assert told["prompt_tokens"] == answer.usage.prompt_tokens
    assert told["asked_model"] == "sim/small"
    assert len(asking.logs()) == 2


def test_more_rows_than_a_page_of_the_embedded_gateway(tmp_path: Path) -> None:
    async def go() -> int:
        asking = embedded(tmp_path)
        calls = [asking.achat(str(n), model="sim/small") for n in range(1050)]
        await asyncio.gather(*calls)
        return len(await asking.alogs(include_fields=["cost"]))

    assert asyncio.run(go()) == 1050


def test_a_wrong_filter_is_named_by_the_embedded_gateway(tmp_path: Path) -> None:
    with pytest.raises(lab.APIError, match="'mood' is not a field"):
        embedded(tmp_path).logs(filters={"mood": "good"})
