from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

import pydantic
import pytest
from pydantic import BaseModel, Field

from respan_lab.wire.schema import response_format


class Inner(BaseModel):
    kind: Literal["a", "b"] = "a"


class Outer(BaseModel):
    """What was asked."""

    label: str = Field(description="one word")
    inner: Inner = Field(description="the inside", default=Inner())
    many: list[Inner] = []
    maybe: int | None = None


class Tree(BaseModel):
    name: str
    children: list[Tree] = Field(default=[], description="below")


class Free(BaseModel):
    notes: dict[str, str]


class Anything(BaseModel):
    value: Any


class Cat(BaseModel):
    sort: Literal["cat"]


class Dog(BaseModel):
    sort: Literal["dog"]


class Pet(BaseModel):
    animal: Cat | Dog = Field(discriminator="sort")


Words = pydantic.RootModel[list[str]]
T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    content: T


def schema_of(model: type[BaseModel]) -> dict:
    return response_format(model)["json_schema"]["schema"]


def every_object(schema: Any) -> list[dict]:
    if isinstance(schema, list):
        return [found for each in schema for found in every_object(each)]
    if not isinstance(schema, dict):
        return []
    inner = [found for each in schema.values() for found in every_object(each)]
    return [schema, *inner] if schema.get("type") == "object" else inner


@pytest.mark.parametrize("model", [Outer, Tree, Pet, Box[int]])
def test_every_object_is_closed_and_needs_all_its_fields(model) -> None:
    form = response_format(model)
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    schema = form["json_schema"]["schema"]
    assert schema["type"] == "object"
    for each in every_object(schema):
        assert each["additionalProperties"] is False
        assert each["required"] == list(each["properties"])


def test_what_the_strict_form_does_not_know_is_gone() -> None:
    text = str(schema_of(Outer)) + str(schema_of(Pet))
    assert "'default'" not in text
    assert "'oneOf'" not in text
    assert "'discriminator'" not in text
    assert "one word" in text


def test_a_reference_stands_alone_and_keeps_its_description() -> None:
    inner = schema_of(Outer)["properties"]["inner"]
    assert inner == {"anyOf": [{"$ref": "#/$defs/Inner"}], "description": "the inside"}


def test_a_class_that_holds_itself_has_an_object_at_its_root() -> None:
    schema = schema_of(Tree)
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert "Tree" in schema["$defs"]


@pytest.mark.parametrize("model", [Free, Anything, Words])
def test_what_the_strict_form_cannot_say_goes_as_it_is(model) -> None:
    form = response_format(model)["json_schema"]
    assert form["strict"] is False
    assert form["schema"] == model.model_json_schema()


def test_names_are_what_the_api_allows() -> None:
    assert response_format(Box[int])["json_schema"]["name"] == "Box_int"


def test_a_class_is_worked_out_once() -> None:
    assert response_format(Outer) is response_format(Outer)
