"""Two versions of a prompt: what changed in it, and what that changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .headline import headline, run_label
from .results import Results
from .versions_frame import Deltas, Flipped, deltas, flipped
from .versions_views import html_view, markdown_view

if TYPE_CHECKING:
    from ..prompts.diff import PromptDiff

__all__ = ["VersionComparison"]


class VersionComparison:
    """A new version of a prompt against the old one; `compare_versions` gives it.

    In a notebook it shows what changed in the prompt, what that changed in words, and
    the answers that flipped.

    Args:
        results: Of the run that asked both.
        diff: What changed in the prompt.
        old: What the old version is called in ``results.df["prompt"]``.
        new: The new one.
        metric: As for `compare_versions`, and so is the rest.
        margin: How far apart two may be that count as equal.
        correction: ``holm``, ``bh`` or None.
        alpha: The error that is allowed.

    Attributes:
        results: Of the run: the `Results` with all its verbs.
        diff: What changed in the prompt.
        old: What the old version is called.
        new: What the new one is called.
    """

    def __init__(
        self,
        results: Results,
        diff: PromptDiff,
        *,
        old: str,
        new: str,
        metric: str | Sequence[str] | None = None,
        margin: float = 0.02,
        correction: str | None = "holm",
        alpha: float = 0.05,
    ) -> None:
        self.results = results
        self.diff = diff
        self.old, self.new = old, new
        self._metric = metric
        self._how: dict[str, Any] = {
            "margin": margin,
            "correction": correction,
            "alpha": alpha,
        }

    @cached_property
    def comparison(self) -> Deltas:
        """What the new version changed: a row for each model and metric.

        The columns of `Results.compare` with ``model`` before them (``all models`` is
        all together, where there are several); ``a`` is the new version, ``b`` the
        old, ``diff`` the mean over items of new less old (of cost and latency the
        natural logarithm of new over old). All rows are one family of tests.
        """
        return deltas(
            self.results.df,
            self.old,
            self.new,
            self._metric,
            manifest=self.results.manifest,
            **self._how,
        )

    @cached_property
    def flipped(self) -> Flipped:
        """The pairs of answers whose score changed, the largest change first.

        ``metric``, ``change`` (``better`` or ``worse``), ``model``, ``param_*``,
        ``item``, of repeats ``run``, then ``score_old``, ``score_new``,
        ``output_old``, ``output_new``, the item's columns, ``key_old`` and
        ``key_new``; no row without an evaluator.
        """
        return flipped(
            self.results.df,
            self.old,
            self.new,
            self._metric,
            manifest=self.results.manifest,
        )

    @property
    def title(self) -> str:
        """What is compared, and how many calls there were."""
        told = headline(self.results.df, self.results.manifest)
        return f"{self.new} against {self.old} · {told}"

    @property
    def label(self) -> str | None:
        """What a reader must know of who answered, such as *simulated*; or None."""
        return run_label(self.results.df, self.results.manifest)

    def to_markdown(self) -> str:
        """Give it as Markdown, for a pull request; no text in it is markup."""
        return markdown_view(self)

    def __repr__(self) -> str:
        label = [self.label] if self.label else []
        told = [*self.comparison.sentences, *self.flipped.sentences]
        lines = [self.title, *label, str(self.diff), *told, *self.comparison.notes]
        return "VersionComparison: " + "\n".join(lines)

    def _repr_html_(self) -> str:
        return html_view(self)
