"""The request's breakdown, and the two places an answer carries it in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .record import Record

__all__ = ["breakdown", "breakdown_chunk"]


def breakdown(record: Record) -> dict[str, Any]:
    """Give the breakdown of a call that has ended.

    Unknown values are None. Beyond the platform's fields there are `provider`,
    `candidate` (the model as the request named it) and `reason` (why that one),
    `queue_time`, `notes`; for simulated models `simulated` and `tokens_per_second`,
    and their times are the declared ones.
    """
    asked, candidate = record.asked, record.candidate
    if asked is None or candidate is None:
        return {}
    return {
        "prompt_tokens": record.usage.prompt_tokens,
        "completion_tokens": record.usage.completion_tokens,
        "cost": record.cost,
        "latency": record.since_began(record.ended),
        "routing_time": record.since_began(record.called),
        "time_to_first_token": record.since_began(record.first_token),
        "model": record.model or candidate.destination.slug,
        "cached": False,
        "status_code": 200,
        "stream": asked.is_stream,
        "timestamp": record.timestamp.isoformat().replace("+00:00", "Z"),
        "prompt_messages": asked.openai["messages"],
        "completion_message": record.message,
        "full_request": asked.public(),
        "metadata": asked.respan.get("metadata") or {},
        "scores": {},
        "category": asked.respan.get("category"),
        "sentiment_score": None,
        "provider": candidate.destination.provider.name,
        "candidate": candidate.name,
        "reason": candidate.reason,
        "queue_time": record.queue_time,
        "notes": list(record.notes),
        **_declared(record),
    }


def breakdown_chunk(record: Record) -> dict[str, Any]:
    """Give the breakdown as the extra chunk a stream ends with."""
    message = {"content": None, "role": "assistant"}
    choice = {
        "index": 0,
        "delta": message,
        "message": message,
        "finish_reason": "stop",
        "request_breakdown": breakdown(record),
    }
    return {
        "id": "request_breakdown",
        "object": "chat.completion.chunk",
        "created": int(record.timestamp.timestamp()),
        "model": "extra_parameter",
        "choices": [choice],
        "usage": {},
    }


def _declared(record: Record) -> dict[str, Any]:
    return {} if record.declared is None else {"simulated": True, **record.declared}
