"""Filters and order of the list of saved prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..failure import GatewayFailure
from ..store.prompts import VERSION_FIELDS

__all__ = ["filtered", "ordered"]

_OWN = ("prompt_id", "name", "description", "prompt_slug", "created_at", "updated_at")
_VERSIONS = ("current_version__", "live_version__")
_OF_VERSION = (
    *("version", "description", "readonly", "created_at", "updated_at"),
    *(name for name in VERSION_FIELDS if name != "messages"),
)
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda found, value: found < value,
    "lte": lambda found, value: found <= value,
    "gt": lambda found, value: found > value,
    "gte": lambda found, value: found >= value,
}
_SUBTEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda found, value: value in found,
    "icontains": lambda found, value: value.casefold() in found.casefold(),
    "startswith": str.startswith,
    "endswith": str.endswith,
}
_AMONG = {"": True, "in": True, "not": False, "not_in": False}
_EMPTY = {"empty": True, "not_empty": False}
_NEGATED = {f"not_{name}": name for name in ("contains", "startswith", "endswith")}
_OPERATORS = sorted({*_AMONG, *_EMPTY, *_ORDER, *_SUBTEXT, *_NEGATED})


def filtered(prompts: list[dict[str, Any]], filters: Any) -> list[dict[str, Any]]:
    """Keep the prompts that meet every condition.

    Args:
        prompts: Objects of the contract.
        filters: `{"<field>": {"operator": "<op>", "value": [...]}}`, or a list of
            those objects for a field; None for none.

    Raises:
        GatewayFailure: 400, naming the field, the operator or the value at fault.

    Example:
        >>> named = [{"name": "Support"}, {"name": "Sales"}]
        >>> filtered(named, {"name": {"operator": "icontains", "value": ["supp"]}})
        [{'name': 'Support'}]
    """
    if filters is None:
        return prompts
    if not isinstance(filters, Mapping):
        raise _bad("filters", "filters must be an object: a condition for each field")
    conditions = [
        _condition(field, each)
        for field, given in filters.items()
        for each in (given if isinstance(given, list) else [given])
        if each is not None  # the official SDK leaves a field out like this
    ]
    return [p for p in prompts if all(holds(p) for holds in conditions)]


def ordered(prompts: list[dict[str, Any]], sort_by: str) -> list[dict[str, Any]]:
    """Bring prompts, newest first, into an order.

    Args:
        prompts: Objects of the contract, newest first.
        sort_by: `id` (when it was made), or a field; with a `-` the largest first.
            Prompts without the field come last.

    Raises:
        GatewayFailure: 400, if there is no such field.
    """
    name, is_descending = sort_by.removeprefix("-"), sort_by.startswith("-")
    if name == "id":
        return prompts if is_descending else prompts[::-1]
    if _known(name) is None or name.endswith(("__variables", "__tools")):
        raise _bad(
            "sort_by", f"sort_by is {sort_by!r}; use id, name or current_version__..."
        )
    known = [p for p in prompts if _found(p, name) is not None]
    unknown = [p for p in prompts if _found(p, name) is None]
    known.sort(key=lambda p: _sortable(_found(p, name)), reverse=is_descending)
    return known + unknown


def _sortable(value: Any) -> tuple[str, Any]:
    if isinstance(value, bool | int | float):
        return "", float(value)
    return "text", str(value)


def _known(field: str) -> str | None:
    for prefix in _VERSIONS:
        if field.startswith(prefix):
            return field if field.removeprefix(prefix) in _OF_VERSION else None
    return field if field in _OWN else None


def _found(prompt: Mapping[str, Any], field: str) -> Any:
    for prefix in _VERSIONS:
        if field.startswith(prefix):
            version = prompt.get(prefix.removesuffix("__")) or {}
            return version.get(field.removeprefix(prefix))
    return prompt.get(field)


def _condition(field: str, given: Any) -> Callable[[Mapping[str, Any]], bool]:
    if _known(field) is None:
        raise _bad(
            field,
            f"{field!r} is not a field this gateway's prompts can be filtered by: use "
            f"{', '.join(_OWN)}, current_version__<field> or live_version__<field>",
        )
    operator, values = _read(field, given)
    test = _test(field, operator, values)
    return lambda prompt: test(_found(prompt, field))


def _read(field: str, given: Any) -> tuple[str, list[Any]]:
    if not isinstance(given, Mapping) or "value" not in given:
        raise _bad(
            field, f'{field} must be {{"operator": "<operator>", "value": [...]}}'
        )
    operator, value = given.get("operator"), given["value"]
    operator = "" if operator is None else operator
    if not isinstance(operator, str) or operator not in _OPERATORS:
        raise _bad(
            field, f"{field}: the operator is {operator!r}; there are {_OPERATORS}"
        )
    values = value if isinstance(value, list) else [value]
    is_single = operator not in _AMONG and operator not in _EMPTY
    if not values or (is_single and len(values) > 1):
        raise _bad(field, f"{field}: {operator!r} takes one value, not {len(values)}")
    return operator, values


def _test(field: str, operator: str, values: list[Any]) -> Callable[[Any], bool]:
    if operator in _AMONG:
        return lambda found: (found in values) is _AMONG[operator]
    if operator in _EMPTY:
        return lambda found: (found in (None, "", [], {})) is _EMPTY[operator]
    value = values[0]
    if operator in _ORDER:
        return lambda found: (
            _comparable(found, value) and _ORDER[operator](found, value)
        )
    positive = _NEGATED.get(operator, operator)
    if not isinstance(value, str):
        raise _bad(field, f"{field}: {value!r} is not a text")
    is_wanted = operator == positive
    return lambda found: (
        (isinstance(found, str) and _SUBTEXT[positive](found, value)) is is_wanted
    )


def _comparable(found: Any, value: Any) -> bool:
    numbers = isinstance(found, int | float) and isinstance(value, int | float)
    return numbers or (isinstance(found, str) and isinstance(value, str))


def _bad(field: str, message: str) -> GatewayFailure:
    return GatewayFailure(400, message, code="invalid_filter", param=field)
