"""A chat call as what will be sent: body and headers, each key through one channel."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from pydantic_core import to_json

from ..errors import ConfigError
from .messages import check_messages
from .openai_params import OPENAI_FIELDS
from .params import check_names, check_params
from .respan_params import RESPAN_FIELDS
from .schema import response_format
from .secrets import as_credentials, secrets_of
from .text import plain
from .weights import whole_weights

if TYPE_CHECKING:
    import pydantic

__all__ = ["Channel", "ChatRequest", "chat_request"]

Channel = Literal["top", "params", "header"]

_BOX = "respan_params"
_HEADER = "X-Data-Respan-Params"
_HEADER_MOST = 6 * 1024  # bytes; proxies cut one header off near 8 KB
_INNER = RESPAN_FIELDS - {_BOX}
_OUTER = OPENAI_FIELDS | RESPAN_FIELDS | {"model", "messages", "stream"}
_CACHE_TTL = 2_592_000  # seconds, 30 days; the references disagree on the default
_TARGETS = ("models", "load_balance_models", "load_balance_group", "prompt")


@dataclass(frozen=True, slots=True, repr=False)
class ChatRequest:
    """What will be sent for one chat call.

    Attributes:
        body: The JSON body, of plain values; belongs to this request, the schema of a
            pydantic class apart.
        headers: Headers beside ``Authorization`` and ``Content-Type``; often none.
        stream: Whether a streamed answer is asked for.
        output_type: The pydantic class the answer is to be read as; None for text.
    """

    body: dict[str, Any]
    headers: dict[str, str]
    stream: bool = False
    output_type: type[pydantic.BaseModel] | None = None
    _content: list[bytes] = field(default_factory=list, init=False, compare=False)

    @property
    def content(self) -> bytes:
        """The body as JSON; written once, so nothing may change in it any more."""
        if not self._content:
            self._content.append(to_json(self.body))
        return self._content[0]

    def __repr__(self) -> str:
        """Names only: bodies hold people's texts and keys."""
        names = ", ".join(self.body)
        return f"ChatRequest(model={self.body.get('model')!r}, fields=[{names}])"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every credential in it, for errors to be cleared of; often none."""
        found = secrets_of(self.body)
        value = self.headers.get(_HEADER)
        if value is not None:
            inner = secrets_of(json.loads(base64.b64decode(value)))
            found = (*found, *inner, *([value] if inner else []))
        return found


def chat_request(
    messages: str | Sequence[Mapping[str, Any]] | None,
    *,
    model: str | None = None,
    stream: bool = False,
    route_provider: str | None = None,
    beta: str | Sequence[str] = (),
    channel: Channel = "top",
    extra: Mapping[str, Any] | None = None,
    params: Mapping[str, Any],
) -> ChatRequest:
    """Build the request of a chat call; adds nothing the caller did not set.

    The one exception: ``cache_ttl`` of 30 days beside ``cache_enabled=True``, since
    the references disagree on its default.

    Args:
        messages: A text (one user message) or a list of messages; None only with a
            saved ``prompt``.
        model: The model's name; None if ``params`` say where to go.
        stream: Whether to ask for a streamed answer.
        route_provider: The provider to pin the call to; None lets the gateway choose.
        beta: Beta flags of the gateway.
        channel: How Respan's own fields travel: at the top level of the body, inside
            its ``respan_params``, or in a header.
        extra: Fields to send at the top level as they are, for what has no parameter
            here yet; None for none.
        params: The parameters; a value of None is left out.

    Returns:
        The request.

    Raises:
        ConfigError: If a value is wrong, a key is given twice, or something that every
            call needs is missing.

    Example:
        >>> request = chat_request("Hi", model="sim/small", params={"temperature": 0})
        >>> request.body["messages"], request.body["temperature"]
        ([{'role': 'user', 'content': 'Hi'}], 0)
    """
    values = check_params(params)
    boxed = values.pop(_BOX, None)
    # As given: a set's order is another one in each process.
    own = {name: values.pop(name) for name in list(values) if name in RESPAN_FIELDS}
    _fold(own, boxed)
    _settle(own)
    output_type = _settle_openai(values)
    body: dict[str, Any] = {}
    if model is not None:
        body["model"] = _checked_model(model)
    if messages is not None:
        body["messages"] = check_messages(messages)
    _check_target(body, own)
    body |= values
    if stream:
        body["stream"] = True
    headers = _routing_headers(route_provider, beta)
    _send_own(own, channel, boxed=boxed or {}, body=body, headers=headers)
    if extra:
        body |= _checked_extra(extra)
    return ChatRequest(body, headers, stream, output_type)


def _fold(own: dict[str, Any], boxed: dict[str, Any] | None) -> None:
    """Lay the user's container over the other fields, as one set."""
    if not boxed:
        return
    check_names(boxed, _INNER, " inside respan_params")
    twice = sorted(own.keys() & boxed.keys())
    if twice:
        raise ConfigError(
            f"{', '.join(twice)} stand both at the top level and in respan_params, and "
            "gateways disagree on which wins. Give each in one place only."
        )
    own.update(check_params(boxed))


def _settle(own: dict[str, Any]) -> None:
    """Bring Respan's fields into the form every reading of the contract accepts."""
    if not own:
        return
    if own.get("cache_enabled") is True:
        own.setdefault("cache_ttl", _CACHE_TTL)
    for name in ("customer_credentials", "credential_override"):
        if name in own:
            own[name] = as_credentials(own[name])
    if "load_balance_models" in own:
        own["load_balance_models"] = whole_weights(own["load_balance_models"])
    group = own.get("load_balance_group")
    if group and "models" in group:
        group["models"] = whole_weights(group["models"])
    reserved = sorted(k for k in own.get("metadata", ()) if k.startswith("_"))
    if reserved:
        raise ConfigError(
            f"metadata has {', '.join(map(repr, reserved))}; the platform keeps names "
            "that start with _ for itself and drops them. Rename them."
        )


def _settle_openai(values: dict[str, Any]) -> type[pydantic.BaseModel] | None:
    stop = values.get("stop")
    if isinstance(stop, str):
        values["stop"] = [stop]
    form = values.get("response_format")
    if not isinstance(form, type):
        return None
    values["response_format"] = response_format(form)
    return form


def _checked_model(model: str) -> str:
    if isinstance(model, str) and model:
        return str(plain(model, "model"))
    raise ConfigError(
        f"model is {model!r}. Allowed is a model's name, like 'gpt-4o-mini'; several "
        "go into load_balance_models= or models=."
    )


def _check_target(body: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    if not body.get("messages") and "prompt" not in own:
        raise ConfigError(
            "there are no messages. Give a text or a list of messages, or a saved "
            "prompt: prompt={'prompt_id': ...}."
        )
    if "model" not in body and own.keys().isdisjoint(_TARGETS):
        raise ConfigError(
            "no model is given. Give model=, or one of models=, "
            "load_balance_models=, load_balance_group=, prompt=."
        )


def _routing_headers(
    route_provider: str | None, beta: str | Sequence[str]
) -> dict[str, str]:
    headers = {}
    if route_provider is not None:
        headers["X-Respan-Route-Provider"] = _token(route_provider, "route_provider")
    flags = [beta] if isinstance(beta, str) else beta
    if flags:
        headers["X-Respan-Beta"] = ",".join(_token(flag, "beta") for flag in flags)
    return headers


def _token(value: str, name: str) -> str:
    """A header's word: nothing in it may end the header or start another."""
    text = value.strip() if isinstance(value, str) else ""
    if text and text.isascii() and text.isprintable() and " " not in text:
        return text
    raise ConfigError(
        f"{name} holds {value!r}. Allowed are words of ASCII letters, digits and "
        "punctuation, like 'vertex_ai'."
    )


def _send_own(
    own: dict[str, Any],
    channel: Channel,
    *,
    boxed: Mapping[str, Any],
    body: dict[str, Any],
    headers: dict[str, str],
) -> None:
    """Put each of Respan's fields into exactly one channel.

    With ``top``, what the caller put into the container stays there.
    """
    if channel == "top":
        if boxed:
            # A value of None was dropped on the way, so not all of it may be left.
            stay = own.keys() & boxed.keys()
            if "cache_enabled" in boxed:
                stay |= own.keys() & {"cache_ttl"}
            body[_BOX] = {name: own.pop(name) for name in sorted(stay)}
        body |= own
    elif channel == "params":
        if own:
            body[_BOX] = own
    elif channel == "header":
        if own:
            headers[_HEADER] = _encoded(own)
    else:
        raise ConfigError(
            f"channel is {channel!r}. Allowed are 'top', 'params' and 'header'."
        )


def _encoded(own: dict[str, Any]) -> str:
    text = json.dumps(own, ensure_ascii=False, separators=(",", ":"))
    value = base64.b64encode(text.encode()).decode()
    if len(value) > _HEADER_MOST:
        raise ConfigError(
            f"Respan's fields take {len(value):,} bytes as a header; allowed are "
            f"{_HEADER_MOST:,}, since proxies cut longer ones off. Use channel='top'."
        )
    return value


def _checked_extra(extra: Mapping[str, Any]) -> dict[str, Any]:
    known: Iterable[str] = sorted(_OUTER & extra.keys())
    if known:
        raise ConfigError(
            f"extra holds {', '.join(map(repr, known))}, which is a parameter of its "
            "own. Give it as a keyword; extra= is for what has none."
        )
    fields: dict[str, Any] = plain(dict(extra), "extra")
    return fields
