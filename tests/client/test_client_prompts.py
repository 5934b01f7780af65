"""Saved prompts through the client: on an embedded gateway, and over HTTP."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from stubs.http_stub import Reply, Request, Stub

import respan_lab as lab
from respan_lab.client.prompt_values import local_values, sent_prompt, sent_values
from respan_lab.prompts import SavedPrompt

PICTURE = "https://example.org/cat.png"


@pytest.fixture
def client() -> Iterator[lab.Client]:
    gateway = lab.Gateway(seed=1, sim_time_scale=0)
    with lab.Client(gateway=gateway) as made:
        yield made
    gateway.close()


def deployed(client: lab.Client, template: Any, **fields: Any) -> str:
    """Save a prompt, commit and deploy it; give its id."""
    prompt_id = client.prompts.create("Greeting")
    fields = {"model": "sim/small", "temperature": 0, **fields}
    number = client.prompts.add_version(prompt_id, template, **fields)
    client.prompts.commit(prompt_id)
    client.prompts.deploy(prompt_id, number)
    return prompt_id


def test_a_prompt_through_its_life(client: lab.Client) -> None:
    prompts = client.prompts
    prompt_id = prompts.create("Greeting", description="says hello")
    assert prompts.add_version(prompt_id, "Greet {{ name }}.", model="sim/small") == 1
    assert prompts.commit(prompt_id, "first") == 1
    prompts.deploy(prompt_id, 1)
    second = prompts.add_version(prompt_id, "Hello, {{ name }}!", temperature=0.5)
    assert second == 2
    listed = prompts.list()
    assert listed.loc[0, ["prompt_id", "name", "description"]].tolist() == [
        prompt_id,
        "Greeting",
        "says hello",
    ]
    assert listed.loc[0, ["current_version", "live_version"]].tolist() == [2, 1]
    versions = prompts.versions(prompt_id)
    assert versions.version.tolist() == [2, 1]
    assert versions.readonly.tolist() == [False, True]
    assert versions.is_deployed.tolist() == [False, True]
    assert versions.description.tolist()[1] == "first"
    assert versions.temperature.tolist()[0] == 0.5
    assert versions.created_at.dt.tz is not None
    prompts.delete(prompt_id)
    assert len(prompts.list()) == 0
    with pytest.raises(lab.NotFoundError, match="no prompt"):
        prompts.get(prompt_id)


def test_frames_without_rows_have_their_columns(client: lab.Client) -> None:
    listed = client.prompts.list()
    assert listed.dtypes.astype(str).to_dict() == {
        "prompt_id": "string",
        "name": "string",
        "description": "string",
        "current_version": "Int64",
        "live_version": "Int64",
        "model": "string",
        "updated_at": "datetime64[ns, UTC]",
    }
    versions = client.prompts.versions(client.prompts.create("Empty"))
    assert len(versions) == 0
    assert "messages" in versions


def test_every_method_can_be_awaited(client: lab.Client) -> None:
    async def work() -> tuple[Any, ...]:
        prompts = client.prompts
        prompt_id = await prompts.acreate("Greeting")
        number = await prompts.aadd_version(prompt_id, "Hi", model="sim/small")
        assert await prompts.acommit(prompt_id) == number
        await prompts.adeploy(prompt_id, number)
        prompt = await prompts.aget(prompt_id)
        frames = await prompts.alist(), await prompts.aversions(prompt_id)
        await prompts.adelete(prompt_id)
        return prompt.version, *map(len, frames)

    assert asyncio.run(work()) == (1, 1, 1)


def test_which_version_is_read(client: lab.Client) -> None:
    prompts = client.prompts
    prompt_id = prompts.create("Greeting")
    with pytest.raises(lab.ConfigError, match="no versions yet"):
        prompts.get(prompt_id, "latest")
    prompts.add_version(prompt_id, "one")
    with pytest.raises(lab.ConfigError, match="no deployed version"):
        prompts.get(prompt_id)
    prompts.commit(prompt_id)
    prompts.deploy(prompt_id, 1)
    prompts.add_version(prompt_id, "two")
    found = [prompts.get(prompt_id, which) for which in (None, "latest", 2)]
    assert [prompt.version for prompt in found] == [1, 2, 2]
    with pytest.raises(lab.ConfigError, match="'newest'"):
        prompts.get(prompt_id, "newest")
    with pytest.raises(lab.NotFoundError, match="it has 1, 2"):
        prompts.get(prompt_id, 3)


def test_a_saved_prompt_is_sent_by_its_id(client: lab.Client) -> None:
    prompt_id = deployed(client, "Greet {{ name }}.", variables={"name": "you"})
    prompt = client.prompts.get(prompt_id)
    assert isinstance(prompt, lab.Prompt)
    answer = client.chat(prompt.bind(name="Ada"), request_breakdown=True)
    assert answer.breakdown is not None
    assert answer.breakdown["prompt_messages"] == [
        {"role": "user", "content": "Greet Ada."}
    ]
    assert answer.raw["model"] == "small"
    streamed = client.stream(prompt.bind(name="Ada"))
    assert "".join(chunk.text for chunk in streamed) == answer.text


def test_top_level_variables_fill_a_saved_prompt(client: lab.Client) -> None:
    prompt_id = deployed(client, "{{ a }} {{ b }}", variables={"a": 0, "b": 0})
    prompt = client.prompts.get(prompt_id)
    answer = client.chat(prompt.bind(b=2), variables={"a": 1}, request_breakdown=True)
    assert answer.breakdown is not None
    assert answer.breakdown["prompt_messages"][0]["content"] == "1 2"


def test_what_misses_a_value_is_told_by_the_gateway(client: lab.Client) -> None:
    prompt = client.prompts.get(deployed(client, "Greet {{ name }}."))
    with pytest.raises(lab.BadRequestError, match="no value for 'name'"):
        client.chat(prompt)


def test_two_saved_prompts_are_one_too_many(client: lab.Client) -> None:
    prompt = SavedPrompt("x", prompt_id="p", version=1)
    with pytest.raises(lab.ConfigError, match="two saved prompts"):
        client.chat(prompt, prompt={"prompt_id": "q"})


def test_a_prompt_of_ours_can_be_saved(client: lab.Client) -> None:
    made = lab.Prompt(
        [{"role": "user", "content": ["See ", lab.image(PICTURE), " {{ q }}"]}],
        system="Be {{ how }}.",
        defaults={"how": "brief", "n": np.int64(3)},
    )
    prompt_id = client.prompts.create("Mine")
    client.prompts.add_version(prompt_id, made, variables={"q": lab.image(PICTURE)})
    found = client.prompts.get(prompt_id, "latest")
    assert found.variables == ("how", "q")
    assert dict(found.defaults)["n"] == 3
    assert found.render() == made.render(q=lab.image(PICTURE))


def test_what_cannot_be_saved_is_said_before_sending(client: lab.Client) -> None:
    prompt_id = client.prompts.create("Mine")
    with pytest.raises(lab.ConfigError, match="did you mean temperature"):
        client.prompts.add_version(prompt_id, "x", temprature=0)
    with pytest.raises(lab.PromptError, match="mistake in line 1"):
        client.prompts.add_version(prompt_id, "{{ x")
    with pytest.raises(lab.ConfigError, match="placeholder"):
        client.prompts.add_version(
            prompt_id, [{"role": "placeholder", "name": "messages"}]
        )
    with pytest.raises(lab.ConfigError, match="prompt_id is ''"):
        client.prompts.commit("")


def saved(**more: Any) -> SavedPrompt:
    return SavedPrompt("Hi {{ name }}", prompt_id="p", version=3, **more)


def test_a_saved_prompt_is_a_value() -> None:
    prompt = saved(name="Greeting", defaults={"name": "you"})
    assert prompt == saved(name="Greeting", defaults={"name": "you"})
    assert prompt != prompt.bind(name="Ada")
    assert prompt != lab.Prompt(
        "Hi {{ name }}", name="Greeting", version=3, defaults={"name": "you"}
    )
    assert pickle.loads(pickle.dumps(prompt.bind(name="Ada"))) == prompt.bind(
        name="Ada"
    )
    assert len({prompt, saved(name="Greeting", defaults={"name": "you"})}) == 1
    assert repr(prompt) == (
        "Prompt('Hi {{ name }}', name='Greeting', version=3, prompt_id='p')"
    )
    assert "name" in prompt._repr_html_()
    with pytest.raises(AttributeError, match="does not change"):
        prompt.name = "x"  # type: ignore[misc]  # the error is what is tested


def test_a_preview_has_what_is_bound() -> None:
    prompt = saved(defaults={"name": "you"})
    texts = [
        prompt.render()[0]["content"],
        prompt.bind(name="Ada").render()[0]["content"],
        prompt.bind(name="Ada").render(name="Bob")[0]["content"],
    ]
    assert texts == ["Hi you", "Hi Ada", "Hi Bob"]
    with pytest.raises(lab.PromptError, match="did you mean 'name'"):
        prompt.bind(nmae="Ada")


def test_only_what_is_bound_is_sent() -> None:
    prompt = saved(defaults={"name": "you"})
    assert sent_prompt(prompt) == {
        "prompt_id": "p",
        "version": 3,
        "variables": {},
        "schema_version": 2,
    }
    assert sent_prompt(prompt.bind(name="Ada"))["variables"] == {"name": "Ada"}


def test_values_go_there_and_back() -> None:
    values = {
        "text": "a",
        "number": 3,
        "truth": True,
        "object": {"a": [1]},
        "list": [1, 2],
        "picture": lab.image(PICTURE),
    }
    sent = sent_values({**values, "none": None, "nan": float("nan")})
    assert sent == {
        **{name: values[name] for name in ("text", "number", "truth")},
        "object": {"_type": "json", "value": {"a": [1]}},
        "list": {"_type": "json", "value": [1, 2]},
        "picture": {"_type": "image_url", "value": PICTURE},
    }
    assert local_values(sent) == values
    typed = {"_type": "prompt", "prompt_id": "q"}
    assert sent_values({"c": typed}) == {"c": typed}
    assert local_values({"c": typed, "t": {"_type": "text", "value": "x"}}) == {
        "t": "x"
    }


def test_a_gateway_s_picture_opens_no_file(tmp_path: Any) -> None:
    file = tmp_path / "secret.png"
    file.write_bytes(b"\x89PNG\r\n\x1a\n")
    value = {"_type": "image_url", "value": str(file)}
    assert local_values({"p": value}) == {"p": str(file)}


VERSION = {
    "version": 2,
    "messages": [{"role": "user", "content": "Hi {{ name }}"}],
    "variables": {"name": {"_type": "text", "value": "you"}},
    "readonly": True,
    "created_at": "2026-01-02T03:04:05Z",
}


async def answer(request: Request) -> Reply:
    """The hosted gateway, as its reference describes it; two prompts to a page."""
    path, _, query = request.target.partition("?")
    found: Any
    if request.method == "DELETE":
        return Reply(status=204)
    if path == "/api/prompts/list/":
        page = 2 if "page=2&" in query else 1
        prompts = [{"id": f"p{page}{n}", "name": "N"} for n in range(2)]
        # It names an address of its own, which is not asked.
        following = "https://elsewhere.example/next" if page == 1 else None
        found = {"count": 2, "next": following, "results": prompts}
    elif path == "/api/prompts/":
        found = {"id": "p1", "name": json.loads(request.body)["name"]}
    elif path == "/api/prompts/p%2F1/":
        found = {"id": "p/1", "name": "Greeting", "live_version": {"version": 2}}
    elif path.endswith("/chat/completions"):
        message = {"role": "assistant", "content": "Hi"}
        found = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message}]}
    elif path.endswith("/deployments/"):
        return Reply(b'{"detail": "not committed"}', status=400)
    else:
        found = VERSION
    return Reply(
        json.dumps(found).encode(), headers={"content-type": "application/json"}
    )


@pytest.fixture
def remote() -> Iterator[tuple[lab.Client, Stub]]:
    with (
        Stub(answer) as stub,
        lab.Client("sk-a-test-key", stub.url) as client,
    ):
        yield client, stub


def test_over_http_it_speaks_the_documented_api(
    remote: tuple[lab.Client, Stub],
) -> None:
    client, stub = remote
    prompts = client.prompts
    assert prompts.create("Greeting") == "p1"
    assert prompts.add_version("p1", "Hi {{ name }}", seed=np.int64(3)) == 2
    assert prompts.commit("p1", "done") == 2
    prompts.delete("p1")
    sent = [(r.method, r.target, json.loads(r.body or b"null")) for r in stub.requests]
    messages = [{"role": "user", "content": "Hi {{ name }}"}]
    assert sent == [
        ("POST", "/api/prompts/", {"name": "Greeting"}),
        ("POST", "/api/prompts/p1/versions/", {"seed": 3, "messages": messages}),
        ("POST", "/api/prompts/p1/commits/", {"description": "done"}),
        ("DELETE", "/api/prompts/p1/", None),
    ]
    assert stub.requests[0].headers["authorization"] == "Bearer sk-a-test-key"


def test_over_http_lists_are_read_to_their_end(remote: tuple[lab.Client, Stub]) -> None:
    client, stub = remote
    assert client.prompts.list().prompt_id.tolist() == ["p10", "p11", "p20", "p21"]
    assert [request.target for request in stub.requests] == [
        "/api/prompts/list/?page=1&page_size=100",
        "/api/prompts/list/?page=2&page_size=100",
    ]


def test_over_http_a_saved_prompt_is_sent_by_its_id(
    remote: tuple[lab.Client, Stub],
) -> None:
    client, stub = remote
    prompt = client.prompts.get("p/1")
    assert (prompt.prompt_id, prompt.version, prompt.name) == ("p/1", 2, "Greeting")
    assert prompt.render()[0]["content"] == "Hi you"
    client.chat(prompt.bind(name="Ada"))
    assert json.loads(stub.requests[-1].body) == {
        "prompt": {
            "prompt_id": "p/1",
            "version": 2,
            "variables": {"name": "Ada"},
            "schema_version": 2,
        }
    }


def test_over_http_errors_are_told(remote: tuple[lab.Client, Stub]) -> None:
    client, _ = remote
    with pytest.raises(lab.BadRequestError, match="not committed"):
        client.prompts.deploy("p1", 1)
