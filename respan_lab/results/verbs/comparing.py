"""Verbs that add up and compare."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..comparison import compare
from ..comparison_frame import Comparison
from ..noted import Noted
from ..power import power as power_of
from ..stopped import stop_note
from ..summary import summarize
from .verbs import Verbs

__all__ = ["Comparing"]


class Comparing(Verbs):
    """Adds the calls up, and compares what was asked."""

    def summary(self, by: str | Sequence[str] | None = None) -> pd.DataFrame:
        """Add the calls up: one row per model, prompt, version and grid point.

        Of several runs (`lab.concat`), one such row for each run.

        Args:
            by: One or more columns of ``.df`` to group by instead; an empty list
                gives one row in all.

        Returns:
            The columns of ``SUMMARY_COLUMNS`` that have a value: counts (Int64);
            each score's mean with its 95 % Wilson interval; ``cost``, dollars a call,
            and ``cost_total``, both over the calls of known cost, ``unpriced`` the
            others; medians in seconds, of calls that this run asked and that were
            answered neither from a cache nor by another model; mean tokens a call; for
            lists each model's share of the answers beside its weight; ``label``, what
            a reader must know of a model.
            A failed call has no score: it is in ``errors``, not in the mean. Of a run
            with ``stop=`` it says below that its intervals hold at all looks.

        Raises:
            ConfigError: If ``by`` names a column that ``.df`` does not have.
        """
        summary = summarize(self._df, by=by, manifest=self._manifest)
        note = stop_note(self._df, self._manifest)
        return summary if note is None else Noted.of(summary, [note])

    def compare(
        self,
        metric: str | Sequence[str] | None = None,
        baseline: object = None,
        *,
        by: str | Sequence[str] = "model",
        margin: float = 0.02,
        correction: str | None = "holm",
        alpha: float = 0.05,
        errors: str = "zero",
    ) -> Comparison:
        """Say who is better: each pair on the items that both have.

        *Better* and *worse* are said only if that is shown, *tied* only if the two are
        shown to be within ``margin`` of each other, else *undecided*, with the further
        items that would settle it. Repeats of an item, and its other prompts and grid
        points, are averaged first: they are no new items.

        Args:
            metric: A score's name without ``score_``; or ``cost``, ``latency``,
                ``time_to_first_token``, ``completion_tokens``, of which less is better
                and which are compared by ratios. A list of them is one family. None
                is the only score.
            baseline: The level that all others are compared with; None compares every
                pair.
            by: The factor: ``model``, ``prompt``, ``prompt_version``,
                ``param_<name>``, ``run_name``; of several, each combination is a level.
            margin: How far apart two may be that count as equal, in the score's unit;
                of a ratio, as its logarithm (0.02 is 2 %).
            correction: ``holm`` or ``bh`` over the rows of the call; None for none.
            alpha: The error that is allowed.
            errors: What becomes of answers that were refused or cut off and that no
                evaluator scored: ``zero`` gives them the worst score, ``exclude``
                leaves them out. Other calls that failed are always left out. If the
                two lead to different verdicts, both are told.

        Returns:
            A row for each pair and metric: ``metric``, ``a``, ``b``, ``n_items``,
            ``diff`` (a's less b's; of a ratio, the natural logarithm of a's over b's)
            with ``ci_low``, ``ci_high`` at ``ci_level``, ``p_value``, ``p_adjusted``
            and ``test`` (missing under 15 items), ``verdict`` of a against b,
            ``n_more``. It shows itself with a sentence for each row.

        Raises:
            ConfigError: A name is not in the frame, a value is out of range, or there
                are no two levels.

        Example:
            >>> import respan_lab as lab
            >>> rows = [{"x": str(i), "expected": str(i)} for i in range(20)]
            >>> r = lab.compare("Say {{ x }}", ["sim/small", "sim/large"], rows,
            ...                 evaluators="exact_match", progress=False)
            >>> r.compare()[["a", "b", "n_items"]].to_dict("records")
            [{'a': 'sim/small', 'b': 'sim/large', 'n_items': 20}]
        """
        return compare(
            self._df,
            metric,
            baseline,
            by=by,
            margin=margin,
            correction=correction,
            alpha=alpha,
            errors=errors,
            manifest=self._manifest,
        )

    def power(
        self,
        metric: str | Sequence[str] | None = None,
        difference: float | None = None,
        *,
        by: str | Sequence[str] = "model",
        n_items: int | None = None,
        power: float = 0.8,
        correction: str | None = "holm",
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Give the smallest difference that so many items can show of each pair.

        It is reckoned from how often the two of a pair differed in this run.

        Args:
            metric: As for `compare`.
            difference: A true difference to be shown, in the metric's unit (of a
                ratio, as its natural logarithm); None asks for none.
            by: The factor whose levels are compared.
            n_items: How many items; None takes those the two have in common.
            power: How often it is to be shown, between 0 and 1.
            correction: As for `compare`: for the first of so many rows.
            alpha: The error that is allowed.

        Returns:
            A row for each pair and metric: ``metric``, ``a``, ``b``, ``n_items``,
            ``discordance`` (the share of items on which the two differ), ``spread``
            (the standard deviation of an item's difference), ``power``,
            ``smallest_difference``; and ``n_needed``, the items in all that show
            ``difference``, if one is given.

        Raises:
            ConfigError: As `compare`.
        """
        return power_of(
            self._df,
            metric,
            difference,
            by=by,
            n_items=n_items,
            power=power,
            correction=correction,
            alpha=alpha,
            manifest=self._manifest,
        )
