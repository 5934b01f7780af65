"""The verb that scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, Literal, TypeVar

from ...evaluators.naming import Evaluators
from ..asides import Paying
from ..rescoring import rescored
from .verbs import Verbs

__all__ = ["Scoring"]

Given = TypeVar("Given")  # Results of Results, a frame of a frame


class Scoring(Verbs, Generic[Given]):
    """Scores the answers that are there."""

    def score(
        self,
        *evaluators: Evaluators,
        budget: float | None = None,
        prices: Mapping[str, Any] | None = None,
        assume_price: Mapping[str, float] | None = None,
        maybe_billed: Literal["report", "resend"] = "report",
    ) -> Given:
        """Score the answers anew, without a call; what was scored before stays.

        A `lab.judge` alone makes calls, through its ``client`` (else `lab.Client()`),
        for what the run's ledger has no verdict on; what that costs is added to
        ``manifest["judges"]``.

        Functions are run as when answers arrive: async ones are awaited, others run in
        threads for several answers at once; one that fails gives a missing score and a
        note. They take ``output``, ``expected``, ``parsed`` (plain values),
        ``tool_calls``, ``variables``, ``row`` (all columns by name, earlier scores
        too) and ``completion``, which is read from the run's ledger, and None where
        that is not at hand. Only rows whose ``status`` is ``ok`` are scored.

        Args:
            *evaluators: Functions, names such as ``"exact_match"``, or a dict name ->
                function; see `lab.evaluators`. One that scored before is replaced.
            budget: Dollars that judges may newly spend in this call; None has no limit.
                As in `run`, the worst case of each call is set aside before it is sent,
                and settled on what it has used, so that it is never passed. It needs a
                price and a ``max_tokens`` for the judge. What finds no room is not
                sent: its score is missing with a
                note, and ``manifest["judging"]`` tells what was ``spent`` and what the
                rest would cost (``unsent_cost``).
            prices: Prices to go by, by model, as ``{"input": ..., "output": ...}`` in
                dollars per million tokens; they are laid over the client's.
            assume_price: With a budget, the price of models that none is known for.
            maybe_billed: ``"resend"`` asks a judge again what was sent before and never
                answered, and may pay for it twice.

        Returns:
            The same rows with columns ``score_<name>`` (boolean or Float64) and
            ``note_<name>`` (string); the manifest lists the evaluators, and in
            ``lower_is_better`` those whose small scores are good.

        Raises:
            BudgetError: The budget is no number of dollars above 0.
            ConfigError: An evaluator is unknown, has no name, or is given twice; or
                none is given; or a judge's model is unknown, or with a budget its price
                is, or nothing limits what it writes. Nothing was sent.

        Example:
            >>> import respan_lab as lab
            >>> data = [{"word": "yes", "expected": "oui"}]
            >>> r = lab.compare("{{ word }}?", "sim/small", data, progress=False)
            >>> r.score("length").df["score_length"].notna().tolist()
            [True]
        """
        paying = Paying(budget, prices, assume_price, maybe_billed)
        found = rescored(self._df, self._manifest, evaluators, paying)
        given: Any = self._with(*found)
        return given  # type: ignore[no-any-return]  # what `_with` gives, the heir knows
