"""What came of a call, as columns: an answer, a failure, or neither."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import APIError, APIStatusError
from ..wire import Completion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..client.attempt import Trial
    from ..wire import Attempt, Choice

__all__ = ["broken_row", "failed_row", "rows_of", "stopped_row"]

_DATE = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")


def rows_of(primaries: Sequence[str], completion: Completion) -> list[dict[str, Any]]:
    """The columns of an answer: a row per choice, the totals on the first only.

    Args:
        primaries: Every model that was asked first; empty if the gateway alone knows.
        completion: The answer.
    """
    model = completion.model
    shared = {
        "status": "ok",
        "answered_model": model,
        "provider": completion.provider,
        "substituted": _is_substituted(tuple(primaries), model),
        "cached": completion.cached,
        "log_id": completion.log_id,
        "started_at": completion.started_at,
    }
    rows = [
        {**shared, "choice": choice.index, **_choice_columns(choice)}
        for choice in completion.choices
    ] or [{**shared, "choice": 0}]
    rows[0].update(_usage_columns(completion), **_time_columns(completion))
    return rows


def failed_row(error: APIError, trials: Sequence[Trial]) -> dict[str, Any]:
    """The columns of a call that failed, with what had come of its answer."""
    last = error.attempts[-1] if error.attempts else None
    # Sent and not refused: whether it was billed, nobody here can know.
    unsure = last is not None and last.sent and not isinstance(error, APIStatusError)
    return {
        "status": "maybe_billed" if unsure else "error",
        "error_type": type(error).__name__,
        "error_message": str(error),
        "log_id": error.log_id,
        "attempts": len(error.attempts),
        "retry_time": _earlier(error.attempts),
        "started_at": last.started_at if last else None,
        "queue_time": last.queue_time if last else None,
        **_partial_columns(trials),
    }


def broken_row(error: Exception, trials: Sequence[Trial]) -> dict[str, Any]:
    """The columns of a call that ended with a surprise, on our side of the wire."""
    return {
        **stopped_row(trials),
        "status": "maybe_billed" if _is_unsettled(trials) else "error",
        "error_type": type(error).__name__,
        "error_message": str(error),
    }


def stopped_row(trials: Sequence[Trial]) -> dict[str, Any]:
    """The columns of a call that was stopped: before it was sent, or after."""
    made = [trial for trial in trials if trial.was_sent or trial.has_ended]
    return {
        "status": "maybe_billed" if _is_unsettled(trials) else "skipped",
        "error_type": "stopped",
        "attempts": len(made),
        "started_at": made[-1].started_at if made else None,
        **_partial_columns(trials),
    }


def _is_unsettled(trials: Sequence[Trial]) -> bool:
    """Whether the last attempt was sent and nothing says that it is not billed."""
    return bool(trials) and trials[-1].was_sent and not trials[-1].is_refused


def _partial_columns(trials: Sequence[Trial]) -> dict[str, Any]:
    partial = trials[-1].partial if trials else None
    if partial is None:
        return {}
    answer = Completion(partial)
    return {"output": answer.text or None, "answered_model": answer.model}


def _choice_columns(choice: Choice) -> dict[str, Any]:
    tool_calls = choice.tool_calls
    return {
        "output": choice.text,
        "finish_reason": choice.finish_reason,
        **_parsed_columns(choice.parsed),
        "tool_calls": _calls(tool_calls),
        "tool_name": tool_calls[0].name if tool_calls else None,
        "logprob": _mean_logprob(choice.logprobs),
    }


def _parsed_columns(parsed: Any) -> dict[str, Any]:
    if parsed is None:
        return {"parsed": None}
    fields = _dumped(parsed, mode="python")
    fields = fields if isinstance(fields, dict) else {}
    named = {f"parsed_{name}": value for name, value in fields.items()}
    return {"parsed": _dumped(parsed, mode="json"), **named}


def _usage_columns(completion: Completion) -> dict[str, Any]:
    usage = completion.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "cost": completion.cost,
        "cost_source": completion.cost_source,
        "attempts": len(completion.attempts),
    }


def _time_columns(completion: Completion) -> dict[str, Any]:
    pace = completion.pace
    return {
        "latency": pace.latency,
        "latency_source": pace.source,
        "time_to_first_token": pace.time_to_first_token,
        "tokens_per_second": pace.tokens_per_second,
        "routing_time": pace.routing_time,
        "gateway_latency": pace.gateway_latency,
        "queue_time": pace.queue_time,
        "retry_time": completion.retry_time,
    }


@lru_cache(maxsize=1024)
def _is_substituted(asked: tuple[str, ...], answered: str | None) -> bool | None:
    """Whether another model answered than those that were asked first.

    A fallback is another: its answer must not count as the primary's. A dated name is
    still the same model.
    """
    if answered is None or not asked:
        return None
    return not any(_is_same(name, answered) for name in asked)


def _is_same(asked: str, answered: str) -> bool:
    asked = asked.rpartition("/")[2].removesuffix("-latest")
    answered = answered.rpartition("/")[2]
    rest = answered.removeprefix(asked)
    return answered.startswith(asked) and (not rest or bool(_DATE.fullmatch(rest)))


def _dumped(parsed: Any, *, mode: str) -> Any:
    if not hasattr(parsed, "model_dump"):
        return parsed
    try:
        return parsed.model_dump(mode=mode)
    except Exception:  # the class is the user's own code; the text is there in any case
        return None


def _calls(tool_calls: Any) -> str | None:
    if not tool_calls:
        return None
    calls = [{"name": c.name, "arguments": c.arguments} for c in tool_calls]
    return json.dumps(calls, ensure_ascii=False)


def _mean_logprob(logprobs: Any) -> float | None:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    values = [
        token["logprob"]
        for token in tokens or ()
        if isinstance(token, dict) and isinstance(token.get("logprob"), int | float)
    ]
    return sum(values) / len(values) if values else None


def _earlier(attempts: tuple[Attempt, ...]) -> float | None:
    if not attempts:
        return None
    return sum(a.queue_time + (a.latency or 0.0) + a.wait for a in attempts[:-1])
