"""`Idempotency-Key`: what was paid for is answered, whatever became of its caller."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from gateway_upstream import Reply, Upstream, completion, delta, say, usage_chunk

import respan_lab as lab
from respan_lab.gateway import Gateway, Served
from respan_lab.gateway.asking.asked import Asked
from respan_lab.gateway.idempotency.key import fingerprint
from respan_lab.gateway.idempotency.repeats import Repeats
from respan_lab.gateway.store.cache import CacheStore
from respan_lab.transport import ASGITransport, run

CHAT = "/api/chat/completions"
BODY: dict[str, Any] = {
    "model": "up/a",
    "messages": [{"role": "user", "content": "hi"}],
    "request_breakdown": True,
}
MARK = "x-respan-lab-idempotent"


class Held:
    """An upstream's answer that waits until the test lets it go."""

    def __init__(self) -> None:
        self.has_come = threading.Event()
        self._may_go = threading.Event()

    def let_go(self) -> None:
        self._may_go.set()

    async def __call__(self, reply: Reply) -> None:
        if reply.seen.body.get("stream"):
            await reply.events(delta("one "))
            await self.wait()
            for payload in (delta("two"), delta(finish="stop"), usage_chunk()):
                await reply.event(payload)
            await reply.event("[DONE]")
        else:
            await self.wait()
            await reply.json(completion("one two"))

    async def wait(self) -> None:
        self.has_come.set()
        await asyncio.to_thread(self._may_go.wait, 20)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=20) as client:
        yield client


@pytest.fixture
def held(upstream: Upstream) -> Iterator[Held]:
    upstream.answer = made = Held()
    yield made
    made.let_go()


def ask(http: httpx.Client, key: str = "k", *, auth: str = "me", **fields: Any) -> Any:
    headers = {"idempotency-key": key, "authorization": f"Bearer {auth}"}
    return http.post(CHAT, json=BODY | fields, headers=headers)


def send(url: str, key: str = "k", **fields: Any) -> socket.socket:
    """Ask, and leave the answer to whoever wants to read it."""
    content = json.dumps(BODY | fields)
    place = httpx.URL(url)
    head = (
        f"POST {CHAT} HTTP/1.1\r\nhost: {place.netloc.decode()}\r\n"
        "content-type: application/json\r\nauthorization: Bearer me\r\n"
        f"idempotency-key: {key}\r\ncontent-length: {len(content)}\r\n\r\n"
    )
    open_socket = socket.create_connection((place.host, place.port))
    open_socket.sendall((head + content).encode())
    return open_socket


def turn(http: httpx.Client) -> None:
    """Have the server see all that was sent to it, or closed, before."""
    for _ in range(2):
        assert http.get("/api/models").status_code == 200


def kill(http: httpx.Client, held: Held, url: str, **fields: Any) -> None:
    """Ask and leave once the provider has been called."""
    caller = send(url, **fields)
    assert held.has_come.wait(20)
    if fields.get("stream"):
        caller.recv(1000)
    caller.close()
    turn(http)


def rows(gateway: Gateway) -> list[dict[str, Any]]:
    """The log's rows, the oldest first."""
    frame = lab.Client(gateway=gateway).logs()
    found: list[dict[str, Any]] = frame.to_dict("records")
    return sorted(found, key=lambda row: row["timestamp"])


def events(content: str) -> list[dict[str, Any]]:
    data = [line[6:] for line in content.splitlines() if line.startswith("data: ")]
    assert data.pop() == "[DONE]"
    return [json.loads(each) for each in data]


def text(chunks: list[dict[str, Any]]) -> str:
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


def test_who_was_killed_gets_the_answer_that_was_paid(
    http: httpx.Client, served: Served, gateway: Gateway, upstream: Upstream, held: Held
) -> None:
    kill(http, held, served.url)
    held.let_go()
    answer = ask(http)
    assert answer.status_code == 200
    assert answer.headers[MARK] == "replayed"
    assert answer.headers["x-respan-provider"] == "up"
    assert "x-respan-lab-cache" not in answer.headers
    assert answer.json()["choices"] == completion("one two")["choices"]
    told = answer.json()["request_breakdown"]
    assert told["cost"] == pytest.approx(30e-6)
    assert told["cached"] is False
    assert len(told["attempts"]) == 1
    assert len(upstream.seen) == 1
    assert "idempotency-key" not in upstream.seen[0].headers
    paid, replayed = rows(gateway)
    assert paid["status_code"] == replayed["status_code"] == 200
    assert (paid["cost"], replayed["cost"]) == (pytest.approx(30e-6), 0)
    assert paid["unique_id"] in replayed["notes"][0]
    assert not replayed["cache_hit"]


def test_who_leaves_at_once_is_answered_too(
    http: httpx.Client, served: Served, upstream: Upstream, held: Held
) -> None:
    send(served.url).close()
    assert held.has_come.wait(20)
    held.let_go()
    assert ask(http).headers[MARK] == "replayed"
    assert len(upstream.seen) == 1


def test_a_twin_that_leaves_has_left(
    http: httpx.Client, served: Served, gateway: Gateway, upstream: Upstream, held: Held
) -> None:
    kill(http, held, served.url)
    send(served.url).close()
    turn(http)
    held.let_go()
    assert ask(http).headers[MARK] == "replayed"
    codes = sorted(row["status_code"] for row in rows(gateway))
    assert codes == [200, 200, 499]


@pytest.mark.parametrize("again", [True, False])
def test_a_stream_is_read_on_when_its_caller_has_left(
    http: httpx.Client, served: Served, upstream: Upstream, held: Held, again: bool
) -> None:
    kill(http, held, served.url, stream=True)
    held.let_go()
    answer = ask(http, stream=again)
    assert answer.headers[MARK] == "replayed"
    if again:
        *chunks, last = events(answer.text)
        assert text(chunks) == "one two"
        told = last["choices"][0]["request_breakdown"]
    else:
        assert answer.json()["choices"][0]["message"]["content"] == "one two"
        assert answer.json()["usage"] == completion()["usage"]
        told = answer.json()["request_breakdown"]
    assert told["stream"] is again
    assert told["cost"] == pytest.approx(30e-6)
    assert told["time_to_first_token"] > 0
    assert len(upstream.seen) == 1


def test_the_second_answer_is_the_first(http: httpx.Client, upstream: Upstream) -> None:
    first = ask(http, cache_enabled=False)
    second = ask(http, cache_enabled=False, metadata={"try": "2"})
    assert MARK not in first.headers
    cold, again = first.json(), second.json()
    told, retold = (each.pop("request_breakdown") for each in (cold, again))
    assert cold == again
    assert retold.pop("metadata") == {"try": "2"}
    assert told.pop("metadata") == {}
    assert told == retold
    assert len(upstream.seen) == 1


def test_twins_share_one_call(
    http: httpx.Client, served: Served, gateway: Gateway, upstream: Upstream, held: Held
) -> None:
    twins = [send(served.url) for _ in range(5)]
    turn(http)
    held.let_go()
    for each in twins:
        assert b"one two" in each.recv(100_000)
        each.close()
    assert len(upstream.seen) == 1
    costs = sorted(row["cost"] for row in rows(gateway))
    assert costs == [0, 0, 0, 0, pytest.approx(30e-6)]


def test_a_failure_is_tried_again(
    http: httpx.Client, served: Served, upstream: Upstream
) -> None:
    async def refuse(reply: Reply) -> None:
        await reply.json({"error": {"message": "busy"}}, status=503)

    async def break_off(reply: Reply) -> None:
        await reply.events(delta("half"))

    upstream.answer = refuse
    assert ask(http).status_code == 503
    upstream.answer = break_off
    assert "error" in ask(http, stream=True).text
    upstream.answer = say("well")
    answers = ask(http), ask(http)
    assert [each.headers.get(MARK) for each in answers] == [None, "replayed"]
    assert len(upstream.seen) == 3


def test_a_twin_of_a_failure_has_its_turn(
    http: httpx.Client, served: Served, upstream: Upstream, held: Held
) -> None:
    async def answer(reply: Reply) -> None:
        if len(upstream.seen) > 1:
            await say("well")(reply)
            return
        await held.wait()
        await reply.json({"error": {"message": "busy"}}, status=503)

    upstream.answer = answer
    twins = [send(served.url) for _ in range(3)]
    turn(http)
    held.let_go()
    heads = sorted(each.recv(100_000)[:12] for each in twins)
    assert heads == [b"HTTP/1.1 200", b"HTTP/1.1 200", b"HTTP/1.1 503"]
    assert len(upstream.seen) == 2
    for each in twins:
        each.close()


def test_another_question_is_refused(
    http: httpx.Client, served: Served, upstream: Upstream, held: Held
) -> None:
    kill(http, held, served.url)
    for _ in ("while the first is under way", "when it is over"):
        refused = ask(http, messages=[{"role": "user", "content": "other"}])
        assert refused.status_code == 422
        assert refused.json()["error"]["code"] == "idempotency_key_reused"
        held.let_go()
        assert ask(http).headers[MARK] == "replayed"
    assert len(upstream.seen) == 1


def test_keys_of_other_callers_are_other_keys(
    http: httpx.Client, upstream: Upstream
) -> None:
    answers = [ask(http, auth=auth) for auth in ("me", "you", "you")]
    assert [each.headers.get(MARK) for each in answers] == [None, None, "replayed"]
    assert len(upstream.seen) == 2
    assert MARK not in http.post(CHAT, json=BODY).headers


@pytest.mark.parametrize(
    "key", [b"", b"x" * 256, "\u00e9".encode("latin-1"), b"a\tb"], ids=range(4)
)
def test_a_key_beyond_the_limits_is_refused(
    http: httpx.Client, upstream: Upstream, key: bytes
) -> None:
    refused = http.post(CHAT, json=BODY, headers=[(b"idempotency-key", key)])
    assert refused.status_code == 400
    assert "Idempotency-Key" in refused.json()["error"]["message"]
    assert upstream.seen == []


def test_a_key_within_the_limits_is_taken(http: httpx.Client) -> None:
    keys = ("x" * 255, "a b~!", "\"{'")
    assert {ask(http, key).status_code for key in keys} == {200}
    assert {ask(http, key).headers[MARK] for key in keys} == {"replayed"}


def test_in_process_it_is_ignored(gateway: Gateway, upstream: Upstream) -> None:
    async def post() -> httpx.Response:
        transport = ASGITransport(gateway.in_process)
        base = "http://gateway"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.post(
                CHAT, json=BODY, headers={"idempotency-key": "x" * 999}
            )

    answers = [run(post()) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert MARK not in answers[1].headers
    assert len(upstream.seen) == 2


def test_a_server_that_says_on_sending_that_the_caller_left(
    gateway: Gateway, http: httpx.Client, upstream: Upstream
) -> None:
    content = json.dumps(BODY | {"stream": True}).encode()
    headers = {
        "host": "127.0.0.1",
        "content-type": "application/json",
        "authorization": "Bearer me",
        "idempotency-key": "k",
    }
    scope = {
        "type": "http",
        "method": "POST",
        "path": CHAT,
        "query_string": b"",
        "server": ("127.0.0.1", 80),
        "headers": [(name.encode(), said.encode()) for name, said in headers.items()],
    }
    came = iter([{"type": "http.request", "body": content}])

    async def receive() -> Any:
        if (message := next(came, None)) is None:
            await asyncio.Event().wait()
        return message

    async def send(message: Any) -> None:
        raise OSError

    run(gateway(scope, receive, send))
    assert ask(http).headers[MARK] == "replayed"
    assert rows(gateway)[0]["cost"] == pytest.approx(30e-6)
    assert len(upstream.seen) == 1


def opened(upstream: Upstream, home: Path) -> Gateway:
    providers = {"up": {"base_url": upstream.url, "models": ["a"]}}
    prices = {"up/a": {"input": 1.0, "output": 5.0}}
    return Gateway(home=home, providers=providers, prices=prices)


def test_it_survives_a_restart(upstream: Upstream, tmp_path: Path) -> None:
    told = []
    for _ in range(2):
        with opened(upstream, tmp_path) as gateway, gateway.serve() as served:
            answer = httpx.post(
                f"{served.url}{CHAT}", json=BODY, headers={"idempotency-key": "k"}
            )
            told.append(answer.json()["request_breakdown"])
    assert answer.headers[MARK] == "replayed"
    assert told[0] == told[1]
    assert len(upstream.seen) == 1


def test_closing_waits_for_calls_without_callers(
    upstream: Upstream, held: Held, tmp_path: Path
) -> None:
    with opened(upstream, tmp_path) as gateway:
        served = gateway.serve()
        with httpx.Client(base_url=served.url, timeout=20) as http:
            kill(http, held, served.url)
            stopping = threading.Thread(target=served.stop)
            stopping.start()
            held.let_go()
            stopping.join()
    with opened(upstream, tmp_path) as gateway, gateway.serve() as served:
        with httpx.Client(base_url=served.url, timeout=20) as http:
            assert ask(http).headers[MARK] == "replayed"
        assert len(rows(gateway)) == 2
    assert len(upstream.seen) == 1


def test_closing_does_not_wait_for_ever(
    gateway: Gateway, http: httpx.Client, served: Served, held: Held, tmp_path: Path
) -> None:
    gateway.repeats = Repeats(CacheStore(tmp_path, name="i.db"), grace=0.01)
    kill(http, held, served.url)
    gateway.close()
    (row,) = rows(gateway)
    assert row["status_code"] == 499


def test_only_so_many_calls_go_on_alone(
    gateway: Gateway, http: httpx.Client, served: Served, held: Held, tmp_path: Path
) -> None:
    gateway.repeats = Repeats(CacheStore(tmp_path, name="i.db"), most_left=1)
    kill(http, held, served.url)
    held.has_come.clear()
    kill(http, held, served.url, key="other")
    (row,) = rows(gateway)
    assert row["status_code"] == 499


def test_it_is_kept_for_a_day(
    gateway: Gateway, http: httpx.Client, upstream: Upstream, tmp_path: Path
) -> None:
    now = [1e9]
    store = CacheStore(tmp_path, name="i.db", clock=lambda: now[0])
    gateway.repeats = Repeats(store)
    marks = []
    for moment in (0, 86_399, 86_401):
        now[0] = 1e9 + moment
        marks.append(ask(http).headers.get(MARK))
    assert marks == [None, "replayed", None]


def test_a_file_that_cannot_be_used_costs_no_request(
    http: httpx.Client, upstream: Upstream, tmp_path: Path
) -> None:
    (tmp_path / "idempotency.db").mkdir()
    answers = ask(http), ask(http)
    assert [each.status_code for each in answers] == [200, 200]
    assert "Idempotency-Key" in answers[0].headers["x-respan-lab-warnings"]


def test_the_response_cache_may_answer_it(
    http: httpx.Client, gateway: Gateway, upstream: Upstream
) -> None:
    answers = [ask(http, key, cache_enabled=True) for key in "aabb"]
    bare = [{**each.json(), "request_breakdown": 0} for each in answers]
    assert all(each == bare[0] for each in bare)
    marks = [each.headers.get(MARK) for each in answers]
    assert marks == [None, "replayed", None, "replayed"]
    hits = [each.headers.get("x-respan-lab-cache") for each in answers]
    assert hits == [None, None, "hit", None]
    assert len(upstream.seen) == 1
    assert [row["cost"] for row in rows(gateway)] == [pytest.approx(30e-6), 0, 0, 0]


def test_a_saved_prompt_is_not_read_again(
    http: httpx.Client, gateway: Gateway, upstream: Upstream
) -> None:
    client = lab.Client(gateway=gateway)
    prompt_id = client.prompts.create("greeting")
    client.prompts.add_version(prompt_id, "Greet {{ name }}.", model="up/a")
    client.prompts.commit(prompt_id)
    client.prompts.deploy(prompt_id, 1)
    prompt = {"prompt_id": prompt_id, "variables": {"name": "Ada"}, "echo": True}
    first = ask(http, prompt=prompt, messages=None, model=None)
    client.prompts.delete(prompt_id)
    second = ask(http, prompt=prompt, messages=None, model=None)
    assert first.json()["prompt_message"][0]["content"] == "Greet Ada."
    assert first.json() == second.json()


@pytest.mark.parametrize("field", ["full_request", "prompt_messages"])
def test_disable_log_keeps_the_question_out(
    http: httpx.Client, upstream: Upstream, gateway: Gateway, tmp_path: Path, field: str
) -> None:
    secret = [{"role": "user", "content": "a private matter"}]
    answers = [ask(http, messages=secret, disable_log=True) for _ in range(2)]
    first, second = (each.json()["request_breakdown"] for each in answers)
    assert first[field] == second[field]
    gateway.close()
    assert b"private matter" not in (tmp_path / "idempotency.db").read_bytes()


def test_a_question_is_what_is_asked_and_no_key() -> None:
    def of(route: str | None = None, **respan: Any) -> str:
        openai = {"messages": [], "temperature": 0}
        return fingerprint(Asked(openai, respan, route_provider=route))

    assert of() == of(metadata={"a": "b"})
    assert of() != of("up")
    assert of() != of(customer_identifier="c")
    keys = [
        of(customer_credentials={"openai": {"api_key": key}}) for key in ("one", "two")
    ]
    assert keys[0] == keys[1]
