"""Evaluators: plain functions that score an answer, their arguments bound by name.

Any function works: it may take ``output``, ``expected``, ``parsed``, ``tool_calls``,
``variables``, ``row`` and ``completion``, and returns a bool, a number, None
(missing), ``(score, note)``, or a dict (one score for each entry).
"""

from .binding import ARGUMENTS, EVALUATORS, Evaluator, bind, check_evaluators
from .scoring import ascore, score
from .structure import field_match
from .text import contains, exact_match

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
    "score",
]
