"""Evaluators: plain functions that score an answer, their arguments bound by name.

Any function works: it may take ``output``, ``expected``, ``parsed``, ``tool_calls``,
``variables``, ``row`` and ``completion``, and returns a bool, a number, None
(missing), ``(score, note)``, or a dict (one score for each entry). Set
``function.lower_is_better = True`` where a small score is a good one.

Those of ours that have settings are called to get the evaluator, ``numeric(0.01)``;
where no setting is needed, ``numeric`` and ``"numeric"`` do as well. ``judge`` asks a
model, through the run that uses it.
"""

from .binding import ARGUMENTS, bind
from .documents import json_schema, json_valid
from .gates import within_cost, within_latency
from .judge import judge
from .labels import label
from .lengths import length
from .likeness import similarity
from .marks import Evaluator, lower_is_better
from .naming import EVALUATORS, check_evaluators
from .numeric import numeric
from .pairwise_judge import pairwise_judge
from .patterns import regex
from .refusals import refusal
from .scoring import ascore, score
from .structure import field_match
from .text import contains, exact_match
from .tools import tool_called

__all__ = [
    "ARGUMENTS",
    "EVALUATORS",
    "Evaluator",
    "ascore",
    "bind",
    "check_evaluators",
    "contains",
    "exact_match",
    "field_match",
    "json_schema",
    "json_valid",
    "judge",
    "label",
    "length",
    "lower_is_better",
    "numeric",
    "pairwise_judge",
    "refusal",
    "regex",
    "score",
    "similarity",
    "tool_called",
    "within_cost",
    "within_latency",
]
