"""Serving, client keys, slots and the lists of models."""

from __future__ import annotations

import asyncio
import json
import pickle
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from gateway_upstream import Upstream, completion

from respan_lab.errors import ConfigError
from respan_lab.gateway import Gateway, Served
from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.providers import ModelCard, ProviderAnswer, ProviderCall
from respan_lab.gateway.routing.names import Names
from respan_lab.gateway.routing.slots import Slots
from respan_lab.gateway.serving.clients import ClientKeys
from respan_lab.gateway.serving.server import listen
from respan_lab.prices import PriceTable
from respan_lab.transport import ASGITransport, run

BODY = {"model": "up/a", "messages": [{"role": "user", "content": "hi"}]}


def test_stopping_twice_is_fine_and_frees_the_port(gateway: Gateway) -> None:
    server = gateway.serve()
    server.stop()
    server.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/api/models")
    with gateway.serve(port=int(server.url.rsplit(":", 1)[1])) as again:
        assert again.url == server.url


def test_a_port_in_use_is_a_config_error(gateway: Gateway, served: Served) -> None:
    with pytest.raises(ConfigError, match="cannot serve on"):
        gateway.serve(port=int(served.url.rsplit(":", 1)[1]))


def test_no_answer_is_held_back_until_its_head_is_acknowledged() -> None:
    with listen("127.0.0.1", 0) as listening:
        place = listening.getsockname()
        with socket.create_connection(place), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "example.org", "10.0.0.1"])
def test_other_machines_need_a_key(gateway: Gateway, host: str) -> None:
    with pytest.raises(ConfigError, match="client_keys"):
        gateway.serve(host)


def test_stopping_cuts_off_what_hangs(gateway: Gateway, upstream: Upstream) -> None:
    async def answer(reply: Any) -> None:
        await reply.until_gone()
        upstream.gone.set()

    upstream.answer = answer
    with gateway.serve() as server:
        host, port = server.url.removeprefix("http://").split(":")
        content = json.dumps(BODY).encode()
        caller = socket.create_connection((host, int(port)), timeout=20)
        caller.sendall(
            b"POST /api/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
            b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(content), content)
        )
    assert upstream.gone.wait(20)
    caller.close()


@pytest.mark.parametrize("keys", [["ck-one", "ck-two"], {"me": "ck-one"}])
def test_client_keys_are_asked_for_over_a_socket(upstream: Upstream, keys: Any) -> None:
    entry = {"base_url": upstream.url, "models": ["a"]}
    gateway = Gateway(providers={"up": entry}, client_keys=keys)
    with gateway.serve() as server, httpx.Client(base_url=server.url) as client:
        for headers in (
            {},
            {"authorization": "Bearer no"},
            {"authorization": "ck-one"},
            {"x-api-key": "ck-one"},
        ):
            for path in ("/api/chat/completions", "/api/models"):
                method = "POST" if "chat" in path else "GET"
                refused = client.request(method, path, headers=headers, json=BODY)
                assert refused.status_code == 401
                assert refused.json()["error"]["type"] == "authentication_error"
                assert refused.headers["www-authenticate"] == "Bearer"
        allowed = {"authorization": "Bearer ck-one"}
        path = "/api/chat/completions"
        assert client.post(path, json=BODY, headers=allowed).status_code == 200
        assert client.get("/api/models/public/").status_code == 200
    assert "authorization" not in upstream.seen[0].headers
    assert "ck-one" not in repr(gateway)
    inside = run(_in_process(gateway, "POST", "/api/chat/completions", json=BODY))
    assert inside.status_code == 200
    gateway.close()


async def _in_process(
    gateway: Gateway, method: str, path: str, **more: Any
) -> httpx.Response:
    transport = ASGITransport(gateway.in_process)
    async with httpx.AsyncClient(transport=transport, base_url="http://gw") as client:
        return await client.request(method, path, **more)


def test_client_keys_are_not_kept() -> None:
    keys = ClientKeys(["ck-one-secret"])
    assert "ck-one-secret" not in str(vars(keys))
    keys.check({"authorization": "bearer  ck-one-secret "})
    for wrong in ("Bearer ck-one", "Basic ck-one-secret", "Bearer caf\xe9", "Bearer"):
        with pytest.raises(GatewayFailure) as caught:
            keys.check({"authorization": wrong, "x-api-key": "ck-one-secret"})
        assert caught.value.status == 401
        assert caught.value.headers == {"www-authenticate": "Bearer"}


@pytest.mark.parametrize("keys", [[], {}, "ck-one", [""], [1], ["a\nb"]])
def test_client_keys_are_a_list_or_an_object(keys: Any) -> None:
    with pytest.raises(ConfigError, match="client_keys"):
        Gateway(client_keys=keys)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({}, "base_url"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "http://x", "key": "k"}, "keys"),
        ({"base_url": "http://x", "models": "a"}, "list of names"),
        ({"base_url": "http://x", "models": 5}, "list of names"),
        ({"base_url": "http://x", "models": {"a": 1}}, "list of names"),
        ({"base_url": "http://x", "models": ["a", 1]}, "list of names"),
        ({"base_url": 7}, "is a int"),
        ({"base_url": "http://"}, "no host"),
        ({"base_url": "http://:80/v1"}, "no host"),
        ({"base_url": "http://x:99999"}, "1 to 65535"),
        ({"base_url": "http://x:0"}, "1 to 65535"),
        ({"base_url": "http://x:y"}, "1 to 65535"),
        ({"base_url": "http://user:sk-secret@x"}, "a password"),
        ({"base_url": "http://x/v1?key=sk-secret"}, r"`\?`"),
        ({"base_url": "http://x/v1\n"}, "printable"),
        ({"base_url": "http://x", 3: 4, "key": "k"}, "keys"),
        ({"base_url": "http://x", "api_key": "a\nb"}, "api_key"),
        ("http://x", "object"),
    ],
)
def test_a_wrong_provider_is_named(entry: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        Gateway(providers={"mine": entry})
    assert "mine" in str(caught.value)
    assert "sk-secret" not in str(caught.value)


def test_an_address_may_end_in_a_slash() -> None:
    for url in ("http://x/v1/", "HTTPS://x:8443/", "http://[::1]:80/v1", "http://x/#"):
        gateway = Gateway(providers={"mine": {"base_url": url}})
        assert gateway.address_of("mine/a") == url.rstrip("/#")


@pytest.mark.parametrize("name", ["", "a/b", "local", "a:b", "мой", 3])
def test_a_wrong_name_of_a_provider_is_named(name: Any) -> None:
    with pytest.raises(ConfigError, match="provider"):
        Gateway(providers={name: {"base_url": "http://x"}})


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "x"},
        {"seed": True},
        {"sim_time_scale": -1},
        {"sim_time_scale": float("nan")},
        {"providers": {"sim": {"x": 3}}},
        {"providers": [1]},
        {"providers": 5},
        {"prices": {"m": {"input": 1}}},
        {"prices": {"m": {"input": 1, "output": 1, 3: 4, "x": 1}}},
        {"prices": {"m": {"input": 1, "output": 10**400}}},
        {"prices": {"m": 3}},
        {"prices": {7: {"input": 1, "output": 1}}},
        {"prices": [1]},
        {"prices": [("m", {"input": 1, "output": 1})]},
        {"prices": 0},
    ],
)
def test_wrong_arguments_are_config_errors(wrong: Any) -> None:
    with pytest.raises(ConfigError):
        Gateway(**wrong)


def test_a_gateway_is_not_pickled(gateway: Gateway) -> None:
    with pytest.raises(TypeError, match="keys"):
        pickle.dumps(gateway)


def test_the_models_are_listed(served: Served, gateway: Gateway) -> None:
    found = httpx.get(f"{served.url}/v1/models").json()
    assert found["object"] == "list"
    by_id = {each["id"]: each for each in found["data"]}
    assert by_id["up/a"]["input_cost"] == 1.0
    assert by_id["up/b"]["input_cost"] is None
    assert by_id["sim/small"]["simulated"] is True
    assert by_id["up/a"]["owned_by"] == "up"
    usable = [name for name, each in by_id.items() if each["available"]]
    assert sorted(usable) == sorted(gateway.model_names())


def test_the_public_list_has_the_platforms_shape(served: Served) -> None:
    found = httpx.get(f"{served.url}/api/models/public/").json()["models"]
    entry = next(each for each in found if each["model_name"] == "up/a")
    assert entry["input_cost"] == entry["prompt_cost"] == 1.0
    assert entry["output_cost"] == entry["completion_cost"] == 5.0
    assert entry["provider"]["provider_id"] == "up"
    url = f"{served.url}/api/models/public/?unnest=true"
    assert httpx.get(url).json() == found


@pytest.mark.parametrize("name", ["up/a", "sim/small", "local/smollm2-135m"])
def test_one_model_is_shown(served: Served, name: str) -> None:
    found = httpx.get(f"{served.url}/v1/models/{name}").json()
    assert found["id"] == name
    assert found["object"] == "model"


def test_a_model_that_is_a_file_is_shown_in_process(gateway: Gateway) -> None:
    found = run(_in_process(gateway, "GET", "/v1/models/local:/tmp/some%20file.gguf"))
    assert found.json()["id"] == "local:/tmp/some file.gguf"


@pytest.mark.parametrize("name", ["local:/etc/passwd", "local:~/secret.gguf"])
def test_files_are_nobodys_business_over_a_socket(served: Served, name: str) -> None:
    for found in (
        httpx.get(f"{served.url}/v1/models/{name}"),
        httpx.post(f"{served.url}/v1/chat/completions", json={**BODY, "model": name}),
    ):
        assert found.status_code == 403
        assert found.json()["error"]["code"] == "file_not_allowed"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("up/typo", "model_not_found"),
        ("typo", "model_not_found"),
        ("openai/gpt-4o", "missing_credentials"),
        ("gpt-4o", "missing_credentials"),
    ],
)
def test_why_there_is_no_such_model(served: Served, name: str, code: str) -> None:
    found = httpx.get(f"{served.url}/api/models/{name}")
    assert found.is_error
    assert found.json()["error"]["code"] == code


def test_the_address_behind_a_model(gateway: Gateway, upstream: Upstream) -> None:
    assert gateway.address_of("up/a") == upstream.url
    assert gateway.address_of("gpt-4o") is None


def test_what_is_behind_a_simulated_model_is_its_seed_or_the_users_function() -> None:
    def one(messages: Any, **params: Any) -> str:
        return "1"

    functions = {"sim": {"f": one}}
    first, second = (Gateway(seed=7, providers=functions) for _ in range(2))
    assert first.address_of("sim/small") == second.address_of("sim/small") == "seed=7"
    assert Gateway().address_of("sim/small") is None
    # An edit of a function cannot be seen, so each gateway has another one.
    assert first.address_of("sim/f") != second.address_of("sim/f")


class OneAtATime:
    """A provider with one slot that counts who is inside."""

    name = "one"
    max_concurrency = 1
    is_open = False

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    def models(self) -> list[ModelCard]:
        return [ModelCard("x")]

    def card(self, slug: str) -> ModelCard:
        return ModelCard(slug)

    async def prepare(self, slug: str) -> None:
        assert self.inside == 0  # the slot is held while it gets ready

    async def send(self, call: ProviderCall) -> ProviderAnswer:
        self.inside += 1
        self.most = max(self.most, self.inside)
        return ProviderAnswer(200, self._body(call.is_stream))

    async def _body(self, is_stream: bool) -> AsyncIterator[bytes]:
        for _ in range(5):
            await asyncio.sleep(0)
        self.inside -= 1
        if not is_stream:
            yield json.dumps(completion()).encode()
            return
        choice = {"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}
        yield f"data: {json.dumps({'choices': [choice]})}\n\n".encode()

    async def aclose(self) -> None:
        pass


def test_a_provider_is_never_given_more_than_it_runs(gateway: Gateway) -> None:
    provider = OneAtATime()
    gateway.names = Names({"one": provider}, missing={}, prices=PriceTable())

    async def ask() -> list[httpx.Response]:
        transport = ASGITransport(gateway.in_process)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gw"
        ) as client:
            body = {**BODY, "model": "one/x", "request_breakdown": True}
            calls = (
                client.post(
                    "/api/chat/completions", json={**body, "stream": i % 2 == 0}
                )
                for i in range(8)
            )
            return await asyncio.gather(*calls)

    answers = run(ask())
    assert [answer.status_code for answer in answers] == [200] * 8
    assert provider.most == 1
    waited = [answer.headers.get("x-respan-lab-queue-time") for answer in answers]
    assert waited.count(None) == 1
    for answer, said in zip(answers, waited, strict=True):
        if answer.headers["content-type"] == "application/json":
            found = answer.json()["request_breakdown"]
            assert found["queue_time"] == pytest.approx(float(said or 0), abs=1e-5)


def test_a_slot_is_given_back_when_the_waiting_is_cancelled() -> None:
    async def check() -> None:
        slots, provider = Slots(), OneAtATime()
        async with slots.hold(provider, "x") as first:
            assert first == 0.0
            waiting = asyncio.create_task(slots.hold(provider, "x").__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
        async with asyncio.timeout(5), slots.hold(provider, "x") as free:
            assert free == 0.0

    asyncio.run(check())
