"""The contract's table as an OpenAPI document, for tools that make requests of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from contract_table import FIELDS, HEADERS, PATH, TABLE, schema_of

Names = Mapping[str, Sequence[str]]

# Set by whoever calls, not by the tool.
_GIVEN = ("Authorization",)


def document(names: Names) -> dict[str, Any]:
    """Write the chat route down.

    Args:
        names: What a field or header may name, wherever it stands. Without them a tool
            would hardly ever hit upon a model that there is.
    """
    legacy = {
        each["legacy"]: {**each, "meaning": f"The older name of {name}."}
        for name, each in HEADERS.items()
        if "legacy" in each
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "The chat route, by the contract's table", "version": "1"},
        "paths": {
            PATH: {
                TABLE["route"]["method"].lower(): {
                    "parameters": [
                        _parameter(name, each, names)
                        for name, each in {**HEADERS, **legacy}.items()
                        if name not in _GIVEN
                    ],
                    "requestBody": {"required": True, "content": _json(_body(names))},
                    "responses": _responses(),
                }
            }
        },
    }


def _body(names: Names) -> dict[str, Any]:
    fields = {
        name: {**schema_of(each), "description": each["meaning"]}
        for name, each in FIELDS.items()
    }
    box = {"type": "object", "properties": {**fields}}
    legacy = FIELDS["respan_params"]["legacy"]
    body = {
        "type": "object",
        "properties": {**fields, "respan_params": box, legacy: box},
        "required": [name for name, each in FIELDS.items() if each.get("required")],
    }
    named: dict[str, Any] = _named(body, names)
    return named


def _named(schema: Any, names: Names) -> Any:
    """The same with the names to choose from, on every level."""
    if isinstance(schema, list):
        return [_named(each, names) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _named(each, names) for key, each in schema.items()}
    for name, each in found.get("properties", {}).items():
        if name not in names:
            continue
        choice = {"enum": list(names[name])}
        is_list = each.get("type") == "array"
        found["properties"][name] = {**each, "items": choice} if is_list else choice
    return found


def _parameter(name: str, header: dict[str, Any], names: Names) -> dict[str, Any]:
    choice = {"enum": list(names[name])} if name in names else {}
    return {
        "name": name,
        "in": "header",
        "required": header.get("required", False),
        "schema": {"type": "string", **choice},
        "description": header["meaning"],
    }


def _responses() -> dict[str, Any]:
    error = {
        "type": "object",
        "properties": {
            "error": {"type": "object", "required": TABLE["errors"]["body"]}
        },
        "required": ["error"],
    }
    answer = {"type": "object", "required": TABLE["answer"]["sent"]}
    stream = {"text/event-stream": {"schema": {"type": "object", "required": ["data"]}}}
    failures = sorted([*TABLE["errors"]["documented"], *TABLE["errors"]["further"]])
    return {
        "200": {"description": "The answer.", "content": {**_json(answer), **stream}},
        **{
            str(status): {"description": "An error.", "content": _json(error)}
            for status in failures
        },
    }


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
