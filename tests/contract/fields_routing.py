"""What the fields of routing do: who is asked, in which order, and with which key."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from contract_stage import LEFT_OUT, PROVIDER_KEY, Stage, breakdown, text, warnings
from field_effects import shows

OWN = f"Bearer {PROVIDER_KEY}"


def not_forwarded(stage: Stage, *names: str) -> None:
    for seen in stage.seen:
        assert not {*names, "respan_params"} & seen.body.keys()


@shows
def fallback_models(stage: Stage) -> None:
    stage.fail("a", "b")
    for is_stream in (False, True):
        stage.seen.clear()
        answer = stage.ask(
            fallback_models=["up/b", "up/c"], stream=is_stream, request_breakdown=True
        )
        assert text(answer) == "hello"
        assert stage.asked == ["a", "b", "c"]
        told = breakdown(answer)
        assert (told["candidate"], told["reason"]) == ("up/c", "fallback")
        tried = [("up/a", 503), ("up/b", 503), ("up/c", 200)]
        for attempts in (told["attempts"], stage.row(answer)["attempts"]):
            assert [(each["model"], each["status_code"]) for each in attempts] == tried
        assert json.loads(answer.headers["x-respan-lab-attempts"]) == [
            list(each) for each in tried
        ]
    not_forwarded(stage, "fallback_models")


@shows
def load_balance_models(stage: Stage) -> None:
    weighted = [{"model": "up/a", "weight": 3}, {"model": "up/b", "weight": 1}]
    for _ in range(40):
        answer = stage.ask(load_balance_models=weighted, model=LEFT_OUT)
    drawn = Counter(stage.asked)
    assert drawn["a"] > drawn["b"] > 0
    assert stage.row(answer)["reason"].startswith("drawn with weight ")
    keyed = [{"model": "up/c", "credentials": {"api_key": "sk-candidate"}}]
    answer = stage.ask(load_balance_models=keyed, model="up/a")
    assert (stage.asked[-1], stage.keys[-1]) == ("c", "Bearer sk-candidate")
    assert warnings(answer) == ["model was overridden by load_balance_models"]
    assert "sk-candidate" not in json.dumps(stage.row(answer))
    not_forwarded(stage, "load_balance_models")


@shows
def load_balance_group(stage: Stage) -> None:
    group = {"group_id": "main"}
    answer = stage.ask(load_balance_group=group, model=LEFT_OUT, request_breakdown=True)
    assert stage.asked == ["b"]  # its weight is a thousand million times that of `a`
    assert breakdown(answer)["reason"] == "drawn with weight 1e+09 of 1e+09"
    answer = stage.ask(load_balance_group={**group, "models": [{"model": "up/c"}]})
    assert stage.asked == ["b", "c"]
    assert warnings(answer) == ["model was overridden by load_balance_group"]
    error = stage.refused(load_balance_group={"group_id": "nobody's"})
    assert error["param"] == "load_balance_group"
    assert "'main'" in error["message"]
    not_forwarded(stage, "load_balance_group")


def routed(stage: Stage, question: str, **fields: Any) -> dict[str, Any]:
    """Ask the router; give the row."""
    listed = ["up/a", "up/b", "up/c", "other/d"]
    answer = stage.ask(
        messages=[{"role": "user", "content": question}],
        model=LEFT_OUT,
        models=listed,
        **fields,
    )
    return stage.row(answer)


@shows
def models(stage: Stage) -> None:
    for at in range(20):
        row = routed(stage, f"question {at}")
    assert set(stage.asked) == {"a", "b", "c", "d"}
    assert row["reason"].startswith("picked by the request's hash from 4 usable of 4")
    again = routed(stage, "question 19")
    assert again["deployment_name"] == row["deployment_name"]
    stage.fail("a")
    stage.ask(model="up/a", models=["up/b"])  # beside a model, its fallbacks
    assert stage.asked[-2:] == ["a", "b"]
    not_forwarded(stage, "models")


@shows
def exclude_providers(stage: Stage) -> None:
    for at in range(12):
        row = routed(stage, f"question {at}", exclude_providers=["up"])
    assert set(stage.asked) == {"d"}
    assert "up/a: provider up is excluded" in row["reason"]
    answer = stage.ask(model="up/a", exclude_providers=["up"])  # for the router alone
    assert warnings(answer) == [
        "exclude_providers has no effect without a router: `models` with several "
        "entries, and no `model`"
    ]
    not_forwarded(stage, "exclude_providers")


@shows
def exclude_models(stage: Stage) -> None:
    for at in range(12):
        row = routed(stage, f"question {at}", exclude_models=["up/a", "d"])
    assert set(stage.asked) == {"b", "c"}
    assert "up/a: excluded" in row["reason"]
    answer = stage.ask(model="up/a", exclude_models=["up/a"])
    assert "exclude_models has no effect" in warnings(answer)[0]
    not_forwarded(stage, "exclude_models")


@shows
def model_name_map(stage: Stage) -> None:
    names = {"azure/gpt-4o": "azure/mine"}
    answer = stage.ask(model="azure/gpt-4o", model_name_map=names)
    assert stage.asked == ["mine"]
    row = stage.row(answer)
    assert row["asked_model"] == "azure/gpt-4o"
    assert row["cost"] is not None
    other = stage.ask(model="up/a", model_name_map={"up/a": "b"})
    assert "it is for Azure" in warnings(other)[0]
    assert stage.asked == ["mine", "a"]
    not_forwarded(stage, "model_name_map")


@shows
def retry_params(stage: Stage) -> None:
    params = {"retry_enabled": True, "num_retries": 2, "retry_after": 0.001}
    stage.fail("a", times=2)
    answer = stage.ask(retry_params=params)
    assert stage.asked == ["a", "a", "a"]
    attempts = stage.row(answer)["attempts"]
    assert [each["status_code"] for each in attempts] == [503, 503, 200]
    assert [each["wait"] for each in attempts] == [0.001, 0.002, 0]
    stage.fail("a", times=1, status=429, retry_after="0")  # the provider's wish counts
    answer = stage.ask(retry_params={**params, "retry_after": 50})
    assert stage.row(answer)["attempts"][0]["wait"] == 0
    stage.fail("a")
    stage.seen.clear()
    assert stage.say(retry_params=params).status_code == 503
    assert len(stage.seen) == 3
    assert stage.say(retry_params={"retry_enabled": False}).status_code == 503
    assert len(stage.seen) == 4
    stage.fail("a", status=400)
    assert stage.say(retry_params=params).status_code == 400  # it would fail again
    assert len(stage.seen) == 5
    not_forwarded(stage, "retry_params")


@shows
def retries(stage: Stage) -> None:
    stage.fail("a", times=1, retry_after="0")
    assert stage.say().status_code == 503  # none, if nothing is said
    stage.fail("a", times=1, retry_after="0")
    stage.ask(retries=1)
    assert stage.asked == ["a", "a", "a"]
    answer = stage.ask(retries=1, retry_params={"retry_enabled": False})
    assert warnings(answer) == ["retries has no effect beside retry_params"]
    not_forwarded(stage, "retries")


@shows
def weight(stage: Stage) -> None:
    said = "weight has no effect beside a request; weights go into lists"
    answer = stage.ask(weight=2.5)
    assert warnings(answer) == [said]
    assert said in stage.row(answer)["warnings"]
    not_forwarded(stage, "weight")


def keyed(stage: Stage, **fields: Any) -> str:
    """Ask, and give the key that the provider was shown; it is in no log."""
    answer = stage.ask(request_breakdown=True, **fields)
    for told in (answer.text, json.dumps(stage.row(answer))):
        assert "sk-mine" not in told
    not_forwarded(stage, *fields)
    return stage.keys[-1]


@shows
def customer_credentials(stage: Stage) -> None:
    mine = "Bearer sk-mine"
    assert keyed(stage, customer_credentials={"up": "sk-mine"}) == mine
    assert keyed(stage, customer_credentials={"up": {"api_key": "sk-mine"}}) == mine
    assert keyed(stage, customer_credentials={"other": "sk-mine"}) == OWN
    row = stage.row(stage.ask(customer_credentials={"up": "sk-mine"}))
    assert row["used_custom_credential"] is True
    assert stage.row(stage.ask())["used_custom_credential"] is False


@shows
def credential_override(stage: Stage) -> None:
    mine = "Bearer sk-mine"
    for name in ("up", "up/a"):  # the provider, as the reference has it; the model
        assert keyed(stage, credential_override={name: {"api_key": "sk-mine"}}) == mine
        assert keyed(stage, credential_override={name: "sk-mine"}) == mine
    for name in ("up/b", "a"):  # another model; a name the request does not use
        assert keyed(stage, credential_override={name: "sk-mine"}) == OWN
    both = {"credential_override": {"up": "sk-mine"}}
    assert keyed(stage, customer_credentials={"up": "sk-other"}, **both) == mine
    assert keyed(stage) == OWN  # for one request alone
