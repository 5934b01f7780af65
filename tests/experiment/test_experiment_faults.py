"""Whatever a gateway does, each cell ends as one right row, and none hangs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from stubs.http_stub import HangUp, Reply, Request
from stubs.model_stub import EVENTS, JSON, ModelStub, piece, plain, sse, streamed

import respan_lab as lab
from respan_lab.ledger import Ledger
from respan_lab.results.recorded import recorded_frame
from respan_lab.transport import run as on_the_loop

# The stub answers so fast that any machine is too slow to time it.
pytestmark = pytest.mark.filterwarnings("ignore:this machine was up to")

LONG, LARGE = "x" * 5_000_000, "x" * 50_000_000


async def parts(*given: bytes | Exception) -> AsyncIterator[bytes]:
    for part in given:
        if isinstance(part, Exception):
            raise part
        yield part


async def dribble() -> AsyncIterator[bytes]:
    yield piece("so ")
    while True:
        await asyncio.sleep(0.01)
        yield b":"


def status(code: int, **headers: str) -> Reply:
    said = {"error": {"message": "not now"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(json.dumps(said).encode(), code, {**JSON, **named})


def events(*given: bytes | Exception) -> Reply:
    return Reply(parts(*given), headers=EVENTS)


def hang_up() -> Reply:
    raise HangUp


class Fault(NamedTuple):
    """What the gateway does, and the row that comes of it."""

    reply: Callable[[], Reply]
    status: str
    error_type: str | None = None
    attempts: int = 1
    output: str | None = None
    stream: bool = True
    timeout: float = 20.0


HALF = piece("half ")
PLAIN = {"stream": False}
BROKEN = ("maybe_billed", "StreamError")
FAULTS = {
    "429": Fault(lambda: status(429), "error", "RateLimitError", 2),
    "429 for a moment": Fault(
        lambda: status(429, retry_after="0.01"), "error", "RateLimitError", 2
    ),
    "429 for an hour": Fault(
        lambda: status(429, retry_after="3600"), "error", "RateLimitError", 1
    ),
    "429 of a budget": Fault(
        lambda: Reply(b'{"detail": "budget exceeded"}', 429, JSON),
        "error",
        "RateLimitError",
        1,
    ),
    "400": Fault(lambda: status(400), "error", "BadRequestError", 1),
    "500": Fault(lambda: status(500), "error", "ServerError", 2),
    "503": Fault(lambda: status(503), "error", "ServerError", 2),
    "503 and no words": Fault(lambda: Reply(b"", 503), "error", "ServerError", 2),
    "dropped at once": Fault(hang_up, "maybe_billed", "APIConnectionError"),
    "dropped before the body": Fault(lambda: events(HangUp()), *BROKEN),
    "dropped inside the body": Fault(
        lambda: events(HALF, HangUp()), *BROKEN, output="half "
    ),
    "dropped inside a plain body": Fault(
        lambda: Reply(
            parts(b'{"choi', HangUp()), headers=JSON | {"content-length": "99"}
        ),
        "maybe_billed",
        "APIConnectionError",
        **PLAIN,
    ),
    "dropped after the last word": Fault(
        lambda: events(HALF, piece("done", finish_reason="stop"), HangUp()),
        "ok",
        output="half done",
    ),
    "a stream that ends too soon": Fault(lambda: events(HALF), *BROKEN, output="half "),
    "a stream that ends in a word": Fault(
        lambda: events(HALF, b'data: {"id": "c", "cho'), *BROKEN, output="half "
    ),
    "no JSON in a stream": Fault(
        lambda: events(HALF, b"data: {oops}\n\n"), *BROKEN, output="half "
    ),
    "no JSON": Fault(lambda: Reply(b"{oops}", headers=JSON), *BROKEN, **PLAIN),
    "JSON of another kind": Fault(
        lambda: Reply(b"[1]", headers=JSON), *BROKEN, **PLAIN
    ),
    "a byte now and then": Fault(
        lambda: Reply(dribble(), headers=EVENTS),
        "maybe_billed",
        "APITimeoutError",
        output="so ",
        timeout=0.3,
    ),
    "5 MB": Fault(lambda: plain(LONG), "ok", output=LONG, stream=False),
    "5 MB in a stream": Fault(lambda: streamed(LONG), "ok", output=LONG),
    "50 MB": Fault(lambda: plain(LARGE), "ok", output=LARGE, stream=False),
    "50 MB in a stream": Fault(lambda: streamed(LARGE), "ok", output=LARGE),
    "HTML": Fault(
        lambda: Reply(b"<html>Log in</html>", headers={"content-type": "text/html"}),
        *BROKEN,
    ),
    "HTML for a plain answer": Fault(
        lambda: Reply(b"<html>Log in</html>", headers={"content-type": "text/html"}),
        *BROKEN,
        **PLAIN,
    ),
    "a stream that is called JSON": Fault(
        lambda: Reply(parts(HALF), headers=JSON), *BROKEN
    ),
    "JSON that is called nothing": Fault(
        lambda: Reply(plain("Hi").body), "ok", output="Hi", stream=False
    ),
    "a plain answer where a stream was asked for": Fault(
        lambda: plain("Hi"), "ok", output="Hi"
    ),
    "a lone surrogate": Fault(
        lambda: plain("a\ud83d"), "ok", output="a\ufffd", stream=False
    ),
    "a lone surrogate in a stream": Fault(
        lambda: streamed("a\ud83d"), "ok", output="a\ufffd"
    ),
    "a character of zero": Fault(lambda: plain("a\0b"), "ok", output="a\0b", **PLAIN),
    "nothing": Fault(lambda: Reply(b"", headers=JSON), *BROKEN, **PLAIN),
    "nothing in a stream": Fault(lambda: events(), *BROKEN),
    "an error with 200": Fault(
        lambda: Reply(b'{"error": {"message": "no"}}', headers=JSON), *BROKEN
    ),
    "an error in a stream": Fault(
        lambda: events(HALF, sse({"error": {"message": "no"}})), *BROKEN, output="half "
    ),
}


def ask(stub: ModelStub, store: Path, fault: Fault, text: Any = "Hi") -> lab.Results:
    return lab.compare(
        "{{ text }}",
        "a/x",
        [{"text": text}],
        client=lab.Client(base_url=stub.url),
        store=store,
        retries=1,
        timeout=fault.timeout,
        stream=fault.stream,
        progress=False,
    )


def read_again(store: Path, results: lab.Results) -> pd.DataFrame:
    async def read() -> Any:
        ledger = Ledger(store)
        try:
            return await ledger.read(results.df["run_id"].iloc[0])
        finally:
            await ledger.aclose()

    return recorded_frame(on_the_loop(read()))


def check_again(stub: ModelStub, store: Path, fault: Fault, first: pd.Series) -> None:
    """The next run asks only what was surely not billed."""
    first_key = stub.forget()[0].idempotency
    row = ask(stub, store, fault).df.loc[0]
    if fault.status == "error":
        assert [each.idempotency for each in stub.arrivals] == [first_key]
        assert (row["status"], row["output"]) == ("ok", "re: Hi")
    else:
        assert stub.arrivals == []
        assert row["from_ledger"]
        kept = ["status", "error_type", "output", "attempts", "run_id", "log_id"]
        pd.testing.assert_series_equal(row[kept], first[kept])


@pytest.mark.parametrize(
    "name",
    [
        n if "50 MB" not in n else pytest.param(n, marks=pytest.mark.deep)
        for n in FAULTS
    ],
)
def test_a_fault_is_a_right_row(name: str, tmp_path: Path) -> None:
    fault, store = FAULTS[name], tmp_path / "ledger.db"
    is_ill = True

    def answer(request: Request, text: str, before: int) -> Reply | None:
        return fault.reply() if is_ill else None

    with ModelStub(fault=answer) as stub:
        results = ask(stub, store, fault)
        (row,) = results.df.to_dict("records")
        said = None if pd.isna(row["error_type"]) else row["error_type"]
        assert (row["status"], said) == (fault.status, fault.error_type)
        assert row["attempts"] == fault.attempts == len(stub.arrivals)
        assert len({each.idempotency for each in stub.arrivals}) == 1
        assert (None if pd.isna(row["output"]) else row["output"]) == fault.output
        assert not row["from_ledger"]
        pd.testing.assert_frame_equal(results.df, read_again(store, results))
        is_ill = False
        check_again(stub, store, fault, results.df.loc[0])


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_fault_that_passes_is_an_answer_of_two_attempts(
    code: int, tmp_path: Path
) -> None:
    def answer(request: Request, text: str, before: int) -> Reply | None:
        return status(code, retry_after="0.01") if before == 0 else None

    with ModelStub(fault=answer) as stub:
        results = ask(stub, tmp_path / "ledger.db", FAULTS["500"])
    row = results.df.loc[0]
    assert (row["status"], row["attempts"], len(stub.arrivals)) == ("ok", 2, 2)
    assert len({each.idempotency for each in stub.arrivals}) == 1
    assert row["retry_time"] > 0


def test_all_faults_at_once_are_each_their_own_row(tmp_path: Path) -> None:
    slow = "50 MB in a stream", "a byte now and then", "429 for an hour"
    kinds = {n: f for n, f in FAULTS.items() if f.stream and n not in slow}

    def answer(request: Request, text: str, before: int) -> Reply | None:
        return kinds[text].reply() if text in kinds else None

    data = [{"text": name} for name in [*kinds, *["well"] * 20]]
    store = tmp_path / "ledger.db"
    with ModelStub(fault=answer) as stub:
        results = lab.compare(
            "{{ text }}",
            "a/x",
            data,
            client=lab.Client(base_url=stub.url),
            store=store,
            retries=1,
            progress=False,
        )
    for row in results.df.to_dict("records"):
        fault = kinds.get(row["var_text"])
        assert row["status"] == (fault.status if fault else "ok"), row
    pd.testing.assert_frame_equal(results.df, read_again(store, results))


ODD = [
    {"choices": "Hi"},
    {"choices": [1]},
    {"choices": [None]},
    {"choices": [{}]},
    {"choices": [{"message": None}]},
    {"choices": [{"message": "Hi"}]},
    {"choices": [{"message": {"content": 5}}]},
    {"choices": [{"message": {"content": {"a": 1}}}]},
    {"choices": [{"message": {"content": [{"type": "text", "text": 5}]}}]},
    {"choices": [{"message": {"content": "Hi"}, "finish_reason": 5}]},
    {"choices": [{"message": {"content": "Hi"}, "finish_reason": ["stop"]}]},
    {"choices": [{"message": {"content": "Hi"}, "index": "one"}]},
    {"choices": [{"message": {"content": "Hi"}, "index": 2**70}]},
    {"choices": [{"message": {"content": "Hi"}, "index": 0}] * 3},
    {"choices": [{"message": {"tool_calls": "x"}}]},
    {"choices": [{"message": {"tool_calls": [{"function": {"name": 5}}]}}]},
    {"choices": [{"message": {"tool_calls": [None, {"function": None}]}}]},
    {"choices": [{"message": {"content": "Hi"}, "logprobs": {"content": [5]}}]},
    {"choices": [{"message": {"content": "Hi"}, "logprobs": []}]},
    {"choices": [{"message": {"content": "Hi", "refusal": 5}}]},
    *(
        {"choices": [{"message": {"content": "Hi"}}], **more}
        for more in (
            {"model": 5},
            {"model": ["m"]},
            {"model": None},
            {"id": 5},
            {"provider": 5},
            {"provider_id": {"a": 1}},
            {"usage": "x"},
            {"usage": []},
            {"usage": {"prompt_tokens": "7"}},
            {"usage": {"prompt_tokens": 1.5, "completion_tokens": True}},
            {"usage": {"prompt_tokens": -1, "completion_tokens": 10**30}},
            {"usage": {"prompt_tokens": float("nan"), "total_tokens": float("inf")}},
            {"usage": {"prompt_tokens_details": 5, "completion_tokens_details": []}},
            {"usage": {"cost": "free"}},
            {"cost": float("inf")},
            {"cost": "5"},
            {"request_breakdown": "x"},
            {"request_breakdown": {"cost": "x", "latency": "y", "cached": "z"}},
            {"request_breakdown": {"cost": 10**400, "latency": 10**400}},
            {"request_breakdown": {"routing_time": 10**400, "prompt_tokens": 10**30}},
            {"request_breakdown": {"log_id": 5, "model": 5, "provider": 5}},
            {"warnings": 5},
            {"warnings": [5, None, {}]},
            {"created": "x"},
            {"log_id": 7},
        )
    ),
]


def as_asked(answer: dict[str, Any], *, stream: bool) -> Reply:
    text = json.dumps(answer)
    if not stream:
        return Reply(text.encode(), headers=JSON)
    delta = text.replace('"message"', '"delta"').encode()
    return events(b"data: " + delta + b"\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "streamed"])
def test_odd_answers_cost_no_other_cell(stream: bool, tmp_path: Path) -> None:
    def odd(request: Request, text: str, before: int) -> Reply | None:
        at = int(text)
        return as_asked(ODD[at], stream=stream) if at < len(ODD) else None

    store = tmp_path / "ledger.db"
    with ModelStub(fault=odd) as stub:
        how: dict[str, Any] = {
            "client": lab.Client(base_url=stub.url),
            "store": store,
            "progress": False,
            "stream": stream,
            "retries": 0,
        }
        data = [{"i": i} for i in range(len(ODD) + 20)]
        results = lab.compare("{{ i }}", "a/x", data, **how)
        frame = results.df.groupby("item").first()
        assert len(stub.arrivals) == len(data)
        assert set(frame["status"].iloc[: len(ODD)]) <= {"ok", "maybe_billed"}
        assert set(frame["status"].iloc[len(ODD) :]) == {"ok"}
        pd.testing.assert_frame_equal(results.df, read_again(store, results))
        stub.forget()
        lab.compare("{{ i }}", "a/x", data, **how)
        assert stub.arrivals == []  # each was answered, so it may have been billed


def test_a_lone_surrogate_in_the_data_is_sent_and_read_again(tmp_path: Path) -> None:
    with ModelStub() as stub:
        results = ask(stub, tmp_path / "ledger.db", FAULTS["50 MB"], "a\ud83d")
        assert results.df["status"].tolist() == ["ok"]
        again = ask(stub, tmp_path / "ledger.db", FAULTS["50 MB"], "a\ud83d")
        assert again.df["from_ledger"].tolist() == [True]
        assert len(stub.arrivals) == 1
