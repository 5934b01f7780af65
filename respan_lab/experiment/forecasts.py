"""What an experiment would take and could show, before it is paid for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from ..client import Client
from ..transport import hop, run
from .design import Design, checked_client
from .estimating.forecasting import Forecaster
from .options import RunOptions, Settings

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Results
    from .planning.target import Target

__all__ = ["Forecasts"]


class Forecasts(Design):
    """Tells calls, tokens and dollars beforehand, and what a run could show."""

    _estimate: pd.DataFrame | None = None

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
        are reckoned as if all were answered, each answer unlike all others. Judges have
        rows of their own, from earlier verdicts by the same rubric; how long the
        answers are that they will see is a guess while those are not there. What
        judges inside functions of yours ask is not in it.

        Args:
            client: Whose gateway would be asked; None is `lab.Client()`.
            pilot: How many cells of each target and prompt to have seen, as many for
                each value of an axis that changes an answer's length: those that no
                earlier run has are asked, of items picked by `order_seed`. They are in
                the ledger then, so that `run` does not ask them again, nor judges about
                them: a pilot's answers are judged. 0 sends nothing.
            **options: As for `run`.

        Returns:
            A row per target (and `prompt`, if there are several), then one per judge,
            whose name is in `judge` (missing for targets): `calls` to be sent,
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
            >>> asked = lab.Experiment("Hi", ["sim/small"], params={"max_tokens": 8})
            >>> print(asked.estimate(client)[["calls", "tokens", "basis"]])
               calls  tokens   basis
            0      1      10  bounds
        """
        chosen, client = Settings.of(options), checked_client(client)
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
        chosen, client = Settings.of(options), checked_client(client)
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
            >>> asked = lab.Experiment("{{ a }}?", ["sim/small", "sim/large"], rows)
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
            evaluators=self._evaluators,
        )
