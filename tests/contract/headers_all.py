"""What the headers do."""

from __future__ import annotations

import httpx
from contract_stage import MESSAGES, Stage, breakdown, encoded, warnings
from contract_table import HEADERS, PATH
from field_effects import shows_header

PARAMS, ROUTE, BETA = (
    "X-Data-Respan-Params",
    "X-Respan-Route-Provider",
    "X-Respan-Beta",
)


def unseen(stage: Stage) -> None:
    """No provider is shown a header of Respan's, or the caller's key."""
    for seen in stage.seen:
        assert not [name for name in seen.headers if "respan" in name]
        assert "sk-caller" not in repr(seen)


@shows_header("Authorization")
def authorization(stage: Stage) -> None:
    stage.ask()
    body = {"model": "up/a", "messages": MESSAGES}
    wrong = ("Bearer sk-wrong", "Basic sk-caller-0001", "sk-caller-0001", "Bearer", "")
    for header in ({}, *({"Authorization": value} for value in wrong)):
        answer = httpx.post(f"{stage.url}{PATH}", json=body, headers=header)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        error = answer.json()["error"]
        assert error["type"] == "authentication_error"
        assert "Authorization: Bearer" in error["message"]
    assert len(stage.seen) == 1
    unseen(stage)


@shows_header(PARAMS)
def params(stage: Stage) -> None:
    given = {"span_name": "head", "metadata": {"k": "ü"}, "request_breakdown": True}
    for name in (PARAMS, HEADERS[PARAMS]["legacy"]):
        for is_stream in (False, True):
            answer = stage.ask({name: encoded(given)}, stream=is_stream)
            row = stage.row(answer)
            assert (row["span_name"], row["metadata"]) == ("head", {"k": "ü"})
            assert breakdown(answer)["cost"] == 30e-6
    beaten = stage.ask(
        {PARAMS: encoded({**given, "thread_identifier": "head"})},
        span_name="top",
        respan_params={"span_name": "in", "thread_identifier": "in"},
    )
    row = stage.row(beaten)
    assert (row["span_name"], row["thread_identifier"]) == ("top", "in")
    for wrong in ("nonsense", encoded([1]), "{}"):
        answer = stage.ask({PARAMS: wrong})
        assert f"{PARAMS} is not a base64 JSON object" in warnings(answer)[0]
    unseen(stage)


@shows_header(ROUTE)
def route(stage: Stage) -> None:
    answer = stage.ask({ROUTE: "other"}, model="a")
    assert answer.headers["x-respan-provider"] == "other"
    assert stage.seen[-1].path == "/other/v1/chat/completions"
    assert stage.sent["model"] == "a"
    row = stage.row(answer)
    assert (row["asked_model"], row["provider_id"]) == ("a", "other")
    stage.ask({ROUTE: "up"}, model="a")
    assert stage.seen[-1].path == "/v1/chat/completions"
    error = stage.refused({ROUTE: "nobody"})
    assert "nobody" in error["message"]
    unseen(stage)


@shows_header(BETA)
def beta(stage: Stage) -> None:
    flag, other = HEADERS[BETA]["allowed"]
    plain = breakdown(stage.ask(request_breakdown=True))
    assert "total_tokens" not in plain
    for is_stream in (False, True):
        answer = stage.ask(
            {BETA: f"{flag}, {other}"}, request_breakdown=True, stream=is_stream
        )
        told = breakdown(answer)
        assert told["total_tokens"] == 14
        assert told["usage"]["prompt_tokens"] == 10
        assert {"cached_tokens", "cache_write_tokens", "reasoning_tokens"} <= {*told}
        assert warnings(answer) == []
    unknown = stage.ask({BETA: "soon-2030-01-01"})
    assert warnings(unknown) == ["unknown beta flag 'soon-2030-01-01'"]
    unseen(stage)
