"""The calls behind `client.prompts`, run on the background loop."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..errors import ConfigError, StreamError
from ..prompts import Prompt, SavedPrompt, conversation
from ..wire.text import plain
from .prompt_frames import prompts_frame, versions_frame
from .prompt_values import local_values, sent_values
from .rest import fetch

if TYPE_CHECKING:
    import pandas as pd

    from .door import Door

__all__ = ["PromptCalls"]

_PAGE_SIZE = 100
_FIELDS = (
    "model",
    "temperature",
    "max_tokens",
    "top_p",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
    "verbosity",
    "seed",
    "thinking",
    "stream",
    "variables",
    "fallback_models",
    "load_balance_models",
    "tools",
    "tool_choice",
    "response_format",
    "json_schema",
    "is_enforcing_response_format",
)


class PromptCalls:
    """Speaks the gateway's REST API for saved prompts.

    Args:
        door: The way to the gateway.
    """

    def __init__(self, door: Door) -> None:
        self._door = door

    async def create(self, name: str, description: str | None) -> str:
        """Make a prompt; give its id."""
        body = {"name": name, "description": description}
        made = await self._ask("/prompts/", _set(body))
        return str(_field(made, "prompt_id", "id"))

    async def listed(self) -> pd.DataFrame:
        """Read every prompt, as a frame."""
        prompts = await self._pages("/prompts/list/", {})
        return prompts_frame(prompts)

    async def get(self, prompt_id: str, version: int | str | None) -> SavedPrompt:
        """Read a version."""
        where = _path(prompt_id)
        prompt = await self._ask(where)
        number = version if isinstance(version, int) else _chosen(prompt, version)
        # What the list of prompts holds of a version need not be all of it.
        found = await self._ask(f"{where}versions/{number}/")
        return SavedPrompt(
            _field(found, "messages"),
            prompt_id=prompt_id,
            version=number,
            name=prompt.get("name"),
            defaults=local_values(found.get("variables") or {}),
        )

    async def add_version(
        self,
        prompt_id: str,
        prompt: str | Sequence[Mapping[str, Any]] | Prompt,
        description: str | None,
        fields: Mapping[str, Any],
    ) -> int:
        """Make a draft; give its number."""
        for name in fields:
            if name not in _FIELDS:
                near = difflib.get_close_matches(name, _FIELDS, n=1)
                hint = f"did you mean {near[0]}?" if near else ", ".join(_FIELDS)
                raise ConfigError(f"{name!r} is not a field of a version: {hint}")
        template = prompt if isinstance(prompt, Prompt) else Prompt(prompt)
        own = {**template.defaults, **(fields.get("variables") or {})}
        body = {
            **fields,
            "messages": _messages(template),
            "variables": sent_values(own) or None,
            "description": description,
        }
        sent = plain(_set(body), "version")
        made = await self._ask(f"{_path(prompt_id)}versions/", sent)
        return int(_field(made, "version"))

    async def versions(self, prompt_id: str) -> pd.DataFrame:
        """Read a prompt's versions, as a frame."""
        rows = await self._pages(f"{_path(prompt_id)}versions/", None)
        return versions_frame(rows, _FIELDS)

    async def commit(self, prompt_id: str, description: str | None) -> int:
        """Make the draft final; give its number."""
        body = _set({"description": description})
        return int(
            _field(await self._ask(f"{_path(prompt_id)}commits/", body), "version")
        )

    async def deploy(self, prompt_id: str, version: int) -> None:
        """Make a final version the live one."""
        await self._ask(f"{_path(prompt_id)}deployments/", {"version": int(version)})

    async def delete(self, prompt_id: str) -> None:
        """Delete a prompt."""
        await fetch(self._door, _path(prompt_id), method="DELETE")

    async def _ask(self, path: str, body: Any = None) -> dict[str, Any]:
        found = await fetch(self._door, path, body)
        if isinstance(found, dict):
            return found
        raise StreamError(f"{self._door.url}{path}: the answer is no object")

    async def _pages(self, path: str, body: Any) -> list[dict[str, Any]]:
        """Read a list to its end; pages are asked for here, at no address given."""
        rows: list[dict[str, Any]] = []
        page = 1
        while True:
            asked = f"{path}?page={page}&page_size={_PAGE_SIZE}"
            found = await self._ask(asked, body)
            results = found.get("results") or []
            rows += [row for row in results if isinstance(row, dict)]
            if not found.get("next") or not results:
                return rows
            page += 1


def _path(prompt_id: str) -> str:
    if not isinstance(prompt_id, str) or not prompt_id:
        raise ConfigError(f"prompt_id is {prompt_id!r}: it is the text `create` gave")
    return f"/prompts/{quote(prompt_id, safe='')}/"


def _set(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _field(found: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if found.get(name) is not None:
            return found[name]
    raise StreamError(f"the gateway's answer has no {names[0]!r}")


def _chosen(prompt: Mapping[str, Any], version: str | None) -> int:
    if version not in (None, "latest"):
        raise ConfigError(f'version is {version!r}: it is a number, "latest" or None')
    found = prompt.get("live_version" if version is None else "current_version")
    if isinstance(found, dict):
        return int(_field(found, "version"))
    name = prompt.get("name")
    if version is None:
        raise ConfigError(
            f"prompt {name!r} has no deployed version: commit and deploy one, or give "
            'version= a number or "latest"'
        )
    raise ConfigError(f"prompt {name!r} has no versions yet: add_version makes one")


def _messages(prompt: Prompt) -> list[dict[str, Any]]:
    template = prompt.template
    messages = (
        [{"role": "user", "content": template}]
        if isinstance(template, str)
        else template
    )
    if any(message["role"] == "placeholder" for message in messages):
        raise ConfigError(
            "a placeholder is this library's own, and gateways do not know it: leave "
            "it out, and send the conversation beside the saved prompt"
        )
    if prompt.system is not None:
        messages = [{"role": "system", "content": prompt.system}, *messages]
    return conversation(messages)
