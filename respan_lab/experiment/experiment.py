"""An experiment: what to ask, whom, and with what; running it gives results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Unpack

from ..client import Client
from ..errors import ConfigError, LedgerError
from ..evaluators import check_evaluators
from ..transport import hop, run
from ..wire.secrets import without_credentials
from .answers.rows import identity_row
from .estimating.forecasting import Forecaster
from .handle import Handle
from .job import Job
from .options import RunOptions, Settings, signature_with_options
from .pacing.pauses import no_collections
from .planning.additions import check_params, opened
from .planning.axes import Grid
from .planning.contents import render_all
from .planning.data import read_items
from .planning.plan import Asked, Cell, asked_of, compile_plan
from .planning.prompts import named_prompts
from .planning.saved import has_saved, pinned
from .planning.target import Target, as_targets

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Results
    from .planning.contents import Rendered

__all__ = ["Experiment"]

_NO_RUN = "<run id>"


class Experiment:
    """What to ask (`prompts` x `data`), whom (`models`), and with what (`params`).

    Making one checks everything and sends nothing; `run` sends.

    Args:
        prompts: A template with `{{ variables }}`, a `lab.Prompt`, a list of those, a
            dict of name to template, or one conversation (a list of messages). None:
            each row of the data brings its own `messages`, or every target its saved
            prompt. What `client.prompts.get` gives is sent by its id, rendered by the
            gateway; the model and `params` win over what the version sets
            (`schema_version` 1 without `override`).
        models: A model's name, a `lab.Target`, or a list of them; one request each.
        data: A DataFrame, a list of dicts, a path (`.csv`, `.jsonl`, `.parquet`), or
            anything with `to_pandas()`; None is one item.
        params: Parameters by their wire names, sent as they are; an axis is written
            `lab.grid(0, 0.7)`.
        repeat: How often each cell is asked.
        evaluators: Functions that score an answer, their names, or a dict of name to
            function; see `lab.evaluators`.
        expected: The data's column with the reference.
        item: The data's column with the item's id; without it, the index.
        name: What the experiment is called; None has no name.

    Raises:
        ConfigError: Something is unknown, contradictory, or named twice.
        PromptError: A variable has no column.

    Example:
        >>> len(Experiment("{{ a }}?", ["sim/small", "sim/large"], [{"a": "Why"}]))
        2
    """

    def __init__(
        self,
        prompts: Any,
        models: Any,
        data: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        repeat: int = 1,
        evaluators: Any = (),
        expected: str = "expected",
        item: str = "item",
        name: str | None = None,
    ) -> None:
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
            raise ConfigError(f"repeat={repeat!r}: use a whole number above 0")
        self.name = name
        self._prompts = named_prompts(prompts)
        self._targets = as_targets(models)
        self._items = read_items(data, expected=expected, item=item)
        self._params = opened(params or {})
        self._repeat = repeat
        self._estimate: pd.DataFrame | None = None
        self._evaluators = check_evaluators(() if evaluators is None else evaluators)
        check_params(self._params, self._targets, repeat=repeat)
        with no_collections():
            self._rendered = self._render()
            for asked in self._asked(self._targets):
                asked.check()  # before any is sent
        # What is changed outside from now on changes nothing here.
        self._params, self._targets = deepcopy((self._params, self._targets))

    def __len__(self) -> int:
        """How many cells: the calls of one run."""
        crossed = len(self._prompts or [None])
        count = sum(1 if target.prompt else crossed for target in self._targets)
        for axis in self._axes().values():
            count *= len(axis)
        return count * len(self._items) * self._repeat

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        prompts = len(self._prompts) if self._prompts is not None else 0
        return (
            f"Experiment({name}{len(self._targets)} models, {prompts} prompts, "
            f"{len(self._items)} items: {len(self)} cells)"
        )

    def plan(self, client: Client | None = None) -> pd.DataFrame:
        """Every cell that would be run, and all that would be sent; sends nothing.

        Saved prompts are looked up, since their version's number is part of the key.

        Args:
            client: Whose gateway the keys are for; None is `lab.Client()`.

        Returns:
            A row per cell: `key`, `model`, `prompt`, `prompt_version`, `param_*`,
            `item`, `run`, and `request`, the body as `run` with its defaults sends it
            (without credentials; the run's id, which is not known yet, is shown as
            `<run id>`).

        Example:
            >>> Experiment("Hi", ["sim/small", "sim/large"]).plan().model.tolist()
            ['sim/small', 'sim/large']
        """
        import pandas as pd

        client = _checked(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        return pd.DataFrame([_plan_row(c) for c in self._cells(client, targets)])

    def estimate(
        self,
        client: Client | None = None,
        *,
        pilot: int = 0,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame:
        """What `run` would take now, with the same options; sends only a `pilot`.

        From what the ledger knows of earlier runs: of the same prompt and target, else
        of the same target with prompts of about the size; else from a pilot; else a
        guess, between an answer of one token and what `budget=` would set aside. Calls
        are reckoned as if all were answered. What judges will cost is not in it.

        Args:
            client: Whose gateway would be asked; None is `lab.Client()`.
            pilot: How many cells of each target and prompt to have seen, as many for
                each value of an axis that changes an answer's length: those that no
                earlier run has are asked, of items picked by `order_seed`. They are in
                the ledger then, so that `run` does not ask them again. 0 sends nothing.
            **options: As for `run`.

        Returns:
            A row per target (and `prompt`, if there are several): `calls` to be sent,
            `answered` ones that are in the ledger already (`maybe_billed` ones too),
            `prompt_tokens`, `completion_tokens` and `tokens` of all those calls,
            `cost` in dollars with its 95 % interval `cost_low` to `cost_high`,
            missing if the price is not known (`priced`) or nothing bounds it; `basis`:
            `past runs`, `pilot` or `bounds`. What is shown also adds them up.

        Raises:
            ConfigError: An option is out of range; with a pilot, as `run`.
            LedgerError: The ledger cannot be used.

        Example:
            >>> from tempfile import mkdtemp
            >>> import respan_lab as lab
            >>> client = lab.Client(gateway=lab.Gateway(home=mkdtemp()))
            >>> asked = Experiment("Hi", ["sim/small"], params={"max_tokens": 8})
            >>> print(asked.estimate(client)[["calls", "tokens", "basis"]])
               calls  tokens   basis
            0      1      10  bounds
        """
        chosen, client = Settings.of(options), _checked(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        forecaster = self._forecaster(client, chosen, targets, pilot)
        self._estimate = run(forecaster.make())
        return self._estimate

    async def aestimate(
        self,
        client: Client | None = None,
        *,
        pilot: int = 0,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame:
        """What `run` would take now; as `estimate`, awaited.

        Args:
            client: Whose gateway would be asked; None is `lab.Client()`.
            pilot: How many cells of each target and prompt to have seen.
            **options: As for `run`.

        Raises:
            ConfigError: As `estimate`.
        """
        chosen, client = Settings.of(options), _checked(client)
        targets = self._targets
        if self._has_saved():
            targets = await hop(self._pinned(client))
        forecaster = self._forecaster(client, chosen, targets, pilot)
        self._estimate = await hop(forecaster.make())
        return self._estimate

    def power(
        self,
        difference: float | None = None,
        *,
        results: Results | None = None,
        metric: str | None = None,
        discordance: float | None = None,
        power: float = 0.8,
        correction: str | None = "holm",
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Tell which differences between models this would show; sends nothing.

        Args:
            difference: A true difference to be shown, as 0.05; None asks for none.
            results: An earlier run of such models, to learn how often two differ; None
                reckons with right and wrong answers and several such shares.
            metric: Of those results, as for their `compare`.
            discordance: The share of items on which two models differ; None tries
                0.1 to 0.4.
            power: How often it is to be shown, between 0 and 1.
            correction: As for `compare`, over all pairs of models.
            alpha: The error that is allowed.

        Returns:
            A row for each discordance, or for each pair of the results' models:
            `n_items`, `discordance`, `power`, `smallest_difference` that is shown so
            often, and `n_needed`, the items that show `difference`, if one is given.

        Raises:
            ConfigError: A value is out of range.

        Example:
            >>> rows = [{"a": i} for i in range(200)]
            >>> asked = Experiment("{{ a }}?", ["sim/small", "sim/large"], rows)
            >>> asked.power(discordance=0.2)["smallest_difference"].round(2).tolist()
            [0.09]
        """
        from ..results.power import planned_power

        n_items = len(self._items)
        if results is not None:
            return results.power(
                metric,
                difference,
                n_items=n_items,
                power=power,
                correction=correction,
                alpha=alpha,
            )
        return planned_power(
            n_items,
            len(self._targets),
            difference,
            discordance=discordance,
            power=power,
            correction=correction,
            alpha=alpha,
        )

    def run(
        self, client: Client | None = None, **options: Unpack[RunOptions]
    ) -> Results:
        """Ask everything, and wait for the results.

        Everything is written to a ledger before it is sent and before it is told, so
        cells that were answered before, by whatever run, are not sent again: run the
        cell once more after an interrupt, a crash or a change of the data, and only
        what has no answer yet is asked. Errors are asked again.

        Interrupting stops the calls in flight and raises `KeyboardInterrupt`, whose
        `results` are what had come by then (in a notebook, in the next cell:
        `sys.last_value.results`). So does whatever else ends a run early.

        What an embedded gateway ignored or changed of the requests is one
        `UserWarning` at the end, and in the results' `.manifest["warnings"]`.

        Args:
            client: Makes the calls; None is `lab.Client()`.
            **options: How:

                - `max_concurrency` (32): calls in flight at most; each provider is
                  found to take as many or fewer, and is given fewer when it says 429.
                - `requests_per_minute`, `tokens_per_minute` (None, no limit).
                - `timeout` (120.0): seconds for an attempt; None for no limit.
                - `retries` (2): further attempts on 408, 409, 429, 5xx and on faults
                  before anything was sent; never after a request was sent in vain.
                - `budget` (None): dollars that this run may spend, on its judges too.
                  Before each call its worst case is set aside, so calls need
                  `max_tokens`; what finds no room is `skipped`, or a missing score.
                - `prices` (None): model to `{"input": ..., "output": ...}`, dollars
                  per million tokens, laid over the price table; `assume_price` (None):
                  the same for models whose price nobody knows, for the budget alone.
                - `image_tokens` (None): the most tokens an image can have; a budget
                  refuses calls with images without it.
                - `stream` (True): without it there is no time to first token.
                - `store` (None): the ledger's path; None is `ledger.db` in the
                  gateway's home.
                - `fresh` (False): ask again what the ledger has answers for, too.
                - `mode` ("live"): "record" asks everything and keeps it; "replay" takes
                  every answer from the ledger, which stays as it is, needs no gateway
                  and sends nothing: a cell that is not recorded is a `LedgerError`.
                - `maybe_billed` ("report"): "resend" sends again what was sent before
                  and never answered, and may pay for it twice.
                - `stop` (None): a `lab.Stop`: the run ends as soon as it is shown which
                  target is better, and losers are asked no more.
                - `order_seed` (0): shuffles the items, the targets of each adjacent.
                - `progress` (True): the bar.

        Returns:
            The results, a row for every cell: failures too.

        Raises:
            ConfigError: A model or a saved prompt is unknown, or an option out of
                range; nothing was sent.
            PromptError: The data lacks a variable of a saved prompt; nothing was sent.
            APIError: A saved prompt could not be looked up; nothing was sent.
            LedgerError: The ledger cannot be used; whatever had come by then is in
                the error's `results`.
        """
        chosen, client = Settings.of(options), _checked(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        job = self._job(client, chosen, targets)
        with _kept(job):
            run(job.work())
            job.tell()
        return job.results()

    async def arun(
        self, client: Client | None = None, **options: Unpack[RunOptions]
    ) -> Results:
        """Ask everything, and await the results; as `run`.

        Args:
            client: Makes the calls; None is `lab.Client()`.
            **options: As for `run`.

        Returns:
            The results, a row for every cell: failures too.

        Raises:
            ConfigError: As `run`. Cancelling stops the calls in flight; the
                `CancelledError` has the `results` so far.
        """
        chosen, client = Settings.of(options), _checked(client)
        targets = self._targets
        if self._has_saved():
            targets = await hop(self._pinned(client))
        job = self._job(client, chosen, targets)
        with _kept(job):
            await hop(job.work())
            job.tell()
        return job.results()

    def start(
        self, client: Client | None = None, **options: Unpack[RunOptions]
    ) -> Handle:
        """Ask everything in the background, and give a handle at once.

        Args:
            client: Makes the calls; None is `lab.Client()`.
            **options: As for `run`.

        Returns:
            The live run: `.progress`, `.results` so far, `.stop()`, `.wait()`.

        Raises:
            ConfigError: An option is out of range; nothing was sent. What is found
                wrong later, such as an unknown model, `.wait()` raises.
        """
        chosen, client = Settings.of(options), _checked(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        return Handle(self._job(client, chosen, targets))

    def _render(self) -> Rendered:
        if any(target.prompt is None for target in self._targets):
            return render_all(self._prompts, self._items)
        if self._prompts is None:
            return {}
        raise ConfigError(
            "every target is a saved prompt, and those are not crossed with prompts; "
            "use prompts=None"
        )

    def _axes(self) -> dict[str, Grid[Any]]:
        return {
            n: value for n, value in self._params.items() if isinstance(value, Grid)
        }

    def _has_saved(self) -> bool:
        return has_saved(self._targets, self._prompts or ())

    async def _pinned(self, client: Client) -> list[Target]:
        return await pinned(
            client,
            self._targets,
            self._prompts or (),
            items=self._items,
            axes=self._axes(),
        )

    def _asked(self, targets: list[Target]) -> Iterator[Asked]:
        return asked_of(
            targets=targets,
            prompts=self._prompts,
            params=self._params,
            items=self._items,
            rendered=self._rendered,
        )

    def _cells(self, client: Client, targets: list[Target]) -> list[Cell]:
        with no_collections():
            return compile_plan(
                self._asked(targets),
                self._items,
                repeat=self._repeat,
                gateway_of=client.identity_of,
            )

    def _forecaster(
        self, client: Client, chosen: Settings, targets: list[Target], pilot: int
    ) -> Forecaster:
        return Forecaster(
            self._cells(client, targets),
            client,
            chosen,
            targets=targets,
            pilot=pilot,
            name=self.name,
        )

    def _job(self, client: Client, chosen: Settings, targets: list[Target]) -> Job:
        cells = self._cells(client, targets)
        if client.channel == "header":  # the one channel that may be too narrow
            for cell in cells:
                cell.request(run_id=_NO_RUN, stream=chosen.stream, channel="header")
        return Job(
            cells,
            client,
            chosen,
            targets=targets,
            evaluators=self._evaluators,
            name=self.name,
            estimate=self._estimate,
        )


def _checked(client: Client | None) -> Client:
    if client is None:
        return Client()
    if not isinstance(client, Client):
        raise ConfigError(
            f"client is a {type(client).__name__}; give a lab.Client, for example "
            "lab.Client(gateway=...)"
        )
    return client


@contextmanager
def _kept(job: Job) -> Iterator[None]:
    """Whatever ends a run early carries what had come: it has been paid for."""
    try:
        with job.progress:
            yield
    except BaseException as error:
        if not job.has_begun:  # nothing was sent
            raise
        with suppress(LedgerError):  # it is what has failed, and cannot be read
            error.results = job.results()  # type: ignore[attr-defined]  # a gift
            error.add_note("What had come is in the error's `.results`.")
        raise


def _plan_row(cell: Cell) -> dict[str, Any]:
    row = identity_row(cell, run_id=_NO_RUN, backend="")
    kept = ("key", "model", "prompt", "prompt_version", "item", "run")
    request = cell.request(run_id=_NO_RUN, stream=True)
    return {
        **{name: row[name] for name in kept[:4]},
        **{name: value for name, value in row.items() if name.startswith("param_")},
        **{name: row[name] for name in kept[4:]},
        "request": without_credentials(request.body),
    }


def _spell_out(*methods: Any) -> None:
    for method in methods:
        method.__signature__ = signature_with_options(method)


_spell_out(Experiment.estimate, Experiment.aestimate)
_spell_out(Experiment.run, Experiment.arun, Experiment.start)
