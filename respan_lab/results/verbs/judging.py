"""The verbs that have answers compared, by a judge or by people."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..asides import Paying
from ..pairwise import pairwise
from ..rated import ratings
from .verbs import Verbs

if TYPE_CHECKING:
    from ...evaluators.pairwise_judge import PairwiseJudge
    from ..votes_frame import Votes

__all__ = ["Judging"]


class Judging(Verbs):
    """Has the answers compared that are there."""

    def pairwise(
        self,
        judge: PairwiseJudge,
        a: str | None = None,
        b: str | None = None,
        *,
        by: str = "model",
        budget: float | None = None,
        prices: Mapping[str, Any] | None = None,
        assume_price: Mapping[str, float] | None = None,
        maybe_billed: Literal["report", "resend"] = "report",
    ) -> Votes:
        """Have a judge say of each two answers to the same item which is better.

        Each pair is shown to the judge in both orders. Where it does not say the same
        twice, the vote is a tie. A verdict is kept in the run's ledger (else in that of
        the judge's client), so that the same question is never paid for twice.

        Args:
            judge: A `lab.pairwise_judge`.
            a: A model of the run; None is every model.
            b: Another; None is every other model. Without both, all pairs are judged.
            by: What ``a`` and ``b`` are levels of: ``model``, ``prompt``,
                ``prompt_version``, ``run_name``, or a ``param_<name>``.
            budget: Dollars that the judge may newly spend in this call; None has no
                limit. As in `run`, the worst case of each call is set aside before it
                is sent, and settled on what it has used, so that it is never passed. It
                needs a price and a ``max_tokens`` for the judge. What finds no room is
                not sent: its pair has no verdict, and
                ``attrs["judging"]`` tells what was ``spent`` and what the rest would
                cost (``unsent_cost``).
            prices: Prices to go by, by model, as ``{"input": ..., "output": ...}`` in
                dollars per million tokens; they are laid over the client's.
            assume_price: With a budget, the price of models that none is known for.
            maybe_billed: ``"resend"`` asks again what was sent before and never
                answered, and may pay for it twice.

        Returns:
            A row for each pair of answers: ``item``, what else they share (``prompt``
            …, ``run``), ``a``, ``b``, ``winner`` (a name or ``tie``; missing without a
            verdict in either order), ``winner_ab`` and ``winner_ba`` (with ``a`` shown
            first, and with ``b``), ``flipped`` (boolean, whether those differ),
            ``reason``, ``cost`` (dollars that the two verdicts cost when they were
            made), ``key_a``, ``key_b`` for `explain`. Its ``flip_rate``, ``tie_rate``
            and ``first_rate`` have 95 % Wilson intervals, ``favours`` says which
            position is shown to be favoured, ``cost`` what it all cost, and
            ``ranking()`` gives Bradley-Terry strengths.

        Raises:
            BudgetError: The budget is no number of dollars above 0.
            ConfigError: A name is not in the run, or the judge's model is unknown or
                cannot run, or with a budget its price is unknown or nothing limits
                what it writes; nothing was sent.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", ["sim/small", "sim/large"], progress=False)
            >>> votes = r.pairwise(lab.pairwise_judge("sim/large", "Which is nicer?"))
            >>> len(votes), votes.flip_rate.n
            (1, 1)
        """
        paying = Paying(budget, prices, assume_price, maybe_billed)
        return pairwise(self._df, self._manifest, judge, a=a, b=b, by=by, paying=paying)

    def ratings(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        by: str = "model",
        rater: str | None = None,
    ) -> Votes:
        """Read the votes that people gave these answers with a `lab.Rater`.

        Args:
            path: The file that the votes were kept in; None is
                ``<home>/ratings/<name>.jsonl``, where a `lab.Rater` keeps those of a
                run of that name.
            by: What was compared: ``model``, ``prompt`` …
            rater: Whose votes; None is everybody's.

        Returns:
            A row for each vote that stands, as `pairwise` gives: ``winner_ab`` is the
            verdict if ``a`` was shown first, ``winner_ba`` if ``b`` was, and the other
            is missing, as are ``flipped`` and ``cost``. ``winner`` is missing if the
            pair was skipped. Identical answers, which nobody is asked about, are ties
            with both missing. ``rater`` says whose it is. ``agreement(other)`` compares
            with a judge or another rater. Votes on other answers are left out, and
            counted in ``sentence``.

        Raises:
            ConfigError: There is no such file, factor or rater.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", ["sim/small", "sim/large"], progress=False)
            >>> r.ratings("nowhere.jsonl")
            Traceback (most recent call last):
            respan_lab.errors.ConfigError: there are no votes at nowhere.jsonl; ...
        """
        return ratings(self._df, self._manifest, path, by=by, rater=rater)
