"""Verbs that help to decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic

import pandas as pd

from ..choice import Choice, choose
from ..disagreements import disagreements
from ..failures import failures
from ..front import pareto
from ..repricing import repriced
from .scoring import Given
from .verbs import Verbs

__all__ = ["Deciding"]


class Deciding(Verbs, Generic[Given]):
    """Tells what goes wrong, where two differ, and which to take."""

    def choose(
        self,
        metric: str | None = None,
        *,
        within: float = 0.02,
        max_cost: float | None = None,
        max_latency: float | None = None,
    ) -> Choice:
        """Choose the cheapest target that is shown to be good enough.

        Good enough is at most ``within`` worse than the best: the lower end of the
        paired difference to every other target lies above ``-within``, at an error of
        5 % for the whole choice (each bound is one-sided, at 5 % over the number of
        targets less one; paired rates by Tango's score interval). If that is shown of
        none, there is no choice: what may be best is told, and what would settle it.

        Args:
            metric: A score's name; None is the only one. Of a ratio such as
                ``completion_tokens``, ``within`` is its logarithm (0.02 is 2 %).
            within: How much worse than the best is good enough, in the score's unit.
            max_cost: Targets whose mean call costs more dollars are left out, and
                those of unknown cost; None for no limit.
            max_latency: Targets whose median call takes more seconds, likewise.

        Returns:
            An object that shows itself: ``model`` (None for no choice),
            ``may_be_best``, ``n_more`` (items) and ``dollars``, ``comparisons`` (a
            frame) and ``sentence``. The best is that within the limits; a target
            without any score is left out.

        Raises:
            ConfigError: A name is not in the run, the metric has to be chosen, or a
                value is out of range.

        Example:
            >>> rows = [{"x": str(i), "expected": str(i)} for i in range(20)]
            >>> r = lab.compare("Say {{ x }}", ["sim/small", "sim/large"], rows,
            ...                 evaluators="exact_match", progress=False)
            >>> r.choose(within=0.3).may_be_best
            ['sim/small', 'sim/large']
        """
        return choose(
            self._df,
            metric,
            within=within,
            max_cost=max_cost,
            max_latency=max_latency,
            manifest=self._manifest,
        )

    @property
    def failures(self) -> pd.DataFrame:
        """What goes wrong, by target and kind, with how often.

        A row per target (the group columns of `summary`) and ``kind``, a category:
        ``refused``, ``truncated``, ``schema``, ``rate_limit``, ``timeout``, and as far
        as they occur ``connection``, ``server``, ``bad_request``, ``other``,
        ``maybe_billed``, ``skipped``; `respan_lab.results.failures.KINDS` says what
        each is. ``n`` (Int64) is out of how many: answers for the first two, answers
        that were to have a form for ``schema``, all calls for ``skipped``, else the
        calls that were sent. ``count`` (Int64), ``rate`` (Float64), and its 95 %
        Wilson interval ``ci_low`` to ``ci_high``, repeats of an item counted as far as
        they differ; missing if ``n`` is 0.

        Kinds overlap: an answer can be cut off and so not fit its schema, and a call
        that timed out may have been billed. A refusal is what the evaluator
        ``refusal`` says one is: by the words, in English. ``schema`` is of answers to
        ``response_format``: of a pydantic class those that it did not take, of a JSON
        schema those that do not fit it.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> print(r.failures[["kind", "n", "count"]].head(2))
                    kind  n  count
            0    refused  1      0
            1  truncated  1      0
        """
        return failures(self._df, self._manifest)

    def disagreements(
        self, a: str, b: str, metric: str | None = None, *, by: str = "model"
    ) -> pd.DataFrame:
        """Put the answers of two targets side by side where they differ.

        Args:
            a: A model of the run.
            b: Another.
            metric: The score by which they differ; ``"output"`` for the answers'
                texts, form aside (case, blanks, punctuation at the end). None is the
                only score, or the text if there is none.
            by: What ``a`` and ``b`` are levels of: ``model``, ``prompt``,
                ``prompt_version``, ``run_name``, or a ``param_<name>``.

        Returns:
            A row for each pair that differs, of answers to the same item, prompt,
            parameters and repeat; the largest difference first, else in the order of
            the items. Columns: what they share (``prompt`` …, ``item``, ``run`` if
            there are repeats), ``var_<name>``, ``expected``; ``score_a``,
            ``score_b``, ``output_a``, ``output_b``, and ``key_a``, ``key_b`` for
            `explain`. Pairs of which one has no answer, or no score, are left out:
            see ``errors``. In a notebook it marks the words that differ.

        Raises:
            ConfigError: A name is not in the run, or the metric has to be chosen.

        Example:
            >>> import respan_lab as lab
            >>> models = ["sim/small", "sim/large"]
            >>> r = lab.compare("Hi", models, progress=False)
            >>> list(r.disagreements(*models, "output").columns[-4:])
            ['output_a', 'output_b', 'key_a', 'key_b']
        """
        return disagreements(self._df, a, b, metric=metric, by=by)

    def pareto(
        self,
        metric: str | None = None,
        *,
        by: str | Sequence[str] = "model",
        margin: float = 0.02,
    ) -> pd.DataFrame:
        """Give the Pareto front of quality, cost and latency, as far as it is shown.

        ``on_front`` goes by the paired comparisons of every two targets in all three
        (`compare`, Holm's correction over all of them). It is False if another target
        is shown better in one of them, and better or tied in the others. It is True if
        against each other target it is shown better in one, or tied in all. Else it is
        missing: this run does not show it.

        Args:
            metric: The score that stands for quality; None is the only one.
            by: What is compared: ``model``, or a list such as ``["model", "prompt"]``.
            margin: How far apart two may be that are tied: in points of a score, of
                cost and latency as a logarithm (0.02 is 2 %).

        Returns:
            A row for each target: the columns of ``by``, ``score_<name>`` (mean),
            ``cost`` (mean dollars a call) and ``latency_p50`` (median seconds), each
            with its own 95 % interval ``<name>_ci_low`` to ``<name>_ci_high``, all
            Float64; ``on_front`` (boolean). Costs or times that are not known of any
            call are left out, of the columns and of the rule.

        Raises:
            ConfigError: A name is not in the run, or the metric has to be chosen.

        Example:
            >>> rows = [{"x": str(i), "expected": str(i)} for i in range(20)]
            >>> r = lab.compare("Say {{ x }}", ["sim/small", "sim/large"], rows,
            ...                 evaluators="exact_match", progress=False)
            >>> r.pareto()[["model", "on_front"]].to_dict("records")[0]
            {'model': 'sim/small', 'on_front': True}
        """
        return pareto(self._df, metric, by=by, margin=margin, manifest=self._manifest)

    def reprice(self, prices: Mapping[str, Mapping[str, float]]) -> Given:
        """Reckon what the calls would have cost at other prices.

        Args:
            prices: Model to ``{"input": 1.0, "output": 5.0}``, and if you like
                ``"cached_input"`` and ``"cache_write"`` (else cached tokens cost what
                input does), in dollars per million tokens. A model is called as it
                answered or was asked for, with or without its provider and its date,
                or by its target's name; where another answered, its own price counts.

        Returns:
            The same rows with another ``cost`` and the ``cost_source`` ``what_if``;
            missing where the tokens are not known, as of calls that failed. Models
            without a price here keep their cost, and so do answers from a response
            cache, which no vendor bills. It is of the answering attempt's tokens:
            other billed attempts of a cell are not in it. The manifest has the prices
            as ``repriced``.

        Raises:
            ConfigError: A price is missing, unknown, negative or not a number, or of a
                model that did not answer.

        Example:
            >>> import respan_lab as lab
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> free = r.reprice({"sim/small": {"input": 0, "output": 0}})
            >>> free.cost, free.df["cost_source"].tolist()
            (0.0, ['what_if'])
        """
        given: Any = self._with(*repriced(self._df, self._manifest, prices))
        return given  # type: ignore[no-any-return]  # what `_with` gives, the heir knows
