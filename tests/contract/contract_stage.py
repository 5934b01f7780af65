"""What a field's test works with: a served gateway, and the provider behind it."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from contract_table import PATH
from gateway.gateway_upstream import Reply, Seen, Upstream, say

from respan_lab.gateway import Gateway

MESSAGES: list[dict[str, Any]] = [{"role": "user", "content": "hi"}]
CALLER_KEY, PROVIDER_KEY = "sk-caller-0001", "sk-provider-0001"

# In place of a value: the field is not sent.
LEFT_OUT = ...


class Stage:
    """A gateway on a socket with two providers of its own, and one that is Azure.

    Both `up` (models `a`, `b`, `c`) and `other` (models `a`, `d`) are one server; the
    paths tell which of them was called. Behind `gone` there is nobody.
    """

    def __init__(self, home: Path) -> None:
        self.upstream = Upstream()
        far = {"base_url": self.upstream.url, "api_key": PROVIDER_KEY}
        other = {**far, "base_url": self.upstream.url.replace("/v1", "/other/v1")}
        price = {"input": 1.0, "output": 5.0}
        self.gateway = Gateway(
            home=home,
            providers={
                "up": {**far, "models": ["a", "b", "c"]},
                "other": {**other, "models": ["a", "d"]},
                "azure": far,
                "gone": {"base_url": "http://127.0.0.1:1/v1", "models": ["a"]},
            },
            prices={"up/a": price, "azure/gpt-4o": price},
            client_keys=[CALLER_KEY],
            load_balance_groups={
                "main": [
                    {"model": "up/a", "weight": 1},
                    {"model": "up/b", "weight": 10**9},
                ],
                "simulated": [{"model": "sim/small"}],
                "text": [{"model": "up/a"}],
            },
            seed=1,
            sim_time_scale=0,
        )
        self._served = self.gateway.serve()
        self.url = self._served.url
        self.http = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {CALLER_KEY}"},
            timeout=20,
        )

    def close(self) -> None:
        self.http.close()
        self._served.stop()
        self.gateway.close()
        self.upstream.close()

    def post(self, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        return self.http.post(PATH, json=body, headers=headers)

    def ask(
        self, headers: dict[str, str] | None = None, /, **fields: Any
    ) -> httpx.Response:
        """Ask `up/a`, unless told otherwise, and get an answer."""
        answer = self.say(headers, **fields)
        assert answer.status_code == 200, answer.text
        return answer

    def refused(
        self, headers: dict[str, str] | None = None, /, **fields: Any
    ) -> dict[str, Any]:
        """Ask, and get a 400; nobody else is called."""
        before = len(self.upstream.seen)
        answer = self.say(headers, **fields)
        assert answer.status_code == 400, answer.text
        assert len(self.upstream.seen) == before
        error: dict[str, Any] = answer.json()["error"]
        return error

    def say(
        self, headers: dict[str, str] | None = None, /, **fields: Any
    ) -> httpx.Response:
        body = {"model": "up/a", "messages": MESSAGES, **fields}
        return self.post({n: v for n, v in body.items() if v is not LEFT_OUT}, headers)

    @property
    def seen(self) -> list[Seen]:
        """What the provider was asked, in order."""
        return self.upstream.seen

    @property
    def sent(self) -> Any:
        """The last body that the provider was sent."""
        return self.upstream.seen[-1].body

    @property
    def asked(self) -> list[str]:
        """The models that the provider was asked for, in order."""
        return [seen.body["model"] for seen in self.upstream.seen]

    @property
    def keys(self) -> list[str]:
        """The keys that the provider was shown, in order."""
        return [
            seen.headers.get("authorization", seen.headers.get("api-key", ""))
            for seen in self.upstream.seen
        ]

    def row(self, answer: httpx.Response) -> dict[str, Any]:
        """The log row of an answer, whole."""
        found = self.http.get(f"/api/request-logs/{answer.headers['x-respan-log-id']}/")
        assert found.status_code == 200, found.text
        row: dict[str, Any] = found.json()
        return row

    def rows(self, **equal: Any) -> list[dict[str, Any]]:
        """The log's rows of which some fields have these values, newest first."""
        filters = {n: {"operator": "", "value": [v]} for n, v in equal.items()}
        found = self.http.post("/api/request-logs/list/", json={"filters": filters})
        assert found.status_code == 200, found.text
        rows: list[dict[str, Any]] = found.json()["results"]
        return rows

    def prompt(self, **version: Any) -> str:
        """Save a prompt and deploy its first version; give its id."""
        made = self.http.post("/api/prompts/", json={"name": "Greeting"}).json()
        where = f"/api/prompts/{made['id']}"
        for path, body in (
            ("versions/", version),
            ("commits/", {}),
            ("deployments/", {"version": 1}),
        ):
            done = self.http.post(f"{where}/{path}", json=body)
            assert done.status_code < 300, done.text
        prompt_id: str = made["id"]
        return prompt_id

    def fail(
        self, *models: str, status: int = 503, times: int = 10**6, **headers: str
    ) -> None:
        """Have the provider refuse some models, so many times each."""
        self.upstream.answer = failing(*models, status=status, times=times, **headers)


def failing(
    *models: str, status: int, times: int, **headers: str
) -> Callable[[Reply], Awaitable[None]]:
    left = dict.fromkeys(models, times)

    async def answer(reply: Reply) -> None:
        model = reply.seen.body["model"]
        if left.get(model, 0) <= 0:
            await say("hello")(reply)
            return
        left[model] -= 1
        error = {"error": {"message": f"{model} is down"}}
        await reply.json(error, status, **headers)

    return answer


def text(answer: httpx.Response) -> str:
    """What an answer says, plain or streamed."""
    if "event-stream" not in answer.headers["content-type"]:
        said: str = answer.json()["choices"][0]["message"]["content"]
        return said
    deltas = [each["choices"][0]["delta"] for each in chunks(answer) if each["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def chunks(answer: httpx.Response) -> list[Any]:
    """The objects of a stream, which must end as streams do."""
    *events, last = [part for part in answer.text.split("\n\n") if part]
    assert last == "data: [DONE]"
    return [json.loads(event.removeprefix("data: ")) for event in events]


def breakdown(answer: httpx.Response) -> Any:
    """The breakdown, where an answer has it."""
    if "event-stream" in answer.headers["content-type"]:
        return chunks(answer)[-1]["choices"][0]["request_breakdown"]
    return answer.json()["request_breakdown"]


def warnings(answer: httpx.Response) -> list[str]:
    found: list[str] = json.loads(answer.headers.get("x-respan-lab-warnings", "[]"))
    return found


def encoded(params: Any) -> str:
    return base64.b64encode(json.dumps(params).encode()).decode()
