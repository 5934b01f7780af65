"""The real models: shape and repeatability, never words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from respan_lab.gateway.providers import ProviderCall
from respan_lab.gateway.providers.local import CATALOGUE, LocalProvider, cached
from respan_lab.transport import run
from respan_lab.wire import SSEDecoder, StreamAssembler

pytestmark = pytest.mark.local

QUESTION = [
    {"role": "system", "content": "You are a helpful assistant."},
    {"role": "user", "content": "What is the capital of France?"},
]


@pytest.fixture(scope="module")
def provider() -> Iterator[LocalProvider]:
    for name in CATALOGUE:
        assert cached(name), "run `make install` (or `respan-lab pull`) first"
    provider = LocalProvider()
    yield provider
    run(provider.aclose())


async def send(provider: LocalProvider, *, stream: bool = False, **body: Any) -> bytes:
    model = body.setdefault("model", "smollm2-135m")
    body = {"messages": QUESTION, "temperature": 0, "max_tokens": 8, **body}
    answer = await provider.send(
        ProviderCall(model, {**body, "stream": stream}, stream, draw=lambda: 0.5)
    )
    try:
        content = b"".join([chunk async for chunk in answer.body])
    finally:
        await answer.aclose()
    assert answer.status_code == 200, content
    return content


def text_of(payload: dict[str, Any]) -> str:
    return str(payload["choices"][0]["message"]["content"])


def assembled(content: bytes) -> dict[str, Any]:
    assembler = StreamAssembler()
    decoder = SSEDecoder()
    for event in [*decoder.feed(content), *decoder.flush()]:
        if event.data != "[DONE]":
            assembler.feed(json.loads(event.data))
    return assembler.result()


@pytest.mark.parametrize("model", CATALOGUE)
def test_the_same_question_has_the_same_answer(
    provider: LocalProvider, model: str
) -> None:
    other = [{"role": "user", "content": "Name three colours."}]
    first = json.loads(run(send(provider, model=model)))
    run(send(provider, model=model, messages=other))
    second = json.loads(run(send(provider, model=model)))
    assert text_of(first) == text_of(second) != ""
    assert first["model"] == model
    assert first["usage"]["completion_tokens"] == 8
    assert first["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_a_stream_says_what_the_plain_answer_says(provider: LocalProvider) -> None:
    plain = json.loads(run(send(provider)))
    streamed = assembled(run(send(provider, stream=True)))
    assert text_of(streamed) == text_of(plain)
    assert streamed["usage"] == plain["usage"]


def test_sixty_streams_back_to_back(provider: LocalProvider) -> None:
    async def many() -> set[str]:
        return {
            text_of(assembled(await send(provider, stream=True, max_tokens=2)))
            for _ in range(60)
        }

    assert len(run(many())) == 1


def test_json_schema_gives_valid_json(provider: LocalProvider) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string", "maxLength": 20}},
        "required": ["city"],
        "additionalProperties": False,
    }
    wanted = {"name": "place", "strict": True, "schema": schema}
    content = run(
        send(
            provider,
            max_tokens=64,
            response_format={"type": "json_schema", "json_schema": wanted},
        )
    )
    answer = json.loads(text_of(json.loads(content)))
    assert list(answer) == ["city"]
    assert isinstance(answer["city"], str)


def test_calls_at_once_get_the_answers_of_calls_alone(provider: LocalProvider) -> None:
    questions = [
        [{"role": "user", "content": f"Write the number {n} as a word."}]
        for n in range(4)
    ]

    async def all_at_once() -> list[bytes]:
        return await asyncio.gather(
            *(send(provider, messages=question) for question in questions)
        )

    together = [text_of(json.loads(content)) for content in run(all_at_once())]
    alone = [
        text_of(json.loads(run(send(provider, messages=question))))
        for question in questions
    ]
    assert together == alone


def test_a_file_of_ones_own_answers_as_the_model_it_is(
    provider: LocalProvider,
) -> None:
    path = cached("smollm2-135m-q4_0")
    by_path = json.loads(run(send(provider, model=str(path))))
    by_name = json.loads(run(send(provider, model="smollm2-135m-q4_0")))
    assert text_of(by_path) == text_of(by_name)


def test_a_cancelled_stream_frees_the_model(provider: LocalProvider) -> None:
    async def give_up_and_ask_again() -> bytes:
        body = {"messages": QUESTION, "max_tokens": 4000, "stream": True}
        call = ProviderCall("smollm2-135m", body, is_stream=True, draw=lambda: 0.5)
        answer = await provider.send(call)
        await anext(aiter(answer.body))
        await answer.aclose()
        return await send(provider, max_tokens=1)

    # Far less than four thousand tokens take.
    assert run(asyncio.wait_for(give_up_and_ask_again(), 20))


def test_a_prompt_that_is_too_long_is_a_bad_request(provider: LocalProvider) -> None:
    async def ask() -> tuple[int, bytes]:
        body = {"messages": [{"role": "user", "content": "word " * 5000}]}
        call = ProviderCall("smollm2-135m", body, is_stream=False, draw=lambda: 0.5)
        answer = await provider.send(call)
        return answer.status_code, b"".join([chunk async for chunk in answer.body])

    status, content = run(ask())
    assert status == 400
    assert b"exceeds the available context size" in content


def test_provenance_says_what_answered(provider: LocalProvider) -> None:
    known = provider.provenance("local/smollm2-135m")
    assert known["sha256"] == CATALOGUE["smollm2-135m"].sha256
    assert known["runtime"].startswith("xllamacpp ")
    path = cached("smollm2-135m")
    assert provider.provenance(f"local:{path}") == known
