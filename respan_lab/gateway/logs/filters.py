"""The filters of the log's list, as SQL whose values are parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from ...storage.texts import as_text
from ...wire import clean
from ..failure import GatewayFailure
from ..store.log_columns import COLUMNS, Kind

__all__ = ["Condition", "column_of", "condition"]

_ALIASES = {
    "cache_hit": "cache_bit",
    "id": "unique_id",
    "input_tokens": "prompt_tokens",
    "output_tokens": "completion_tokens",
    "total_cost": "cost",
    "total_tokens": "total_request_tokens",
    "trace_id": "trace_unique_id",
    "ttft": "time_to_first_token",
}
_SPELLINGS = {"=": "", "==": "", "eq": "", "equals": "", "in": "", "not_in": "not"}
_EQUALITY = frozenset({"", "not", "empty", "not_empty", "isnull"})
_ORDER = {"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}
_SUBTEXT = frozenset({"contains", "icontains", "startswith", "endswith"})
_NEGATED = {f"not_{name}": name for name in _SUBTEXT - {"icontains"}}
_FILTERED: Mapping[Kind, frozenset[str]] = {
    "boolean": _EQUALITY,
    "integer": _EQUALITY | _ORDER.keys(),
    "real": _EQUALITY | _ORDER.keys(),
    "text": _EQUALITY | _ORDER.keys() | _SUBTEXT | _NEGATED.keys(),
    "whole": _EQUALITY | _ORDER.keys() | _SUBTEXT | _NEGATED.keys(),
}
_BOOLEANS = {"true": True, "false": False}
_METADATA = "metadata__"
_MOST = 1000  # conditions and values of one request; SQLite has limits too


class Condition(NamedTuple):
    """An SQL condition on `logs`, and what stands for its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


class _Operand(NamedTuple):
    """What is compared: an SQL expression, and whether it may be missing."""

    sql: str
    kind: Kind
    is_nullable: bool = True


def condition(filters: Any) -> Condition:
    """Turn filters into a condition; all of them must hold.

    Where a field is missing, `not` and its like hold and everything else does not;
    a row without a metadata key never matches a filter on it.

    Args:
        filters: `{"<field>": {"operator": "<op>", "value": [...]}}`, or a list of
            those objects for a field; None for none.

    Raises:
        GatewayFailure: 400, naming the field, the operator or the value at fault.

    Example:
        >>> condition({"cost": {"operator": "gte", "value": [0.5]}})
        Condition(sql='(cost >= ?)', values=(0.5,))
    """
    if filters is None:
        return Condition("1")
    if not isinstance(filters, Mapping):
        raise _bad("filters", "filters must be an object: a condition for each field")
    found = [
        _of_field(clean(field), each)
        for field, given in filters.items()
        for each in (given if isinstance(given, list) else [given])
        if each is not None  # the official SDK leaves a field out like this
    ]
    values = tuple(value for each in found for value in each.values)
    if len(found) > _MOST // 2 or len(values) > _MOST:
        raise _bad("filters", f"filters may hold at most {_MOST} values")
    return Condition(" AND ".join(each.sql for each in found) or "1", values)


def column_of(field: str) -> str | None:
    """Find the column behind a field's name or alias; None if there is none.

    Example:
        >>> column_of("total_cost"), column_of("mood")
        ('cost', None)
    """
    name = _ALIASES.get(field, field)
    return name if name in COLUMNS else None


def _of_field(field: str, given: Any) -> Condition:
    if field.startswith(_METADATA):
        inner = _compare(field, _Operand("m.value", "text", is_nullable=False), given)
        return Condition(
            "EXISTS (SELECT 1 FROM metadata AS m WHERE m.log = logs.id AND m.key = ? "
            f"AND {inner.sql})",
            (field.removeprefix(_METADATA), *inner.values),
        )
    column = column_of(field)
    if column is None or COLUMNS[column] not in _FILTERED:
        raise _bad(
            field,
            f"{field!r} is not a field this gateway's log can be filtered by: use "
            f"metadata__<key>, or one of {', '.join(_fields())}",
        )
    return _compare(field, _Operand(column, COLUMNS[column]), given)


def _fields() -> list[str]:
    return [name for name, kind in COLUMNS.items() if kind in _FILTERED]


def _compare(field: str, operand: _Operand, given: Any) -> Condition:
    operator, values = _read(field, given)
    allowed = _FILTERED[operand.kind]
    if operator not in allowed:
        names = sorted({*allowed, *(n for n, m in _SPELLINGS.items() if m in allowed)})
        raise _bad(
            field,
            f"{field}: {operator!r} is not an operator of this field; it has "
            f"{', '.join(repr(name) for name in names)}",
        )
    if operator in ("empty", "not_empty", "isnull"):
        return _presence(field, operand, operator, values)
    if operator in ("", "not"):
        cast = partial(_value, field, operand.kind)
        return _equality(operand, operator, [cast(value) for value in values])
    if len(values) != 1:
        raise _bad(field, f"{field}: {operator!r} takes one value, not {len(values)}")
    if operator in _ORDER:
        value = _value(field, operand.kind, values[0])
        return Condition(f"({operand.sql} {_ORDER[operator]} ?)", (value,))
    return _subtext(field, operand, operator, values[0])


def _read(field: str, given: Any) -> tuple[str, list[Any]]:
    """Read one condition: its operator, by its one spelling, and its values."""
    if not isinstance(given, Mapping) or "value" not in given:
        raise _bad(
            field, f'{field} must be {{"operator": "<operator>", "value": [...]}}'
        )
    unknown = given.keys() - {"operator", "value", "connector"}
    if unknown or given.get("connector", "AND") not in ("AND", "and", None, ""):
        raise _bad(
            field,
            f"{field}: conditions are `operator` and `value`, and all must hold; "
            "`OR` and bundles of filters are not supported",
        )
    operator, value = given.get("operator"), given["value"]
    operator = "" if operator is None else operator
    if not isinstance(operator, str):
        raise _bad(
            field,
            f"{field}: the operator is {operator!r}; it must be a text such as "
            "'icontains'",
        )
    values = value if isinstance(value, list) else [value]
    if not values:
        raise _bad(field, f"{field}: `value` must list at least one value")
    return _SPELLINGS.get(operator, operator), values


def _presence(
    field: str, operand: _Operand, operator: str, values: list[Any]
) -> Condition:
    is_text = operand.kind == "text" and operator != "isnull"
    missing = (
        f"({operand.sql} IS NULL{f' OR {operand.sql} = ' + _NONE if is_text else ''})"
    )
    if operator == "isnull":
        is_wanted = _value(field, "boolean", values[0])
    else:
        is_wanted = operator == "empty"
    return Condition(missing if is_wanted else f"(NOT {missing})")


_NONE = "''"


def _equality(operand: _Operand, operator: str, values: list[Any]) -> Condition:
    among = f"{operand.sql} IN ({', '.join('?' * len(values))})"
    if operator == "":
        return Condition(f"({among})", tuple(values))
    return Condition(_negated(operand, among), tuple(values))


def _negated(operand: _Operand, sql: str) -> str:
    return (
        f"({operand.sql} IS NULL OR NOT {sql})"
        if operand.is_nullable
        else f"(NOT {sql})"
    )


def _subtext(field: str, operand: _Operand, operator: str, value: Any) -> Condition:
    positive = _NEGATED.get(operator, operator)
    text = operand.sql if operand.kind == "text" else f"CAST({operand.sql} AS TEXT)"
    found = _SUBTEXTS[positive](text, _value(field, "text", value))
    if positive == operator:
        return found
    return Condition(_negated(operand, found.sql), found.values)


# Texts are compared as bytes: SQLite's functions on text stop at a zero character.
def _contains(sql: str, text: str) -> Condition:
    return Condition(f"(instr(CAST({sql} AS BLOB), ?) > 0)", (text.encode(),))


def _icontains(sql: str, text: str) -> Condition:
    return _contains(f"casefold({sql})", text.casefold())


def _startswith(sql: str, text: str) -> Condition:
    return _part(sql, "1, {}", text)


def _endswith(sql: str, text: str) -> Condition:
    return _part(sql, "-{}", text)


def _part(sql: str, place: str, text: str) -> Condition:
    if not text:  # every text has it, but what is missing has not
        return Condition(f"({sql} IS NOT NULL)")
    sought = text.encode()
    part = f"substr(CAST({sql} AS BLOB), {place.format(len(sought))})"
    return Condition(f"(ifnull({part}, x'') = ?)", (sought,))  # of '' it is NULL


_SUBTEXTS: Mapping[str, Callable[[str, str], Condition]] = {
    "contains": _contains,
    "icontains": _icontains,
    "startswith": _startswith,
    "endswith": _endswith,
}


def _value(field: str, kind: Kind, value: Any) -> Any:
    """Bring a value into the form its column has."""
    if kind == "boolean":
        found = _BOOLEANS.get(value.lower()) if isinstance(value, str) else value
        if isinstance(found, bool):
            return found
        raise _bad(field, f"{field}: {value!r} is neither true nor false")
    if kind == "text":
        if isinstance(value, str | int | float):
            return as_text(value)
        raise _bad(
            field, f"{field}: {value!r} is not a text; `empty` finds what is not there"
        )
    number = _number(value)
    if number is None:
        raise _bad(field, f"{field}: {value!r} is not a number")
    return number


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = value if isinstance(value, int) else float(value)
        # Beyond 64 bits SQLite has floats only.
        number = number if abs(number) < 2**63 else float(number)
    except (OverflowError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _bad(field: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_filter", param=field)
