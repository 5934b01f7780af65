"""Plain values as YAML, read and written so that nothing is a surprise.

Scalars are read by the core schema of YAML 1.2 (chapter 10.3), less octal and
hexadecimal numbers, so that `no` is a text and `12:30` and `2026-03-01` are texts too.
What is written is quoted wherever a reader of YAML 1.1 would see anything else in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import yaml

from ...errors import PromptError

__all__ = ["plain", "read_yaml", "written_yaml"]

_TAG = "tag:yaml.org,2002:"
_SCALARS = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "int": (r"[-+]?(0|[1-9][0-9]*)", "-+0123456789"),
    "float": (
        r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}
# What can stand as it is: in a line, and in lines.
_SEEN = (
    "\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010fffd"
)
_LINE = re.compile(f"[{_SEEN}]*")
_BLOCK = re.compile(f"[\t\n{_SEEN}]+")


class _Loader(yaml.SafeLoader):
    """Reads plain values: no dates, no objects, no aliases, no key twice."""

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012  # as PyYAML's types have it
    yaml_constructors: ClassVar[Any] = {
        **{
            f"{_TAG}{kind}": yaml.SafeLoader.yaml_constructors[f"{_TAG}{kind}"]
            for kind in ("null", "bool", "int", "float", "str", "seq", "map")
        },
        None: yaml.SafeLoader.yaml_constructors[None],
    }

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self._next().start_mark
            raise yaml.composer.ComposerError(
                None, None, "aliases (*name) are not read here: write it out", mark
            )
        return super().compose_node(parent, index)

    def _next(self) -> Any:
        return self.peek_event()  # type: ignore[no-untyped-call]  # has no types

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        found = yaml.constructor.BaseConstructor.construct_mapping(self, node, deep)
        if len(found) < len(node.value):
            raise yaml.constructor.ConstructorError(
                None, None, f"{_twice(node)} is there twice", node.start_mark
            )
        return found


def _twice(node: Any) -> str:
    names = [str(key.value) for key, _ in node.value]
    return next((repr(one) for one in names if names.count(one) > 1), "a key")


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, if anything can."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)

    def analyze_scalar(self, scalar: str) -> Any:
        analysis = super().analyze_scalar(scalar)
        # PyYAML would not have tabs, or blanks at a line's end.
        analysis.allow_block = _is_block(scalar)
        return analysis


def _is_block(text: str) -> bool:
    is_ended = text.endswith("\n\n") or not text.strip("\n")
    return "\n" in text and not is_ended and _BLOCK.fullmatch(text) is not None


def _text(dumper: _Dumper, text: str) -> Any:
    style = "|" if _is_block(text) else None
    if style is None and not _LINE.fullmatch(text):
        style = '"'  # with escapes
    return dumper.represent_scalar(f"{_TAG}str", text, style=style)


_Dumper.add_representer(str, _text)
for _kind, (_form, _first) in _SCALARS.items():
    for _class in (_Loader, _Dumper):
        _class.add_implicit_resolver(
            f"{_TAG}{_kind}", re.compile(f"^(?:{_form})$"), list(_first)
        )


def read_yaml(text: str, *, first_line: int = 1) -> Any:
    r"""Read plain values: texts, numbers, true and false, null, lists and mappings.

    Args:
        text: The YAML.
        first_line: The line of the file in which it begins, for errors.

    Raises:
        PromptError: It is broken, or holds anything else; says the line.

    Example:
        >>> read_yaml("language: no\nsizes: [1, 2.5]")
        {'language': 'no', 'sizes': [1, 2.5]}
    """
    loader = None
    try:
        loader = _Loader(text)
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + (mark.line if mark else 0)
        what = error.problem or error.context
        raise PromptError(f"line {line}: the YAML is broken: {what}") from error
    except yaml.reader.ReaderError as error:
        line = first_line + text.count("\n", 0, error.position)
        raise PromptError(
            f"line {line}: the YAML holds {chr(error.character)!a}, which it may not: "
            "write it as an escape in double quotes"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PromptError(f"line {first_line}: the YAML is broken: {error}") from error
    finally:
        if loader is not None:
            loader.dispose()


def written_yaml(value: Mapping[str, Any]) -> str:
    r"""Write what `plain` gives as YAML, texts of several lines as blocks.

    Example:
        >>> print(written_yaml({"a": "no", "b": "one\ntwo\n"}), end="")
        a: 'no'
        b: |
          one
          two
    """
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=float("inf"),
    )
    return text


def plain(value: Any, what: str) -> Any:
    """Give a value as one that YAML can hold.

    Args:
        value: Texts, numbers, true and false, None, and lists and dicts of them.
        what: What it is called in errors.

    Raises:
        PromptError: It is something else.

    Example:
        >>> plain(("a", 1), "the default 'x'")
        ['a', 1]
    """
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            # Of an enum or a numpy number it is the value.
            return str.__str__(value) if kind is str else kind(value)
    try:
        if isinstance(value, Mapping):
            return {_key(key, what): plain(one, what) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [plain(one, what) for one in value]
    except RecursionError:
        raise PromptError(f"{what} holds itself, or is too deep") from None
    raise PromptError(
        f"{what} holds {_named(value)}, and a file holds texts, numbers, true and "
        "false, None, and lists and dicts of them: give it to render() instead"
    )


def _key(key: Any, what: str) -> str:
    if isinstance(key, str):
        return str.__str__(key)
    raise PromptError(f"{what} has the key {key!r}; a file holds keys that are texts")


def _named(value: Any) -> str:
    kind = type(value).__name__
    return "a picture" if kind == "Image" else f"a value of type {kind!r}"
