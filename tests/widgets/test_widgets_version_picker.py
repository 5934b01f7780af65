"""The versions of a saved prompt: chosen, compared and deployed."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from typing import Any

import pytest

import respan_lab as lab
from respan_lab.widgets import VersionPicker

TEXTS = (
    "Greet {{ name }}.",
    "Greet {{ name }} in {{ language }}.",
    "Greet <b>{{ name }}</b>.",
)


@pytest.fixture
def client() -> Iterator[lab.Client]:
    with lab.Client(gateway=lab.Gateway(seed=1)) as client:
        yield client


@pytest.fixture
def prompt_id(client: lab.Client) -> str:
    prompt_id = client.prompts.create("Greeting")
    for text in TEXTS:
        client.prompts.add_version(
            prompt_id, text, model="sim/small", description=f"<i>{len(text)}</i>"
        )
    return prompt_id


def _run(picker: VersionPicker, client: lab.Client) -> dict[str, Any]:
    space: dict[str, Any] = {"client": client}
    exec(picker.to_code(), space)
    return space


def test_it_begins_with_the_newest_and_the_one_before(
    client: lab.Client, prompt_id: str
) -> None:
    picker = VersionPicker(client, prompt_id)
    assert (picker.version, picker.against) == (3, 2)
    assert picker.prompt == client.prompts.get(prompt_id, 3)
    assert picker.diff.removed_variables == ("language",)
    assert list(picker.versions["version"]) == [3, 2, 1]


def test_it_begins_with_the_deployed_one(client: lab.Client, prompt_id: str) -> None:
    client.prompts.deploy(prompt_id, 2)
    picker = VersionPicker(client, prompt_id)
    assert (picker.version, picker.against) == (2, 1)
    assert "2 · live" in picker._chosen.label


def test_who_when_and_what_stand_in_the_menu(
    client: lab.Client, prompt_id: str
) -> None:
    picker = VersionPicker(client, prompt_id)
    when = client.prompts.versions(prompt_id)["updated_at"].iloc[0]
    assert picker._chosen.label == (
        f"3 · draft · {when:%Y-%m-%d %H:%M} UTC · {getpass.getuser()} · "
        f"<i>{len(TEXTS[2])}</i>"
    )
    assert f"made by {getpass.getuser()} on" in picker._about.value
    assert "for sim/small" in picker._about.value


def test_choosing_reads_and_compares(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id)
    picker._chosen.value = 2
    picker._other.value = 1
    assert (picker.version, picker.against) == (2, 1)
    assert "<ins" in picker._diff.value
    picker._other.value = 0
    assert picker.diff is None
    assert picker.prompt.version == 2
    picker.version = 1
    assert picker._chosen.value == 1


def test_deploying_asks_first(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id, 2)
    picker._deploy.click()
    assert client.prompts.versions(prompt_id)["is_deployed"].sum() == 0
    assert picker._asked.layout.display == "flex"
    picker._no.click()
    assert picker._asked.layout.display == "none"
    picker._deploy.click()
    picker._sure.click()
    assert client.prompts.get(prompt_id).version == 2
    assert picker._deploy.disabled
    assert picker.error == ""


def test_choosing_another_takes_the_question_back(
    client: lab.Client, prompt_id: str
) -> None:
    picker = VersionPicker(client, prompt_id, 2)
    picker._deploy.click()
    picker._chosen.value = 1
    assert picker._asked.layout.display == "none"


def test_a_draft_is_committed_first(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id, 3)
    picker._deploy.click()
    assert picker._sure.description == "Yes, commit and deploy version 3"
    picker._sure.click()
    assert client.prompts.get(prompt_id).version == 3
    assert picker.error == ""


def test_what_fails_stands_in_the_widget(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id, 2)
    client.prompts.delete(prompt_id)
    picker._sure.click()
    assert "no prompt" in picker.error
    assert 'role="alert"' in picker._alert.value


def test_refreshing_finds_new_versions(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id)
    client.prompts.add_version(prompt_id, "Say hello to {{ name }}")
    picker._refresh.click()
    assert list(picker.versions["version"]) == [4, 3, 2, 1]
    assert picker.version == 3


def test_the_code_gives_the_same_state(client: lab.Client, prompt_id: str) -> None:
    picker = VersionPicker(client, prompt_id, 1, against=3)
    space = _run(picker, client)
    again = space["picker"]
    assert (again.version, again.against) == (1, 3)
    assert space["prompt"] == picker.prompt
    assert repr(again) == repr(picker)


def test_its_static_view_is_escaped(client: lab.Client, prompt_id: str) -> None:
    html = VersionPicker(client, prompt_id)._repr_mimebundle_()[0]["text/html"]
    assert "<i>" not in html
    assert "&lt;i&gt;" in html
    assert "&lt;b&gt;" in html


def test_what_is_not_there_is_refused(client: lab.Client, prompt_id: str) -> None:
    with pytest.raises(lab.ConfigError, match=r"version=9: .* the versions 3, 2, 1"):
        VersionPicker(client, prompt_id, 9)
    picker = VersionPicker(client, prompt_id)
    with pytest.raises(lab.ConfigError, match="against=7"):
        picker.against = 7
    with pytest.raises(lab.ConfigError, match="no versions yet"):
        VersionPicker(client, client.prompts.create("Empty"))
    with pytest.raises(lab.NotFoundError):
        VersionPicker(client, "nobody")
