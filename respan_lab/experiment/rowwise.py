"""A prompt for every row of a frame, the answers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Unpack, overload

import pandas as pd

from ..errors import ConfigError, PromptError
from ..results.accessor import Accessor
from ..results.dtypes import is_missing, text_column
from ..results.wording import count
from .experiment import Experiment
from .options import RunOptions, signature_with_options
from .planning.target import as_targets

if TYPE_CHECKING:
    from ..client import Client
    from ..results import Results

__all__ = ["Asked", "Lab"]


class Asked(NamedTuple):
    """A frame with its answers, and all that is known of them.

    Attributes:
        frame: The frame with the answers' columns.
        results: Of the run; None if the frame had no row, and nothing was asked.
    """

    frame: pd.DataFrame
    results: Results | None


class Lab(Accessor):
    """The verbs of results on a frame, and `ask`, which needs no certain columns.

    Args:
        df: Any frame.
    """

    @overload
    def ask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = ...,
        expected: str = ...,
        params: Mapping[str, Any] | None = ...,
        client: Client | None = ...,
        return_results: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame: ...

    @overload
    def ask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = ...,
        expected: str = ...,
        params: Mapping[str, Any] | None = ...,
        client: Client | None = ...,
        return_results: Literal[True],
        **options: Unpack[RunOptions],
    ) -> Asked: ...

    def ask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = "answer",
        expected: str = "expected",
        params: Mapping[str, Any] | None = None,
        client: Client | None = None,
        return_results: bool = False,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame | Asked:
        """Ask about every row of the frame, and put the answers beside it.

        Args:
            template: A text with ``{{ column }}``, a `lab.Prompt`, or a conversation;
                None if each row brings its own ``messages``.
            models: A model's name, a `lab.Target`, or a list of them.
            column: What the answers' column is called.
            expected: The column with the reference, which no model sees.
            params: Parameters by their wire names.
            client: Makes the calls; None is `lab.Client()`.
            return_results: Also give the run's `lab.Results`.
            **options: Exactly the options of `Experiment.run`, such as ``budget``.

        Returns:
            The frame with ``answer`` and ``answer_note`` (both string), or of several
            models ``answer_<model>`` and ``answer_<model>_note``; rows, index and
            columns as they were. Where a call failed, the answer is missing and the
            note says why; it also says that an answer was cut off. With
            ``return_results`` a pair, ``frame`` and ``results``, whose items are the
            rows' positions.

        Raises:
            ConfigError: Something is unknown or out of range, a row would be asked
                several things, or there is such a column already; nothing was sent.
            PromptError: The template names what is no column, or what a row lacks
                (None, NaN); nothing was sent.

        Example:
            >>> import respan_lab.pandas
            >>> words = pd.DataFrame({"word": ["yes", "no"]}, index=["a", "a"])
            >>> asked = words.lab.ask("{{ word }}?", "sim/small", progress=False)
            >>> list(asked), list(asked.index), int(asked["answer"].count())
            (['word', 'answer', 'answer_note'], ['a', 'a'], 2)
        """
        asking = _asking(
            self._given, template, models, column=column, expected=expected,
            params=params,
        )  # fmt: skip
        run = None
        if asking.experiment is not None:
            run = asking.experiment.run(client, **options)
        return asking.asked(run) if return_results else asking.asked(run).frame

    @overload
    async def aask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = ...,
        expected: str = ...,
        params: Mapping[str, Any] | None = ...,
        client: Client | None = ...,
        return_results: Literal[False] = ...,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame: ...

    @overload
    async def aask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = ...,
        expected: str = ...,
        params: Mapping[str, Any] | None = ...,
        client: Client | None = ...,
        return_results: Literal[True],
        **options: Unpack[RunOptions],
    ) -> Asked: ...

    async def aask(
        self,
        template: Any,
        models: Any,
        *,
        column: str = "answer",
        expected: str = "expected",
        params: Mapping[str, Any] | None = None,
        client: Client | None = None,
        return_results: bool = False,
        **options: Unpack[RunOptions],
    ) -> pd.DataFrame | Asked:
        """Ask as `ask` does, awaited: ``await df.lab.aask(...)``."""
        asking = _asking(
            self._given, template, models, column=column, expected=expected,
            params=params,
        )  # fmt: skip
        run = None
        if asking.experiment is not None:
            run = await asking.experiment.arun(client, **options)
        return asking.asked(run) if return_results else asking.asked(run).frame


class _Asking(NamedTuple):
    """What is asked, and where the answers go."""

    frame: pd.DataFrame
    names: list[str]  # of the models
    columns: list[str]  # for answers and notes
    experiment: Experiment | None  # None if there is no row

    def asked(self, results: Results | None) -> Asked:
        n_rows = len(self.frame)
        answers = [text_column([]) for _ in self.columns]
        if results is not None:
            answers = _answers(results.df, self.names, n_rows)
        added = dict(zip(self.columns, answers, strict=True))
        return Asked(self.frame.assign(**added), results)


def _asking(
    frame: pd.DataFrame,
    template: Any,
    models: Any,
    *,
    column: str,
    expected: str,
    params: Mapping[str, Any] | None,
) -> _Asking:
    if frame.columns.nlevels > 1:
        raise ConfigError(
            f"the frame's columns have {frame.columns.nlevels} levels; give them one: "
            'df.columns = ["_".join(map(str, each)) for each in df.columns]'
        )
    names = [str(target.name) for target in as_targets(models)]
    columns = _columns(frame, names, column)
    if not len(frame.index):
        return _Asking(frame, names, columns, None)
    experiment = _experiment(frame, template, models, expected=expected, params=params)
    _check_one_each(experiment, len(frame), len(names))
    return _Asking(frame, names, columns, experiment)


def _columns(frame: pd.DataFrame, names: list[str], column: str) -> list[str]:
    if not isinstance(column, str) or not column:
        raise ConfigError(f"column={column!r}: use a name, a text")
    stems = [column] if len(names) == 1 else [f"{column}_{name}" for name in names]
    columns = [each for stem in stems for each in (stem, f"{stem}_note")]
    for each in columns:
        if each in frame:
            raise ConfigError(
                f"the frame has a column {each!r}; choose another, column='reply', or "
                f"drop it first: df.drop(columns={each!r})"
            )
    return columns


def _experiment(
    frame: pd.DataFrame,
    template: Any,
    models: Any,
    *,
    expected: str,
    params: Mapping[str, Any] | None,
) -> Experiment:
    row = "row"  # the position: an index may be anything, and occur twice
    while row in frame:
        row = f"_{row}"
    data = frame.reset_index(drop=True).assign(**{row: range(len(frame))})
    try:
        return Experiment(
            template, models, data, params=params, expected=expected, item=row
        )
    except PromptError as error:
        raise _told_by_row(error, frame) from None


def _told_by_row(error: PromptError, frame: pd.DataFrame) -> PromptError:
    """Say which rows lack a value, and what to do; else give the error as it is."""
    names = list(error.missing)
    if not names or not set(names) <= set(frame.columns):
        return error
    lacking = frame[names].isna().any(axis=1).to_numpy(dtype=bool)
    place = int(lacking.argmax())
    label = frame.index[place]
    which = ", ".join(map(repr, names))
    return PromptError(
        f"{int(lacking.sum()):,} of {count(len(frame), 'row')} without {which}, the "
        f"first at index {label!r:.80} (position {place}): leave them out, "
        f"df.dropna(subset={names}), or give a value, "
        f'df.fillna({{{names[0]!r}: "unknown"}})',
        missing=names,
    )


def _check_one_each(experiment: Experiment, n_rows: int, n_models: int) -> None:
    each = len(experiment) // (n_rows * n_models)
    if each > 1:
        raise ConfigError(
            f"each row would be asked {each} things of a model, and an answers' column "
            "holds one: give one template and no lab.grid; lab.compare takes several"
        )


def _answers(calls: pd.DataFrame, names: list[str], n_rows: int) -> list[Any]:
    """Give each model's answers and notes, in the order of the rows."""
    texts = {name: ([None] * n_rows, [None] * n_rows) for name in names}
    first = calls[calls["choice"].fillna(0) == 0]
    wanted = ["model", "item", "output", "status", "finish_reason"]
    wanted += ["error_type", "error_message"]
    for row in first[wanted].astype(object).to_dict("records"):
        answers, notes = texts[str(row["model"])]
        if row["status"] == "ok" and not is_missing(row["output"]):
            answers[row["item"]] = row["output"]
        notes[row["item"]] = _note(row)
    return [text_column(each) for pair in texts.values() for each in pair]


def _note(row: Mapping[Any, Any]) -> Any:
    if row["status"] == "ok":
        return "cut off: length" if row["finish_reason"] == "length" else None
    parts = (row["status"], row["error_type"], row["error_message"])
    return ": ".join(str(part) for part in parts if not is_missing(part))


def _spell_out(method: Any) -> None:
    method.__signature__ = signature_with_options(method)


_spell_out(Lab.ask)
_spell_out(Lab.aask)
