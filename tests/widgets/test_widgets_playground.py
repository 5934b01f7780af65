"""The playground: tries, history, rows, saving, and the code it stands for."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import respan_lab as lab
from respan_lab.widgets import Playground

ROWS = [{"name": "Ada", "other": 1}, {"name": "Bob", "other": 2}, {"name": "Cy"}]


class Model:
    """A simulated model that counts its calls, and holds them while it is told to."""

    def __init__(self) -> None:
        self.n_calls = 0
        self.arrived = threading.Semaphore(0)
        self.free = threading.Event()
        self.free.set()

    def __call__(self, messages: Any, **params: Any) -> str:
        self.n_calls += 1
        self.arrived.release()
        assert self.free.wait(30)
        return f"You said {messages[-1]['content']}"


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def client(model: Model) -> lab.Client:
    providers = {"sim": {"a": model, "b": model}}
    return lab.Client(
        gateway=lab.Gateway(seed=1, sim_time_scale=0, providers=providers)
    )


def _play(client: lab.Client, prompt: Any = "Hi {{ name }}", **more: Any) -> Playground:
    return Playground(prompt, ["sim/a", "sim/b"], client=client, **more)


def _over(play: Playground) -> None:
    """Wait for what a click began."""
    for thread in threading.enumerate():
        if thread.daemon and getattr(thread, "_target", None) in (
            play._follow,
            play._all._follow,
        ):
            thread.join(30)
    assert not play._run.disabled


def test_a_try_has_the_keys_of_compare_and_is_paid_once(
    client: lab.Client, model: Model
) -> None:
    play = _play(client, values={"name": "Ada"}, params={"max_tokens": 9})
    tried = play.run()
    same = lab.compare(
        "Hi {{ name }}",
        ["sim/a", "sim/b"],
        [{"name": "Ada"}],
        params={"max_tokens": 9},
        client=client,
        progress=False,
    )
    assert tried.df["key"].tolist() == same.df["key"].tolist()
    assert same.df["from_ledger"].all()
    assert model.n_calls == 2
    assert play.run().df["from_ledger"].all()
    assert [one["state"] for one in play._lanes.lanes] == ["from the ledger"] * 2
    assert [one["text"] for one in play._lanes.lanes] == ["You said Hi Ada"] * 2
    assert not play.run(fresh=True).df["from_ledger"].any()
    assert model.n_calls == 4


def test_the_button_runs_what_is_ticked_and_says_how_many(client: lab.Client) -> None:
    play = _play(client, values={"name": "Ada"})
    assert play._run.description == "Run 2 models"
    play._boxes["sim/b"].value = False
    assert play._run.description == "Run 1 model"
    play._run.click()
    _over(play)
    assert play.error == ""
    assert play.history["model"].tolist() == ["sim/a"]
    assert play._lanes.lanes[0]["is_simulated"]


def test_what_is_wrong_is_said_and_nothing_is_sent(
    client: lab.Client, model: Model
) -> None:
    play = _play(client)
    play._run.click()
    assert "has no value for 'name'" in play.error
    play.values = {"name": "x"}
    play.models = []
    play._run.click()
    assert "no model is ticked" in play.error
    play.models = ["sim/a"]
    play._params._own["max_tokens"].value = "many"
    play._run.click()
    assert "max_tokens='many': use a whole number" in play.error
    assert model.n_calls == len(play.history) == 0
    with pytest.raises(lab.ConfigError, match="'c' is none of the models"):
        play.models = ["c"]


def test_an_edited_template_is_what_is_asked(client: lab.Client) -> None:
    play = _play(client, lab.Prompt("Hi {{ name }}", name="hi"), values={"name": "x"})
    play._editor._fields[0].value = "Bye {{ who }}"
    assert play.prompt == lab.Prompt("Bye {{ who }}", name="hi")
    assert list(play._form._fields) == ["who"]
    play._editor._fields[0].value = "Bye {{ who"
    assert "the prompt" in play.error or "hi" in play.error
    play._editor._fields[0].value = "Bye {{ who }}"
    assert play.error == ""


def test_messages_are_edited_each_by_itself(client: lab.Client) -> None:
    prompt = lab.Prompt(
        [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "placeholder", "name": "messages"},
        ]
    )
    play = _play(client, prompt)
    assert play.prompt is prompt
    play._editor._fields[1].value = "c"
    assert play.prompt.template[1] == {"role": "assistant", "content": "c"}
    assert play.prompt.template[::2] == prompt.template[::2]


def test_stop_cuts_off_what_is_asked(client: lab.Client, model: Model) -> None:
    model.free.clear()
    play = _play(client, values={"name": "Ada"})
    play._run.click()
    assert play._run.disabled
    for _ in range(2):
        assert model.arrived.acquire(timeout=30)
    with pytest.raises(lab.ConfigError, match="it runs already"):
        play.run()
    assert play.history["output"].isna().all()  # looking keeps nothing half done
    play._stop.click()
    _over(play)
    model.free.set()
    assert play.error == ""
    assert [one["state"] for one in play._lanes.lanes] == ["stopped"] * 2
    assert play.history["status"].tolist() == ["maybe_billed"] * 2


def test_rows_fill_the_form(client: lab.Client) -> None:
    play = Playground("{{ name }} {{ mood }}", "sim/a", ROWS, client=client)
    play._form._fields["mood"].widget.value = "sad"
    assert play.values == {"name": "Ada", "mood": "sad"}
    play._stepper._next.click()
    assert (play.row, play.values["name"]) == (1, "Bob")
    assert play._stepper._said.value == "row 2 of 3"
    play._stepper._box.value = 3
    assert play.values == {"name": "Cy", "mood": "sad"}
    assert play._stepper._next.disabled
    with pytest.raises(lab.ConfigError, match="row=7: use 0 to 2"):
        play.row = 7


def test_all_rows_need_a_second_click(client: lab.Client, model: Model) -> None:
    play = Playground("Hi {{ name }}", "sim/a", ROWS, client=client)
    play.run()
    play._all._button.click()
    assert "2 calls to send, 1 answered already" in play._all._said.value
    play._params._own["max_tokens"].value = "7"  # what was said holds no more
    play._all._button.click()
    assert "3 calls to send:" in play._all._said.value
    assert model.n_calls == 1
    play._params._own["max_tokens"].value = ""
    play._all._button.click()
    play._all._button.click()
    _over(play)
    assert play._all.error == ""
    assert play.results is not None
    assert play.results.df["output"].tolist() == [
        f"You said Hi {row['name']}" for row in ROWS
    ]
    assert model.n_calls == 3
    assert play._all._bar.value == 3


def test_a_variable_without_a_column_comes_from_the_form(client: lab.Client) -> None:
    rows = [{"id": "x", "name": "Ada", "want": "y"}]
    play = Playground(
        "{{ name }} {{ mood }}",
        "sim/a",
        rows,
        client=client,
        values={"name": "Ada", "mood": "sad"},
        item="id",
        expected="want",
    )
    frame = play.experiment.run(client, progress=False).df
    assert frame["output"].tolist() == ["You said Ada sad"]
    assert frame["item"].tolist() == ["x"]
    assert frame["expected"].tolist() == ["y"]


def test_another_kernel_has_the_history_again(
    client: lab.Client, model: Model, tmp_path: Path
) -> None:
    path = tmp_path / "tries" / "mine.jsonl"
    first = _play(client, values={"name": "Ada"}, path=path)
    first.run()
    first.values = {"name": "Bob"}
    first.run()
    with path.open("a") as file:
        file.write('{"at": "2026-')  # the machine went down
    again = _play(client, path=path)
    pd.testing.assert_frame_equal(
        again.history[["try", "key", "output"]], first.history[["try", "key", "output"]]
    )
    assert again.history["try"].tolist() == [1, 1, 2, 2]
    again.restore(1)
    assert again.values == {"name": "Ada"}
    assert again.run().df["from_ledger"].all()
    assert model.n_calls == 4
    assert path.stat().st_mode & 0o777 == 0o600


def test_two_tries_are_compared(client: lab.Client) -> None:
    play = _play(client, values={"name": "Ada"})
    play._history.compare()
    assert "not two tries" in play._history.error
    play.run()
    play._editor._fields[0].value = "Bye <b>{{ name }}"
    play.run()
    play._history.compare()
    shown = play._history._pair.value
    assert "<mark>Bye</mark> <mark>&lt;b&gt;</mark>Ada" in shown
    assert "<del" in shown
    assert "<b>Ada" not in shown
    assert "prompt" in play._history._table.value


def test_a_version_is_saved_at_the_gateway(client: lab.Client) -> None:
    prompt_id = client.prompts.create("hi")
    client.prompts.add_version(prompt_id, "Hi {{ name }}", model="sim/a")
    client.prompts.commit(prompt_id)
    play = _play(client, client.prompts.get(prompt_id, 1), values={"name": "Ada"})
    play._editor._fields[0].value = "Hello {{ name }}"
    play._saving.save_version()
    assert play._saving.error == ""
    assert play.prompt.version == 2
    assert client.prompts.get(prompt_id, 2).render(name="x")[0]["content"] == "Hello x"
    assert play.values == {"name": "Ada"}
    assert play.run().df["prompt_version"].tolist() == ["2", "2"]


def test_a_prompt_is_saved_to_a_file(client: lab.Client, tmp_path: Path) -> None:
    play = _play(client, lab.Prompt("Hi {{ name }}", system="Be kind."))
    play._saving._path.value = str(tmp_path / "hi.md")
    play._saving.save_file()
    assert lab.Prompt.load(tmp_path / "hi.md") == play.prompt
    play._saving.save_version()
    assert play._saving.error == ""
    assert play.prompt.render(name="x")[0] == {"role": "system", "content": "Be kind."}


def test_the_code_gives_the_same_state_and_keys(client: lab.Client) -> None:
    data = pd.DataFrame(ROWS)
    play = Playground(
        "{{ name }} {{ mood }}",
        ["sim/a", lab.Target("mine", model="sim/b", temperature=0)],
        data,
        client=client,
        params={"max_tokens": 9, "top_p": 0.5},
    )
    play._stepper._next.click()
    play._form._fields["mood"].widget.value = "sad"
    play._boxes["sim/a"].value = False
    first = play.run()
    space: dict[str, Any] = {"client": client, "data": data}
    exec(play.to_code(), space)
    again = space["play"]
    for name in ("prompt", "values", "params", "models", "row"):
        assert getattr(again, name) == getattr(play, name), name
    assert again.to_code() == play.to_code()
    assert again.run().df["key"].tolist() == first.df["key"].tolist()


def test_what_it_shows_without_a_kernel_is_escaped_and_keyless() -> None:
    client = lab.Client("a-secret-key", "http://127.0.0.1:9/api")
    play = Playground("<script>{{ a }}", "m", client=client, values={"a": "<b>"})
    data, _ = play._repr_mimebundle_()
    assert "<script>" not in data["text/html"]
    assert "&lt;script&gt;" in data["text/html"]
    assert data["text/plain"] == repr(play)
    assert repr(play) == "Playground(Prompt('<script>{{ a }}'), 1 model, 0 tries)"
    assert "a-secret-key" not in data["text/html"] + play.to_code() + repr(play)


@pytest.mark.parametrize("temperature", [0, 0.0, 1, 0.25])
def test_a_number_is_sent_as_it_was_given(
    client: lab.Client, temperature: float
) -> None:
    params = {"temperature": temperature}
    tried = Playground("x", "sim/a", client=client, params=params).run()
    same = lab.compare("x", "sim/a", params=params, client=client, progress=False)
    assert tried.df["key"].tolist() == same.df["key"].tolist()


def test_a_grid_is_refused() -> None:
    with pytest.raises(lab.ConfigError, match="one plain value for each"):
        Playground("x", "sim/small", params={"temperature": lab.grid(0, 1)})


def test_the_estimate_is_of_who_would_be_asked(client: lab.Client) -> None:
    play = lab.Playground(
        "Say {{ word }}", ["sim/small", "sim/large"], client=client,
        values={"word": "yes"}, params={"max_tokens": 10},
    )  # fmt: skip
    both = play._form._preview.estimate
    assert "10 in an answer: sim/small $" in both
    assert "sim/large $" in both
    play.models = ["sim/large"]
    play.params = {"max_tokens": 20}
    one = play._form._preview.estimate
    assert "20 in an answer: sim/large $" in one
    assert "sim/small" not in one
