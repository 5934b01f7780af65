"""What an experiment asks, checked when it is made: nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ..client import Client
from ..errors import ConfigError
from ..evaluators import check_evaluators
from ..transport import run
from ..wire.secrets import without_credentials
from .answers.rows import identity_row
from .pacing.pauses import no_collections
from .planning.additions import check_params, opened
from .planning.axes import Grid
from .planning.contents import render_all
from .planning.data import read_items
from .planning.plan import Asked, Cell, asked_of, compile_plan
from .planning.prompts import named_prompts
from .planning.saved import has_saved, pinned
from .planning.target import Target, as_targets

if TYPE_CHECKING:
    import pandas as pd

    from .planning.contents import Rendered

__all__ = ["NO_RUN", "Design", "checked_client"]

NO_RUN = "<run id>"


class Design:
    """What is asked, whom, and with what; see `Experiment` for the arguments."""

    def __init__(
        self,
        prompts: Any,
        models: Any,
        data: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        repeat: int = 1,
        evaluators: Any = (),
        expected: str = "expected",
        item: str = "item",
        name: str | None = None,
    ) -> None:
        if isinstance(repeat, bool) or not isinstance(repeat, int) or repeat < 1:
            raise ConfigError(f"repeat={repeat!r}: use a whole number above 0")
        self.name = name
        self._prompts = named_prompts(prompts)
        self._targets = as_targets(models)
        self._items = read_items(data, expected=expected, item=item)
        self._params = opened(params or {})
        self._repeat = repeat
        self._evaluators = check_evaluators(() if evaluators is None else evaluators)
        check_params(self._params, self._targets, repeat=repeat)
        with no_collections():
            self._rendered = self._render()
            for asked in self._asked(self._targets):
                asked.check()  # before any is sent
        # What is changed outside from now on changes nothing here.
        self._params, self._targets = deepcopy((self._params, self._targets))

    def __len__(self) -> int:
        """How many cells: the calls of one run."""
        crossed = len(self._prompts or [None])
        count = sum(1 if target.prompt else crossed for target in self._targets)
        for axis in self._axes().values():
            count *= len(axis)
        return count * len(self._items) * self._repeat

    def __repr__(self) -> str:
        name = f"{self.name!r}, " if self.name else ""
        prompts = len(self._prompts) if self._prompts is not None else 0
        return (
            f"Experiment({name}{len(self._targets)} models, {prompts} prompts, "
            f"{len(self._items)} items: {len(self)} cells)"
        )

    def plan(self, client: Client | None = None) -> pd.DataFrame:
        """Every cell that would be run, and all that would be sent; sends nothing.

        Saved prompts are looked up, since their version's number is part of the key.

        Args:
            client: Whose gateway the keys are for; None is `lab.Client()`.

        Returns:
            A row per cell: `key`, `model`, `prompt`, `prompt_version`, `param_*`,
            `item`, `run`, and `request`, the body as `run` with its defaults sends it
            (without credentials; the run's id, which is not known yet, is shown as
            `<run id>`).

        Example:
            >>> lab.Experiment("Hi", ["sim/small", "sim/large"]).plan().model.tolist()
            ['sim/small', 'sim/large']
        """
        import pandas as pd

        client = checked_client(client)
        targets = run(self._pinned(client)) if self._has_saved() else self._targets
        return pd.DataFrame([_plan_row(c) for c in self._cells(client, targets)])

    def _render(self) -> Rendered:
        if any(target.prompt is None for target in self._targets):
            return render_all(self._prompts, self._items)
        if self._prompts is None:
            return {}
        raise ConfigError(
            "every target is a saved prompt, and those are not crossed with prompts; "
            "use prompts=None"
        )

    def _axes(self) -> dict[str, Grid[Any]]:
        return {
            n: value for n, value in self._params.items() if isinstance(value, Grid)
        }

    def _has_saved(self) -> bool:
        return has_saved(self._targets, self._prompts or ())

    async def _pinned(self, client: Client) -> list[Target]:
        return await pinned(
            client,
            self._targets,
            self._prompts or (),
            items=self._items,
            axes=self._axes(),
        )

    def _asked(self, targets: list[Target]) -> Iterator[Asked]:
        return asked_of(
            targets=targets,
            prompts=self._prompts,
            params=self._params,
            items=self._items,
            rendered=self._rendered,
        )

    def _cells(self, client: Client, targets: list[Target]) -> list[Cell]:
        with no_collections():
            return compile_plan(
                self._asked(targets),
                self._items,
                repeat=self._repeat,
                gateway_of=client.identity_of,
            )


def checked_client(client: Client | None) -> Client:
    """Give the client that was given; None is `lab.Client()`.

    Raises:
        ConfigError: It is something else.
    """
    if client is None:
        return Client()
    if not isinstance(client, Client):
        raise ConfigError(
            f"client is a {type(client).__name__}; give a lab.Client, for example "
            "lab.Client(gateway=...)"
        )
    return client


def _plan_row(cell: Cell) -> dict[str, Any]:
    row = identity_row(cell, run_id=NO_RUN, backend="")
    kept = ("key", "model", "prompt", "prompt_version", "item", "run")
    request = cell.request(run_id=NO_RUN, stream=True)
    return {
        **{name: row[name] for name in kept[:4]},
        **{name: value for name, value in row.items() if name.startswith("param_")},
        **{name: row[name] for name in kept[4:]},
        "request": without_credentials(request.body),
    }
