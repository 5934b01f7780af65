"""The columns of the frames, declared as data: name, dtype, meaning, in order.

A name that ends in ``<...>`` stands for a family: ``param_<name>`` is one column
for each grid axis. The dtype ``inferred`` means the tightest nullable dtype that
holds the values, and ``object`` where they are of mixed kinds.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "CALL_STATUSES",
    "COLUMNS",
    "COST_SOURCES",
    "LATENCY_SOURCES",
    "RUN_COLUMNS",
    "SUMMARY_COLUMNS",
    "TIMESTAMP",
    "Column",
    "declared_dtype",
]

TIMESTAMP = "datetime64[us, UTC]"
CALL_STATUSES = ("ok", "error", "maybe_billed", "skipped")
COST_SOURCES = ("gateway", "price_table", "what_if")
LATENCY_SOURCES = ("measured", "declared")


class Column(NamedTuple):
    """One declared column, or one family of columns.

    Attributes:
        name: The column's name; ``<...>`` in it marks a family.
        dtype: A pandas dtype, or ``inferred``.
        meaning: One line, with the unit.
    """

    name: str
    dtype: str
    meaning: str

    @property
    def prefix(self) -> str | None:
        """What the names of a family begin with; None for a single column.

        >>> Column("param_<name>", "inferred", "one per grid axis").prefix
        'param_'
        """
        stem, mark, _ = self.name.partition("<")
        return stem if mark else None


COLUMNS: tuple[Column, ...] = (
    Column("key", "string", "the cell's identity"),
    Column("run_id", "string", "the run that asked"),
    Column("run_name", "category", "only in several runs put together: which"),
    Column("model", "category", "the target's name, in the order given"),
    Column("asked_model", "string", "the model sent; missing for lists"),
    Column("prompt", "category", "the prompt's name, in the order given"),
    Column("prompt_version", "string", "the prompt's version"),
    Column("item", "inferred", "item id, as given"),
    Column("run", "Int64", "repeat index, from 0"),
    Column("choice", "Int64", "choice index, from 0"),
    Column("param_<name>", "inferred", "one per grid axis"),
    Column("var_<name>", "inferred", "one per column of the data"),
    Column("expected", "inferred", "the reference, if the data has one"),
    Column("output", "string", "the answer's text; missing only without an answer"),
    Column("parsed", "object", "structured output, as plain values"),
    Column("parsed_<field>", "inferred", "one per field of the structured output"),
    Column("tool_calls", "string", "JSON list of name and arguments"),
    Column("tool_name", "string", "name of the first tool call"),
    Column("logprob", "Float64", "mean log-probability of the answer's tokens"),
    Column("status", "category", "ok, error, maybe_billed or skipped"),
    Column("finish_reason", "string", "why the answer ended"),
    Column("answered_model", "string", "the model that answered"),
    Column("provider", "string", "who ran the model"),
    Column("gateway", "string", "hosted, custom or embedded"),
    Column("substituted", "boolean", "answered by a model that was not asked"),
    Column("prompt_tokens", "Int64", "tokens sent, cached ones included"),
    Column("completion_tokens", "Int64", "tokens answered, reasoning included"),
    Column("total_tokens", "Int64", "tokens in all"),
    Column("cached_tokens", "Int64", "prompt tokens read from a provider's cache"),
    Column("cache_write_tokens", "Int64", "prompt tokens written to such a cache"),
    Column("reasoning_tokens", "Int64", "completion tokens spent on reasoning"),
    Column("cost", "Float64", "US dollars, all billed attempts; missing if unpriced"),
    Column("cost_source", "category", "gateway, price_table or what_if (repriced)"),
    Column("latency", "Float64", "seconds from hand-over to the last byte"),
    Column("latency_source", "category", "measured here, or declared (simulated)"),
    Column("time_to_first_token", "Float64", "seconds to the first delta with content"),
    Column("tokens_per_second", "Float64", "tokens a second between the deltas"),
    Column("routing_time", "Float64", "seconds, as the gateway reports"),
    Column("gateway_latency", "Float64", "seconds, as the gateway reports"),
    Column("queue_time", "Float64", "seconds waited here before the last send"),
    Column("retry_time", "Float64", "seconds in earlier attempts and between them"),
    Column("cached", "boolean", "answered from a response cache"),
    Column("from_ledger", "boolean", "answered before, not sent in this run"),
    Column("attempts", "Int64", "HTTP requests made"),
    Column("error_type", "string", "the class of the error"),
    Column("error_message", "string", "what went wrong"),
    Column("log_id", "string", "the gateway's log id"),
    Column("started_at", TIMESTAMP, "when the first attempt began"),
    Column("score_<name>", "boolean or Float64", "one per evaluator"),
    Column("note_<name>", "string", "the score's explanation"),
)

SUMMARY_COLUMNS: tuple[Column, ...] = (
    Column("run_name", "category", "group: which of several runs put together"),
    Column("model", "category", "group: the target's name"),
    Column("prompt", "category", "group: the prompt's name"),
    Column("prompt_version", "string", "group: the prompt's version"),
    Column("param_<name>", "inferred", "group: one per grid axis"),
    Column("n", "Int64", "calls"),
    Column("n_items", "Int64", "distinct items"),
    Column("ok", "Int64", "calls that were answered"),
    Column("errors", "Int64", "calls that failed, maybe billed ones included"),
    Column("skipped", "Int64", "calls never sent"),
    Column("score_<name>", "Float64", "mean of the item means"),
    Column("score_<name>_ci_low", "Float64", "lower end of its 95 % interval"),
    Column("score_<name>_ci_high", "Float64", "upper end of its 95 % interval"),
    Column("cost", "Float64", "mean US dollars a call, over priced calls"),
    Column("cost_total", "Float64", "US dollars in all, over priced calls"),
    Column("unpriced", "Int64", "calls that were sent and have no known cost"),
    Column("latency_p50", "Float64", "median seconds"),
    Column("latency_p95", "Float64", "95th percentile; missing below 59 calls"),
    Column("time_to_first_token_p50", "Float64", "median seconds"),
    Column("tokens_per_second_p50", "Float64", "median tokens a second"),
    Column("prompt_tokens", "Float64", "mean a call"),
    Column("completion_tokens", "Float64", "mean a call"),
    Column("share_<model>", "Float64", "lists, fallbacks: its part of the answers"),
    Column("weight_<model>", "Float64", "weighted lists: the part asked for"),
    Column("label", "string", "what a reader must know: simulated, tiny model"),
)

RUN_COLUMNS: tuple[Column, ...] = (
    Column("run_id", "string", "the run's id"),
    Column("name", "string", "the experiment's name"),
    Column("started_at", TIMESTAMP, "when it began"),
    Column("cells", "Int64", "how many it has"),
    Column("cost", "Float64", "US dollars newly spent, over priced calls"),
    Column("models", "string", "names of the targets"),
    Column("prompts", "string", "names of the prompts"),
    Column("finished_at", TIMESTAMP, "missing if it was killed, or goes on"),
    Column("ok", "Int64", "cells that are answered"),
    Column("errors", "Int64", "cells that failed and were not billed"),
    Column("maybe_billed", "Int64", "cells that were sent and have no answer"),
    Column("skipped", "Int64", "cells that were not sent"),
)


def declared_dtype(name: str) -> str:
    """Give the dtype that is declared for a column of the frame.

    Raises:
        KeyError: If no column has such a name.

    Example:
        >>> declared_dtype("cost"), declared_dtype("var_text")
        ('Float64', 'inferred')
    """
    found = _SINGLE.get(name) or next(
        (one for one in _FAMILIES if name.startswith(one.prefix or name)), None
    )
    if found is None:
        raise KeyError(name)
    return found.dtype


_SINGLE = {column.name: column for column in COLUMNS if not column.prefix}
_FAMILIES = [column for column in COLUMNS if column.prefix]
