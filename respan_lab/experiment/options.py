"""How a run is made: the keywords of `Experiment.run`, with their defaults."""

from __future__ import annotations

import inspect
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from ..errors import ConfigError
from ..money.token_bounds import check_image_tokens
from .pacing.rate import check_rates
from .stopping.stop import Stop

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["RunOptions", "Settings", "signature_with_options"]


class RunOptions(TypedDict, total=False):
    """The keywords of a run, for type checkers; `Settings` has their defaults."""

    max_concurrency: int
    requests_per_minute: float | None
    tokens_per_minute: float | None
    timeout: float | None
    retries: int
    budget: float | None
    prices: Mapping[str, Any] | None
    assume_price: Mapping[str, float] | None
    image_tokens: int | None
    stream: bool
    store: str | os.PathLike[str] | None
    fresh: bool
    mode: Literal["live", "record", "replay"]
    maybe_billed: Literal["report", "resend"]
    stop: Stop | None
    order_seed: int
    progress: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a run is made; see `Experiment.run` for the meaning of each.

    Raises:
        ConfigError: A value is out of range.
    """

    max_concurrency: int = 32
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    timeout: float | None = 120.0
    retries: int = 2
    budget: float | None = None
    prices: Mapping[str, Any] | None = None
    assume_price: Mapping[str, float] | None = None
    image_tokens: int | None = None
    stream: bool = True
    store: str | os.PathLike[str] | None = None
    fresh: bool = False
    mode: Literal["live", "record", "replay"] = "live"
    maybe_billed: Literal["report", "resend"] = "report"
    stop: Stop | None = None
    order_seed: int = 0
    progress: bool = True

    def __post_init__(self) -> None:
        for name, least in (("max_concurrency", 1), ("retries", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ConfigError(
                    f"{name}={value!r}: use a whole number, {least} or more"
                )
        check_image_tokens(self.image_tokens)
        check_rates(self.requests_per_minute, self.tokens_per_minute)
        _check_ways(self)
        if self.store is not None and not _is_path(self.store):
            raise ConfigError(
                f"store={self.store!r}: use the path of a file, or None for the "
                "ledger of the gateway's home"
            )
        if self.stop is not None and not isinstance(self.stop, Stop):
            raise ConfigError(
                f"stop={self.stop!r}: use lab.Stop(metric), for example "
                "lab.Stop('exact_match'), or None to ask everything"
            )
        for name in ("stream", "fresh", "progress"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name}={getattr(self, name)!r}: use True or False")
        if isinstance(self.order_seed, bool) or not isinstance(self.order_seed, int):
            raise ConfigError(f"order_seed={self.order_seed!r}: use a whole number")
        if self.timeout is not None and not _is_above_zero(self.timeout):
            raise ConfigError(
                f"timeout={self.timeout!r}: use seconds above 0, or None for no limit"
            )

    @property
    def asks_again(self) -> bool:
        """Whether answers that the ledger has already are left alone."""
        return self.fresh or self.mode == "record"

    @classmethod
    def of(cls, options: RunOptions) -> Settings:
        """Read the keywords of a run.

        Raises:
            ConfigError: One is unknown or out of range.
        """
        known = [field.name for field in fields(cls)]
        for name in options:
            if name not in known:
                raise ConfigError(
                    f"{name!r} is no option of a run; use one of {', '.join(known)}"
                )
        return cls(**options)


def _check_ways(settings: Settings) -> None:
    if settings.maybe_billed not in ("report", "resend"):
        raise ConfigError(
            f"maybe_billed={settings.maybe_billed!r}: use 'report', which leaves such "
            "calls as they are, or 'resend', which may pay for them twice"
        )
    if settings.mode not in ("live", "record", "replay"):
        raise ConfigError(
            f"mode={settings.mode!r}: use 'live', 'record' (ask everything, and keep "
            "it) or 'replay' (answer everything from the ledger, send nothing)"
        )
    if settings.mode == "replay" and settings.fresh:
        raise ConfigError(
            "mode='replay' sends nothing and fresh=True asks again; leave one out"
        )


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and "\0" not in str(value)


def _is_above_zero(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and value > 0  # type: ignore[operator]  # a number by now


def signature_with_options(function: Callable[..., object]) -> inspect.Signature:
    """The function's signature with its `**options` spelled out, for Shift-Tab."""
    signature = inspect.signature(function)
    own = [
        parameter
        for parameter in signature.parameters.values()
        if parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    spelled = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=field.type,
        )
        for field in fields(Settings)
    ]
    return signature.replace(parameters=[*own, *spelled])
