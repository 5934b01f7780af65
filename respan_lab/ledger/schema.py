"""The ledger's tables: runs, their cells, the calls made for them, the answers."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["ANSWER", "MARK", "SCHEMA", "VERSION", "Kind"]

Kind: TypeAlias = Literal["text", "integer", "real", "boolean", "moment", "json"]

MARK = 0x52534C42  # "RSLB", in the file's head
VERSION = 1

# What is kept of one choice of an answer: columns of the frame, under their names.
# What is large stands last: SQLite then reads the others without it.
ANSWER: dict[str, Kind] = {
    "status": "text",
    "finish_reason": "text",
    "answered_model": "text",
    "provider": "text",
    "gateway": "text",
    "substituted": "boolean",
    "prompt_tokens": "integer",
    "completion_tokens": "integer",
    "total_tokens": "integer",
    "cached_tokens": "integer",
    "cache_write_tokens": "integer",
    "reasoning_tokens": "integer",
    "cost": "real",
    "cost_source": "text",
    "latency": "real",
    "latency_source": "text",
    "time_to_first_token": "real",
    "tokens_per_second": "real",
    "routing_time": "real",
    "gateway_latency": "real",
    "queue_time": "real",
    "retry_time": "real",
    "cached": "boolean",
    "attempts": "integer",
    "error_type": "text",
    "log_id": "text",
    "started_at": "moment",
    "logprob": "real",
    "tool_name": "text",
    "error_message": "text",
    "output": "text",
    "tool_calls": "text",
    "parsed": "json",
}

_TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "real": "REAL",
    "boolean": "INTEGER",
    "moment": "INTEGER",  # microseconds since 1970, UTC
    "json": "TEXT",
}
_ANSWER = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in ANSWER.items())

# `calls.state`: `sent` (the intent is there, the answer is not), `ok`, `error` (refused
# or never sent: not billed) or `maybe_billed`. A call that is `sent` by an owner who is
# gone is `maybe_billed`, and becomes it when somebody opens the ledger.
# `cells.call` is the call that answers a cell, made by this run or by an earlier one.
SCHEMA = f"""
CREATE TABLE ledger (nonce TEXT NOT NULL, created_at TEXT NOT NULL);
INSERT INTO ledger VALUES (lower(hex(randomblob(8))), datetime('now'));
CREATE TABLE owners (
  owner TEXT PRIMARY KEY, machine TEXT NOT NULL, process INTEGER NOT NULL,
  lease REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE runs (
  id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, name TEXT,
  started_at TEXT NOT NULL, finished_at TEXT, cells INTEGER NOT NULL,
  plan BLOB NOT NULL, manifest BLOB
);
CREATE TABLE cells (
  run INTEGER NOT NULL, position INTEGER NOT NULL,
  key TEXT NOT NULL, target INTEGER NOT NULL, prompt INTEGER, point INTEGER NOT NULL,
  item INTEGER NOT NULL, repeat INTEGER NOT NULL, call INTEGER,
  from_ledger INTEGER NOT NULL DEFAULT 0, skipped TEXT, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE calls (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, run INTEGER NOT NULL,
  state TEXT NOT NULL, owner TEXT, sent_at INTEGER NOT NULL, worst REAL, request BLOB
);
CREATE INDEX calls_by_key ON calls (key);
CREATE INDEX calls_in_flight ON calls (owner) WHERE state = 'sent';
CREATE TABLE answers (call INTEGER PRIMARY KEY, {_ANSWER}, record BLOB);
CREATE TABLE choices (
  call INTEGER NOT NULL, choice INTEGER NOT NULL, {_ANSWER},
  PRIMARY KEY (call, choice)
) WITHOUT ROWID;
CREATE TABLE scores (
  run INTEGER NOT NULL, position INTEGER NOT NULL, choice INTEGER NOT NULL,
  scores TEXT NOT NULL, PRIMARY KEY (run, position, choice)
) WITHOUT ROWID
"""
