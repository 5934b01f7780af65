"""However a call or a run ends, what had come of it is in the frame."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pydantic
import pytest

import respan_lab as lab
from respan_lab.ledger.answer_rows import broken_row

QUIET = {"progress": False}


def _answer(text: str = "yes") -> httpx.Response:
    message = {"role": "assistant", "content": text}
    return httpx.Response(200, json={"model": "m", "choices": [{"message": message}]})


class Gateway(httpx.AsyncBaseTransport):
    """A gateway that answers the number in a message with a function."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.paths: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        if not request.url.path.endswith("/chat/completions"):
            found = self.answer(None)
            return found if found is not None else httpx.Response(404)
        body = json.loads(request.content)
        answer = self.answer(int(body["messages"][-1]["content"]))
        return await answer if asyncio.iscoroutine(answer) else answer


def _compare(answer: Any, *, items: int = 1, **how: Any) -> lab.Results:
    client = lab.Client("k", transport=Gateway(answer))
    data = [{"i": i} for i in range(items)]
    return lab.compare("{{ i }}", "m", data, client=client, **{**QUIET, **how})


class Piece(httpx.AsyncByteStream):
    """The first words of an answer, and then silence."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        choice = {"index": 0, "delta": {"content": "half an"}}
        payload = {"model": "m-1", "choices": [choice]}
        yield f"data: {json.dumps(payload)}\n\n".encode()
        await asyncio.Event().wait()


def _piece() -> httpx.Response:
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, stream=Piece())


def test_a_timeout_keeps_what_was_said_by_then() -> None:
    row = _compare(lambda i: None if i is None else _piece(), timeout=0.2).df.loc[0]
    assert row["status"] == "maybe_billed"
    assert row["error_type"] == "APITimeoutError"
    assert (row["output"], row["answered_model"]) == ("half an", "m-1")


def test_a_cancelled_run_carries_what_had_come() -> None:
    async def main() -> lab.Results:
        here, came = asyncio.get_running_loop(), asyncio.Event()

        class Told(Piece):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                async for part in super().__aiter__():
                    yield part
                    here.call_soon_threadsafe(came.set)

        def answer(i: int | None) -> Any:
            if i is None:
                return None
            response = _piece()
            response.stream = Told()
            return _answer() if i == 0 else response

        client = lab.Client("k", transport=Gateway(answer))
        data = [{"i": i} for i in range(20)]
        how = {"client": client, "max_concurrency": 20, **QUIET}
        task = asyncio.create_task(lab.acompare("{{ i }}", "m", data, **how))
        await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        results: lab.Results = caught.value.results  # type: ignore[attr-defined]
        return results

    frame = asyncio.run(main()).df
    assert len(frame) == 20
    cut = frame[frame["status"] == "maybe_billed"]
    assert (cut["output"] == "half an").any()
    assert (cut["attempts"] == 1).all()
    assert not (frame["status"] == "error").any()


def test_a_call_stopped_between_attempts_was_refused_and_is_not_billed() -> None:
    async def main() -> lab.Results:
        here, refused = asyncio.get_running_loop(), asyncio.Event()

        class Refusal(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"later"

            async def aclose(self) -> None:  # the last step before the wait
                here.call_soon_threadsafe(refused.set)

        def answer(i: int | None) -> Any:
            headers = {"retry-after": "50"}
            return i and httpx.Response(503, headers=headers, stream=Refusal())

        client = lab.Client("k", transport=Gateway(answer))
        task = asyncio.create_task(lab.acompare("1", "m", client=client, **QUIET))
        await refused.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        results: lab.Results = caught.value.results  # type: ignore[attr-defined]
        return results

    row = asyncio.run(main()).df.loc[0]
    assert row["status"] == "skipped"
    assert row["attempts"] == 1


class Picky(pydantic.BaseModel):
    x: int

    @pydantic.field_serializer("x")
    def _refuse(self, value: int) -> int:
        raise RuntimeError("a mistake in the user's own class")


def test_a_class_that_cannot_be_written_down_loses_no_answer() -> None:
    def answer(i: int | None) -> Any:
        return None if i is None else _answer('{"x": 1}' if i == 1 else "no JSON")

    frame = _compare(answer, items=3, params={"response_format": Picky}).df
    assert frame["output"].tolist() == ["no JSON", '{"x": 1}', "no JSON"]
    assert (frame["status"] == "ok").all()


def test_a_surprise_on_our_side_is_a_row_too() -> None:
    row = broken_row(ValueError("odd"), ())
    assert (row["status"], row["error_type"]) == ("error", "ValueError")
    assert (row["error_message"], row["attempts"]) == ("odd", 0)


def test_an_evaluator_is_given_the_whole_row_and_can_spoil_none_of_it() -> None:
    seen: list[set[str]] = []

    def rude(row: dict[str, Any], variables: dict[str, Any]) -> bool:
        seen.append({*row})
        row.clear()
        variables.clear()
        return True

    frame = _compare(
        lambda i: None if i is None else _answer(), evaluators=[rude], repeat=2
    ).df
    assert frame["output"].tolist() == ["yes", "yes"]
    assert frame["var_i"].tolist() == [0, 0]
    assert frame["score_rude"].tolist() == [True, True]
    assert {"key", "model", "item", "var_i", "output", "cost"} <= seen[1]


def test_an_evaluator_has_its_column_though_every_call_failed() -> None:
    results = _compare(
        lambda i: None if i is None else httpx.Response(400),
        evaluators=["exact_match"],
    )
    assert results.df["score_exact_match"].isna().all()


def test_the_hosted_list_is_read_once_for_all_models() -> None:
    names = ["a", "b", "c"]
    cards = {"models": [{"model_name": name} for name in names]}
    gateway = Gateway(
        lambda i: httpx.Response(200, json=cards) if i is None else _answer()
    )
    lab.compare("1", names, client=lab.Client("k", transport=gateway), **QUIET)
    assert gateway.paths.count("/api/models/public/") == 1
    with pytest.raises(lab.ConfigError, match="'bb'"):
        lab.compare("1", "bb", client=lab.Client("k", transport=gateway), **QUIET)


def test_an_empty_list_refuses_no_model() -> None:
    gateway = Gateway(
        lambda i: httpx.Response(200, json={"models": []}) if i is None else _answer()
    )
    results = lab.compare("1", "m", client=lab.Client("k", transport=gateway), **QUIET)
    assert results.df["status"].tolist() == ["ok"]
