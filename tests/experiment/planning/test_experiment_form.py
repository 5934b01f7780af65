"""Requests and keys of one form, made once and again, are what each would be alone."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from respan_lab.experiment.planning.contents import Content
from respan_lab.experiment.planning.form import Form
from respan_lab.experiment.planning.target import Target
from respan_lab.ledger.identity import cell_key
from respan_lab.wire.messages import check_messages
from respan_lab.wire.secrets import without_credentials


class Answer(BaseModel):
    """What a model may write."""

    n: int


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PARTS = st.lists(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}), min_size=1
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user"]), "content": TEXTS | PARTS},
        optional={"name": TEXTS, "api_key": TEXTS},
    ),
    min_size=1,
    max_size=3,
)
PARAMS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.floats(0, 2),
        "max_tokens": st.integers(1, 9),
        "stop": st.lists(TEXTS.filter(bool), min_size=1, max_size=2),
        "response_format": st.just(Answer),
        "metadata": st.dictionaries(st.sampled_from("xyz"), TEXTS),
        "custom_identifier": TEXTS,
        "request_breakdown": st.booleans(),
        "cache_enabled": st.booleans(),
        "stream_options": st.just({"include_usage": True}),
        "customer_identifier": TEXTS,
    },
)
TARGETS = st.sampled_from(
    [
        Target(model="a/b"),
        Target(model="a/b", route_provider="azure", seed=3),
        Target(models=["a", "b"]),
        Target(model="a/b", credential_override={"a/b": {"api_key": "sk"}}),
    ]
)
CHANNELS = st.sampled_from(["top", "params", "header"])


@given(TARGETS, PARAMS, MESSAGES, MESSAGES, st.booleans(), CHANNELS)
def test_a_request_does_not_tell_that_another_was_made_before(
    target: Target, params: Any, one: Any, other: Any, stream: bool, channel: Any
) -> None:
    how: dict[str, Any] = {"run_id": "r", "stream": stream, "channel": channel}
    contents = [Content(check_messages(each)) for each in (one, other)]
    form = Form(target, params)
    form.request(contents[0], "a" * 32, **how)
    again = form.request(contents[1], "b" * 32, **how)
    alone = Form(target, params).request(contents[1], "b" * 32, **how)
    assert again == alone
    assert list(again.body) == list(alone.body)


def test_a_request_is_its_owners() -> None:
    form = Form(Target(model="m"), {"metadata": {"a": "b"}})
    content = Content(check_messages("Hi"))
    how: dict[str, Any] = {"run_id": "r", "stream": False, "channel": "top"}
    for key in "abc":
        request = form.request(content, key, **how)
        assert request.body["metadata"] == {"respan_lab_run": "r", "a": "b"}
        assert request.body["messages"] == [{"role": "user", "content": "Hi"}]
        assert request.headers == {}
        request.body["metadata"]["respan_lab_run"] = "changed"
        request.body["messages"][0]["content"] = "changed"
        request.headers["changed"] = "yes"


@given(
    PARAMS, MESSAGES, st.none() | TEXTS, st.integers(0, 3), st.integers(0, 3), TARGETS
)
def test_a_key_is_of_the_question_as_a_whole(
    params: Any, messages: Any, route: str | None, run: int, ordinal: int, to: Target
) -> None:
    body = Form(to, params).body(Content(check_messages(messages)))
    body.pop("stream_options", None)
    question = {
        "gateway": "g",
        "request": {
            name: value
            for name, value in without_credentials(body).items()
            if name not in ("custom_identifier", "customer_identifier", "metadata")
            and (name, value) not in (("request_breakdown", True),)
            and (name, value) not in (("cache_enabled", False),)
        },
        "route_provider": route,
        "run": run,
        "ordinal": ordinal,
    }
    text = json.dumps(
        question, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    key = cell_key("g", body, route_provider=route, run=run, ordinal=ordinal)
    assert key == hashlib.sha256(text.encode()).hexdigest()[:32]
