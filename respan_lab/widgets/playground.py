"""A place to try a prompt by hand: edit, ask several models, look, compare, keep."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from ..client import Client
from ..errors import ConfigError
from ..experiment import Experiment, Target
from ..experiment.planning.data import read_items
from ..experiment.planning.target import as_targets
from ..prompts import Prompt
from .all_rows import AllRows
from .history import History
from .lanes import Lanes
from .panel import Panel, reported
from .parameters import Parameters
from .playground_parts import lanes_for, tries_path
from .playground_state import State
from .prompt_form import PromptForm
from .saving import Saving
from .shown import lines
from .side import beside
from .stepper import Stepper
from .template_editor import TemplateEditor
from .tries import Tried, Tries

if TYPE_CHECKING:
    import pandas as pd

    from ..experiment.handle import Handle
    from ..results import Results

__all__ = ["Playground"]


class Playground(State, Panel):
    """A prompt's template, variables, models and parameters, with a button to try it.

    **Run** asks the ticked models, side by side as their answers come. A try is an
    experiment of one item, with the keys of
    ``lab.compare(prompt, models, [values], params=params)``: what was answered before
    comes from the ledger and costs nothing, unless **ask again** is ticked. Each try is
    a line of a file, so that another kernel has the history again. A prompt that a
    gateway keeps is sent by its id until it is edited.

    Args:
        prompt: The prompt, or its template.
        models: Who can be asked: a name, a `lab.Target`, or a list of them.
        data: Rows to step through, as for `lab.compare`; None for none.
        client: Makes the calls; None is `lab.Client()`.
        params: Parameters by their wire names; None for none.
        values: Variables that are laid over the first row's; None for none.
        choices: The values to choose from, by variable; None for any value.
        evaluators: Score a run on all rows, as for `lab.compare`.
        expected: The data's column with the reference.
        item: The data's column with the item's id; without it, the index.
        path: The file of tries; None is ``playground/<the prompt's name>.jsonl`` in
            the gateway's home.

    Attributes:
        results: Of the last run on all rows; None before one is over.

    Raises:
        PromptError: The template has a mistake.
        ConfigError: A model, a row or a parameter is not what it should be.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway(seed=1, sim_time_scale=0))
        >>> play = Playground("Hi {{ name }}", ["sim/small"], client=client)
        >>> play.values = {"name": "Ada"}
        >>> play.run().df["status"].tolist()
        ['ok']
        >>> play.history[["try", "model", "from_ledger"]].values.tolist()
        [[1, 'sim/small', False]]
    """

    def __init__(
        self,
        prompt: str | Sequence[Mapping[str, Any]] | Prompt,
        models: Any,
        data: Any = None,
        *,
        client: Client | None = None,
        params: Mapping[str, Any] | None = None,
        values: Mapping[str, Any] | None = None,
        choices: Mapping[str, Sequence[Any]] | None = None,
        evaluators: Any = (),
        expected: str = "expected",
        item: str = "item",
        path: str | os.PathLike[str] | None = None,
    ) -> None:
        prompt = prompt if isinstance(prompt, Prompt) else Prompt(prompt)
        listed = [models] if isinstance(models, str | Target) else list(models)
        names = [target.name for target in as_targets(listed)]
        self._models = dict(zip(names, listed, strict=True))
        self._given_client, self._client = client, client or Client()
        self._data, self._choices, self._given_path = data, dict(choices or {}), path
        self._scoring = {"evaluators": evaluators, "expected": expected, "item": item}
        self._rows = (
            [] if data is None else read_items(data, expected=expected, item=item)
        )
        home = tries_path(Path(self._client.home), prompt.name)
        self._handle: Handle | None = None
        self._results: dict[str, Results] = {}
        self._make(prompt, Tries(Path(path) if path else home), params or {}, values)

    def _make(
        self,
        prompt: Prompt,
        tries: Tries,
        params: Mapping[str, Any],
        values: Mapping[str, Any] | None,
    ) -> None:
        """Put the parts together."""
        self._editor = TemplateEditor(prompt, self._edited)
        self._form = PromptForm(
            prompt,
            choices=self._choices,
            client=self._client,
        )
        self._boxes = {
            name: ipywidgets.Checkbox(True, description=name, indent=False)
            for name in self._models
        }
        for box in self._boxes.values():
            box.observe(lambda _: self._label(), "value")
        self._params = Parameters(params, self._label)
        self._stepper = Stepper(len(self._rows), self._stepped)
        self._run = ipywidgets.Button(button_style="primary")
        self._run.on_click(lambda _: self._clicked())
        self._stop = ipywidgets.Button(description="Stop", disabled=True)
        self._stop.on_click(lambda _: self.stop())
        self._fresh = ipywidgets.Checkbox(
            False, description="ask again", indent=False, tooltip="pay for it anew"
        )
        self._lanes = Lanes()
        self._history = History(tries, self._frame, self.restore)
        self._saving = Saving(self)
        self._all = AllRows(
            len(self._rows), self._experiment, self._client, self._signature
        )
        rows = [self._stepper] if self._rows else []
        every = [self._all] if self._rows else []
        buttons = beside([self._run, self._stop, self._fresh])
        super().__init__(
            [
                *(self._editor, *rows, self._form),
                beside(list(self._boxes.values())),
                *(self._params, buttons, self._lanes),
                *(*every, self._history, self._saving),
            ]
        )
        self._label()
        if self._rows:
            self._stepped(0)
        if values:
            self.values = values

    @property
    def history(self) -> pd.DataFrame:
        """The frame of all tries: ``try``, from 1, then the columns of a run.

        What the ledger has no more has a row with its ``run_id`` alone.
        """
        return self._history.frame()

    @property
    def experiment(self) -> Experiment:
        """What **Run on all rows** runs; without data, what **Run** does."""
        return self._experiment() if self._rows else self._one()

    @property
    def results(self) -> Results | None:
        """Of the last run on all rows; None before one is over."""
        return self._all.results

    def run(self, *, wait: bool = True, fresh: bool = False) -> Any:
        """Ask the ticked models, as the button does.

        Args:
            wait: Whether to wait for the answers.
            fresh: Ask again what the ledger has answers for, too.

        Returns:
            The results; the live run, if they are not waited for.

        Raises:
            ConfigError: No model is ticked, a parameter is wrong, or it runs already.
            PromptError: A variable has no value, or the template has a mistake.
        """
        handle = self._begun(fresh=fresh)
        if wait:
            return self._finish(handle)
        threading.Thread(target=self._follow, args=(handle,), daemon=True).start()
        return handle

    @reported
    def stop(self) -> None:
        """Cut off what is being asked; it may have been billed."""
        if self._handle is not None:
            self._handle.stop()

    def restore(self, number: int) -> None:
        """Put a try of the history back into the form.

        Args:
            number: Which, from 1.

        Raises:
            ConfigError: There is no such try.
        """
        tried = self._history.tried(number)
        self.prompt = tried.prompt
        self.values = dict(tried.values)
        self.params = tried.params
        self.models = [name for name in tried.models if name in self._models]

    def _asked(self) -> list[str | Target]:
        asked = [self._models[name] for name in self.models]
        if not asked:
            raise ConfigError("no model is ticked: tick one or more")
        return asked

    def _one(self) -> Experiment:
        """What **Run** runs."""
        self._form.rendered  # noqa: B018  # says which variables have no value
        data = [self.values] if self.values else None
        return Experiment(
            self.prompt, self._asked(), data, params=self.params, name="playground"
        )

    def _experiment(self) -> Experiment:
        names = dict.fromkeys(name for row in self._rows for name in row.variables)
        extra = {n: v for n, v in self.values.items() if n not in names}
        data = (
            self._data if not extra else [self._full(row, extra) for row in self._rows]
        )
        return Experiment(
            self.prompt, self._asked(), data, params=self.params, **self._scoring
        )

    def _full(self, row: Any, extra: Mapping[str, Any]) -> dict[str, Any]:
        """A row with what only the form says."""
        ids = {self._scoring["item"]: row.id, self._scoring["expected"]: row.expected}
        return {**extra, **row.variables, **ids}

    def _signature(self) -> Any:
        return self.prompt, self.models, self.params, self.values

    def _begun(self, *, fresh: bool) -> Handle:
        if self._handle is not None and self._handle.is_running:
            raise ConfigError("it runs already: wait for it, or stop it")
        experiment, prompt = self._one(), self.prompt
        targets = as_targets(self._asked())
        self._lanes.begin(lanes_for(targets, self._client, self._form.rendered))
        handle = self._handle = experiment.start(
            self._client, listener=self._lanes.take, fresh=fresh, progress=False
        )
        self._run.disabled, self._stop.disabled = True, False
        now, row = datetime.now(UTC), self.row
        tried = (prompt, self.values, self.models, self.params, row)
        self._history.add(Tried(now, handle.run_id, *tried))
        return handle

    @reported
    def _clicked(self) -> None:
        self.run(wait=False, fresh=self._fresh.value)

    def _follow(self, handle: Handle) -> None:
        with self.reporting():
            self._finish(handle)

    def _finish(self, handle: Handle) -> Results:
        try:
            results = handle.wait()
            self._results[handle.run_id] = results
            frame = results.df
            self._lanes.finish(frame[~frame["key"].duplicated()].to_dict("records"))
        finally:
            self._run.disabled, self._stop.disabled = False, True
        self._history.show()
        return results

    def _frame(self, run_id: str) -> pd.DataFrame:
        """The frame of a try: as it came, else out of the ledger."""
        handle = self._handle
        if handle is not None and handle.run_id == run_id and handle.is_running:
            return handle.results.df  # more will come
        if run_id not in self._results:
            from ..results import Results

            store = Path(self._client.home) / "ledger.db"
            self._results[run_id] = Results.load(store, run=run_id)
        return self._results[run_id].df

    @reported
    def _edited(self) -> None:
        prompt = self._editor.prompt
        if prompt != self._form.prompt:
            self._form.prompt = prompt

    @reported
    def _stepped(self, row: int) -> None:
        found = self._rows[row].variables
        names = [name for name in self._form.prompt.variables if name in found]
        self.values = {**self.values, **{name: found[name] for name in names}}

    @reported
    def _label(self) -> None:
        """Have the button and the estimate say who would be asked."""
        n = len(self.models)
        self._run.description = f"Run {n} model{'' if n == 1 else 's'}"
        asked = [one for one in self._asked() if isinstance(one, str)] if n else []
        self._form.price(asked, self.params.get("max_tokens"))

    def _static(self) -> str:
        said = {"models": ", ".join(self.models)}
        said |= {name: str(value) for name, value in self.params.items()}
        asked = lines("Playground", said) + self._form._static()
        return asked + self._lanes._static() + self._history._static()

    def __repr__(self) -> str:
        n, tries = len(self.models), len(self._history)
        said = f"{n} model{'' if n == 1 else 's'}"
        tried = f"{tries} tr{'y' if tries == 1 else 'ies'}"
        return f"Playground({self._form.prompt!r}, {said}, {tried})"
