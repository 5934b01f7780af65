"""Keeps a prompt that was tried: as a version at the gateway, or as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from ..errors import ConfigError
from ..prompts import Prompt, SavedPrompt
from .panel import Panel, reported
from .shown import note
from .side import beside

if TYPE_CHECKING:
    from ..client import Client
    from .playground import Playground

__all__ = ["Saving", "save_version"]

_KEPT = ("temperature", "max_tokens", "top_p", "seed")


class Saving(Panel):
    """Buttons that keep the prompt of a playground.

    Args:
        play: The playground.
    """

    def __init__(self, play: Playground) -> None:
        self._play = play
        given = play.prompt
        self._id = given.prompt_id if isinstance(given, SavedPrompt) else None
        self._what = ipywidgets.Text(description="what is new")
        self._path = ipywidgets.Text(
            f"prompts/{given.name or 'prompt'}.md", description="file"
        )
        version = ipywidgets.Button(description="Save version")
        file = ipywidgets.Button(description="Save to file")
        version.on_click(lambda _: self.save_version())
        file.on_click(lambda _: self.save_file())
        self._said = ipywidgets.HTML()
        super().__init__(
            [
                beside([self._what, version]),
                beside([self._path, file]),
                self._said,
            ]
        )

    @reported
    def save_version(self) -> None:
        """Add a version to the gateway's prompt; it is asked for by its id then."""
        play = self._play
        model = next(iter(play.models), None)
        saved = save_version(
            play._client,
            play.prompt,
            prompt_id=self._id,
            description=self._what.value or None,
            model=model,
            params=play.params,
        )
        self._id, play.prompt = saved.prompt_id, saved
        self._said.value = note(
            f"saved as version {saved.version} of {saved.prompt_id}"
        )

    @reported
    def save_file(self) -> None:
        """Write it to the file that is named."""
        path = self._path.value.strip()
        if not path:
            raise ConfigError("name the file to save the prompt to")
        saved = self._play.prompt.save(Path(path))
        self._said.value = note(f"saved to {saved}")

    def _static(self) -> str:
        return str(self._said.value)

    def __repr__(self) -> str:
        return "Saving()"


def save_version(
    client: Client,
    prompt: Prompt,
    *,
    prompt_id: str | None = None,
    description: str | None = None,
    model: str | None = None,
    params: dict[str, Any] | None = None,
) -> SavedPrompt:
    """Keep a prompt at the gateway as a new, final version.

    Args:
        client: Its gateway keeps it.
        prompt: What to keep.
        prompt_id: Of which prompt it is a version; None makes a prompt of its name.
        description: What is new in it; None for nothing.
        model: The model that the version names; None for none.
        params: The parameters it sets, as far as a version has them.

    Returns:
        The version, as `client.prompts.get` gives it.

    Raises:
        APIError: The gateway said no.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway())
        >>> save_version(client, lab.Prompt("Hi", name="hi"), model="sim/small").version
        1
    """
    prompts = client.prompts
    prompt_id = prompt_id or prompts.create(prompt.name or "prompt")
    kept = {name: (params or {}).get(name) for name in _KEPT}
    template = prompt.template
    if prompt.system is not None:
        messages = prompt.template
        rest = (
            [{"role": "user", "content": messages}]
            if isinstance(messages, str)
            else messages
        )
        template = [{"role": "system", "content": prompt.system}, *rest]
    plain = Prompt(template, name=prompt.name, defaults=prompt.defaults)
    prompts.add_version(prompt_id, plain, description=description, model=model, **kept)
    return prompts.get(prompt_id, prompts.commit(prompt_id))
