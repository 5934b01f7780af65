"""A pydantic class as the JSON schema that asks a model for its form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError

if TYPE_CHECKING:
    import pydantic

__all__ = ["response_format"]

_MAPS = ("properties", "$defs")  # keywords that hold schemas by name
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")
_KEYWORDS = {"oneOf": "anyOf"}  # the strict form knows only the second
_DROPPED = ("default", "discriminator")


@lru_cache(maxsize=256)
def response_format(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """Give the ``response_format`` that asks for a pydantic class.

    In OpenAI's strict form, where that can express the class: every object closed,
    every field required (an optional one may be null). Otherwise, with free-form
    dicts or a root that is no object, the schema goes as it is and not as strict.

    Args:
        model: The class whose fields the answer shall have.

    Returns:
        A dict to be sent; made once for each class, so not to be changed.

    Example:
        >>> import pydantic
        >>> class Intent(pydantic.BaseModel):
        ...     label: str
        >>> response_format(Intent)["json_schema"]["schema"]["required"]
        ['label']
    """
    schema = _with_root(_checked(model).model_json_schema())
    is_strict = schema.get("type") == "object" and not _has_free_form(schema)
    if is_strict:
        schema = _strict(schema)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", model.__name__).strip("_")[:64] or "answer"
    content = {"name": name, "schema": schema, "strict": is_strict}
    return {"type": "json_schema", "json_schema": content}


def _checked(model: type) -> type[pydantic.BaseModel]:
    from pydantic import BaseModel

    if issubclass(model, BaseModel):
        return model
    raise ConfigError(
        f"response_format is the class {model.__name__}. Allowed are a subclass of "
        'pydantic.BaseModel, or a dict like {"type": "json_object"}.'
    )


def _has_free_form(schema: Any) -> bool:
    """Whether it has an object with keys of any name, or a value of any form."""
    if not isinstance(schema, dict):
        return False
    if schema.get("type") == "object" and schema.get("additionalProperties"):
        return True
    fields = [each for key in _MAPS for each in schema.get(key, {}).values()]
    parts = [each for key in _LISTS for each in schema.get(key, ())]
    if not all(map(_says_form, fields)):
        return True
    return any(map(_has_free_form, [*fields, *parts, schema.get("items")]))


def _says_form(schema: Any) -> bool:
    forms = {"type", "$ref", "anyOf", "allOf", "oneOf", "enum", "const"}
    return isinstance(schema, dict) and not forms.isdisjoint(schema)


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    strict = {
        _KEYWORDS.get(key, key): _strict_part(key, value)
        for key, value in schema.items()
        if key not in _DROPPED
    }
    if "$ref" in strict and len(strict) > 1:  # a reference must stand alone
        strict["anyOf"] = [{"$ref": strict.pop("$ref")}]
    if strict.get("type") == "object":
        strict.setdefault("properties", {})
        strict["required"] = list(strict["properties"])
        strict["additionalProperties"] = False
    return strict


def _strict_part(key: str, value: Any) -> Any:
    if key in _MAPS:
        return {name: _strict(each) for name, each in value.items()}
    if key in _LISTS:
        return [_strict(each) for each in value]
    return _strict(value) if key == "items" and isinstance(value, dict) else value


def _with_root(schema: dict[str, Any]) -> dict[str, Any]:
    """Write the root out where it is a reference, as for a class that holds itself."""
    defs = schema.get("$defs", {})
    root = defs.get(str(schema.get("$ref", "")).rpartition("/")[2])
    return schema if root is None else {**root, "$defs": defs}
