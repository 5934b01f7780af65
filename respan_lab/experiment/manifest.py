"""What is known of a run beside its rows."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .._version import __version__
from ..evaluators import lower_is_better
from ..wire.secrets import without_credentials

if TYPE_CHECKING:
    from .job import Job

__all__ = ["hash_of_text", "manifest_of"]


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
        "judges": job.judges.manifest(),
        "estimate": job.estimate_score,
        "stop": None if job.race is None else job.race.manifest(),
        "pacing": _pacing(job),
        "loop_lag": job.engine.lag.state,
        "options": _options(job),
        "targets": {t.name: without_credentials(t.fields) for t in job.targets},
        "route_providers": {
            t.name: t.route_provider for t in job.targets if t.route_provider
        },
        "prompts": _templates(job),
        "prompt_hashes": {n: _hash(t) for n, t in _templates(job).items()},
        "params": _params(job),
        "data": {"items": len(job.plan.items), "hash": job.data_hash},
        "evaluators": list(job.plan.evaluators),
        "lower_is_better": lower_is_better(job.evaluators),
        "warnings": dict(job.engine.warnings),
        "labels": {**job.judges.labels, **(gates.labels if gates else {})},
        "provenance": gates.provenance if gates else {},
        "timings": _timings(job),
        "versions": {
            "respan_lab": __version__,
            "python": platform.python_version(),
            # The price table comes with it.
            "genai_prices": _prices_version(),
        },
        "machine": {
            "system": platform.system(),
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        },
    }


@functools.cache
def _prices_version() -> str:
    return version("genai_prices")  # reads a file


def _options(job: Job) -> dict[str, Any]:
    options = asdict(job.settings)  # a rule to stop by becomes its fields
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


def _params(job: Job) -> dict[str, Any]:
    """The parameters of the first cell; those on an axis are in the frame."""
    if not job.cells:
        return {}
    axes = job.cells[0].point
    plain = {n: v for n, v in job.cells[0].params.items() if n not in axes}
    return without_credentials(json.loads(json.dumps(plain, default=repr)))


def _hash(value: Any) -> str:
    return hash_of_text(json.dumps(value, sort_keys=True, default=repr))


def hash_of_text(text: str) -> str:
    """The first 16 hex digits of a text's SHA-256.

    Example:
        >>> hash_of_text("")
        'e3b0c44298fc1c14'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _timings(job: Job) -> dict[str, float | None]:
    """Seconds: of the whole run so far, and of that until the first call was made."""
    begun = job.calling_since
    return {
        "total": time.perf_counter() - job.began,
        "set_up": None if begun is None else begun - job.began,
    }
