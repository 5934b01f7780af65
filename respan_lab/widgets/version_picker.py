"""The versions of a prompt that a gateway keeps: look, compare, choose, deploy."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

import ipywidgets
import traitlets

from ..errors import ConfigError
from ..prompts import SavedPrompt
from .code import Code, name_of, script
from .panel import Panel, reported
from .shown import note

if TYPE_CHECKING:
    import pandas as pd

    from ..client import Client

__all__ = ["VersionPicker"]

_CELL = "text-align:left;vertical-align:top;padding:.1em .8em .1em 0"


class VersionPicker(Panel):
    """Shows who made which version when and what is new in it, and what differs.

    Choosing a version reads it; nothing is changed but by **Deploy**, which asks
    whether it is meant and makes the chosen version the one that requests get which
    name no version.

    Args:
        client: Its gateway keeps the prompt.
        prompt_id: Which prompt.
        version: The version to begin with; None for the deployed one, else the newest.
        against: The version it is compared with; None for the one before it, 0 for
            none.

    Attributes:
        version: The number of the chosen version. Set it to choose another.
        against: The number of the version it is compared with; 0 for none.

    Raises:
        ConfigError: The prompt has no versions, or none of that number.
        NotFoundError: There is no such prompt.

    Example:
        >>> client = lab.Client(gateway=lab.Gateway())
        >>> prompt_id = client.prompts.create("Greeting")
        >>> for text in ("Greet {{ name }}.", "Greet {{ name }} in {{ language }}."):
        ...     _ = client.prompts.add_version(prompt_id, text, model="sim/small")
        >>> picker = VersionPicker(client, prompt_id)
        >>> picker.prompt.variables
        ('name', 'language')
        >>> picker.diff.added_variables
        ('language',)
    """

    version = traitlets.Int()
    against = traitlets.Int()

    def __init__(
        self,
        client: Client,
        prompt_id: str,
        version: int | None = None,
        *,
        against: int | None = None,
    ) -> None:
        self._client, self._id = client, prompt_id
        self._read: dict[int, SavedPrompt] = {}
        self._frame = self._versions()
        self._is_drawing = True
        self._chosen = _menu("Version", self._options())
        self._other = _menu("Compare with", [("nothing", 0), *self._options()])
        self._about, self._diff = ipywidgets.HTML(), ipywidgets.HTML()
        self._deploy = ipywidgets.Button(
            description="Deploy …", tooltip="Requests that name no version get this one"
        )
        self._refresh = ipywidgets.Button(description="Refresh", tooltip="Read anew")
        self._sure = ipywidgets.Button(button_style="warning")
        self._no = ipywidgets.Button(description="Cancel")
        self._asked = ipywidgets.HBox([self._sure, self._no])
        buttons = ipywidgets.HBox([self._deploy, self._refresh])
        super().__init__(
            [self._chosen, self._other, buttons, self._asked, self._about, self._diff]
        )
        self.version = self._first(version)
        self.against = self._before(self.version) if against is None else against
        self._check(self.against, "against")
        self._is_drawing = False
        self._draw()
        self._listen()

    @property
    def prompt(self) -> SavedPrompt:
        """The chosen version, ready to be sent by its id.

        Raises:
            APIError: The gateway did not give it.
        """
        return self._prompt(self.version)

    @property
    def diff(self) -> Any:
        """What the chosen version has that the other has not; None without another.

        Raises:
            APIError: The gateway did not give one of them.
        """
        if not self.against:
            return None
        return self._prompt(self.against).diff(self.prompt)

    @property
    def versions(self) -> pd.DataFrame:
        """The versions as `client.prompts.versions` gave them last."""
        return self._frame.copy()

    def refresh(self) -> None:
        """Read the versions anew; what is chosen stays.

        Raises:
            APIError: The gateway gave no list.
            ConfigError: What is chosen is no longer there.
        """
        self._frame = self._versions()
        self._read.clear()  # a draft can have changed
        self._check(self.version, "version")
        self._check(self.against, "against")
        self._is_drawing = True
        self._chosen.options = self._options()
        self._other.options = [("nothing", 0), *self._options()]
        self._is_drawing = False
        self._draw()

    def deploy(self) -> None:
        """Make the chosen version the live one; a draft is committed first.

        Raises:
            APIError: The gateway said no.
        """
        if not self._row(self.version)["readonly"]:
            self._client.prompts.commit(self._id)
        self._client.prompts.deploy(self._id, self.version)
        self.refresh()

    def to_code(self) -> Code:
        """Give the calls that this picker stands for, as it is now."""
        client = name_of(self._client, "client")
        return script(
            f"picker = lab.VersionPicker(\n    {client}, {self._id!r}, "
            f"{self.version}, against={self.against}\n)",
            f"prompt = {client}.prompts.get({self._id!r}, version={self.version})",
        )

    def _listen(self) -> None:
        self._chosen.observe(self._take, "value")
        self._other.observe(self._take, "value")
        self.observe(self._changed, ["version", "against"])
        self._deploy.on_click(lambda _: self._ask())
        self._no.on_click(lambda _: self._ask(False))
        self._sure.on_click(lambda _: self._confirmed())
        self._refresh.on_click(lambda _: self._again())

    def _versions(self) -> pd.DataFrame:
        frame = self._client.prompts.versions(self._id)
        if frame.empty:
            raise ConfigError(
                f"prompt {self._id!r} has no versions yet: "
                "client.prompts.add_version makes one"
            )
        return frame

    def _numbers(self) -> list[int]:
        return [int(number) for number in self._frame["version"]]

    def _first(self, version: int | None) -> int:
        if version is not None:
            self._check(version, "version")
            return version
        live = self._frame.loc[self._frame["is_deployed"].fillna(False), "version"]
        return int(live.iloc[0]) if len(live) else self._numbers()[0]

    def _before(self, version: int) -> int:
        return max(
            (number for number in self._numbers() if number < version), default=0
        )

    def _check(self, version: int, name: str) -> None:
        allowed = [0, *self._numbers()] if name == "against" else self._numbers()
        if version not in allowed:
            there = ", ".join(map(str, self._numbers()))
            raise ConfigError(
                f"{name}={version!r}: prompt {self._id!r} has the versions {there}"
            )

    def _prompt(self, version: int) -> SavedPrompt:
        if version not in self._read:
            self._read[version] = self._client.prompts.get(self._id, version)
        return self._read[version]

    def _options(self) -> list[tuple[str, int]]:
        return [(_title(row), int(row["version"])) for row in _rows(self._frame)]

    @traitlets.validate("version", "against")
    def _known(self, proposal: Mapping[str, Any]) -> int:
        self._check(proposal["value"], proposal["trait"].name)
        return int(proposal["value"])

    @reported
    def _take(self, _: object) -> None:
        if not self._is_drawing and self._chosen.value is not None:
            with self.hold_trait_notifications():
                self.version, self.against = self._chosen.value, self._other.value

    @reported
    def _changed(self, _: object) -> None:
        if not self._is_drawing:
            self._draw()

    @reported
    def _ask(self, is_asked: bool = True) -> None:
        is_draft = not self._row(self.version)["readonly"]
        deed = "commit and deploy" if is_draft else "deploy"
        self._sure.description = f"Yes, {deed} version {self.version}"
        self._sure.layout.width = "auto"
        self._asked.layout.display = "flex" if is_asked else "none"

    @reported
    def _confirmed(self) -> None:
        self._ask(False)
        self.deploy()

    @reported
    def _again(self) -> None:
        self.refresh()

    def _draw(self) -> None:
        self._is_drawing = True
        try:
            self._chosen.value, self._other.value = self.version, self.against
            self._asked.layout.display = "none"
            row = self._row(self.version)
            self._deploy.disabled = bool(row["is_deployed"])
            self._about.value = _about(row)
            self._diff.value = self._shown()
        finally:
            self._is_drawing = False

    def _row(self, version: int) -> dict[str, Any]:
        rows = _rows(self._frame)
        return next(row for row in rows if row["version"] == version)

    def _shown(self) -> str:
        found = self.diff if self.against else self.prompt
        return str(found._repr_html_())

    def _static(self) -> str:
        table = "".join(
            f'<tr><td style="{_CELL}">{"&#9656; " if is_chosen else ""}'
            f'{escape(_title(row))}</td><td style="{_CELL}">'
            f"{escape(row['description'] or '')}</td></tr>"
            for row in _rows(self._frame)
            if (is_chosen := row["version"] == self.version) is not None
        )
        return f"<table>{table}</table>{self._about.value}{self._diff.value}"

    def __repr__(self) -> str:
        return (
            f"VersionPicker({self._id!r}, version={self.version}, "
            f"against={self.against})"
        )


def _menu(name: str, options: list[tuple[str, int]]) -> Any:
    return ipywidgets.Dropdown(
        options=options,
        description=name,
        layout=ipywidgets.Layout(width="auto"),
        style={"description_width": "9em"},
    )


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    rows: list[dict[str, Any]] = plain.to_dict("records")
    return rows


def _title(row: Mapping[str, Any]) -> str:
    state = "live" if row["is_deployed"] else "" if row["readonly"] else "draft"
    when = row["updated_at"]
    said = (
        f"{row['version']}",
        state,
        "" if when is None else f"{when:%Y-%m-%d %H:%M} UTC",
        row["edited_by"] or "",
        row["description"] or "",
    )
    return " · ".join(part for part in said if part)


def _about(row: Mapping[str, Any]) -> str:
    """Say who made a version, when, and for what model."""
    who = row["edited_by"] or "somebody"
    made = row["created_at"]
    when = "" if made is None else f" on {made:%Y-%m-%d at %H:%M} UTC"
    model = f", for {row['model']}" if row["model"] else ""
    text = f"Version {row['version']}: made by {who}{when}{model}"
    said = f"{text}. {row['description']}" if row["description"] else text
    return note(said)
