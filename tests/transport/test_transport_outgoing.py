from __future__ import annotations

import asyncio
import contextlib
import gc
import gzip
import threading
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import httpx
import pytest
from stubs.http_stub import HangUp, Reply, Request, Stub, until

from respan_lab.transport import Clock, OutgoingTransport, run

T = TypeVar("T")


def call(job: Callable[[OutgoingTransport], Awaitable[T]], **options: object) -> T:
    """Do something with a transport on the background loop, and close it."""

    async def work() -> T:
        transport = OutgoingTransport(**options)  # type: ignore[arg-type]
        try:
            return await job(transport)
        finally:
            await transport.aclose()

    return run(work())


def post(url: str, *, content: bytes = b"{}", **options: object) -> httpx.Request:
    return httpx.Request("POST", url, content=content, **options)  # type: ignore[arg-type]


async def read(transport: OutgoingTransport, request: httpx.Request) -> httpx.Response:
    response = await transport.handle_async_request(request)
    await response.aread()
    return response


async def echo(request: Request) -> Reply:
    return Reply(request.body, 201, {"x-method": request.method, "x-two": "a, b"})


def test_a_request_arrives_as_it_is_and_so_does_the_answer() -> None:
    headers = {"Authorization": "Bearer x", "X-Own": "grün".encode()}
    with Stub(echo) as stub:
        url = f"{stub.url}/api/a%20b?q=1%2B1&r=%C3%A9"
        request = post(url, content=b'{"a": 1}', headers=headers)
        response = call(lambda transport: read(transport, request))
    (seen,) = stub.requests
    assert (seen.method, seen.target) == ("POST", "/api/a%20b?q=1%2B1&r=%C3%A9")
    assert seen.body == b'{"a": 1}'
    assert seen.headers == {
        "host": f"127.0.0.1:{stub.port}",
        "authorization": "Bearer x",
        "x-own": "grün".encode().decode("latin-1"),
        "content-length": "8",
    }
    assert response.status_code == 201
    assert response.reason_phrase == "Stub"
    assert response.headers["x-method"] == "POST"
    assert response.content == b'{"a": 1}'


@pytest.mark.parametrize("size", [0, 10, 2**20 - 1, 2**20, 3 * 2**20 + 7])
def test_bodies_of_any_size_arrive_whole(size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    with Stub(echo) as stub:
        request = post(stub.url, content=content)
        response = call(lambda transport: read(transport, request))
    assert stub.requests[0].body == content
    assert response.content == content


def test_a_request_made_of_a_stream_of_bytes_is_sent_as_well() -> None:
    with Stub(echo) as stub:
        request = httpx.Request(
            "POST",
            stub.url,
            headers={"content-length": "2"},
            stream=httpx.ByteStream(b"{}"),
        )
        assert call(lambda transport: read(transport, request)).content == b"{}"


def test_a_redirect_is_an_answer_like_any_other() -> None:
    async def move(request: Request) -> Reply:
        return Reply(b"", 307, {"location": "/elsewhere"})

    with Stub(move) as stub:
        response = call(lambda transport: read(transport, post(stub.url)))
    assert response.status_code == 307
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("encoding", "encode"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_an_encoded_body_is_decoded_once(
    encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    text = b'{"choices": []}' * 100

    async def answer(request: Request) -> Reply:
        return Reply(encode(text), headers={"content-encoding": encoding})

    async def both(transport: OutgoingTransport) -> tuple[bytes, bytes]:
        whole = await read(transport, post(stub.url))
        raw = await transport.handle_async_request(post(stub.url))
        chunks = [chunk async for chunk in raw.aiter_raw()]
        return whole.content, b"".join(chunks)

    with Stub(answer) as stub:
        assert call(both) == (text, encode(text))


def test_the_first_chunk_is_here_before_the_last_is_made() -> None:
    first_has_come = threading.Event()

    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await until(first_has_come)
        yield b"last"

    async def answer(request: Request) -> Reply:
        return Reply(chunks())

    async def work(transport: OutgoingTransport) -> list[bytes]:
        response = await transport.handle_async_request(post(stub.url))
        received = []
        async for chunk in response.aiter_bytes():
            received.append(chunk)
            first_has_come.set()
        return received

    with Stub(answer) as stub:
        assert call(work) == [b"first", b"last"]


def test_closing_an_unfinished_answer_tells_the_server() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def answer(request: Request) -> Reply:
        return Reply(chunks())

    async def work(transport: OutgoingTransport) -> None:
        response = await transport.handle_async_request(post(stub.url))
        async for _ in response.aiter_bytes():
            break
        await response.aclose()
        await until(stub.requests[0].is_gone)

    with Stub(answer) as stub:
        call(work)


def test_cancelling_a_call_tells_the_server() -> None:
    async def forever(request: Request) -> Reply:
        await asyncio.Event().wait()
        return Reply()

    async def work(transport: OutgoingTransport) -> None:
        task = asyncio.create_task(read(transport, post(stub.url)))
        await asyncio.to_thread(stub.wait_for, lambda: len(stub.requests) == 1)
        task.cancel()
        await until(stub.requests[0].is_gone)

    with Stub(forever) as stub:
        call(work)


@pytest.mark.parametrize(("keepalive", "n_connections"), [(True, 1), (False, 3)])
def test_connections_are_used_again_unless_told_otherwise(
    keepalive: bool, n_connections: int
) -> None:
    async def work(transport: OutgoingTransport) -> None:
        for _ in range(3):
            await read(transport, post(stub.url))

    with Stub(echo) as stub:
        call(work, keepalive=keepalive)
        assert stub.n_connections == n_connections
    connection = stub.requests[0].headers.get("connection")
    assert connection == (None if keepalive else "close")


def test_there_is_no_limit_to_the_calls_in_flight() -> None:
    all_are_here = threading.Event()

    async def answer(request: Request) -> Reply:
        if stub.peak == 300:
            all_are_here.set()
        await until_set(all_are_here)
        return Reply(b"ok")

    async def until_set(event: threading.Event) -> None:
        while not event.is_set():
            await asyncio.sleep(0.001)

    async def work(transport: OutgoingTransport) -> list[bytes]:
        calls = (read(transport, post(stub.url)) for _ in range(300))
        return [response.content for response in await asyncio.gather(*calls)]

    with Stub(answer) as stub:
        assert call(work) == [b"ok"] * 300


def test_the_clock_starts_when_an_open_connection_gets_the_request() -> None:
    async def answer(request: Request) -> Reply:
        arrivals.append(time.perf_counter())
        return Reply(b"ok")

    async def work(transport: OutgoingTransport) -> None:
        for method, clock in clocks.items():
            begun = time.perf_counter()
            request = httpx.Request(method, stub.url, extensions={"clock": clock})
            await read(transport, request)
            assert clock.handed_at is not None
            assert begun < clock.handed_at < arrivals[-1]

    arrivals: list[float] = []
    clocks = {"GET": Clock(), "POST": Clock()}
    with Stub(answer) as stub:
        call(work)


def test_waiting_for_a_connection_is_not_the_servers_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import socket

    looked_up, may_go_on = threading.Event(), threading.Event()
    look_up = socket.getaddrinfo

    def slow(host: str, *args: object, **options: object) -> object:
        looked_up.set()
        assert may_go_on.wait(30)
        return look_up("127.0.0.1", *args, **options)  # type: ignore[arg-type]

    async def work(transport: OutgoingTransport) -> None:
        clock = Clock()
        url = f"http://model.localhost:{stub.port}/"
        task = asyncio.create_task(
            read(transport, post(url, extensions={"clock": clock}))
        )
        await until(looked_up)
        assert clock.handed_at is None
        released = time.perf_counter()
        may_go_on.set()
        await task
        assert clock.handed_at is not None
        assert clock.handed_at > released

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Stub(echo) as stub:
        call(work)


def test_a_forgotten_transport_closes_its_connections() -> None:
    async def work() -> None:
        await read(OutgoingTransport(), post(stub.url))

    with Stub(echo) as stub:
        run(work())
        gc.collect()
        stub.wait_for(lambda: stub.n_open == 0)


def test_a_closed_transport_can_be_used_again() -> None:
    async def work(transport: OutgoingTransport) -> int:
        await read(transport, post(stub.url))
        await transport.aclose()
        return (await read(transport, post(stub.url))).status_code

    with Stub(echo) as stub:
        assert call(work) == 201
        assert stub.n_connections == 2


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    async def once(request: Request) -> Reply:
        if len(stub.requests) == 1:
            return Reply(b"ok", headers={"connection": "close"})
        return Reply(b"again")

    async def work(transport: OutgoingTransport) -> bytes:
        await read(transport, post(stub.url))
        return (await read(transport, post(stub.url))).content

    with Stub(once) as stub:
        assert call(work) == b"again"
        assert stub.n_connections == 2


def test_no_password_is_taken_from_netrc(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login somebody password secret\n")
    monkeypatch.setenv("NETRC", netrc)
    with Stub(echo) as stub:
        call(lambda transport: read(transport, post(stub.url)))
    assert "authorization" not in stub.requests[0].headers


def test_cookies_are_not_kept() -> None:
    async def bake(request: Request) -> Reply:
        return Reply(b"ok", headers={"set-cookie": "a=b"})

    async def work(transport: OutgoingTransport) -> None:
        await read(transport, post(stub.url))
        await read(transport, post(stub.url))

    with Stub(bake) as stub:
        call(work)
    assert all("cookie" not in request.headers for request in stub.requests)


def test_a_handler_may_hang_up_and_the_next_call_still_works() -> None:
    async def first_hangs_up(request: Request) -> Reply:
        if len(stub.requests) == 1:
            raise HangUp
        return Reply(b"ok")

    async def work(transport: OutgoingTransport) -> bytes:
        with pytest.raises(httpx.RemoteProtocolError):
            await read(transport, post(stub.url))
        return (await read(transport, post(stub.url))).content

    with Stub(first_hangs_up) as stub:
        assert call(work) == b"ok"
        assert len(stub.requests) == 2


def test_an_answer_may_overtake_its_request_and_the_next_call_still_works() -> None:
    """A refusal of a large body comes before the body does."""
    refusal = b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nbig"
    accepted = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    handlers: list[asyncio.Task[None]] = []

    async def refuse_large(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        handlers.append(asyncio.current_task())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(refusal if b"length: 2\r" not in head else accepted)
        await writer.drain()
        await over.wait()
        writer.transport.abort()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def work(transport: OutgoingTransport) -> tuple[bytes, bytes]:
        server = await asyncio.start_server(refuse_large, "127.0.0.1", 0, limit=1024)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            first = await read(transport, post(url, content=b"x" * 64_000_000))
            second = await read(transport, post(url))
        finally:
            over.set()
            server.close()
            await asyncio.gather(*handlers)
        return first.content, second.content

    over = asyncio.Event()
    assert call(work) == (b"big", b"ok")
    assert len(handlers) == 2  # a connection each


@pytest.mark.parametrize("value", [b"a\r\nX-Two: b", b"a\nb", b"a\rb", b"a\0b"])
def test_a_header_cannot_start_another(value: bytes) -> None:
    request = post("http://127.0.0.1:9", headers={"x-one": value})
    clock = request.extensions["clock"] = Clock()
    with Stub(echo) as stub:
        request.url = httpx.URL(stub.url)
        with pytest.raises(httpx.LocalProtocolError, match="line break"):
            call(lambda transport: read(transport, request))
        assert stub.requests == []
    assert clock.handed_at is None
