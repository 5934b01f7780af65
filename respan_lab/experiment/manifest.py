"""What is known of a run beside its rows."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..wire.secrets import without_credentials

if TYPE_CHECKING:
    from .job import Job

__all__ = ["manifest_of"]


def manifest_of(job: Job) -> dict[str, Any]:
    """Give the manifest of a run, as it is by now: plain values, no credentials."""
    gates, found = job.gates, job.found
    return {
        "run_id": job.run_id,
        "name": job.name,
        "started_at": job.started_at.isoformat(),
        "finished_at": datetime.now(UTC).isoformat(),
        "gateway": job.client.backend,
        "base_url": job.client.base_url,
        "cells": len(job.cells),
        "ledger": {
            "path": str(job.store),
            "answered_before": len(found.answered) if found else 0,
            "maybe_billed_before": len(found.unsure) if found else 0,
        },
        "budget": job.spending.manifest(),
        "pacing": _pacing(job),
        "loop_lag": job.engine.lag.state,
        "options": _options(job),
        "targets": {t.name: without_credentials(t.fields) for t in job.targets},
        "prompts": _templates(job),
        "warnings": dict(job.engine.warnings),
        "labels": gates.labels if gates else {},
        "provenance": gates.provenance if gates else {},
        "versions": {"respan_lab": __version__, "python": platform.python_version()},
    }


def _options(job: Job) -> dict[str, Any]:
    options = asdict(job.settings)
    return options | {"store": str(job.store)}


def _templates(job: Job) -> dict[str, Any]:
    named = {cell.prompt.name: cell.prompt.prompt for cell in job.cells if cell.prompt}
    return {name: prompt.template for name, prompt in named.items()}


def _pacing(job: Job) -> dict[str, Any]:
    pace = job.engine.pace
    if pace is None:
        return {}
    return {
        "limits": {name: limit.state for name, limit in pace.turns.limits.items()},
        "furthest_ahead": pace.turns.furthest_ahead,
    }
