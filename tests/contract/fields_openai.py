"""What OpenAI's fields do: they reach the provider as given, and nothing is added."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from contract_stage import MESSAGES, Stage, text
from contract_table import FIELDS
from field_effects import shows
from gateway.gateway_upstream import Reply, completion, delta, say

TOOL = FIELDS["tools"]["example"][0]
CALL = {"id": "t1", "type": "function", "function": {"name": "add", "arguments": "{}"}}


def forwarded(stage: Stage, name: str, *values: Any) -> httpx.Response:
    """Plain and streamed, the provider gets the value, and the log keeps it."""
    for value in (FIELDS[name]["example"], *values):
        for is_stream in (False, True):
            answer = stage.ask(stream=is_stream, **{name: value})
            assert stage.sent[name] == value
            assert text(answer) == "hello"
            assert stage.row(answer)["full_request"][name] == value
    plain = stage.ask()
    assert name not in stage.sent
    return plain


def answered(stage: Stage, message: dict[str, Any], **choice: Any) -> None:
    """Have the provider say this."""
    payload = completion()
    payload["choices"] = [
        {"index": 0, "message": message, "finish_reason": "stop", **choice}
    ]

    async def answer(reply: Reply) -> None:
        await reply.json(payload)

    stage.upstream.answer = answer


@shows
def messages(stage: Stage) -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    given = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "This?"}, picture]},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "t1", "content": "3"},
    ]
    answer = stage.ask(messages=given)
    assert stage.sent["messages"] == given
    assert stage.row(answer)["prompt_messages"] == given


@shows
def model(stage: Stage) -> None:
    answer = stage.ask(model="up/b")
    assert stage.asked == ["b"]
    assert answer.json()["model"] == "up-1"
    row = stage.row(answer)
    assert (row["asked_model"], row["model"]) == ("up/b", "up-1")
    assert (row["provider_id"], row["deployment_name"]) == ("up", "b")
    unknown = stage.say(model="up/zz")
    assert unknown.status_code == 404
    assert "nearest are up/" in unknown.json()["error"]["message"]
    assert stage.row(unknown)["status"] == "failed"


@shows
def stream(stage: Stage) -> None:
    may_go_on = asyncio.Event()
    loops = []

    async def in_two(reply: Reply) -> None:
        loops.append(asyncio.get_running_loop())
        await reply.events(delta("he"))
        await may_go_on.wait()  # until the first piece was read at the other end
        await reply.event(delta("llo", finish="stop"))
        await reply.event("[DONE]")

    stage.upstream.answer = in_two
    body = {"model": "up/a", "messages": MESSAGES, "stream": True}
    with stage.http.stream("POST", "/api/chat/completions", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert '"he"' in next(lines)
        loops[0].call_soon_threadsafe(may_go_on.set)
        rest = [line for line in lines if line]
    assert '"llo"' in rest[0]
    assert rest[-1] == "data: [DONE]"
    stage.upstream.answer = say("hello")
    assert stage.row(stage.ask(stream=True))["stream"] is True
    assert stage.ask(stream=False).json()["object"] == "chat.completion"
    assert stage.sent.get("stream") in (None, False)


@shows
def tools(stage: Stage) -> None:
    forwarded(stage, "tools")
    said = {"role": "assistant", "content": None, "tool_calls": [CALL]}
    answered(stage, said, finish_reason="tool_calls")
    answer = stage.ask(tools=[TOOL])
    assert answer.json()["choices"][0]["message"]["tool_calls"] == [CALL]
    row = stage.row(answer)
    assert row["has_tool_calls"] is True
    assert row["tools"] == [TOOL]
    assert row["tool_calls"] == [CALL]


@shows
def tool_choice(stage: Stage) -> None:
    forwarded(stage, "tool_choice", "none", "auto", "required")


@shows
def frequency_penalty(stage: Stage) -> None:
    forwarded(stage, "frequency_penalty", -2, 2)


@shows
def presence_penalty(stage: Stage) -> None:
    forwarded(stage, "presence_penalty", -2, 2)


@shows
def max_tokens(stage: Stage) -> None:
    forwarded(stage, "max_tokens")
    # The reference calls it a double; providers want a whole number.
    answer = stage.ask(max_tokens=32.0)
    assert b"32.0" not in stage.seen[-1].content
    assert stage.sent["max_tokens"] == 32
    assert stage.row(answer)["max_tokens"] == 32


@shows
def temperature(stage: Stage) -> None:
    forwarded(stage, "temperature", 0, 2)
    assert stage.row(stage.ask(temperature=0))["temperature"] == 0


@shows
def n(stage: Stage) -> None:
    forwarded(stage, "n")
    both = completion()
    both["choices"] = [{**both["choices"][0], "index": index} for index in (0, 1)]

    async def twice(reply: Reply) -> None:
        await reply.json(both)

    stage.upstream.answer = twice
    answer = stage.ask(n=2)
    assert [choice["index"] for choice in answer.json()["choices"]] == [0, 1]
    assert len(stage.row(answer)["completion_messages"]) == 2


@shows
def logprobs(stage: Stage) -> None:
    forwarded(stage, "logprobs")
    told = {"content": [{"token": "hello", "logprob": -0.1, "top_logprobs": []}]}
    answered(stage, {"role": "assistant", "content": "hello"}, logprobs=told)
    assert stage.ask(logprobs=True).json()["choices"][0]["logprobs"] == told


@shows
def echo(stage: Stage) -> None:
    forwarded(stage, "echo", False)


@shows
def stop(stage: Stage) -> None:
    forwarded(stage, "stop", "END")


@shows
def logit_bias(stage: Stage) -> None:
    forwarded(stage, "logit_bias")


@shows
def response_format(stage: Stage) -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "strict": True}
    forwarded(stage, "response_format", {"type": "json_schema", "json_schema": schema})
    answer = stage.ask(response_format={"type": "text"})
    assert stage.row(answer)["response_format"] == {"type": "text"}


@shows
def parallel_tool_calls(stage: Stage) -> None:
    forwarded(stage, "parallel_tool_calls", True)
