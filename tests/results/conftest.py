"""Rows of a small run, made without a gateway."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from respan_lab.results import Results, build_frame

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def call():
    """Give one answered call as a row; keywords replace its values."""

    def make(model="openai/gpt-4o-mini", item=0, **values):
        row = {
            "key": f"{model}-{item}",
            "run_id": "run-1",
            "model": model,
            "asked_model": model,
            "prompt": "short",
            "item": item,
            "run": 0,
            "choice": 0,
            "output": "refund",
            "status": "ok",
            "answered_model": model,
            "provider": model.partition("/")[0],
            "gateway": "embedded",
            "prompt_tokens": 40,
            "completion_tokens": 10,
            "cost": 0.001,
            "cost_source": "price_table",
            "latency": 0.5,
            "latency_source": "measured",
            "attempts": 1,
            "started_at": START + timedelta(seconds=1),
        }
        return {**row, **values}

    return make


@pytest.fixture
def failed(call):
    """Give one failed call as a row."""

    def make(model="openai/gpt-4o-mini", item=0, **values):
        nothing = dict.fromkeys(
            ("output", "answered_model", "provider", "cost", "cost_source", "latency")
            + ("latency_source", "prompt_tokens", "completion_tokens")
        )
        error = {"error_type": "RateLimitError", "error_message": "slow down"}
        return call(model, item, **{**nothing, "status": "error", **error, **values})

    return make


@pytest.fixture
def frame_of():
    """Make a frame of rows, models and prompts in order of appearance."""

    def make(rows):
        models = list(dict.fromkeys(row["model"] for row in rows))
        prompts = list(dict.fromkeys(row.get("prompt") for row in rows))
        return build_frame(rows, models=models, prompts=prompts)

    return make


@pytest.fixture
def results_of(frame_of):
    """Make Results of rows."""

    def make(rows, **manifest):
        return Results(frame_of(rows), manifest)

    return make
