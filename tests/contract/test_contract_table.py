"""The contract's table agrees with the client and with the gateway, field by field."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from contract_stage import LEFT_OUT, MESSAGES, Stage, chunks, warnings
from contract_table import FIELDS, HEADERS, TABLE, is_right, probes
from gateway.gateway_upstream import completion

import respan_lab as lab
from respan_lab.gateway.asking.fields import CONTAINERS, KNOWN
from respan_lab.wire import OPENAI_FIELDS, RESPAN_FIELDS, chat_request, check_params

OWN = {"messages", "model", "stream"}  # the call's own arguments, and its method
OPENAIS = {name for name, each in FIELDS.items() if each["goes_to"] == "provider"}


def test_every_field_is_a_keyword_of_the_clients_call() -> None:
    keywords = inspect.signature(lab.Client.chat).parameters.keys()
    assert FIELDS.keys() - keywords == {"stream"}
    assert callable(lab.Client.stream)
    of_calls = {each["client"] for each in HEADERS.values()} - {"api_key"}
    assert of_calls <= keywords
    assert "api_key" in inspect.signature(lab.Client).parameters


def test_client_and_table_know_the_same_fields() -> None:
    beyond = TABLE["beyond"]
    assert OPENAIS - OWN | set(beyond["openai"]) == OPENAI_FIELDS
    assert FIELDS.keys() - OPENAIS | set(beyond["respan"]) == RESPAN_FIELDS
    assert not {*beyond["openai"], *beyond["respan"]} & FIELDS.keys()


def test_the_gateway_knows_every_field_of_the_table() -> None:
    assert FIELDS.keys() & (OPENAI_FIELDS | OWN) == OPENAIS
    assert FIELDS.keys() - OPENAIS <= KNOWN | CONTAINERS
    legacy = {each.get("legacy") for each in FIELDS.values()} - {None}
    assert legacy == CONTAINERS - FIELDS.keys()


@pytest.mark.parametrize("name", FIELDS)
def test_no_field_is_unknown_to_the_gateway(shared: Stage, name: str) -> None:
    answer = shared.say(**{name: FIELDS[name]["example"]})
    assert answer.status_code in (200, 404, 424), answer.text
    assert not [each for each in warnings(answer) if "not a known field" in each]


@pytest.mark.parametrize("name", FIELDS)
def test_the_gateway_takes_what_is_right_and_refuses_the_rest(
    shared: Stage, name: str
) -> None:
    field = FIELDS[name]
    for value in probes(field):
        answer = shared.say(**{name: value})
        assert answer.status_code < 500, (value, answer.text)
        if is_right(field, value):
            assert not refuses(answer, name), (value, answer.text)
        elif field.get("is_lenient"):
            assert any(name in each for each in warnings(answer)), value
        else:
            assert refuses(answer, name), value
            assert name in answer.json()["error"]["message"]


def refuses(answer: Any, name: str) -> bool:
    if answer.status_code != 400:
        return False
    return str(answer.json()["error"]["param"]).partition(".")[0] == name


@pytest.mark.parametrize("name", sorted(FIELDS.keys() - OWN))
def test_the_client_takes_what_is_right_and_refuses_the_rest(name: str) -> None:
    field = FIELDS[name]
    for value in probes(field):
        if is_right(field, value, is_closed=True):
            check_params({name: value})
        else:
            with pytest.raises(lab.ConfigError, match=name):
                check_params({name: value})


@pytest.mark.parametrize("name", ["messages", "model"])
def test_the_client_checks_its_own_arguments(name: str) -> None:
    field = FIELDS[name]
    call: dict[str, Any] = {"messages": MESSAGES, "model": "up/a"}
    wrong = [value for value in probes(field) if not is_right(field, value)]
    for value in (field["example"], *wrong):
        messages, model = ({**call, name: value}[each] for each in call)
        if value == field["example"] or (name, value) == ("messages", "text"):
            chat_request(messages, model=model, params={})
        else:
            with pytest.raises(lab.ConfigError, match=name.rstrip("s")):
                chat_request(messages, model=model, params={})


REQUIRED = [name for name, each in FIELDS.items() if each.get("required")]


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_required_is_missed_unless_something_stands_in(
    shared: Stage, name: str
) -> None:
    assert shared.refused(**{name: LEFT_OUT})["param"] == name
    assert shared.refused(**{name: None})["param"] == name
    prompt_id = shared.prompt(messages=MESSAGES, model="up/a")
    stand_ins = {"prompt": {"prompt_id": prompt_id}}
    for other in FIELDS[name]["unless"]:
        value = stand_ins.get(other, FIELDS[other]["example"])
        shared.ask(**{name: LEFT_OUT, other: value})


@pytest.mark.parametrize("name", REQUIRED)
def test_the_client_asks_for_what_is_required(name: str) -> None:
    call: dict[str, Any] = {"messages": MESSAGES, "model": "up/a", name: None}
    with pytest.raises(lab.ConfigError, match=name):
        chat_request(call["messages"], model=call["model"], params={})
    for other in FIELDS[name]["unless"]:
        params = {other: FIELDS[other]["example"]}
        chat_request(call["messages"], model=call["model"], params=params)


def test_no_header_but_the_key_is_required(stage: Stage) -> None:
    needed = [name for name, each in HEADERS.items() if each.get("required")]
    assert needed == ["Authorization"]
    stage.ask()


def test_nobody_adds_a_default_that_is_the_providers(stage: Stage) -> None:
    theirs = [n for n, each in FIELDS.items() if each.get("set_by") == "provider"]
    assert theirs == ["temperature", "n"]
    stage.ask()
    assert stage.sent == {"model": "a", "messages": MESSAGES}
    body = chat_request(MESSAGES, model="up/a", params={}).body
    assert body == {"model": "up/a", "messages": MESSAGES}


def test_every_field_says_in_words_what_it_means() -> None:
    for name, each in {**FIELDS, **HEADERS}.items():
        assert each["meaning"].endswith("."), name
        assert each.get("unless", []) == [] or each["required"], name


def test_the_answer_has_the_form_that_comes(stage: Stage) -> None:
    assert stage.ask().json() == completion()
    assert list(completion()) == TABLE["answer"]["sent"]
    for chunk in chunks(stage.ask(stream=True)):
        assert chunk["object"] == "chat.completion.chunk"
