"""Every way a call can fail, and whether the server may have seen it."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import AsyncIterator

import httpx
import pytest
from stubs.http_stub import Handler, HangUp, Reply, Request, Stub

from respan_lab.transport import Clock, OutgoingTransport, run, was_sent

SECRET = "Bearer a-key-that-nobody-may-see"


async def _fault(
    url: str, *, read: float | None = None, connect_timeout: float = 30.0
) -> tuple[httpx.TransportError, bool]:
    """Make a call that fails: what it raises, and whether it counts as sent."""
    transport, clock = OutgoingTransport(connect_timeout=connect_timeout), Clock()
    request = httpx.Request(
        "POST",
        url,
        content=b"{}",
        headers={"authorization": SECRET},
        extensions={"clock": clock, "timeout": {"read": read}},
    )
    try:
        with pytest.raises(httpx.TransportError) as caught:
            await _read(transport, request)
    finally:
        await transport.aclose()
    assert caught.value.request is request
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    return caught.value, was_sent(caught.value, clock)


async def _read(transport: OutgoingTransport, request: httpx.Request) -> None:
    response = await transport.handle_async_request(request)
    try:
        await response.aread()
    finally:
        await response.aclose()


def _fault_of(
    handler: Handler, **options: float | None
) -> tuple[httpx.TransportError, bool]:
    with Stub(handler) as stub:
        return run(_fault(stub.url, **options))  # type: ignore[arg-type]


async def _hang_up(request: Request) -> Reply:
    raise HangUp


async def _forever(request: Request) -> Reply:
    await asyncio.Event().wait()
    return Reply()


def test_a_refused_port_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    fault, sent = run(_fault(f"http://127.0.0.1:{port}/"))
    assert type(fault) is httpx.ConnectError
    assert f"127.0.0.1:{port}" in str(fault)
    assert not sent


def test_a_name_that_is_not_found_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    monkeypatch.setenv("NO_PROXY", "*")
    fault, sent = run(_fault("http://nowhere.example/"))
    assert type(fault) is httpx.ConnectError
    assert "nowhere.example" in str(fault)
    assert not sent


def test_a_failed_tls_handshake_is_not_sent() -> None:
    with Stub(_forever) as stub:
        fault, sent = run(_fault(stub.url.replace("http:", "https:")))
        assert stub.requests == []
    assert type(fault) is httpx.ConnectError
    assert not sent


def test_no_connection_in_time_is_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # says nothing to a greeting
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
        fault, sent = run(_fault(url, connect_timeout=0.05))
    assert type(fault) is httpx.ConnectTimeout
    assert not sent


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "ws://127.0.0.1/", "/api", "http:///api"]
)
def test_an_address_nobody_can_call_is_not_sent(url: str) -> None:
    fault, sent = run(_fault(url))
    assert type(fault) is httpx.UnsupportedProtocol
    assert not sent


def test_a_server_that_reads_the_request_and_hangs_up_may_have_billed_it() -> None:
    with Stub(_hang_up) as stub:
        fault, sent = run(_fault(stub.url))
        assert len(stub.requests) == 1
    assert type(fault) is httpx.RemoteProtocolError
    assert sent


def test_a_server_that_resets_the_connection_may_have_billed_it() -> None:
    async def reset(request: Request) -> Reply:
        raise RuntimeError("the stub aborts the connection")

    fault, sent = _fault_of(reset)
    assert type(fault) is httpx.RemoteProtocolError
    assert sent


def test_an_answer_that_is_not_http_may_have_been_billed() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        writer.close()

    async def work() -> tuple[httpx.TransportError, bool]:
        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        async with server:
            return await _fault(f"http://127.0.0.1:{_port(server)}/")

    fault, sent = run(work())
    assert type(fault) is httpx.RemoteProtocolError
    assert sent


def test_silence_before_the_answer_is_a_read_timeout() -> None:
    fault, sent = _fault_of(_forever, read=0.05)
    assert type(fault) is httpx.ReadTimeout
    assert sent


def test_silence_within_the_body_is_a_read_timeout() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.Event().wait()

    async def answer(request: Request) -> Reply:
        return Reply(chunks())

    fault, sent = _fault_of(answer, read=0.2)
    assert type(fault) is httpx.ReadTimeout
    assert sent


def test_a_chunked_body_that_breaks_off_is_a_read_error() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"first"
        raise HangUp

    async def answer(request: Request) -> Reply:
        return Reply(chunks())

    fault, sent = _fault_of(answer)
    assert type(fault) is httpx.ReadError
    assert sent


def test_a_body_shorter_than_promised_is_a_read_error() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"123"
        raise HangUp

    async def answer(request: Request) -> Reply:
        return Reply(chunks(), headers={"content-length": "10"})

    fault, sent = _fault_of(answer)
    assert type(fault) is httpx.ReadError
    assert sent


@pytest.mark.parametrize(
    "error",
    [
        httpx.ReadError("broken"),
        httpx.ReadTimeout("silent"),
        httpx.WriteError("broken"),
        httpx.RemoteProtocolError("hung up"),
        ValueError("of a transport that is not ours"),
    ],
)
def test_in_doubt_a_request_was_sent(error: Exception) -> None:
    assert was_sent(error, None)
    assert was_sent(error, Clock())


def test_a_started_clock_outweighs_the_errors_class() -> None:
    assert not was_sent(httpx.ConnectTimeout("late"), None)
    assert not was_sent(httpx.ConnectTimeout("late"), Clock())
    assert was_sent(httpx.ConnectTimeout("late"), Clock(handed_at=1.0))


def _port(server: asyncio.Server) -> int:
    return int(server.sockets[0].getsockname()[1])
