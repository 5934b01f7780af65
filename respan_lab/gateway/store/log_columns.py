"""What is kept of one request: the columns of `logs.db`, declared once."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["COLUMNS", "METADATA", "SCHEMA", "Kind"]

Kind: TypeAlias = Literal["time", "text", "whole", "integer", "real", "boolean", "json"]

# `whole` is an integer that the platform filters like a text as well. What is large
# stands last: SQLite then reads the others without it.
COLUMNS: dict[str, Kind] = {
    "unique_id": "text",
    "timestamp": "time",
    "start_time": "time",
    "environment": "text",
    "log_type": "text",
    "log_method": "text",
    "status": "text",
    "status_code": "whole",
    "model": "text",
    "asked_model": "text",
    "provider_id": "text",
    "deployment_name": "text",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "total_request_tokens": "integer",
    "reasoning_tokens": "integer",
    "prompt_cache_hit_tokens": "integer",
    "prompt_cache_creation_tokens": "integer",
    "cost": "real",
    "latency": "real",
    "time_to_first_token": "real",
    "tokens_per_second": "real",
    "routing_time": "real",
    "queue_time": "real",
    "stream": "boolean",
    "cache_bit": "boolean",
    "cache_key": "text",
    "has_tool_calls": "boolean",
    "used_custom_credential": "boolean",
    "simulated": "boolean",
    "positive_feedback": "boolean",
    "error_class": "text",
    "error_code": "text",
    "fault_domain": "text",
    "customer_identifier": "text",
    "customer_email": "text",
    "customer_name": "text",
    "custom_identifier": "text",
    "group_identifier": "text",
    "evaluation_identifier": "text",
    "session_identifier": "text",
    "thread_identifier": "text",
    "trace_unique_id": "text",
    "trace_group_identifier": "text",
    "span_unique_id": "text",
    "span_parent_id": "text",
    "span_name": "text",
    "span_workflow_name": "text",
    "is_root_span": "boolean",
    "prompt_id": "text",
    "prompt_name": "text",
    "prompt_version_number": "whole",
    "category": "text",
    "reason": "text",
    "note": "text",
    "error_message": "text",
    "warnings": "text",
    "notes": "json",
    "attempts": "json",
    "metadata": "json",
    "properties": "json",
    "variables": "json",
    "full_response": "json",
    "full_request": "json",
}

METADATA = "_metadata"
"""The key of a row under which its metadata stand as a dict, for their own table."""

_TYPES = {
    "integer": "INTEGER",
    "whole": "INTEGER",
    "boolean": "INTEGER",
    "real": "REAL",
}
# Looked up one by one, and mostly missing: an index of those there are costs little.
_LOOKED_UP = ("custom_identifier", "customer_identifier", "thread_identifier")


def _schema() -> str:
    columns = ", ".join(
        f"{name} {_TYPES.get(kind, 'TEXT')}" for name, kind in COLUMNS.items()
    )
    indexes = [
        f"CREATE INDEX by_{name} ON logs ({name}, timestamp) WHERE {name} IS NOT NULL"
        for name in _LOOKED_UP
    ]
    return ";\n".join(
        [
            f"CREATE TABLE logs (id INTEGER PRIMARY KEY, {columns})",
            "CREATE UNIQUE INDEX by_unique_id ON logs (unique_id)",
            "CREATE INDEX by_timestamp ON logs (timestamp)",
            *indexes,
            "CREATE TABLE metadata (log INTEGER REFERENCES logs (id) ON DELETE CASCADE,"
            " key TEXT, value TEXT, PRIMARY KEY (log, key)) WITHOUT ROWID",
        ]
    )


SCHEMA = _schema()
