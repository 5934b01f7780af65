"""What is kept of a request, and what is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from gateway_log_rows import Named, record, row
from gateway_upstream import completion

from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.logs.row import log_row
from respan_lab.gateway.logs.view import SHOWN, shown
from respan_lab.gateway.prompts.resolve import ResolvedPrompt
from respan_lab.gateway.routing.candidates import Candidate
from respan_lab.gateway.routing.names import Destination
from respan_lab.gateway.store.log_columns import COLUMNS, METADATA
from respan_lab.wire import Usage

WHEN = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
SECRET = 'sk-"quoted"-123456'


def attempt(status: int) -> dict[str, Any]:
    return {
        "model": "up/a",
        "provider": "up",
        "status_code": status,
        "error": None,
        "latency": 1.0,
        "wait": 0.0,
    }


def whole(made: dict[str, Any]) -> dict[str, Any]:
    return shown({name: made[name] for name in COLUMNS}, SHOWN)


def test_a_row_has_a_value_for_every_column() -> None:
    assert row().keys() == {*COLUMNS, METADATA}


def test_an_answer_is_told_with_its_figures() -> None:
    made = row(timestamp=WHEN, usage=Usage(10, 4, 14, 3, 2, 1), log_id="abc")
    expected = {
        "unique_id": "abc",
        "start_time": "2026-01-31T12:00:00.000000Z",
        "timestamp": "2026-01-31T12:00:01.000000Z",
        "status": "success",
        "status_code": 200,
        "model": "up-1",
        "asked_model": "up/a",
        "provider_id": "up",
        "deployment_name": "a",
        "prompt_tokens": 10,
        "completion_tokens": 4,
        "total_request_tokens": 14,
        "prompt_cache_hit_tokens": 3,
        "prompt_cache_creation_tokens": 2,
        "reasoning_tokens": 1,
        "cost": 0.25,
        "latency": 1.0,
        "routing_time": 0.125,
        "time_to_first_token": None,
        "tokens_per_second": None,
        "stream": False,
        "cache_bit": False,
        "has_tool_calls": False,
        "used_custom_credential": False,
        "is_root_span": True,
        "environment": "test",
        "log_type": "chat",
        "error_class": None,
    }
    assert {name: made[name] for name in expected} == pytest.approx(expected)


def test_a_stream_has_a_first_token_and_a_rate() -> None:
    made = record(usage=Usage(10, 11, 21))
    made.first_token = made.began + 0.5
    told = log_row(made)
    assert told["time_to_first_token"] == pytest.approx(0.5)
    assert told["tokens_per_second"] == pytest.approx(20)


def test_a_simulated_answer_has_the_times_it_declares() -> None:
    declared = {"latency": 2.5, "time_to_first_token": 0.5, "tokens_per_second": 9.0}
    made = row(declared=declared)
    assert {name: made[name] for name in declared} == declared
    assert made["simulated"] is True


def test_a_cache_hit_is_tagged_as_the_platform_does() -> None:
    made = row(cached=True, cache_key="k", cost=0.0)
    told = [made[name] for name in ("model", "cache_bit", "cache_key", "cost")]
    assert told == ["respan/cache", True, "k", 0.0]


def test_metadata_are_texts_and_properties_keep_their_types() -> None:
    given = {"n": 3, "ok": True, "list": [1], "s": "x", "_own": "dropped"}
    made = row({"metadata": given, "properties": given})
    texts = {"n": "3", "ok": "true", "list": "[1]", "s": "x"}
    assert made[METADATA] == json.loads(made["metadata"]) == texts
    assert json.loads(made["properties"]) == given


def test_who_the_customer_is_customer_params_say_better() -> None:
    customer = {"customer_identifier": "b", "email": "b@x", "name": "B"}
    made = row({"customer_identifier": "a", "customer_params": customer})
    names = ("customer_identifier", "customer_email", "customer_name")
    assert [made[name] for name in names] == ["b", "b@x", "B"]


def test_a_span_name_is_cut_at_255() -> None:
    assert row({"span_name": "x" * 300})["span_name"] == "x" * 255


def test_a_saved_prompt_is_named_with_its_variables() -> None:
    prompt = ResolvedPrompt("p1", 3, "greet", {"who": "you"}, [], False)
    made = row(prompt=prompt)
    told = [made[f"prompt_{name}"] for name in ("id", "name", "version_number")]
    assert told == ["p1", "greet", 3]
    assert json.loads(made["variables"]) == {"who": "you"}


def test_disable_log_keeps_the_figures_and_drops_the_texts() -> None:
    given = {"disable_log": True, "variables": {"a": "secret"}, "metadata": {"k": "v"}}
    made = row(given)
    seen = whole(made)
    for name in ("prompt_messages", "completion_message", "completion_messages"):
        assert seen[name] is None
    for name in ("full_request", "full_response", "tools", "tool_calls", "variables"):
        assert seen[name] is None
    assert seen["prompt_tokens"] == 10
    assert seen["cost"] == 0.25
    assert seen["metadata"] == {"k": "v"}


def test_credentials_never_enter_a_row() -> None:
    credentials = {"api_key": SECRET}
    respan = {
        "customer_credentials": {"up": credentials},
        "credential_override": {"a": SECRET},
        "load_balance_models": [{"model": "a", "credentials": credentials}],
        "load_balance_group": {
            "group_id": "g",
            "models": [{"credentials": credentials}],
        },
        "metadata": {"leaked": f"my {SECRET}"},
    }
    made = record(respan, payload=completion(f"your key is {SECRET}"))
    destination = Destination(Named(), "a")
    made.candidate = Candidate("up/a", destination, credentials=credentials)
    made.fail(GatewayFailure(400, f"bad {SECRET}"))
    told = log_row(made)
    assert told["used_custom_credential"] is True
    assert "123456" not in repr(told)


def test_the_gateways_own_keys_never_enter_a_row() -> None:
    made = record({"metadata": {"a": SECRET}}, payload=completion(SECRET))
    assert "123456" not in repr(log_row(made, secrets=[SECRET]))


@pytest.mark.parametrize(
    "secret", ['a"b"c', "back\\slash", "two\nlines", "schlüssel/\u2028"]
)
def test_a_key_is_found_however_json_writes_it(secret: str) -> None:
    made = record({"properties": {secret: [f"my {secret}!"]}})
    kept = json.loads(log_row(made, secrets=["none of it", secret])["properties"])
    assert kept == {"***": ["my ***!"]}


@pytest.mark.parametrize("secret", ["true", "null", "1234", '","a', "role"])
def test_a_key_like_a_piece_of_json_leaves_the_row_readable(secret: str) -> None:
    given = {"properties": {"ok": True, "no": None, "n": 12345, "s": f"my {secret}!"}}
    made = log_row(record(given), secrets=[secret])
    kept = shown({name: made[name] for name in COLUMNS}, ["properties", "full_request"])
    assert kept["properties"] == {"ok": True, "no": None, "n": 12345, "s": "my ***!"}
    assert kept["full_request"]["model"] == "up/a"


def test_a_key_of_the_request_is_in_no_text_of_its_row() -> None:
    asked = {"note": f"a {SECRET}", "span_name": SECRET, "variables": {"v": SECRET}}
    made = record(asked, model=SECRET)
    made.asked.secrets = (SECRET,)  # that of a candidate that was not chosen
    told = log_row(made)
    assert "123456" not in repr(told)
    assert told["note"] == "a ***"


def test_a_candidates_address_is_no_secret() -> None:
    credentials = {"api_key": SECRET, "api_base": "https://x.y", "api_version": "2024"}
    made = Candidate("up/a", Destination(Named(), "a"), credentials=credentials)
    assert made.secrets == (SECRET,)


def test_a_cell_that_is_no_json_is_shown_as_nothing() -> None:
    made = {name: row()[name] for name in COLUMNS} | {"full_request": '{"a": ***}'}
    seen = shown(made, SHOWN)
    assert (seen["full_request"], seen["prompt_messages"]) == (None, None)
    assert seen["completion_message"]["content"] == "Hello"


def test_disable_log_keeps_no_error_that_may_repeat_the_prompt() -> None:
    made = record({"disable_log": True}, payload=None)
    made.attempts = [{**attempt(400), "error": "bad prompt: my diary"}]
    body = {"error": {"message": "bad prompt: my diary", "code": "content_filter"}}
    made.fail(GatewayFailure.passed_on(400, body, headers={}))
    told = log_row(made)
    assert "diary" not in repr(told)
    kept = [told[name] for name in ("status_code", "error_class", "error_code")]
    assert kept == [400, "user_content_policy", "content_filter"]
    assert json.loads(told["attempts"])[0]["status_code"] == 400
    assert "diary" in made.attempts[0]["error"]  # the caller's own breakdown has it


def test_text_that_no_file_can_hold_is_replaced() -> None:
    broken = "a\ud83d"
    made = row(
        {"note": broken, "metadata": {broken: broken}, "properties": {broken: 1}},
        payload=completion(broken),
    )
    repr(made).encode()
    assert made["note"] == "a\ufffd"
    assert whole(made)["completion_message"]["content"] == "a\ufffd"


def test_what_nests_too_deep_is_left_out_and_the_row_is_kept() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    assert row({"properties": deep})["properties"] == "null"


@pytest.mark.parametrize(
    ("status", "code", "is_providers", "kind", "domain"),
    [
        (400, None, True, "user_invalid_request", "user"),
        (400, "context_length_exceeded", True, "user_context_window", "user"),
        (400, "content_filter", True, "user_content_policy", "user"),
        (401, None, True, "user_auth_byok", "user"),
        (402, None, True, "user_quota", "user"),
        (404, "model_not_found", False, "user_invalid_request", "user"),
        (413, None, False, "user_payload_too_large", "user"),
        (424, "missing_credentials", False, "user_auth_byok", "user"),
        (429, None, True, "provider_rate_limit", "provider"),
        (429, "insufficient_quota", True, "user_quota", "user"),
        (429, None, False, "user_rate_limit", "user"),
        (499, "client_cancelled", False, "client_cancelled", "none"),
        (500, None, True, "provider_down", "provider"),
        (500, None, False, "respan_internal", "respan"),
        (502, "connection_error", True, "network_transient", "none"),
        (503, None, True, "provider_overloaded", "provider"),
        (504, "timeout", True, "provider_timeout", "provider"),
        (529, None, True, "provider_overloaded", "provider"),
    ],
)
def test_a_failure_is_sorted_by_the_platforms_taxonomy(
    status: int, code: str | None, is_providers: bool, kind: str, domain: str
) -> None:
    made = record(payload=None, attempts=[attempt(status)] if is_providers else [])
    made.fail(GatewayFailure(status, "it went wrong", code=code))
    told = log_row(made)
    assert (told["error_class"], told["fault_domain"]) == (kind, domain)
    assert (told["status"], told["status_code"]) == ("failed", status)
    assert (told["error_code"], told["error_message"]) == (code, "it went wrong")
    assert json.loads(told["full_response"])["error"]["message"] == "it went wrong"


def test_a_providers_error_may_be_a_text() -> None:
    made = record(payload=None)
    made.fail(GatewayFailure.passed_on(500, "<html>oops</html>", headers={}))
    told = log_row(made)
    assert told["error_message"] == "<html>oops</html>"
    assert json.loads(told["full_response"]) == {"error": "<html>oops</html>"}


def test_a_request_that_could_not_be_read_has_a_row_too() -> None:
    made = record(asked=None, candidate=None, payload=None, model=None)
    made.fail(GatewayFailure(400, "the body must be a JSON object"))
    told = log_row(made)
    assert told["status"] == "failed"
    assert told["stream"] is None
    assert told["model"] is None
