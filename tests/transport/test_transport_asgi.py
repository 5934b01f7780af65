from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
import pytest

from respan_lab.transport import ASGITransport, Clock, run, was_sent

T = TypeVar("T")
START = {"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")]}


def chunk(body: bytes, *, more: bool = True) -> dict[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}


def call(app: Any, job: Callable[[ASGITransport], Awaitable[T]]) -> T:
    """Do something with a transport to an app on the background loop, and close it."""

    async def work() -> T:
        transport = ASGITransport(app)
        try:
            return await job(transport)
        finally:
            await transport.aclose()

    return run(work())


def request(method: str = "POST", path: str = "/api", **options: Any) -> httpx.Request:
    return httpx.Request(method, f"http://app.localhost{path}", **options)


async def read(transport: ASGITransport) -> httpx.Response:
    response = await transport.handle_async_request(request())
    await response.aread()
    return response


async def quick(scope: Any, receive: Any, send: Any) -> None:
    await send(START)
    await send(chunk(b"done", more=False))


def test_the_app_is_told_what_was_asked() -> None:
    seen: dict[str, Any] = {}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(scope, message=await receive())
        await quick(scope, receive, send)

    async def job(transport: ASGITransport) -> httpx.Response:
        asked = request("PUT", "/a%20b?q=1&r=2", content=b"{}", headers={"X-One": "1"})
        return await transport.handle_async_request(asked)

    response = call(app, job)
    assert (response.status_code, response.headers["x-a"]) == (200, "b")
    assert seen["message"] == {
        "type": "http.request",
        "body": b"{}",
        "more_body": False,
    }
    assert (seen["type"], seen["method"], seen["scheme"]) == ("http", "PUT", "http")
    assert (seen["path"], seen["raw_path"]) == ("/a b", b"/a%20b")
    assert seen["query_string"] == b"q=1&r=2"
    assert (b"x-one", b"1") in seen["headers"]
    assert (b"host", b"app.localhost") in seen["headers"]


def test_the_first_chunk_is_here_before_the_last_is_made() -> None:
    async def job(transport: ASGITransport) -> list[bytes]:
        received = []
        response = await transport.handle_async_request(request())
        async for data in response.aiter_bytes():
            received.append(data)
            first_has_come.set()
        return received

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(chunk(b"first"))
        await first_has_come.wait()
        await send(chunk(b"last", more=False))

    first_has_come = asyncio.Event()
    assert call(app, job) == [b"first", b"last"]


def test_the_answer_begins_before_the_body() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await has_begun.wait()
        await send(chunk(b"body", more=False))

    async def job(transport: ASGITransport) -> bytes:
        response = await transport.handle_async_request(request())
        has_begun.set()
        return await response.aread()

    has_begun = asyncio.Event()
    assert call(app, job) == b"body"


def test_closing_early_tells_an_app_that_listens() -> None:
    told: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(START)
        await send(chunk(b"first"))
        told.append((await receive())["type"])

    async def job(transport: ASGITransport) -> None:
        response = await transport.handle_async_request(request())
        async for _ in response.aiter_bytes():
            break
        await response.aclose()

    call(app, job)
    assert told == ["http.disconnect"]


def test_closing_early_cancels_an_app_that_does_not_listen() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            was_cancelled.set()
            raise

    async def job(transport: ASGITransport) -> None:
        response = await transport.handle_async_request(request())
        await response.aclose()
        assert was_cancelled.is_set()

    was_cancelled = asyncio.Event()
    call(app, job)


def test_cancelling_a_call_that_waits_for_its_answer_cancels_the_app() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    async def job(transport: ASGITransport) -> None:
        task = asyncio.create_task(transport.handle_async_request(request()))
        await has_begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert has_ended.is_set()

    has_begun, has_ended = asyncio.Event(), asyncio.Event()
    call(app, job)


def test_a_reader_that_lags_holds_up_the_app() -> None:
    sent: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        for n in range(1000):
            await send(chunk(b"x"))
            sent.append(n)
        await send(chunk(b"", more=False))

    async def job(transport: ASGITransport) -> bytes:
        response = await transport.handle_async_request(request())
        for _ in range(10):
            await asyncio.sleep(0)
        assert 0 < len(sent) < 100
        return await response.aread()

    assert call(app, job) == b"x" * 1000


def test_an_app_may_go_on_after_its_answer() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await quick(scope, receive, send)
        assert (await receive())["type"] == "http.disconnect"
        await is_closed.wait()
        has_ended.set()

    async def job(transport: ASGITransport) -> None:
        response = await read(transport)
        await response.aclose()
        is_closed.set()
        await has_ended.wait()

    is_closed, has_ended = asyncio.Event(), asyncio.Event()
    call(app, job)


def test_sending_to_a_client_that_is_gone_is_an_error_for_the_app() -> None:
    errors: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(START)
        await receive()
        try:
            await send(chunk(b"too late"))
        except OSError as error:
            errors.append(str(error))

    async def job(transport: ASGITransport) -> None:
        response = await transport.handle_async_request(request())
        await asyncio.sleep(0)
        await response.aclose()

    call(app, job)
    assert errors == ["the client is gone"]


def test_an_app_that_fails_before_its_answer_is_a_500_without_its_secrets() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("sk-a-key")

    response = call(app, read)
    assert response.status_code == 500
    error = response.json()["error"]
    assert error["type"] == "server_error"
    assert "ValueError" in error["message"]
    assert "sk-a-key" not in response.text


def test_an_app_that_answers_nothing_is_a_500() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        return

    assert call(app, read).status_code == 500


@pytest.mark.parametrize("fails", [True, False])
def test_an_app_that_stops_within_its_body_breaks_off(fails: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        await send(chunk(b"first"))
        if fails:
            raise ValueError("halfway")

    async def job(transport: ASGITransport) -> None:
        response = await transport.handle_async_request(request())
        chunks = response.aiter_bytes()
        assert await anext(chunks) == b"first"
        with pytest.raises(httpx.RemoteProtocolError, match="before its answer"):
            await anext(chunks)

    call(app, job)


@pytest.mark.parametrize("begins", [True, False])
def test_silence_is_a_read_timeout_and_ends_the_app(begins: bool) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            if begins:
                await send(START)
            await asyncio.Event().wait()
        finally:
            has_ended.set()

    async def job(transport: ASGITransport) -> None:
        asked = request(extensions={"timeout": {"read": 0.02}})
        with pytest.raises(httpx.ReadTimeout, match=r"silent for 0\.02 seconds"):
            await _exchange(transport, asked)
        assert has_ended.is_set()

    has_ended = asyncio.Event()
    call(app, job)


async def _exchange(transport: ASGITransport, asked: httpx.Request) -> None:
    response = await transport.handle_async_request(asked)
    try:
        await response.aread()
    finally:
        await response.aclose()


def test_the_clock_starts_when_the_app_is_called() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        started.append(clock.handed_at)
        raise ValueError

    async def job(transport: ASGITransport) -> None:
        await transport.handle_async_request(request(extensions={"clock": clock}))

    clock, started = Clock(), []
    call(app, job)
    assert started[0] is not None
    assert was_sent(httpx.ReadTimeout("silent"), clock)


def test_closing_the_transport_ends_what_still_runs() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(START)
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async def job(transport: ASGITransport) -> None:
        for _ in range(3):
            await transport.handle_async_request(request())

    ended: list[bool] = []
    call(app, job)
    assert ended == [True] * 3


def test_a_thousand_calls_at_once_get_their_own_answers() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await send(START)
        for data in (body, b"/", body):
            await asyncio.sleep(0)
            await send(chunk(data))
        await send(chunk(b"", more=False))

    async def job(transport: ASGITransport) -> list[bytes]:
        async def one(n: int) -> bytes:
            asked = request(content=b"%d" % n)
            return await (await transport.handle_async_request(asked)).aread()

        return await asyncio.gather(*(one(n) for n in range(1000)))

    assert call(app, job) == [b"%d/%d" % (n, n) for n in range(1000)]


def test_a_starlette_app_streams() -> None:
    from starlette.applications import Starlette
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    async def parts() -> Any:
        yield "first"
        await first_has_come.wait()
        yield "last"

    async def endpoint(_: Any) -> StreamingResponse:
        return StreamingResponse(parts(), media_type="text/event-stream")

    async def job(transport: ASGITransport) -> list[bytes]:
        received: list[bytes] = []
        response = await transport.handle_async_request(request("GET"))
        async for data in response.aiter_bytes():
            received.append(data)
            first_has_come.set()
        return received

    first_has_come = asyncio.Event()
    app = Starlette(routes=[Route("/api", endpoint)])
    assert call(app, job) == [b"first", b"last"]
