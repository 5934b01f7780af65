from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from respan_lab import errors
from respan_lab.wire import Attempt, redact, status_error
from respan_lab.wire.failure import error_message

NOON = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "detail", "message", "errors", "msg"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def fail(body: object, status: int = 400, **headers: str) -> errors.APIStatusError:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return status_error(status, names, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequestError),
        (413, errors.BadRequestError),
        (422, errors.BadRequestError),
        (401, errors.AuthenticationError),
        (403, errors.AuthenticationError),
        (402, errors.PaymentRequiredError),
        (404, errors.NotFoundError),
        (424, errors.UpstreamError),
        (429, errors.RateLimitError),
        (500, errors.ServerError),
        (503, errors.ServerError),
        (529, errors.ServerError),
        (408, errors.APIStatusError),
        (302, errors.APIStatusError),
    ],
)
def test_each_status_has_its_class(status: int, kind: type) -> None:
    error = fail({"detail": "no"}, status)
    assert type(error) is kind
    assert error.status_code == status
    assert str(status) in str(error)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "no", "type": "t", "param": None, "code": 1}}, "no"),
        ({"error": "no"}, "no"),
        ({"detail": "no"}, "no"),
        ({"detail": "no", "retry_after": 3, "error_code": "E"}, "no"),
        ({"n": ["too many", "odd"], "stop": ["bad"]}, "n: too many; odd; stop: bad"),
        ({"detail": "no", "errors": {"n": ["odd"]}}, "no (n: odd)"),
        ({"detail": [{"loc": ["body"], "msg": "missing"}]}, "missing"),
        ({"message": "no"}, "no"),
        ({"error": {"type": "overloaded_error"}}, "type: overloaded_error"),
        ({"error": {"message": {"error": "deep"}}}, "deep"),
        ("no", "no"),
        (["no", "way"], "no; way"),
        ("a\n\x1b[31m  b\u202e", "a [31m b"),
        ({}, ""),
        ({"error": None}, ""),
        (None, ""),
        (7, ""),
    ],
)
def test_the_message_is_found_in_every_shape(body, message: str) -> None:
    assert error_message(body) == message


def test_a_body_that_is_not_json_is_a_text() -> None:
    error = status_error(502, {}, b"<html>\r\n<h1>Bad gateway</h1></html>")
    assert str(error) == "502 Bad Gateway: <html> <h1>Bad gateway</h1></html>"
    assert error.body == "<html>\r\n<h1>Bad gateway</h1></html>"


@pytest.mark.parametrize("content", [b"", b"{}", b"null", b"[]"])
def test_an_empty_body_leaves_the_status(content: bytes) -> None:
    assert str(status_error(404, {}, content)) == "404 Not Found"
    assert str(status_error(529, {}, content)) == "status 529"


def test_a_long_message_is_cut_and_its_body_is_not() -> None:
    error = fail({"detail": "x" * 2000})
    assert len(str(error)) < 600
    assert error.body == {"detail": "x" * 2000}


def test_ids_and_attempts_are_kept() -> None:
    attempt = Attempt(NOON, 0.0, 0.1, 400, "BadRequestError", "no", True)
    headers = {"X-Respan-Log-Id": "log", "X-Respan-Gateway-Request-Id": "req"}
    error = status_error(400, headers, b"{}", attempts=(attempt,))
    assert (error.log_id, error.request_id) == ("log", "req")
    assert error.attempts == (attempt,)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after-ms": "1500", "retry-after": "9"}, {}, 1.5),
        ({"Retry-After": "9"}, {"retry_after": 3}, 9.0),
        ({"retry-after": "0.5"}, {}, 0.5),
        ({"retry-after": "Mon, 05 Jan 2026 12:00:30 GMT"}, {}, 30.0),
        ({"retry-after": "Mon, 05 Jan 2026 11:00:00 GMT"}, {}, 0.0),
        ({}, {"retry_after": 30}, 30.0),
        ({}, {"error": {"retry_after": 2.5}}, 2.5),
        ({"retry-after": "soon"}, {"retry_after": 4}, 4.0),
        ({"retry-after": "-1"}, {}, None),
        ({"retry-after": "nan"}, {}, None),
        ({"retry-after": "inf"}, {}, None),
        ({}, {"retry_after": True}, None),
        ({}, {"retry_after": "later"}, None),
        ({}, {}, None),
        ({}, [], None),
    ],
)
def test_how_long_to_wait(headers: dict, body, seconds: float | None) -> None:
    error = status_error(429, headers, json.dumps(body).encode(), now=NOON)
    assert error.retry_after == seconds


def test_a_date_counts_from_the_answers_own_date() -> None:
    headers = {
        "date": "Mon, 05 Jan 2026 12:00:00 GMT",
        "retry-after": "Mon, 05 Jan 2026 12:01:00 GMT",
    }
    assert status_error(429, headers, b"").retry_after == 60.0
    del headers["date"]
    assert status_error(429, headers, b"").retry_after is None


@given(st.integers(300, 599), st.binary() | JSON.map(lambda b: json.dumps(b).encode()))
def test_any_body_makes_an_error(status: int, content: bytes) -> None:
    error = status_error(status, {"retry-after": content.decode("latin-1")}, content)
    str(error).encode()
    assert str(error).isprintable()


def test_a_body_nested_without_end_makes_an_error() -> None:
    content = b'{"error":' * 5000 + b"1" + b"}" * 5000
    assert status_error(400, {}, content).status_code == 400


def test_secrets_are_hidden_in_message_and_body() -> None:
    body = {"error": {"message": "bad key sk-abcdef", "sk-abcdef": ["x sk-abc"]}}
    error = status_error(
        401, {}, json.dumps(body).encode(), secrets=["sk-abc", "sk-abcdef"]
    )
    assert "sk-abc" not in str(error) + repr(error.body)
    assert error.body == {"error": {"message": "bad key ***", "***": ["x ***"]}}
    text = status_error(401, {}, b"bad key sk-abcdef", secrets=["sk-abcdef"])
    assert text.body == "bad key ***"


@given(JSON, st.lists(st.text("ab", min_size=4, max_size=6), min_size=1))
def test_redacting_keeps_the_shape_and_no_secret(value, secrets: list[str]) -> None:
    hidden = redact(value, secrets)
    assert type(hidden) is type(value)
    assert not any(secret in json.dumps(hidden) for secret in secrets)


def test_redacting_nothing_gives_the_value_itself() -> None:
    value = {"a": ["b"]}
    assert redact(value, []) is value
    assert redact(value, ["", "b"]) is value
