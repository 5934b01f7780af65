"""Scores for answers that are JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .json_text import document
from .marks import Evaluator, made, maker
from .patterns import TIMEOUT, checked_timeout
from .text import is_missing

if TYPE_CHECKING:
    import pydantic

__all__ = ["json_schema", "json_valid"]

Outcome = tuple[bool | None, str | None]

_MAX_SHOWN = 200  # characters of what a validator says


@maker
def json_valid(*, fences: bool = True) -> Evaluator:
    """Make an evaluator that says whether the answer is JSON.

    The answer is JSON if all of it is, or if a Markdown fence in it is:
    `respan_lab.evaluators.json_text.document` has the whole rule.

    Args:
        fences: Whether a fence counts.

    Returns:
        A function of ``output`` that gives True or False, and a note of what is wrong;
        None without an answer.

    Example:
        >>> json_valid()('{"a": 1}'), json_valid()('Sure: {"a": 1}')
        ((True, None), (False, 'no JSON: Expecting value: line 1 column 1 (char 0)'))
    """

    def score(output: str | None) -> Outcome:
        return _judged(output, lambda found: None, fences=fences)

    return made("json_valid", score)


@maker
def json_schema(
    schema: Mapping[str, Any] | type[pydantic.BaseModel],
    *,
    fences: bool = True,
    timeout: float = TIMEOUT,
) -> Evaluator:
    """Make an evaluator that says whether the answer is JSON that fits a schema.

    What of an answer is read as JSON is the same as for `json_valid`. ``format`` is an
    annotation, as the specification has it, and checks nothing; a ``$ref`` reaches
    what is in the schema, and nothing on the network.

    Args:
        schema: A JSON Schema, of the draft its ``$schema`` names, else the newest; or
            a pydantic class, whose schema is taken.
        fences: Whether a Markdown fence counts.
        timeout: Seconds for the ``pattern``s of the schema, for one answer.

    Returns:
        A function of ``output`` that gives True or False, and a note of what is wrong
        and where; None without an answer, and None with a note if the patterns take
        too long.

    Raises:
        ConfigError: The schema is none; or has both ``patternProperties`` and
            ``unevaluatedProperties``, whose search could not be stopped; or the time
            is not above 0.

    Example:
        >>> fits = json_schema({"type": "object", "required": ["city"]})
        >>> fits('{"city": "Oslo"}'), fits("{}")
        ((True, None), (False, "at $: 'city' is a required property"))
    """
    from .schemas import first_error

    told = first_error(_plain(schema), timeout=checked_timeout(timeout))

    def score(output: str | None) -> Outcome:
        try:
            return _judged(output, told, fences=fences)
        except TimeoutError:
            return None, f"given up: the patterns took above {timeout:g} s"

    return made("json_schema", score, slow=True)


def _plain(schema: Any) -> Any:
    if isinstance(schema, type) and hasattr(schema, "model_json_schema"):
        return schema.model_json_schema()
    if not isinstance(schema, Mapping):
        raise ConfigError(
            f"schema={schema!r:.80}: use a JSON Schema as a dict, or a pydantic class"
        )
    return dict(schema)


def _judged(
    output: str | None, check: Callable[[Any], str | None], *, fences: bool
) -> Outcome:
    if is_missing(output):
        return None, None
    try:
        found = document(str(output), fences=fences)
    except ValueError as error:
        return False, f"no JSON: {error}"
    try:
        wrong = check(found)
    except RecursionError:
        return None, "given up: nested too deeply"
    return wrong is None, wrong and wrong[:_MAX_SHOWN]
