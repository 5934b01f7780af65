"""Verbs that fail, for notebooks that are tests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ..comparison_frame import Comparison
from ..expectations import expect
from ..regressions import expect_no_regression
from .verbs import Verbs

__all__ = ["Expecting"]


class Expecting(Verbs):
    """Fails if the calls do not show what they should."""

    def expect(
        self,
        metric: str,
        op: str,
        value: float,
        *,
        model: str | Sequence[str] | None = None,
        ci: bool = False,
    ) -> None:
        """Fail unless a figure of every target is as it should be.

        Args:
            metric: A score's name; ``cost``, ``latency`` (the median), or any other
                figure of `summary`, such as ``errors``; or a kind of `failures`, such
                as ``refused``, whose rate it is.
            op: ``>=``, ``>``, ``<=``, ``<``, ``==`` or ``!=``.
            value: What the figure is compared with: dollars, seconds, a share.
            model: The target, or several; None is all of them.
            ci: Whether not the figure itself but the end of its 95 % interval must
                hold, so that more than luck is shown: the lower end for ``>=``, the
                upper one for ``<=``.

        Raises:
            AssertionError: It does not hold of a target, or its figure (or, with
                ``ci``, its interval) is not known; it names each figure, its interval
                and the number it is of.
            ConfigError: There is no such figure or model, or no call.

        Example:
            >>> r = lab.compare("Hi", "sim/small", progress=False)
            >>> r.expect("errors", "==", 0)
            >>> r.expect("ok", ">", 1)
            Traceback (most recent call last):
            AssertionError: expected ok > 1 of each target, but:
              sim/small · prompt: ok is 1 (no interval is known, n=1)
        """
        expect(self._df, metric, op, value, model=model, ci=ci, manifest=self._manifest)

    def expect_no_regression(
        self,
        baseline: Any | str | os.PathLike[str],
        metric: str | Sequence[str] | None = None,
        *,
        margin: float = 0.02,
        alpha: float = 0.05,
    ) -> Comparison:
        """Fail if a target is shown to be worse than it was in an earlier run.

        Each target that both runs have is compared with itself by the items that both
        have, as ``lab.concat([old, new]).compare(by="run_name")`` does. It passes if
        nothing is shown, which is not to say that all is well: look at what is
        undecided in the frame that it gives.

        Args:
            baseline: The earlier run's `lab.Results`, or a path that
                `lab.Results.load` takes.
            metric: A score, ``cost``, ``latency`` …, or a list; None is every score
                that both runs have.
            margin: How far apart two may be that count as equal.
            alpha: The chance of failing though nothing became worse, for all targets
                and metrics together (Holm's correction).

        Returns:
            The frame of `compare`, a row for each target (``a``) and metric against
            the ``baseline`` (``b``); it says in a sentence what is shown of each.

        Raises:
            AssertionError: One is worse; it names the difference, its interval, the
                items and the p-value.
            ConfigError: The two have no model, no metric or no scored item in common.

        Example:
            >>> rows = [{"x": str(i), "expected": str(i)} for i in range(20)]
            >>> r = lab.compare("Say {{ x }}", "sim/small", rows,
            ...                 evaluators="exact_match", progress=False)
            >>> r.expect_no_regression(r)[["a", "b", "n_items"]].to_dict("records")
            [{'a': 'sim/small', 'b': 'baseline', 'n_items': 20}]
        """
        return expect_no_regression(
            self._df,
            baseline,
            metric,
            margin=margin,
            alpha=alpha,
            manifest=self._manifest,
        )
