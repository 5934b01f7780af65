from __future__ import annotations

import asyncio
import base64
import json
import pickle
import traceback
from collections.abc import Callable
from typing import Any

import httpx
import pydantic
import pytest

import respan_lab as lab

KEY = "sk-very-secret-0123456789"


def _answer(text: str = "Oslo", **more: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    return {
        "id": "x",
        "object": "chat.completion",
        "model": "m",
        "choices": [choice],
        "usage": usage,
        **more,
    }


class Wire:
    """A transport that answers from a list, and keeps what it was sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[httpx.Request] = []
        self.transport = httpx.MockTransport(self._answer)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.sent]

    def client(self, **options: Any) -> lab.Client:
        return lab.Client(KEY, transport=self.transport, **options)


def test_a_plain_call_sends_what_was_asked_and_nothing_else() -> None:
    wire = Wire(_answer())
    completion = wire.client().chat("Capital of Norway?", model="m", temperature=0)
    assert completion.text == "Oslo"
    assert completion.usage.total_tokens == 11
    assert wire.bodies == [
        {
            "model": "m",
            "messages": [{"role": "user", "content": "Capital of Norway?"}],
            "temperature": 0,
        }
    ]
    request = wire.sent[0]
    assert str(request.url) == "https://api.respan.ai/api/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_awaited_and_under_a_running_loop() -> None:
    wire = Wire(_answer())
    client = wire.client()

    async def main() -> tuple[str, str]:
        awaited = await client.achat("Hi", model="m")
        blocking = client.chat("Hi", model="m")  # as in a notebook's cell
        return awaited.text, blocking.text

    assert asyncio.run(main()) == ("Oslo", "Oslo")


def test_a_prompt_is_rendered_with_its_defaults() -> None:
    wire = Wire(_answer())
    prompt = lab.Prompt("Capital of {{ land }}?", defaults={"land": "Peru"})
    wire.client().chat(prompt, model="m")
    assert wire.bodies[0]["messages"][0]["content"] == "Capital of Peru?"
    with pytest.raises(lab.PromptError, match="land"):
        wire.client().chat(lab.Prompt("{{ land }}"), model="m")
    assert len(wire.sent) == 1


def test_each_of_respans_fields_travels_in_one_channel() -> None:
    wire = Wire(_answer())
    for channel in ("top", "params", "header"):
        wire.client(channel=channel).chat("Hi", model="m", custom_identifier="c")
    top, params, header = wire.sent
    assert wire.bodies[0]["custom_identifier"] == "c"
    assert "respan_params" not in wire.bodies[0]
    assert wire.bodies[1]["respan_params"] == {"custom_identifier": "c"}
    assert "custom_identifier" not in wire.bodies[1] | wire.bodies[2]
    sent = json.loads(base64.b64decode(header.headers["x-data-respan-params"]))
    assert sent == {"custom_identifier": "c"}
    assert not {"x-data-respan-params"} & ({*top.headers} | {*params.headers})


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"temprature": 0}, "temperature"),
        ({"stream": True}, "stream"),
        ({"temperature": 3}, "temperature"),
        ({"customer_identifier": "x" * 255}, "254"),
    ],
)
def test_a_wrong_parameter_is_named_before_anything_is_sent(
    asked: dict[str, Any], said: str
) -> None:
    wire = Wire(_answer())
    with pytest.raises(lab.ConfigError, match=said):
        wire.client().chat("Hi", model="m", **asked)
    assert wire.sent == []


class City(pydantic.BaseModel):
    city: str


def test_structured_output_is_an_instance_and_a_bad_one_is_kept() -> None:
    wire = Wire(_answer('{"city": "Oslo"}'), _answer("no JSON at all"))
    client = wire.client()
    good = client.chat("Where?", model="m", response_format=City)
    assert good.parsed == City(city="Oslo")
    schema = wire.bodies[0]["response_format"]["json_schema"]
    assert schema["name"] == "City"
    assert "city" in schema["schema"]["properties"]
    bad = client.chat("Where?", model="m", response_format=City)
    assert bad.parsed is None
    assert bad.text == "no JSON at all"
    assert bad.parse_error


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, lab.BadRequestError),
        (401, lab.AuthenticationError),
        (402, lab.PaymentRequiredError),
        (403, lab.AuthenticationError),
        (404, lab.NotFoundError),
        (413, lab.BadRequestError),
        (418, lab.APIStatusError),
        (422, lab.BadRequestError),
        (424, lab.UpstreamError),
        (429, lab.RateLimitError),
        (500, lab.ServerError),
        (529, lab.ServerError),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "why not", "type": "t"}},
        {"error": "why not"},
        {"detail": "why not"},
        {"model": ["why not"]},
        "why not",
    ],
)
def test_every_refusal_becomes_its_error_with_the_reason(
    status: int, kind: type[lab.APIStatusError], body: Any
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    headers = {"x-respan-log-id": "log-1", "retry-after": "7"}
    wire = Wire(httpx.Response(status, content=content, headers=headers))
    with pytest.raises(kind, match="why not") as caught:
        wire.client().chat("Hi", model="m")
    error = caught.value
    assert (error.status_code, error.body, error.retry_after) == (status, body, 7.0)
    assert error.log_id == "log-1"
    assert [attempt.status_code for attempt in error.attempts] == [status]


def test_no_retry_unless_asked_and_each_is_counted() -> None:
    busy = httpx.Response(503, json={"detail": "busy"}, headers={"retry-after": "0"})
    wire = Wire(busy, busy, _answer())
    with pytest.raises(lab.ServerError):
        wire.client().chat("Hi", model="m")
    assert len(wire.sent) == 1

    wire = Wire(busy, busy, _answer())
    completion = wire.client(max_retries=2).chat("Hi", model="m")
    assert [attempt.status_code for attempt in completion.attempts] == [503, 503, 200]
    assert completion.retry_time is not None

    wire = Wire(busy, busy, busy)
    with pytest.raises(lab.ServerError) as caught:
        wire.client(max_retries=2).chat("Hi", model="m")
    assert len(caught.value.attempts) == len(wire.sent) == 3


def test_a_fault_before_the_send_is_tried_again_and_one_after_it_is_not() -> None:
    refused = httpx.ConnectError("refused")
    wire = Wire(refused, _answer())
    completion = wire.client(max_retries=1).chat("Hi", model="m")
    assert [attempt.sent for attempt in completion.attempts] == [False, True]

    wire = Wire(httpx.RemoteProtocolError("hung up"), _answer())
    with pytest.raises(lab.APIConnectionError, match="the request was sent") as caught:
        wire.client(max_retries=5).chat("Hi", model="m")
    assert [attempt.sent for attempt in caught.value.attempts] == [True]


def test_a_timeout_says_whether_it_may_have_been_billed() -> None:
    never = asyncio.Event

    async def hang(_: httpx.Request) -> httpx.Response:
        await never().wait()
        raise AssertionError

    client = lab.Client(KEY, transport=httpx.MockTransport(hang), timeout=0.01)
    with pytest.raises(lab.APITimeoutError, match=r"0\.01 s"):
        client.chat("Hi", model="m")


def test_an_answer_that_is_no_json_is_an_error_that_shows_it() -> None:
    wire = Wire(httpx.Response(200, text="<html>hello</html>"))
    with pytest.raises(lab.StreamError, match="hello"):
        wire.client().chat("Hi", model="m")


def _raised(call: Callable[[], object]) -> BaseException:
    with pytest.raises(lab.RespanError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(401, json={"error": {"message": f"bad key {KEY}"}}),
        httpx.Response(400, text=f"you sent {KEY}"),
        httpx.ConnectError(f"cannot reach {KEY}"),
    ],
)
def test_the_key_is_in_no_error_and_no_traceback(answer: Any) -> None:
    client = Wire(answer).client()
    error = _raised(lambda: client.chat("Hi", model="m"))
    shown = "".join(
        traceback.TracebackException.from_exception(error, capture_locals=True).format()
    )
    assert KEY not in shown + repr(error) + repr(getattr(error, "body", ""))


def test_credentials_of_a_request_are_in_no_error() -> None:
    theirs = "sk-customer-98765"
    wire = Wire(httpx.Response(400, json={"detail": f"no such key {theirs}"}))
    credentials = {"openai": theirs}
    error = _raised(
        lambda: wire.client().chat("Hi", model="m", customer_credentials=credentials)
    )
    assert theirs not in repr(error) + str(error) + repr(error.body)  # type: ignore[attr-defined]


def test_the_key_is_in_no_repr_and_no_pickle(monkeypatch: pytest.MonkeyPatch) -> None:
    client = lab.Client(KEY, base_url="https://gateway.example", max_retries=3)
    dumped = pickle.dumps(client)
    assert KEY not in repr(client) + str(vars(client))
    assert KEY.encode() not in dumped
    monkeypatch.setenv("RESPAN_API_KEY", "sk-another")
    again = pickle.loads(dumped)
    assert again.base_url == client.base_url
    assert again.backend == "custom"


def test_an_address_without_a_key_sends_no_authorization() -> None:
    wire = Wire(_answer())
    client = lab.Client(base_url="http://127.0.0.1:1", transport=wire.transport)
    client.chat("Hi", model="m")
    assert "authorization" not in wire.sent[0].headers
    assert client.backend == "custom"


def test_contradictions_are_refused() -> None:
    gateway = lab.Gateway()
    for options in (
        {"api_key": KEY, "gateway": gateway},
        {"base_url": "https://x.example", "gateway": gateway},
        {"channel": "post"},
        {"max_retries": -1},
    ):
        with pytest.raises(lab.ConfigError):
            lab.Client(**options)


def test_shift_tab_shows_every_parameter() -> None:
    import inspect

    signature = inspect.signature(lab.Client.chat)
    assert {
        "temperature",
        "load_balance_models",
        "model",
    } <= signature.parameters.keys()
    assert "temperature" in (lab.Client.chat.__doc__ or "")
