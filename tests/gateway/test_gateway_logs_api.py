"""The log read back over a real socket, by httpx and by the official SDK."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from gateway_log_rows import row
from gateway_upstream import Reply, Upstream, completion
from openai import APIStatusError, OpenAI
from respan import RespanClient

from respan_lab.gateway import Gateway, Served
from respan_lab.transport import run

NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20) as client:
        yield client


def put(gateway: Gateway, *rows: dict[str, Any]) -> None:
    async def go() -> None:
        for each in rows:
            gateway.logs.put(each)

    run(go())


def listed(http: httpx.Client, filters: Any = None, **query: Any) -> Any:
    body = {} if filters is None else {"filters": filters}
    response = http.post("/api/request-logs/list/", params=query, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def ids(page: Any) -> list[str]:
    return [each["unique_id"] for each in page["results"]]


def chat(openai: OpenAI, **body: Any) -> Any:
    message = {"role": "user", "content": "Hi"}
    return openai.chat.completions.with_raw_response.create(
        model="up/a", messages=[message], extra_body=body  # type: ignore[list-item]
    )  # fmt: skip


@pytest.mark.parametrize("path", ["/api/request-logs/{}/", "/api/request-logs/{}"])
def test_an_answer_is_logged_and_read_by_its_id(
    http: httpx.Client, openai: OpenAI, path: str
) -> None:
    answer = chat(openai, custom_identifier="mine", metadata={"plan": "pro"})
    log_id = answer.headers["x-respan-log-id"]
    told = http.get(path.format(log_id)).json()
    assert told["id"] == told["unique_id"] == log_id
    assert told["prompt_messages"] == [{"role": "user", "content": "Hi"}]
    assert told["completion_message"] == {"role": "assistant", "content": "hello"}
    assert told["full_request"]["model"] == "up/a"
    assert told["full_response"]["usage"]["total_tokens"] == 14
    assert told["metadata"] == {"plan": "pro"}
    assert told["custom_identifier"] == "mine"
    assert told["cost"] == pytest.approx((10 * 1 + 4 * 5) / 1e6)
    assert (told["status"], told["status_code"]) == ("success", 200)
    assert told["limit_info"] is None


def test_a_stream_is_logged_whole(http: httpx.Client, openai: OpenAI) -> None:
    with openai.chat.completions.with_streaming_response.create(
        model="up/b", messages=[{"role": "user", "content": "Hi"}], stream=True
    ) as answer:
        log_id = answer.headers["x-respan-log-id"]
        answer.read()
    told = http.get(f"/api/request-logs/{log_id}/").json()
    assert told["stream"] is True
    assert told["completion_message"]["content"] == "hello"
    assert told["prompt_tokens"] == 10
    assert told["time_to_first_token"] > 0


def test_a_failure_is_logged_too(
    http: httpx.Client, openai: OpenAI, upstream: Upstream
) -> None:
    async def refuse(reply: Reply) -> None:
        await reply.json({"error": {"message": "slow down", "code": "rate"}}, 429)

    upstream.answer = refuse
    with pytest.raises(APIStatusError) as caught:
        chat(openai)
    log_id = caught.value.response.headers["x-respan-log-id"]
    told = http.get(f"/api/request-logs/{log_id}/").json()
    assert (told["status"], told["status_code"]) == ("failed", 429)
    assert (told["error_class"], told["error_message"]) == (
        "provider_rate_limit",
        "slow down",
    )
    assert [each["status_code"] for each in told["attempts"]] == [429]


def test_no_key_is_ever_written(
    http: httpx.Client, openai: OpenAI, upstream: Upstream, gateway: Gateway
) -> None:
    async def gossip(reply: Reply) -> None:
        await reply.json(completion(reply.seen.headers["authorization"]))

    upstream.answer = gossip
    answer = chat(openai)
    run(gateway.logs.aclose())
    written = b"".join(each.read_bytes() for each in gateway.home.glob("logs.db*"))
    assert answer.headers["x-respan-log-id"].encode() in written
    assert b"sk-upstream-secret" not in written


def test_an_unknown_id_is_404(http: httpx.Client) -> None:
    response = http.get("/api/request-logs/nothing/")
    assert response.status_code == 404
    assert "'nothing'" in response.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/api/request-logs/list", "/api/request-logs/list/"])
@pytest.mark.parametrize("content", [b"", b"{}", b"null", b'{"filters": null}'])
def test_an_empty_body_filters_nothing(
    http: httpx.Client, gateway: Gateway, path: str, content: bytes
) -> None:
    put(gateway, row(log_id="a"))
    headers = {"content-type": "application/json"}
    response = http.post(path, content=content, headers=headers)
    assert ids(response.json()) == ["a"]


def test_pages_hold_their_own_count_and_lead_on(
    http: httpx.Client, gateway: Gateway
) -> None:
    put(gateway, *(row(log_id=str(n), cost=float(n)) for n in range(5)))
    page = listed(http, sort_by="cost", page_size=2)
    assert (page["count"], page["previous"], ids(page)) == (2, None, ["0", "1"])
    page = http.post(page["next"], json={}).json()
    assert (page["count"], ids(page)) == (2, ["2", "3"])
    assert ids(http.post(page["previous"], json={}).json()) == ["0", "1"]
    page = http.post(page["next"], json={}).json()
    assert (page["count"], page["next"], ids(page)) == (1, None, ["4"])


def test_a_page_beyond_the_last_is_empty(http: httpx.Client, gateway: Gateway) -> None:
    put(gateway, row())
    page = listed(http, page=7)
    assert (page["count"], page["next"], page["results"]) == (0, None, [])


def test_the_newest_come_first_and_the_last_hour_alone(
    http: httpx.Client, gateway: Gateway
) -> None:
    ages = {"old": 120, "older": 3000, "new": 0, "ancient": 3700}
    for name, age in ages.items():
        began = dt.datetime.now(dt.UTC) - dt.timedelta(seconds=age + 1)
        put(gateway, row(log_id=name, timestamp=began))
    assert ids(listed(http)) == ["new", "old", "older"]
    since = (NOW - dt.timedelta(days=1)).isoformat()
    assert ids(listed(http, start_time=since)) == ["new", "old", "older", "ancient"]


@pytest.mark.parametrize(
    "spelling",
    ["2026-01-31T12:00:01Z", "2026-01-31T12:00:01", "2026-01-31T13:00:01+01:00",
     "2026-01-31T13:00:01 01:00", "2026-01-31 12:00:01.000000"],
)  # fmt: skip
def test_a_time_is_utc_unless_it_says_otherwise(
    http: httpx.Client, gateway: Gateway, spelling: str
) -> None:
    noon = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
    put(gateway, row(log_id="a", timestamp=noon))  # over a second later
    assert ids(listed(http, start_time=spelling, end_time=spelling)) == ["a"]
    assert ids(listed(http, end_time=spelling)) == ["a"]


@pytest.mark.parametrize("way", ["", "-"])
def test_what_is_missing_stands_last(
    http: httpx.Client, gateway: Gateway, way: str
) -> None:
    put(gateway, *(row(log_id=str(c), cost=c) for c in (None, 1.0, 2.0)))
    order = ["1.0", "2.0"] if not way else ["2.0", "1.0"]
    assert ids(listed(http, sort_by=f"{way}total_cost")) == [*order, "None"]


def test_filters_environment_and_type(http: httpx.Client, gateway: Gateway) -> None:
    put(gateway, row({"metadata": {"plan": "pro"}}, log_id="a"), row(log_id="b"))
    found = {"metadata__plan": {"operator": "", "value": ["pro"]}}
    assert ids(listed(http, found)) == ["a"]
    assert ids(listed(http, found, environment="test", log_type="chat")) == ["a"]
    assert ids(listed(http, found, environment="prod")) == []
    assert ids(listed(http, found, log_type="text")) == []


def test_fields_may_be_named(http: httpx.Client, gateway: Gateway) -> None:
    put(gateway, row())
    page = listed(http, include_fields="model, cost,completion_message,total_tokens")
    message = {"role": "assistant", "content": "Hello"}
    assert page["results"] == [
        {"model": "up-1", "cost": 0.25, "completion_message": message,
         "total_tokens": 14}
    ]  # fmt: skip


def test_a_list_leaves_out_what_is_long(http: httpx.Client, gateway: Gateway) -> None:
    put(gateway, row())
    held = listed(http)["results"][0]
    assert "full_request" not in held
    assert held["prompt_messages"] == [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"page": "0"}, "page"),
        ({"page": "x"}, "page"),
        ({"page": "9" * 30}, "page"),
        ({"page_size": "1001"}, "page_size"),
        ({"page_size": "-1"}, "page_size"),
        ({"sort_by": "mood"}, "sort_by"),
        ({"sort_by": "cost; DROP TABLE logs"}, "sort_by"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"end_time": "0001-01-01T00:00:00+12:00"}, "end_time"),
        ({"environment": "dev"}, "environment"),
        ({"include_fields": "cost,mood"}, "include_fields"),
        ({"is_test": "true"}, "is_test"),
    ],
)
def test_a_bad_value_is_named(
    http: httpx.Client, query: dict[str, str], name: str
) -> None:
    response = http.post("/api/request-logs/list/", params=query, json={})
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["param"] == name
    assert name in error["message"]


@pytest.mark.parametrize("content", [b"[]", b"{", b'"x"', b'{"filter": {}}', b"\xff"])
def test_a_bad_body_is_400(http: httpx.Client, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    response = http.post("/api/request-logs/list/", content=content, headers=headers)
    assert response.status_code == 400


def test_an_earliest_time_is_no_fault(http: httpx.Client, gateway: Gateway) -> None:
    put(gateway, row(log_id="a"))
    assert ids(listed(http, start_time="0001-01-01T00:00:00")) == ["a"]
    assert ids(listed(http, end_time="0001-01-01T00:00:00")) == []


def test_a_log_that_cannot_be_read_says_why(
    http: httpx.Client, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.home.mkdir(exist_ok=True)
    (gateway.home / "logs.db").write_bytes(b"somebody else's file" * 99)
    response = http.post("/api/request-logs/list/", json={})
    assert response.status_code == 500
    assert "logs.db cannot be used" in response.json()["error"]["message"]


def test_answers_are_given_though_the_log_cannot_be_written(
    openai: OpenAI, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    gateway.home.mkdir(exist_ok=True)
    (gateway.home / "logs.db").mkdir()
    assert json.loads(chat(openai).content)["model"] == "up-1"
    run(gateway.logs.flush())
    assert caplog.text.count("its log cannot be written") == 1


def test_the_official_sdk_reads_the_log(
    served: Served, openai: OpenAI, gateway: Gateway, http: httpx.Client
) -> None:
    answer = chat(openai, custom_identifier="mine")
    put(gateway, *(row(log_id=str(n)) for n in range(5)))
    sdk = RespanClient(
        base_url=served.url,
        authorization="Bearer unused",
        respan_api_key="unused",
        httpx_client=http,
    )
    log_id = answer.headers["x-respan-log-id"]
    span = sdk.spans.retrieve_span(log_id)
    assert span.id == log_id
    assert span.timestamp is not None
    assert span.timestamp.tzinfo is not None
    pager = sdk.spans.list_spans(page_size=4, start_time=NOW, sort_by="-timestamp")
    assert len({each["unique_id"] for each in pager}) == 6
    found = sdk.spans.list_spans(
        filters={"custom_identifier": {"operator": "", "value": ["mine"]}},  # type: ignore[arg-type]
        log_type="chat",
        environment="test",
    )
    assert [each["unique_id"] for each in found] == [log_id]


def test_interleaved_writers_and_readers(gateway: Gateway, http: httpx.Client) -> None:
    async def write() -> None:
        for n in range(300):
            gateway.logs.put(row(log_id=str(n)))
            await asyncio.sleep(0)

    run(write())
    assert len(ids(listed(http, page_size=1000))) == 300
