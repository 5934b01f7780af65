"""The plots of a run, as methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from .. import plots
from .comparison import compare
from .cost_parts import cost_parts
from .front import on_front
from .headline import run_label
from .labels import row_labels
from .metrics import figures_of, metric_names
from .summary import summarize

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Plot"]

_By = str | Sequence[str]


class Plot:
    """Draws a run; each method returns the Axes it drew on.

    All take ``ax``, where to draw; None makes a figure of its own, which a notebook
    shows. What a reader must know of the models (simulated, very small) stands below
    the title.

    Args:
        frame: The frame of a run.
        manifest: What is known of it beside its rows; None means nothing is.

    Example:
        >>> import respan_lab as lab
        >>> r = lab.compare("Hi", ["sim/small", "sim/large"], progress=False)
        >>> r.plot.latency().get_title(loc="left")
        'Latency'
    """

    def __init__(
        self, frame: pd.DataFrame, manifest: Mapping[str, Any] | None = None
    ) -> None:
        self._frame = frame
        self._manifest = manifest

    def scores(
        self,
        score: str | None = None,
        *,
        by: _By | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw each group's score with its 95 % interval, in the order given.

        Args:
            score: The score's name, without ``score_``; None: the only one.
            by: One or more columns to group by, as in ``r.summary(by)``.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there is no such score, or one has to be chosen.
        """
        return plots.scores(self._summary(by), score=score, ax=ax)

    def differences(
        self,
        metric: str | None = None,
        baseline: object = None,
        *,
        by: _By = "model",
        margin: float = 0.02,
        correction: str | None = "holm",
        alpha: float = 0.05,
        errors: str = "zero",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw how far apart each pair is on the items both have, and what that shows.

        Differences within ``margin`` are shaded; all else as in ``r.compare``.

        Args:
            metric: A score's name; or ``cost``, ``latency``, ``time_to_first_token``,
                ``completion_tokens``, which are drawn as ratios. None: the only score.
            baseline: What all others are compared with; None draws every pair.
            by: The factor whose levels are compared.
            margin: How far apart two may be that count as equal.
            correction: ``holm``, ``bh`` or None.
            alpha: The error that is allowed.
            errors: ``zero`` or ``exclude``: refused and truncated answers.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: As ``r.compare`` does.
        """
        found = compare(
            self._frame,
            metric,
            baseline,
            by=by,
            margin=margin,
            correction=correction,
            alpha=alpha,
            errors=errors,
            manifest=self._manifest,
        )
        note = run_label(self._frame, self._manifest)
        return plots.differences(found, margin=margin, note=note, ax=ax)

    def pareto(
        self,
        score: str | None = None,
        *,
        x: Literal["cost", "latency"] = "cost",
        by: _By = "model",
        margin: float = 0.02,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw quality against cost or latency, and who is on the front.

        The line is the front of the means. A group has a dark ring if `Results.pareto`
        shows that it is on the front of score, cost and latency, and is hollow if it
        shows that it is not; else it may be.

        Args:
            score: The score's name, without ``score_``; None: the only one.
            x: ``cost``, mean US dollars a call; or ``latency``, median seconds.
            by: One or more columns that make a target; what is not among them is
                pooled.
            margin: How far apart two may be that are tied, as in ``r.pareto``.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there is no such score, or one has to be chosen.
        """
        [name] = metric_names(self._frame, f"score_{score}" if score else None)
        metric = f"score_{name.removeprefix('score_')}"
        told = self._manifest
        shown = on_front(self._frame, metric, by=by, margin=margin, manifest=told)
        return plots.pareto(
            self._summary(by).assign(on_front=shown),
            score=metric.removeprefix("score_"),
            x=x,
            lower_is_better=figures_of(
                self._frame, metric, manifest=told
            ).lower_is_better,
            ax=ax,
        )

    def latency(
        self,
        *,
        kind: Literal["ecdf", "box"] = "ecdf",
        by: _By = "model",
        ax: Axes | None = None,
    ) -> Axes:
        """Draw how long calls took, in seconds.

        Only calls count that were answered in this run, by the model that was asked,
        and not from a cache, as in the summary; the others are counted below.

        Args:
            kind: ``ecdf``, the part of the calls that took at most so long; or ``box``.
            by: One or more columns to group by; what is not among them is pooled.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there are no calls, or ``kind`` or ``by`` is unknown.
        """
        return plots.latency(self._calls(), kind=kind, by=by, ax=ax)

    def speed(self, *, by: _By = "model", ax: Axes | None = None) -> Axes:
        """Draw time to first token, in seconds, against tokens a second.

        Args:
            by: One or more columns to group by; what is not among them is pooled.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there are no calls, or ``by`` is unknown.
        """
        return plots.speed(self._calls(), by=by, ax=ax)

    def timeline(self, *, by: _By = "model", ax: Axes | None = None) -> Axes:
        """Draw latency, in seconds, over the time of the run.

        Args:
            by: One or more columns to group by; what is not among them is pooled.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If no call was begun, or ``by`` is unknown.
        """
        return plots.timeline(self._calls(), by=by, ax=ax)

    def cost(self, *, by: _By | None = None, ax: Axes | None = None) -> Axes:
        """Draw what a call cost on average, in US dollars, by what was paid for.

        A call's cost is split if the price lists' arithmetic comes to it.

        Args:
            by: One or more columns to group by; None: as in the summary.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there are no calls, or ``by`` is unknown.
        """
        calls = self._calls()
        parts = cost_parts(calls, manifest=self._manifest)
        return plots.cost(calls.assign(**parts), by=by, ax=ax)

    def tokens(self, *, by: _By | None = None, ax: Axes | None = None) -> Axes:
        """Draw how many tokens a call took on average, by kind.

        Args:
            by: One or more columns to group by; None: as in the summary.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there are no calls, or ``by`` is unknown.
        """
        return plots.tokens(self._calls(), by=by, ax=ax)

    def shares(self, *, ax: Axes | None = None) -> Axes:
        """Draw each model's part of a list's answers, beside the weight asked for.

        Args:
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If no target is a list.
        """
        return plots.shares(self._summary(), ax=ax)

    def heatmap(
        self, score: str | None = None, *, by: _By = "model", ax: Axes | None = None
    ) -> Axes:
        """Draw each item's score under each target: who fails where.

        Args:
            score: The score's name, without ``score_``; None: the only one.
            by: One or more columns that make a target; what is not among them is
                pooled.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If there is no such score, or one has to be chosen.
        """
        return plots.heatmap(self._calls(), score=score, by=by, ax=ax)

    def confusion(
        self, field: str | None = None, *, by: _By = "model", ax: Axes | None = None
    ) -> Axes:
        """Draw how often each label was answered where each was expected.

        Args:
            field: The field of structured answers; None: ``expected`` and the text.
            by: One or more columns, a matrix for each value.
            ax: Where to draw; None makes a figure of its own.

        Raises:
            ConfigError: If nothing is expected, or a field has to be chosen.
        """
        return plots.confusion(self._calls(), field, by=by, ax=ax)

    def __repr__(self) -> str:
        names = [name for name in vars(Plot) if not name.startswith("_")]
        return "Plot: " + ", ".join(f".{name}()" for name in names)

    def _summary(self, by: _By | None = None) -> pd.DataFrame:
        return summarize(self._frame, by=by, manifest=self._manifest)

    def _calls(self) -> pd.DataFrame:
        labels = row_labels(self._frame, self._manifest)
        return self._frame.assign(label=labels)
