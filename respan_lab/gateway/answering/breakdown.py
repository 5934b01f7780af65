"""What the gateway adds to an answer: the breakdown, and the prompt it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..record import Record

__all__ = ["breakdown", "extra_chunks", "with_extras"]


def with_extras(payload: dict[str, Any], record: Record) -> dict[str, Any]:
    """Give a plain answer with what the caller asked for beside it.

    Args:
        payload: The answer, as a `chat.completion`.
        record: The call, which has ended.

    Returns:
        The very payload if nothing was asked for.
    """
    extras: dict[str, Any] = {}
    if (echo := _echo(record)) is not None:
        extras["prompt_message"] = echo
    if record.asked is not None and record.asked.wants_breakdown:
        extras["request_breakdown"] = breakdown(record)
    return {**payload, **extras} if extras else payload


def extra_chunks(record: Record) -> list[dict[str, Any]]:
    """Give the same as the chunks a stream ends with; often none."""
    chunks: list[dict[str, Any]] = []
    if (echo := _echo(record)) is not None:
        chunks.append(_echo_chunk(record, echo))
    if record.asked is not None and record.asked.wants_breakdown:
        chunks.append(_breakdown_chunk(record))
    return chunks


def breakdown(record: Record) -> dict[str, Any]:
    """Give the breakdown of a call that has ended.

    Unknown values are None. Beyond the platform's fields there are `provider`,
    `candidate` (the model as the request named it) and `reason` (why that one),
    `attempts` (every call of a provider, in order), `queue_time`, `notes`,
    `warnings`; with the beta flag for it `total_tokens`, `cached_tokens`,
    `cache_write_tokens`, `reasoning_tokens` and the provider's whole `usage`; for
    simulated models `simulated` and `tokens_per_second`, and their times are the
    declared ones. An answer given again under its `Idempotency-Key` has the breakdown
    of the call it took.
    """
    asked = record.asked
    if asked is None or record.provider is None:
        return {}
    public = asked.public()
    return {
        "prompt_tokens": record.usage.prompt_tokens,
        "completion_tokens": record.usage.completion_tokens,
        "cost": record.cost,
        "latency": record.since_began(record.ended),
        "routing_time": record.routing_time,
        "time_to_first_token": record.since_began(record.first_token),
        "cached": record.cached,
        "status_code": record.status_code,
        "stream": asked.is_stream,
        "timestamp": record.timestamp.isoformat().replace("+00:00", "Z"),
        "prompt_messages": public["messages"],
        "completion_message": record.message,
        "full_request": public,
        "metadata": public.get("metadata") or {},
        "scores": {},
        "category": asked.respan.get("category"),
        "sentiment_score": None,
        **_answerer(record),
        "queue_time": record.queue_time,
        "attempts": list(record.attempts),
        "notes": list(record.notes),
        "warnings": list(dict.fromkeys(asked.warnings)),
        **(_tokens(record) if asked.wants_token_breakdown else {}),
        **_declared(record),
        **({} if record.replayed is None else record.replayed.breakdown),
    }


def _echo(record: Record) -> list[dict[str, Any]] | None:
    if record.replayed is not None:
        return record.replayed.echo
    prompt = record.prompt
    return prompt.messages if prompt is not None and prompt.echo else None


def _answerer(record: Record) -> dict[str, Any]:
    hit, candidate = record.hit, record.candidate
    found: dict[str, Any] = {"model": record.model, "provider": record.provider}
    if hit is not None:
        found |= {"candidate": hit.candidate, "reason": "kept by the response cache"}
    elif candidate is not None:
        found |= {"candidate": candidate.name, "reason": candidate.reason}
        found["model"] = record.model or candidate.destination.slug
    return found


def _breakdown_chunk(record: Record) -> dict[str, Any]:
    """The breakdown in the place the platform gives it in a stream."""
    message = {"content": None, "role": "assistant"}
    choice = {
        "index": 0,
        "delta": message,
        "message": message,
        "finish_reason": "stop",
        "request_breakdown": breakdown(record),
    }
    return {
        **_chunk(record, "request_breakdown", "extra_parameter"),
        "choices": [choice],
        "usage": {},
    }


def _echo_chunk(record: Record, messages: Any) -> dict[str, Any]:
    model = record.model or ""
    identifier = (record.payload or {}).get("id") or ""
    return {**_chunk(record, identifier, model), "prompt_message": messages}


def _chunk(record: Record, identifier: str, model: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "object": "chat.completion.chunk",
        "created": int(record.timestamp.timestamp()),
        "model": model,
        "choices": [],
    }


def _tokens(record: Record) -> dict[str, Any]:
    usage = record.usage
    return {
        "total_tokens": usage.total_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "usage": (record.payload or {}).get("usage"),
    }


def _declared(record: Record) -> dict[str, Any]:
    return {} if record.declared is None else {"simulated": True, **record.declared}
