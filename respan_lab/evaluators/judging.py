"""A model that is asked for verdicts, whatever they are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from ..wire import chat_request
from .asking import Question
from .judged import sealed

if TYPE_CHECKING:
    from ..client import Client

__all__ = ["Judging"]

_MAX_TOKENS = 1024
# What makes the request what it is; a judge is one model that answers once.
_OURS = ("messages", "model", "n", "prompt", "response_format", "stream", "tools")
_LISTS = ("fallback_models", "load_balance_group", "load_balance_models", "models")


class Judging:
    """A model that is asked for verdicts, and how.

    Args:
        model: The model.
        rubric: What it judges by.
        name: What the judge is called.
        client: Makes its calls; None is the client of the run.
        system: What it is told, the rubric in it.
        form: The `response_format` of its verdict.
        params: Further parameters, by their wire names.

    Attributes:
        model: The model.
        client: As given.
        params: The parameters of its calls, those left out that are None.
        route_provider: The pinned provider; None lets the gateway choose.

    Raises:
        ConfigError: The rubric is empty, or a parameter is unknown, out of range, or
            not a judge's to set.
    """

    def __init__(
        self,
        model: str,
        rubric: str,
        *,
        name: str,
        client: Client | None,
        system: str,
        form: Mapping[str, Any],
        params: Mapping[str, Any],
    ) -> None:
        _check(model, rubric, name, params)
        self.model, self.rubric, self.client = model, rubric, client
        self.__name__ = name
        self._system = system
        given = dict(params)
        self.route_provider: str | None = given.pop("route_provider", None)
        if not {"max_tokens", "max_completion_tokens"} & given.keys():
            given["max_tokens"] = _MAX_TOKENS
        given = {"temperature": 0, **given, "response_format": dict(form)}
        self.params = {name: v for name, v in given.items() if v is not None}
        chat_request("", model=model, params=self.params)  # says what is wrong in it

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.__name__!r}, {self.model!r})"

    def question(self, data: Mapping[str, Any]) -> Question:
        """Give what it is asked about some data.

        Args:
            data: What it is to see; names to values.
        """
        messages = [
            {"role": "system", "content": self._system},
            {"role": "user", "content": sealed(data)},
        ]
        return Question(
            self,
            self.__name__,
            self.model,
            messages,
            self.params,
            self.route_provider,
            self.client,
        )


def _check(model: Any, rubric: Any, name: str, params: Mapping[str, Any]) -> None:
    if not isinstance(model, str) or not model:
        raise ConfigError(f"judge(model={model!r}): use one model's name")
    if not isinstance(rubric, str) or not rubric.strip():
        raise ConfigError(
            f"judge(rubric={rubric!r}): say what makes an answer right, as a text"
        )
    if not isinstance(name, str) or not name.isidentifier():
        raise ConfigError(
            f"judge(name={name!r}): use letters, digits and _, for the column "
            "score_<name>"
        )
    for one in (*_OURS, *_LISTS):
        if params.get(one) is not None:
            raise ConfigError(
                f"{one!r} is not a judge's to set: it is one model, asked once for a "
                "verdict"
            )
