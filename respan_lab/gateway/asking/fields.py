"""Which of Respan's fields the embedded gateway knows, and whether they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...wire import OPENAI_FIELDS, RESPAN_FIELDS
from ...wire.params import faults_of, whole_numbers
from ..failure import GatewayFailure
from .idle import idle_fields

if TYPE_CHECKING:
    from .asked import Asked

__all__ = ["CONTAINERS", "KNOWN", "check_fields"]

CONTAINERS = frozenset({"respan_params", "keywordsai_params"})

# They would change the answer, so an answer without them would be a wrong one. None
# is in the platform's reference of this route.
_REFUSED = frozenset(
    {
        "customer_api_keys",
        "delimiter",
        "eval_params",
        "field_name",
        "first_token_timeout",
        "loadbalance_models",
        "mock_response",
        "respan_api_controls",
    }
)

# In no reference of this route either; they are written into the log row.
_RECORDED = frozenset(
    {
        "category",
        "customer_email",
        "customer_name",
        "evaluation_identifier",
        "group_identifier",
        "note",
        "session_identifier",
        "span_parent_id",
        "span_unique_id",
        "span_workflow_name",
        "trace_group_identifier",
        "trace_unique_id",
    }
)

# A prompt's own fields are checked where it is resolved, by their own names.
_ELSEWHERE = _RECORDED | {"prompt"}

KNOWN = _REFUSED | _RECORDED | (RESPAN_FIELDS - CONTAINERS)

_MOST_ENTRIES = 10_000  # each may be a fault of its own, which takes time to explain
_LONGEST_NAME = 255
_SIZED = (list, dict)


def check_fields(asked: Asked) -> None:
    """Check every field's type and limits, and name what has no effect.

    Args:
        asked: The request, its channels merged. Whole numbers written as `32.0`
            become `32`, and a `span_name` that is too long is cut; warnings are
            added.

    Raises:
        GatewayFailure: 400, naming the field.
    """
    _refuse(asked.respan)
    _cut_name(asked)
    whole_numbers(asked.openai)
    whole_numbers(asked.respan)
    checked = _checked(asked)
    _check_sizes(checked)
    for fault in faults_of(checked):
        if not fault.is_unknown:
            raise GatewayFailure(
                400, fault.text, code="invalid_value", param=fault.name
            )
        asked.warnings.append(f"ignored: {fault.text}")
    asked.warnings += idle_fields(asked)


def _checked(asked: Asked) -> dict[str, Any]:
    """What has a declared type; null is as good as absent."""
    return {
        name: value
        for fields, known in ((asked.openai, OPENAI_FIELDS), (asked.respan, KNOWN))
        for name, value in fields.items()
        if value is not None and name in known and name not in _ELSEWHERE
    }


def _check_sizes(values: dict[str, Any]) -> None:
    for name, value in values.items():
        if _is_huge(value) or (
            # What variables hold is anything, and so is never at fault.
            isinstance(value, dict)
            and name != "variables"
            and any(map(_is_huge, value.values()))
        ):
            raise GatewayFailure(
                400,
                f"{name} has a list or object of more than {_MOST_ENTRIES} entries",
                code="invalid_value",
                param=name,
            )


def _is_huge(value: Any) -> bool:
    return isinstance(value, _SIZED) and len(value) > _MOST_ENTRIES


def _refuse(respan: dict[str, Any]) -> None:
    for name in sorted(respan.keys() & _REFUSED):
        if respan[name]:
            raise GatewayFailure(
                400,
                f"the embedded gateway does not honour `{name}`, and without it the "
                "answer would be another one: leave it out, or use the hosted gateway",
                code="not_supported",
                param=name,
            )


def _cut_name(asked: Asked) -> None:
    name = asked.respan.get("span_name")
    if isinstance(name, str) and len(name) > _LONGEST_NAME:
        asked.respan["span_name"] = name[:_LONGEST_NAME]
        asked.warnings.append(f"span_name was cut after {_LONGEST_NAME} characters")
