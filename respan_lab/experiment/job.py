"""One run of an experiment: its id, its bar, its results and their manifest."""

from __future__ import annotations

import platform
import uuid
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..wire.secrets import without_credentials
from .engine import Engine
from .gates import open_gates
from .notices import tell
from .pauses import short_pauses
from .progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ..client import Client
    from ..results import Results
    from .gates import Gates
    from .options import Settings
    from .plan import Cell
    from .target import Target

__all__ = ["Job"]


class Job:
    """One run of an experiment.

    Args:
        cells: What is run.
        client: Makes the calls.
        settings: How.
        targets: What is asked.
        evaluators: Score the answers.
        name: The experiment's; None has none.
    """

    def __init__(
        self,
        cells: list[Cell],
        client: Client,
        settings: Settings,
        *,
        targets: list[Target],
        evaluators: Mapping[str, Callable[..., Any]],
        name: str | None,
    ) -> None:
        self.run_id = uuid.uuid4().hex[:12]
        self.progress = Progress(len(cells), name=name, enabled=settings.progress)
        self._engine = Engine(
            cells, client, settings, evaluators=evaluators, run_id=self.run_id
        )
        self._cells, self._client, self._settings = cells, client, settings
        self._targets, self._name = targets, name
        self._started_at = datetime.now(UTC)
        self._gates: Gates | None = None

    async def work(self) -> None:
        """Check the models, then run every cell.

        Raises:
            ConfigError: A model is unknown or cannot run; nothing was sent.
        """
        self._gates = await open_gates(self._client.catalogue, self._targets)
        with short_pauses():
            await self._engine.run(self._gates, self.progress)

    def tell(self) -> None:
        """Give one Python warning for all that the gateway warned of."""
        tell(self._engine.warnings)

    def results(self) -> Results:
        """What has come so far."""
        from ..results import Results, build_frame

        prompts = [cell.prompt.name for cell in self._cells if cell.prompt]
        frame = build_frame(
            self._engine.rows(),
            models=[target.name for target in self._targets],
            prompts=list(dict.fromkeys(prompts)),
        )
        return Results(frame, self._manifest())

    def _manifest(self) -> dict[str, Any]:
        gates = self._gates
        return {
            "run_id": self.run_id,
            "name": self._name,
            "started_at": self._started_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "gateway": self._client.backend,
            "base_url": self._client.base_url,
            "cells": len(self._cells),
            "options": asdict(self._settings),
            "targets": {t.name: without_credentials(t.fields) for t in self._targets},
            "prompts": self._templates(),
            "warnings": dict(self._engine.warnings),
            "labels": gates.labels if gates else {},
            "provenance": gates.provenance if gates else {},
            "versions": {
                "respan_lab": __version__,
                "python": platform.python_version(),
            },
        }

    def _templates(self) -> dict[str, Any]:
        named = {
            cell.prompt.name: cell.prompt.prompt for cell in self._cells if cell.prompt
        }
        return {name: prompt.template for name, prompt in named.items()}
