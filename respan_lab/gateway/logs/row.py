"""Step: what is kept of a request, once it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ...storage.texts import as_json, as_text
from ...wire import clean, redact
from ...wire.pace import streamed_tokens
from ..store.log_columns import COLUMNS, METADATA
from .errors import fault_of

if TYPE_CHECKING:
    from ..gateway import Gateway
    from ..record import Record

__all__ = ["keep", "log_row"]

_logger = logging.getLogger(__name__)

_CACHE_MODEL = "respan/cache"  # how the platform tags what its cache answered
_LONGEST_NAME = 255
_FEWEST_TOKENS = 5  # a rate over fewer is mostly chance
_TEXTS = frozenset(
    {
        "category",
        "custom_identifier",
        "customer_email",
        "customer_identifier",
        "customer_name",
        "evaluation_identifier",
        "group_identifier",
        "note",
        "session_identifier",
        "span_parent_id",
        "span_unique_id",
        "span_workflow_name",
        "thread_identifier",
        "trace_group_identifier",
        "trace_unique_id",
    }
)
# Where `customer_params` says the same; who the customer is, it says better.
_OF_CUSTOMERS = {
    "customer_email": "email",
    "customer_name": "name",
    "group_identifier": "group_identifier",
}
_JSON = tuple(name for name, kind in COLUMNS.items() if kind == "json")
# What callers and providers write; elsewhere a key such as `test` would hide our words.
_SAID = (
    *(*_TEXTS, METADATA),
    *("asked_model", "error_code", "error_message", "model"),
    *("prompt_name", "span_name", "warnings"),
)
_EMPTY: dict[str, Any] = dict.fromkeys((*COLUMNS, METADATA)) | {
    "environment": "test",
    "log_type": "chat",
    "log_method": "inference",
}


def keep(gateway: Gateway, record: Record) -> None:
    """Write a request down; whatever goes wrong with that is not the caller's matter.

    To be called before the last of the answer is sent, so that whoever has it finds
    its row. A second call for the same request changes nothing, or completes it.

    Args:
        gateway: Its log takes the row.
        record: The request, over.
    """
    if record.cached and _omits_hits(record):
        return
    try:
        gateway.logs.put(log_row(record, secrets=gateway.secrets.value))
    except Exception as error:
        name = type(error).__name__  # its text may hold what no log should
        _logger.error("the log row of a request was not made: %s", name)


def _omits_hits(record: Record) -> bool:
    options = record.asked.respan.get("cache_options") if record.asked else None
    return isinstance(options, dict) and options.get("omit_log") is True


def log_row(record: Record, *, secrets: Sequence[str] = ()) -> dict[str, Any]:
    """Make the row of a request.

    With `disable_log` the texts stay out: `variables`, `full_request` and
    `full_response`, from which the messages, tools and tool calls of a row are read,
    and what errors say.

    Args:
        record: The request, over.
        secrets: What must not be written down.

    Returns:
        A value for each of `COLUMNS`, as `LogStore.put` takes it.
    """
    row = _EMPTY.copy()
    _note_call(row, record)
    _note_answer(row, record)
    _note_failure(row, record)
    _note_request(row, record)
    _write_out(row, (*secrets, *record.secrets))
    return row


def _write_out(row: dict[str, Any], secrets: Sequence[str]) -> None:
    """Take the secrets out of what was said, and make texts of what is JSON."""
    written = [as_json(secret)[1:-1] for secret in secrets]
    for name in _JSON:
        value = row[name]
        if value is None:
            continue
        row[name] = text = as_json(value)
        # To look through a text is far quicker than through what it is made of.
        if written and any(secret in text for secret in written):
            row[name] = as_json(redact(value, secrets))
    if secrets:
        for name in _SAID:
            row[name] = redact(row[name], secrets)


def _note_call(row: dict[str, Any], record: Record) -> None:
    ended = record.ended or time.perf_counter()
    declared = record.declared or {}
    row["unique_id"] = record.log_id
    row["start_time"] = _moment(record.timestamp)
    took = timedelta(seconds=max(0.0, ended - record.began))
    row["timestamp"] = _moment(record.timestamp + took)
    row["latency"] = declared.get("latency") or record.since_began(ended)
    row["routing_time"] = record.routing_time
    row["queue_time"] = record.queue_time
    row["simulated"] = record.declared is not None
    row["cache_bit"] = record.cached
    row["cache_key"] = record.cache_key
    row["model"] = _CACHE_MODEL if record.cached else record.model
    row["attempts"] = record.attempts or None
    row["notes"] = record.notes or None
    candidate = record.candidate
    if candidate is not None:
        row["provider_id"] = candidate.destination.provider.name
        row["deployment_name"] = candidate.destination.slug
        row["reason"] = candidate.reason
        row["used_custom_credential"] = bool(candidate.credentials)
        row["model"] = row["model"] or candidate.destination.slug


def _moment(moment: datetime) -> str:
    """A moment in UTC; always as long, so that texts are in the order of moments."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _note_answer(row: dict[str, Any], record: Record) -> None:
    usage = record.usage
    row["prompt_tokens"] = usage.prompt_tokens
    row["completion_tokens"] = usage.completion_tokens
    row["total_request_tokens"] = usage.total_tokens
    row["reasoning_tokens"] = usage.reasoning_tokens
    row["prompt_cache_hit_tokens"] = usage.cached_tokens
    row["prompt_cache_creation_tokens"] = usage.cache_write_tokens
    row["cost"] = record.cost
    if record.declared is not None:
        row["time_to_first_token"] = record.declared.get("time_to_first_token")
        row["tokens_per_second"] = record.declared.get("tokens_per_second")
    elif record.first_token is not None:
        row["time_to_first_token"] = record.since_began(record.first_token)
        row["tokens_per_second"] = _rate(record)
    if record.payload is not None:
        row["has_tool_calls"] = bool((record.message or {}).get("tool_calls"))
        row["full_response"] = record.payload


def _rate(record: Record) -> float | None:
    """Tokens a second after the first token."""
    tokens = streamed_tokens(record.usage, record.message or {})
    if record.ended is None or record.first_token is None or tokens is None:
        return None
    seconds = record.ended - record.first_token
    if tokens < _FEWEST_TOKENS or seconds <= 0:
        return None
    return (tokens - 1) / seconds


def _note_failure(row: dict[str, Any], record: Record) -> None:
    failure = record.failure
    row["status"] = "success" if failure is None else "failed"
    row["status_code"] = record.status_code
    if failure is None:
        return
    last = record.attempts[-1] if record.attempts else None
    is_providers = last is not None and last["status_code"] == failure.status
    fault = fault_of(failure, is_providers=is_providers)
    row["error_class"] = fault.error_class
    row["fault_domain"] = fault.fault_domain
    row["error_code"] = _clean(fault.error_code)
    row["error_message"] = fault.error_message
    if record.payload is None:
        body = failure.body
        row["full_response"] = body if isinstance(body, dict) else {"error": body}


def _note_request(row: dict[str, Any], record: Record) -> None:
    asked = record.asked
    if asked is None:
        return
    row["stream"] = asked.is_stream
    row["asked_model"] = _clean(asked.openai.get("model"))
    row["model"] = row["model"] or row["asked_model"]
    row["warnings"] = _clean("; ".join(dict.fromkeys(asked.warnings))) or None
    if asked.respan:
        _note_respan(row, asked.respan)
    row["is_root_span"] = row["span_parent_id"] is None
    if (prompt := record.prompt) is not None:
        row["prompt_id"] = prompt.prompt_id
        row["prompt_name"] = clean(prompt.name)
        row["prompt_version_number"] = prompt.version
        row["variables"] = prompt.variables or None
    if asked.respan.get("disable_log") is True:
        _drop_texts(row)
    else:
        row["full_request"] = asked.public()


def _note_respan(row: dict[str, Any], respan: Mapping[str, Any]) -> None:
    for name in respan.keys() & _TEXTS:
        row[name] = _clean(respan[name])
    if isinstance(customer := respan.get("customer_params"), dict):
        _note_customer(row, customer)
    span_name = _clean(respan.get("span_name"))
    row["span_name"] = span_name and span_name[:_LONGEST_NAME]
    feedback = respan.get("positive_feedback")
    row["positive_feedback"] = feedback if isinstance(feedback, bool) else None
    if isinstance(metadata := respan.get("metadata"), dict):
        row[METADATA] = row["metadata"] = _metadata(metadata)
    row["properties"] = respan.get("properties")
    row["variables"] = respan.get("variables") or None


def _drop_texts(row: dict[str, Any]) -> None:
    """Leave out what was said, errors too: they may repeat what was asked."""
    row["full_response"] = row["error_message"] = row["variables"] = None
    if row["attempts"] is not None:
        row["attempts"] = [{**each, "error": None} for each in row["attempts"]]


def _note_customer(row: dict[str, Any], customer: Mapping[str, Any]) -> None:
    named = _clean(customer.get("customer_identifier"))
    row["customer_identifier"] = named or row["customer_identifier"]
    for name, there in _OF_CUSTOMERS.items():
        row[name] = row[name] or _clean(customer.get(there))


def _metadata(metadata: Mapping[str, Any]) -> dict[str, str]:
    return {
        clean(key): as_text(value)
        for key, value in metadata.items()
        if not key.startswith("_")  # the platform keeps these names for itself
    }


def _clean(value: Any) -> str | None:
    return clean(value) if isinstance(value, str) else None
