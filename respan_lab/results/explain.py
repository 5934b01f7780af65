"""What happened in one cell: put together from its rows and the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..wire.secrets import without_credentials
from .advice import advice
from .explanation import Explanation, Part
from .json_values import dumps
from .price_words import cost_rows, price_of
from .text import cut
from .wording import count, figure, moment, seconds

if TYPE_CHECKING:
    from ..ledger.stories import CallStory
    from .cells import Cell

__all__ = ["explained"]

Rows = list[tuple[str, str]]

_BOX = "respan_params"
_WHERE = (  # what says whom a request goes to
    "model",
    "models",
    "load_balance_models",
    "load_balance_group",
    "fallback_models",
    "prompt",
)
_ADDED = {  # what every run adds
    "cache_enabled",
    "custom_identifier",
    "metadata",
    "request_breakdown",
    "stream_options",
}
_TIMES = (
    ("queue_time", "waited here before it was sent"),
    ("latency", "latency, to the last byte"),
    ("time_to_first_token", "first token after"),
    ("retry_time", "earlier attempts, and waits between"),
    ("routing_time", "routing, says the gateway"),
    ("gateway_latency", "latency, says the gateway"),
)
_VALUE = 300  # characters of a parameter


def explained(cell: Cell) -> Explanation:
    """Tell the story of a cell."""
    call = cell.story.call if cell.story else None
    request = without_credentials((call and call.request) or {})
    return Explanation(
        _title(cell),
        [
            Part("What is known, and what to do", advice(cell, call)),
            Part("Asked", _asked(cell, request)),
            Part("Messages", _messages(request)),
            Part("Attempts", _attempts(cell.row, call)),
            Part("Times", _times(cell.row)),
            Part("Cost", _cost(cell, call)),
            *(
                Part(_heading(cell, at), _answer(row))
                for at, row in enumerate(cell.rows)
            ),
            Part("Asked at other times", _others(cell)),
        ],
    )


def _title(cell: Cell) -> str:
    row = cell.row
    where = [row["model"], row["prompt"], f"item {row['item']}", f"run {row['run']}"]
    return (
        f"{' · '.join(str(one) for one in where if one is not None)}: {row['status']}"
    )


def _asked(cell: Cell, request: Mapping[str, Any]) -> Rows:
    row = cell.row
    rows = [("key", cell.key), ("run", _run(cell))]
    rows += [(name, _value(request[name])) for name in _WHERE if name in request]
    if not request:
        rows.append(("model", row["asked_model"] or row["model"]))
    if row["prompt"] is not None:
        version = row["prompt_version"]
        told = (
            row["prompt"] if version is None else f"{row['prompt']}, version {version}"
        )
        rows.append(("template", told))
    rows += [(n, _value(v)) for n, v in row.items() if _is_given(n) and v is not None]
    rows += _parameters(request)
    return [*rows, ("expected", _value(row["expected"]))] if row["expected"] else rows


def _run(cell: Cell) -> str:
    row = cell.row
    name = cell.manifest.get("name")
    told = str(cell.manifest.get("run_id") or row["run_id"] or "not known")
    told += f" ({name})" if name else ""
    if not row["from_ledger"]:
        return told
    return f"{told}; asked before, by the run {row['run_id']}, and not sent again"


def _is_given(name: str) -> bool:
    return name.startswith(("param_", "var_"))


def _parameters(request: Mapping[str, Any]) -> Rows:
    boxed = request.get(_BOX)
    fields = {**request, **(boxed if isinstance(boxed, Mapping) else {})}
    known = {"messages", _BOX, *_WHERE, *_ADDED}
    return [(n, _value(v)) for n, v in fields.items() if n not in known]


def _messages(request: Mapping[str, Any]) -> Rows:
    messages = request.get("messages")
    return [
        (str(each.get("role")), _message(each))
        for each in (messages if isinstance(messages, list) else [])
        if isinstance(each, Mapping)
    ]


def _message(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        texts = [_content(part) for part in content]
    else:
        texts = [] if content is None else [str(content)]
    rest = {n: v for n, v in message.items() if n not in ("role", "content")}
    return "\n".join([*texts, *(f"{n}: {_value(v)}" for n, v in rest.items())])


def _content(part: Any) -> str:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return str(part["text"])
    return cut(_value(part), 80)  # a picture is a long text that nobody reads


def _attempts(row: Mapping[str, Any], call: CallStory | None) -> Rows:
    made = ((call and call.record) or {}).get("attempts") or []
    rows = [(str(at), _attempt(each)) for at, each in enumerate(made, 1)]
    if not rows and row["attempts"]:
        told = count(int(row["attempts"]), "attempt")
        rows.append((told, f"the last began {moment(row['started_at'])}"))
    if row["error_type"] and row["status"] != "skipped":
        said = (row["error_type"], row["error_message"])
        rows.append(("error", ": ".join(str(one) for one in said if one)))
    return rows


def _attempt(attempt: Mapping[str, Any]) -> str:
    status, failure = attempt.get("status_code"), attempt.get("error_type")
    parts = [
        moment(attempt.get("started_at")),
        f"HTTP {status}" if status else "no answer",
        f"{failure}: {attempt.get('error_message')}" if failure else "",
        f"queued {seconds(attempt.get('queue_time'))}",
        f"took {seconds(attempt['latency'])}" if attempt.get("latency") else "not sent",
        f"then waited {seconds(attempt['wait'])}" if attempt.get("wait") else "",
    ]
    return ", ".join(part for part in parts if part)


def _times(row: Mapping[str, Any]) -> Rows:
    known = {name: row[name] for name, _ in _TIMES if row[name] is not None}
    if not known.get("retry_time"):
        known.pop("retry_time", None)  # there was one attempt
    rows = [(told, seconds(known[name])) for name, told in _TIMES if name in known]
    if row["tokens_per_second"] is not None:
        rows.append(("then", f"{figure(row['tokens_per_second'])} tokens a second"))
    if row["latency_source"] == "declared":
        rows.append(("note", "these are times that a simulated model declares"))
    if row["from_ledger"] and rows:
        rows.append(("note", "measured when it was asked, in an earlier run"))
    return rows


def _cost(cell: Cell, call: CallStory | None) -> Rows:
    if cell.row["status"] == "skipped":
        return []
    prices = (cell.manifest.get("options") or {}).get("prices")
    noted = ((call and call.record) or {}).get("price") or [None, None, None]
    return cost_rows(
        cell.row,
        price_of(cell.row, prices=prices),
        note=noted[2],
        worst=call.worst if call else None,
    )


def _heading(cell: Cell, at: int) -> str:
    if cell.row["status"] != "ok":
        return "What had come of an answer"
    return "Answer" if len(cell.rows) == 1 else f"Answer, choice {at}"


def _answer(row: Mapping[str, Any]) -> Rows:
    rows: Rows = []
    if row["output"] is not None:
        rows.append(("text", row["output"] or "(empty)"))
    for name in ("tool_calls", "finish_reason", "answered_model", "provider", "log_id"):
        if row[name] is not None:
            rows.append((name, str(row[name])))
    if row["substituted"]:
        rows.append(("substituted", "another model answered than was asked"))
    if row["cached"]:
        rows.append(("cached", "answered from a response cache"))
    ends = ("score_", "note_")
    return rows + [
        (name, _value(value))
        for name, value in row.items()
        if name.startswith(ends) and value is not None
    ]


def _others(cell: Cell) -> Rows:
    others: Iterable[CallStory] = cell.story.others if cell.story else ()
    return [
        (moment(each.sent_at), f"{each.state}, by the run {each.run_id}")
        for each in others
    ]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return cut(value, _VALUE)
    text = json.dumps(json.loads(dumps(value) or "null"), ensure_ascii=False)
    return cut(text, _VALUE)
