"""Prompts and versions: drafts, commits, deployments, and what survives."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from respan_lab.gateway.failure import GatewayFailure
from respan_lab.gateway.store.prompts import VERSION_FIELDS, PromptStore
from respan_lab.transport import run

MESSAGES = {"messages": [{"role": "user", "content": "Hi {{ name }}"}]}
Work = Callable[[PromptStore], Awaitable[Any]]


@asynccontextmanager
async def opened(home: Path) -> AsyncIterator[PromptStore]:
    store = PromptStore(home)
    try:
        yield store
    finally:
        await store.aclose()


def using(home: Path, work: Work) -> Any:
    async def go() -> Any:
        async with opened(home) as store:
            return await work(store)

    return run(go())


async def with_versions(store: PromptStore, n: int) -> str:
    prompt_id: str = (await store.create("Greeting"))["id"]
    for number in range(n):
        await store.add_version(prompt_id, {**MESSAGES, "seed": number})
    return prompt_id


def test_nothing_is_opened_before_it_is_used(tmp_path: Path) -> None:
    PromptStore(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_new_prompt_has_no_versions(tmp_path: Path) -> None:
    made = using(tmp_path, lambda s: s.create("Greeting", description="says hello"))
    assert made["id"] == made["prompt_id"]
    assert (made["name"], made["description"]) == ("Greeting", "says hello")
    assert (
        made["current_version"] is made["live_version"] is made["prompt_slug"] is None
    )
    assert made["tags"] == []
    assert made["created_at"].endswith("Z")


def test_what_a_version_does_not_say_is_none(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> Any:
        prompt_id = await with_versions(store, 0)
        return await store.add_version(prompt_id, {**MESSAGES, "temperature": 0.0})

    made = using(tmp_path, work)
    said = {name: made[name] for name in VERSION_FIELDS if made[name] is not None}
    assert said == {**MESSAGES, "temperature": 0.0}
    assert made["id"] == made["prompt_version_id"]
    assert (made["version"], made["readonly"], made["is_deployed"]) == (1, False, False)
    assert made["edited_by"] == {"first_name": getpass.getuser()}


def test_a_new_version_makes_earlier_ones_read_only(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> Any:
        return await store.versions(await with_versions(store, 3))

    found = using(tmp_path, work)
    assert [(v["version"], v["readonly"]) for v in found] == [
        (3, False),
        (2, True),
        (1, True),
    ]


def test_a_draft_is_changed_and_a_committed_version_is_not(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        prompt_id = await with_versions(store, 1)
        changed = await store.update_version(
            prompt_id, 1, {"model": "m", "seed": None}, description="with a model"
        )
        assert (changed["model"], changed["seed"]) == ("m", None)
        assert changed["messages"] == MESSAGES["messages"]
        assert changed["description"] == "with a model"
        done = await store.commit(prompt_id, description="done")
        assert (done["readonly"], done["description"]) == (True, "done")
        with pytest.raises(GatewayFailure, match="read-only: create a new version"):
            await store.update_version(prompt_id, 1, {"model": "n"})
        with pytest.raises(GatewayFailure, match="no draft to commit"):
            await store.commit(prompt_id)
        assert len(await store.versions(prompt_id)) == 1

    using(tmp_path, work)


def test_only_what_is_committed_is_deployed(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        prompt_id = await with_versions(store, 2)
        with pytest.raises(GatewayFailure, match="commit it first") as caught:
            await store.deploy(prompt_id, 2)
        assert caught.value.status == 400
        assert (await store.deploy(prompt_id, 1))["is_deployed"]
        prompt = await store.prompt(prompt_id)
        assert prompt["live_version"]["version"] == 1
        assert prompt["current_version"]["version"] == 2
        await store.commit(prompt_id)
        await store.deploy(prompt_id, 2)
        assert [v["is_deployed"] for v in await store.versions(prompt_id)] == [1, 0]

    using(tmp_path, work)


def test_a_request_picks_the_live_one_a_number_or_the_draft(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        prompt_id = await with_versions(store, 0)
        with pytest.raises(GatewayFailure, match="no versions yet"):
            await store.pick(prompt_id, "latest")
        for number in range(3):
            await store.add_version(prompt_id, {**MESSAGES, "seed": number})
        with pytest.raises(GatewayFailure, match="no deployed version") as caught:
            await store.pick(prompt_id, None)
        assert caught.value.status == 400
        await store.deploy(prompt_id, 1)
        picked = [await store.pick(prompt_id, which) for which in (None, 2, "latest")]
        assert [each.version["version"] for each in picked] == [1, 2, 3]
        assert {each.name for each in picked} == {"Greeting"}

    using(tmp_path, work)


def test_unknown_ids_and_versions_are_404(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        prompt_id = await with_versions(store, 2)
        calls: list[Awaitable[Any]] = [
            store.prompt("nobody"),
            store.rename("nobody", name="x"),
            store.delete("nobody"),
            store.versions("nobody"),
            store.version("nobody", 1),
            store.pick("nobody", None),
            store.commit("nobody"),
            store.deploy("nobody", 1),
            store.add_version("nobody", MESSAGES),
        ]
        for call in calls:
            with pytest.raises(GatewayFailure, match="no prompt 'nobody'") as caught:
                await call
            assert caught.value.status == 404
        with pytest.raises(GatewayFailure, match="has no version 7; it has 1, 2"):
            await store.deploy(prompt_id, 7)

    using(tmp_path, work)


def test_numbers_are_never_used_twice(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        prompt_id = await with_versions(store, 2)
        await store.deploy(prompt_id, 1)
        await store.delete_version(prompt_id, 2)
        await store.delete_version(prompt_id, 1)
        prompt = await store.prompt(prompt_id)
        assert prompt["live_version"] is prompt["current_version"] is None
        assert (await store.add_version(prompt_id, MESSAGES))["version"] == 3

    using(tmp_path, work)


def test_a_prompt_goes_with_its_versions(tmp_path: Path) -> None:
    async def work(store: PromptStore) -> None:
        kept, gone = await with_versions(store, 1), await with_versions(store, 1)
        await store.rename(kept, name="Kept")
        await store.delete(gone)
        assert [p["name"] for p in await store.prompts()] == ["Kept"]
        with pytest.raises(GatewayFailure, match="no prompt"):
            await store.version(gone, 1)

    using(tmp_path, work)


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    prompt_id = using(tmp_path, lambda s: with_versions(s, 2))
    before = using(tmp_path, lambda s: s.prompt(prompt_id))
    assert using(tmp_path, lambda s: s.prompt(prompt_id)) == before
    assert before["current_version"]["seed"] == 1


def test_a_file_that_is_no_store_is_named(tmp_path: Path) -> None:
    (tmp_path / "prompts.db").write_text("not a database at all, " * 100)
    with pytest.raises(GatewayFailure, match=r"prompts\.db cannot be used") as caught:
        using(tmp_path, lambda s: s.prompts())
    assert caught.value.status == 500
