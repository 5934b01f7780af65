"""The ledger's tables: plans, their runs, the calls made for them, the answers."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["ANSWER", "MARK", "SCHEMA", "VERSION", "Kind"]

Kind: TypeAlias = Literal["text", "integer", "real", "boolean", "moment", "json"]

MARK = 0x52534C42  # "RSLB", in the file's head
VERSION = 2

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
# `plans` and `planned` are what is asked, once for all runs that ask the same. A run
# has its `cells`, in the positions of its plan.
# `cells.call` is the call that answers a cell; `from_run` is the run that made it, if
# that is not the cell's own. Calls lie in the order they were sent in, which is not the
# cells', so that to look at each takes long: who made the calls of a key, and which of
# them have no answer, the indexes tell without them.
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
  plan INTEGER NOT NULL, manifest BLOB
);
CREATE TABLE plans (
  id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, plan BLOB NOT NULL
);
CREATE TABLE planned (
  plan INTEGER NOT NULL, position INTEGER NOT NULL,
  key TEXT NOT NULL, target INTEGER NOT NULL, prompt INTEGER, point INTEGER NOT NULL,
  item INTEGER NOT NULL, repeat INTEGER NOT NULL, PRIMARY KEY (plan, position)
) WITHOUT ROWID;
CREATE TABLE cells (
  run INTEGER NOT NULL, position INTEGER NOT NULL, call INTEGER, from_run INTEGER,
  skipped TEXT, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE calls (
  id INTEGER PRIMARY KEY, key TEXT NOT NULL, run INTEGER NOT NULL,
  state TEXT NOT NULL, owner TEXT, sent_at INTEGER NOT NULL, worst REAL, request BLOB
);
CREATE INDEX calls_by_key ON calls (key, run);
CREATE INDEX calls_unanswered ON calls (state, key) WHERE state <> 'ok';
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
