"""The clients people have: OpenAI's SDK, Respan's SDK, curl, and ours."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from contract_stage import CALLER_KEY, MESSAGES, PROVIDER_KEY, Stage, encoded
from contract_table import PATH, TABLE
from gateway.gateway_upstream import Reply, say
from openai import OpenAI
from respan import Filters, FilterValue, NotFoundError, RespanClient

import respan_lab as lab

ASKED: Any = {"messages": MESSAGES, "model": "up/a"}


@pytest.fixture
def sdk(stage: Stage) -> Iterator[OpenAI]:
    with OpenAI(
        base_url=f"{stage.url}/api", api_key=CALLER_KEY, max_retries=0, timeout=20
    ) as client:
        yield client


@pytest.fixture
def respan(stage: Stage) -> RespanClient:
    return RespanClient(
        base_url=stage.url,
        authorization=f"Bearer {CALLER_KEY}",
        respan_api_key=CALLER_KEY,
        httpx_client=stage.http,
    )


# --- OpenAI's SDK


@pytest.mark.parametrize("is_stream", [False, True])
def test_openais_sdk(sdk: OpenAI, stage: Stage, is_stream: bool) -> None:
    stage.fail("a")
    extra = {"fallback_models": ["up/b"], "custom_identifier": "sdk"}
    create = sdk.chat.completions.with_raw_response.create
    raw = create(**ASKED, stream=is_stream, temperature=0, extra_body=extra)
    answer: Any = raw.parse()
    if is_stream:
        said = "".join(chunk.choices[0].delta.content or "" for chunk in answer)
    else:
        said = answer.choices[0].message.content
    assert said == "hello"
    assert stage.asked == ["a", "b"]
    assert stage.sent["temperature"] == 0
    (row,) = stage.rows(custom_identifier="sdk")
    assert row["id"] == raw.headers["x-respan-log-id"]
    assert [each["status_code"] for each in row["attempts"]] == [503, 200]


def test_openais_sdk_and_the_cache(sdk: OpenAI, stage: Stage) -> None:
    for is_hit in (False, True):
        raw = sdk.chat.completions.with_raw_response.create(
            **ASKED, extra_body={"cache_enabled": True, "cache_ttl": 60}
        )
        assert (raw.headers.get("x-respan-lab-cache") == "hit") is is_hit
        assert raw.parse().choices[0].message.content == "hello"
    assert len(stage.seen) == 1


def test_openais_sdk_and_a_saved_prompt(sdk: OpenAI, stage: Stage) -> None:
    template = [{"role": "user", "content": "Greet {{ name }}."}]
    prompt = {
        "prompt_id": stage.prompt(messages=template, model="up/b"),
        "variables": {"name": "you"},
        "schema_version": 2,
    }
    answer = sdk.chat.completions.create(
        messages=[], model="up/a", extra_body={"prompt": prompt}
    )
    assert answer.choices[0].message.content == "hello"
    said = [{"role": "user", "content": "Greet you."}]
    assert stage.sent == {"model": "b", "messages": said}


def test_openais_sdk_raises_its_own_errors(sdk: OpenAI, stage: Stage) -> None:
    with pytest.raises(openai.BadRequestError, match="cache_ttl") as caught:
        sdk.chat.completions.create(**ASKED, extra_body={"cache_ttl": "long"})
    assert caught.value.param == "cache_ttl"
    with pytest.raises(openai.NotFoundError, match="nearest are"):
        sdk.chat.completions.create(messages=ASKED["messages"], model="up/zz")
    stage.fail("a", status=429, retry_after="3")
    with pytest.raises(openai.RateLimitError) as limited:
        sdk.chat.completions.create(**ASKED)
    assert limited.value.response.headers["retry-after"] == "3"
    with pytest.raises(openai.AuthenticationError):
        sdk.with_options(api_key="sk-wrong").chat.completions.create(**ASKED)


# --- Respan's SDK


def test_respans_sdk_and_its_log_rows(respan: RespanClient, stage: Stage) -> None:
    answer = respan.gateway.create_chat_completion(
        **ASKED, fallback_models=["up/b"], custom_identifier="official", temperature=0
    )
    assert json.loads(answer.json())["choices"][0]["message"]["content"] == "hello"
    for _ in range(2):
        stage.ask(custom_identifier="other")
    official = Filters(
        custom_identifier=FilterValue(operator="", value=["official"])  # type: ignore[call-arg]
    )
    (listed,) = respan.spans.list_spans(filters=official)
    assert listed["custom_identifier"] == "official"
    assert len(list(respan.spans.list_spans(page_size=1))) == 3  # page after page
    row = respan.spans.retrieve_span(listed["id"])
    found = json.loads(row.json())
    assert (found["model"], found["prompt_tokens"]) == ("up-1", 10)
    assert found["full_request"]["temperature"] == 0
    with pytest.raises(NotFoundError):
        respan.spans.retrieve_span("no-such-row")


def test_respans_sdk_and_a_saved_prompt(respan: RespanClient, stage: Stage) -> None:
    prompts = respan.prompts
    prompt_id = prompts.create_prompt(name="Greeting").id
    assert prompt_id is not None
    template: Any = [{"role": "user", "content": "Greet {{ name }}."}]
    prompts.create_prompt_version(prompt_id, messages=template, model="up/b")
    prompts.commit_prompt_version(prompt_id, description="first")
    prompts.deploy_prompt_version(prompt_id, version=1)
    assert prompt_id in [each.id for each in prompts.list_prompts().results or ()]
    respan.gateway.create_chat_completion(
        messages=[],
        model="up/a",
        prompt={
            "prompt_id": prompt_id,
            "variables": {"name": "you"},
            "schema_version": 2,
        },
    )
    said = [{"role": "user", "content": "Greet you."}]
    assert stage.sent == {"model": "b", "messages": said}


def test_respans_sdk_lists_the_models(respan: RespanClient) -> None:
    found = json.loads(respan.models.list_models().json())["models"]
    names = {each["model_name"] for each in found}
    assert {"up/a", "up/b", "other/d"} <= names


# --- curl


def curl(stage: Stage, body: Any, *more: str) -> str:
    done = subprocess.run(
        [
            *("curl", "-sS", "--fail-with-body", "--max-time", "20"),
            *("-H", f"Authorization: Bearer {CALLER_KEY}"),
            *("-H", "Content-Type: application/json", "-d", json.dumps(body)),
            *(*more, f"{stage.url}{PATH}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_curl_and_the_header_channel(stage: Stage) -> None:
    params = encoded({"request_breakdown": True, "custom_identifier": "curl"})
    said = json.loads(curl(stage, ASKED, "-H", f"X-Data-Respan-Params: {params}"))
    assert said["choices"][0]["message"]["content"] == "hello"
    assert said["request_breakdown"]["prompt_tokens"] == 10
    assert len(stage.rows(custom_identifier="curl")) == 1


def test_curl_and_a_stream(stage: Stage) -> None:
    stage.upstream.answer = say("he", "llo")
    said = curl(stage, {**ASKED, "stream": True, "request_breakdown": True}, "-N")
    *events, last, rest = said.split("\n\n")
    assert (last, rest) == ("data: [DONE]", "")
    *chunks, extra = [json.loads(event.removeprefix("data: ")) for event in events]
    texts = [chunk["choices"][0]["delta"].get("content") for chunk in chunks]
    assert texts == ["he", "llo", None]
    assert extra["id"] == "request_breakdown"


# --- our own


@pytest.mark.parametrize("is_stream", [False, True])
def test_all_three_channels_of_our_client_are_the_same(
    stage: Stage, is_stream: bool
) -> None:
    template = [{"role": "user", "content": "Greet {{ name }}."}]
    prompt_id = stage.prompt(messages=template)
    found = []
    for channel in ("top", "params", "header"):
        stage.fail("a", times=1)
        with lab.Client(CALLER_KEY, stage.url, channel=channel) as client:
            call = client.stream if is_stream else client.chat
            answer: Any = call(
                model="up/a",
                temperature=0,
                fallback_models=["up/b"],
                prompt={"prompt_id": prompt_id, "variables": {"name": "you"}},
                metadata={"k": "v"},
                properties={"n": 1},
                span_name="same",
                request_breakdown=True,
                cache_enabled=True,
                cache_options={"omit_log": False},
            )
            for _ in answer if is_stream else ():
                pass
            done: lab.Completion = answer.completion if is_stream else answer
            (logged,) = client.logs(filters={"unique_id": done.log_id}).itertuples()
        row = stage.http.get(f"/api/request-logs/{done.log_id}/").json()
        found.append(
            (
                *(done.text, done.cost, done.warnings, stage.seen[-1].body),
                *(logged.model, row["metadata"], row["properties"], row["span_name"]),
                *(row["full_request"], row["cache_key"], row["prompt_id"]),
                [each["model"] for each in row["attempts"]],
            )
        )
    assert found[0] == found[1] == found[2]
    assert found[0][0] == "hello"
    assert found[0][-1] == ["up/a", "up/b"]


def test_our_client_reads_the_answer_that_the_reference_shows(stage: Stage) -> None:
    async def as_shown(reply: Reply) -> None:
        await reply.json(TABLE["answer"]["shown"])

    stage.upstream.answer = as_shown
    host = stage.upstream.url.removesuffix("/v1")
    with lab.Client(PROVIDER_KEY, host) as client:
        answer = client.chat("hi", model="gpt-4o")
    assert stage.seen[-1].path == PATH
    assert answer.text == "hello"
    assert answer.message["role"] == "assistant"
