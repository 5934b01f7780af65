"""The gateway over a real socket, called by Respan's own SDK and by curl."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator

import httpx
import pytest
from gateway_upstream import Upstream, say
from respan import BadRequestError, RespanClient

from respan_lab.gateway import Served

MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture
def respan(served: Served) -> Iterator[RespanClient]:
    with httpx.Client(timeout=20) as http:
        yield RespanClient(
            base_url=served.url,
            authorization="Bearer unused",
            respan_api_key="unused",
            httpx_client=http,
        )


def test_respans_sdk_reads_an_answer(respan: RespanClient) -> None:
    answer = respan.gateway.create_chat_completion(
        messages=MESSAGES,  # type: ignore[arg-type]
        model="up/a",
        request_breakdown=True,
        custom_identifier="mine",
    )
    found = json.loads(answer.json())
    assert found["choices"][0]["message"]["content"] == "hello"
    assert found["usage"]["total_tokens"] == 14
    assert found["request_breakdown"]["completion_tokens"] == 4


def test_respans_sdk_reads_a_failure(respan: RespanClient) -> None:
    with pytest.raises(BadRequestError, match="retry_params"):
        respan.gateway.create_chat_completion(
            messages=MESSAGES,  # type: ignore[arg-type]
            model="up/a",
            retry_params={"retry_enabled": True, "num_retries": -2},
        )


def test_respans_sdk_sends_the_header_channel(respan: RespanClient) -> None:
    header = "eyJyZXF1ZXN0X2JyZWFrZG93biI6IHRydWV9"  # {"request_breakdown": true}
    answer = respan.gateway.create_chat_completion(
        messages=MESSAGES,  # type: ignore[arg-type]
        model="up/a",
        data_respan_params=header,
    )
    assert json.loads(answer.json())["request_breakdown"]["model"] == "up-1"


def curl(url: str, payload: object, *more: str) -> str:
    done = subprocess.run(
        [
            "curl",
            "-sS",
            "-N",
            "--max-time",
            "20",
            url,
            "-H",
            "content-type: application/json",
            "-d",
            json.dumps(payload),
            *more,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.parametrize("path", ["/api", "/v1", ""])
def test_curl_reads_an_answer_at_every_path(served: Served, path: str) -> None:
    said = curl(
        f"{served.url}{path}/chat/completions", {"model": "up/a", "messages": MESSAGES}
    )
    assert json.loads(said)["choices"][0]["message"]["content"] == "hello"


def test_curl_reads_a_stream(served: Served, upstream: Upstream) -> None:
    upstream.answer = say("he", "llo")
    body = {"model": "up/a", "messages": MESSAGES, "stream": True}
    said = curl(f"{served.url}/api/chat/completions", body)
    *events, last, rest = said.split("\n\n")
    assert last == "data: [DONE]"
    assert rest == ""
    payloads = [json.loads(event.removeprefix("data: ")) for event in events]
    texts = [payload["choices"][0]["delta"].get("content") for payload in payloads]
    assert texts == ["he", "llo", None]


@pytest.mark.parametrize("body", ["", "[]", "nonsense", '"text"', "[" * 100_000])
def test_a_body_that_is_no_object_is_400(served: Served, body: str) -> None:
    done = subprocess.run(
        [
            "curl",
            "-sS",
            f"{served.url}/api/chat/completions",
            "-H",
            "content-type: application/json",
            "--data-binary",
            "@-",
        ],
        input=body,
        capture_output=True,
        text=True,
        check=True,
    )
    error = json.loads(done.stdout)["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == "invalid_json"


def test_an_unknown_path_is_a_404_in_the_same_shape(served: Served) -> None:
    said = json.loads(curl(f"{served.url}/api/embeddings", {}))
    assert said["error"]["code"] == "unknown_path"
