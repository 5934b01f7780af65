"""The prompts a gateway keeps, and their versions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..transport import hop, run
from .prompt_calls import PromptCalls

if TYPE_CHECKING:
    import pandas as pd

    from ..prompts import Prompt, SavedPrompt
    from .door import Door

__all__ = ["Prompts"]


class Prompts:
    """The prompts that a gateway keeps; `client.prompts` is one.

    A prompt has versions, numbered from 1. A new one is a draft, `commit` makes it
    final, `deploy` makes it the live one, which requests get that name no version.
    Every method has an awaited twin with an `a` before its name.

    Args:
        door: The way to the gateway.

    Example:
        >>> prompts = lab.Client(gateway=Gateway(sim_time_scale=0)).prompts
        >>> prompt_id = prompts.create("Greeting")
        >>> prompts.add_version(prompt_id, "Greet {{ name }}.", model="sim/small")
        1
        >>> prompts.commit(prompt_id)
        1
        >>> prompts.deploy(prompt_id, 1)
        >>> prompts.get(prompt_id).variables
        ('name',)
        >>> prompts.delete(prompt_id)
    """

    def __init__(self, door: Door) -> None:
        self._url = door.url
        self._calls = PromptCalls(door)

    def __repr__(self) -> str:
        return f"Prompts({self._url!r})"

    def create(self, name: str, *, description: str | None = None) -> str:
        """Make a prompt; it has no versions yet.

        Args:
            name: What people call it.
            description: What it is for; None for nothing.

        Returns:
            Its id.

        Raises:
            APIError: The gateway said no.
        """
        return run(self._calls.create(name, description))

    async def acreate(self, name: str, *, description: str | None = None) -> str:
        """Make a prompt; as `create`."""
        return await hop(self._calls.create(name, description))

    def list(self) -> pd.DataFrame:
        """The gateway's prompts, newest first.

        Returns:
            A row per prompt: `prompt_id`, `name`, `description`, `current_version`
            (the newest one's number), `live_version` (missing if none is deployed),
            `model` (of the newest version), `updated_at` (of the newest version).

        Raises:
            APIError: The gateway gave no list.
        """
        return run(self._calls.listed())

    async def alist(self) -> pd.DataFrame:
        """The gateway's prompts; as `list`."""
        return await hop(self._calls.listed())

    def get(self, prompt_id: str, version: int | str | None = None) -> SavedPrompt:
        """Read a version of a prompt.

        Given to `client.chat` as its messages, it is sent by its id, and the gateway
        renders it; `.bind(...)` gives its variables their values.

        Args:
            prompt_id: Which prompt.
            version: The version's number; `"latest"` for the draft, else the newest;
                None for the deployed one.

        Returns:
            A `lab.Prompt` that knows its `prompt_id` and, in `version`, its number.

        Raises:
            ConfigError: The prompt has no version of that kind.
            NotFoundError: There is no such prompt or version.
        """
        return run(self._calls.get(prompt_id, version))

    async def aget(
        self, prompt_id: str, version: int | str | None = None
    ) -> SavedPrompt:
        """Read a version of a prompt; as `get`."""
        return await hop(self._calls.get(prompt_id, version))

    def add_version(
        self,
        prompt_id: str,
        prompt: str | Sequence[Mapping[str, Any]] | Prompt,
        *,
        description: str | None = None,
        **fields: Any,
    ) -> int:
        """Make a new version, a draft; every earlier version becomes final.

        Args:
            prompt_id: Of which prompt.
            prompt: A template, a list of messages whose contents are templates, or a
                `lab.Prompt`, whose defaults become the version's values.
            description: What is new in it; None for nothing.
            **fields: How the gateway is to ask: `model`, `temperature`, `max_tokens`,
                `top_p`, `frequency_penalty`, `presence_penalty`, `reasoning_effort`,
                `verbosity`, `seed`, `thinking`, `stream`, `fallback_models`,
                `load_balance_models`, `tools`, `tool_choice`, `response_format`,
                `json_schema`, `is_enforcing_response_format`; and `variables`, the
                version's values of its variables. None leaves one out.

        Returns:
            Its number.

        Raises:
            ConfigError: A field is unknown; nothing was sent.
            PromptError: The template has a mistake; nothing was sent.
            APIError: The gateway said no.
        """
        return run(self._calls.add_version(prompt_id, prompt, description, fields))

    async def aadd_version(
        self,
        prompt_id: str,
        prompt: str | Sequence[Mapping[str, Any]] | Prompt,
        *,
        description: str | None = None,
        **fields: Any,
    ) -> int:
        """Make a new version; as `add_version`."""
        return await hop(
            self._calls.add_version(prompt_id, prompt, description, fields)
        )

    def versions(self, prompt_id: str) -> pd.DataFrame:
        """The versions of a prompt, newest first.

        Args:
            prompt_id: Which prompt.

        Returns:
            A row per version: `version`, `description`, `readonly` (false for the
            draft), `is_deployed`, `model`, `messages`, `variables`, `edited_by` (a name
            or address; on the embedded gateway the machine's user), `created_at`,
            `updated_at`, and what else any version sets.

        Raises:
            APIError: The gateway gave no list.
        """
        return run(self._calls.versions(prompt_id))

    async def aversions(self, prompt_id: str) -> pd.DataFrame:
        """The versions of a prompt; as `versions`."""
        return await hop(self._calls.versions(prompt_id))

    def commit(self, prompt_id: str, description: str | None = None) -> int:
        """Make the draft final.

        Args:
            prompt_id: Of which prompt.
            description: What is new in it; None leaves what it says.

        Returns:
            Its number.

        Raises:
            APIError: There is no draft.
        """
        return run(self._calls.commit(prompt_id, description))

    async def acommit(self, prompt_id: str, description: str | None = None) -> int:
        """Make the draft final; as `commit`."""
        return await hop(self._calls.commit(prompt_id, description))

    def deploy(self, prompt_id: str, version: int) -> None:
        """Make a final version the live one.

        Args:
            prompt_id: Of which prompt.
            version: Its number.

        Raises:
            APIError: There is no such version, or it is a draft.
        """
        run(self._calls.deploy(prompt_id, version))

    async def adeploy(self, prompt_id: str, version: int) -> None:
        """Make a final version the live one; as `deploy`."""
        await hop(self._calls.deploy(prompt_id, version))

    def delete(self, prompt_id: str) -> None:
        """Delete a prompt and its versions.

        Args:
            prompt_id: Which prompt.

        Raises:
            APIError: There is no such prompt.
        """
        run(self._calls.delete(prompt_id))

    async def adelete(self, prompt_id: str) -> None:
        """Delete a prompt and its versions; as `delete`."""
        await hop(self._calls.delete(prompt_id))
