"""An experiment: what to ask, whom, and with what; running it gives results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Unpack

from ..client import Client
from ..errors import LedgerError
from ..transport import hop, run
from .design import NO_RUN, checked_client
from .forecasts import Forecasts
from .handle import Handle
from .job import Job
from .options import RunOptions, Settings, signature_with_options

if TYPE_CHECKING:
    from ..results import Results
    from .listening import Listener
    from .planning.target import Target

__all__ = ["Experiment"]


class Experiment(Forecasts):
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
        chosen, client = Settings.of(options), checked_client(client)
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
        chosen, client = Settings.of(options), checked_client(client)
        targets = self._targets
        if self._has_saved():
            targets = await hop(self._pinned(client))
        job = self._job(client, chosen, targets)
        with _kept(job):
            await hop(job.work())
            job.tell()
        return job.results()

    def start(
        self,
        client: Client | None = None,
        *,
        listener: Listener | None = None,
        **options: Unpack[RunOptions],
    ) -> Handle:
        """Ask everything in the background, and give a handle at once.

        Args:
            client: Makes the calls; None is `lab.Client()`.
            listener: For a view of the run: a function that is called with a `Heard`
                for each cell that is found, sent or over, and for each chunk of its
                answer. It is called on the background loop, so it must be quick. Its
                first error is a warning of `.wait()`, and harms no call. None for none.
            **options: As for `run`.

        Returns:
            The live run: `.progress`, `.results` so far, `.stop()`, `.wait()`.

        Raises:
            ConfigError: An option is out of range; nothing was sent. What is found
                wrong later, such as an unknown model, `.wait()` raises.
        """
        chosen, client = Settings.of(options), checked_client(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        return Handle(self._job(client, chosen, targets, listener))

    def _job(
        self,
        client: Client,
        chosen: Settings,
        targets: list[Target],
        listener: Listener | None = None,
    ) -> Job:
        cells = self._cells(client, targets)
        if client.channel == "header":  # the one channel that may be too narrow
            for cell in cells:
                cell.request(run_id=NO_RUN, stream=chosen.stream, channel="header")
        return Job(
            cells,
            client,
            chosen,
            targets=targets,
            evaluators=self._evaluators,
            name=self.name,
            estimate=self._estimate,
            listener=listener,
        )


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


def _spell_out(*methods: Any) -> None:
    for method in methods:
        method.__signature__ = signature_with_options(method)


_spell_out(Experiment.estimate, Experiment.aestimate)
_spell_out(Experiment.run, Experiment.arun, Experiment.start)
