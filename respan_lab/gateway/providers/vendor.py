"""The vendors the gateway knows, and whose keys are in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ...errors import ConfigError

__all__ = ["VENDORS", "Access", "Dialect", "Vendor", "check_key"]

Dialect = Literal["openai", "anthropic", "azure", "gemini"]


@dataclass(frozen=True, slots=True)
class Vendor:
    """A company whose models are called over its own API.

    Attributes:
        name: The prefix of its models' names.
        base_url: Where its API is; None if every customer has an address of their own.
        key_names: Environment variables that may hold the key, the first one first.
        url_name: Environment variable that moves `base_url`.
        dialect: What it speaks.
    """

    name: str
    base_url: str | None
    key_names: tuple[str, ...]
    url_name: str
    dialect: Dialect = "openai"

    def access(self, environ: Mapping[str, str]) -> Access:
        """Read the key and the address from an environment.

        Raises:
            ConfigError: The key has characters that no HTTP header may have.
        """
        named = [(name, environ[name]) for name in self.key_names if environ.get(name)]
        key = check_key(named[0][1], named[0][0]) if named else None
        source = named[0][0] if named else self.key_names[0]
        return Access(key, self._url(environ), source)

    def _url(self, environ: Mapping[str, str]) -> str | None:
        given = environ.get(self.url_name)
        if given:
            return given.rstrip("/")
        endpoint = environ.get("AZURE_OPENAI_ENDPOINT")
        if self.dialect == "azure" and endpoint:
            return endpoint.rstrip("/") + "/openai/v1"
        return self.base_url

    def missing(self, access: Access) -> str | None:
        """Say what is missing before it can be called; None if nothing is."""
        if access.key is None:
            return f"{self.key_names[0]} is not set"
        if access.base_url is None:
            return f"{self.url_name} is not set"
        return None


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a vendor.

    Attributes:
        key: The API key; None without one. Never in a repr.
        base_url: The address; None if unknown.
        source: Where the key is from, such as an environment variable; None for a
            call's own.
    """

    key: str | None = field(repr=False)
    base_url: str | None
    source: str | None = None


def check_key(key: str, name: str) -> str:
    """Give a key without the blanks around it, if a header can carry it.

    Args:
        key: The key, often pasted with a newline behind it.
        name: What it is called in the error.

    Raises:
        ConfigError: It is empty, a reference, or has characters no header may have.
    """
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable():
        raise ConfigError(
            f"{name} is not a usable key: it must be printable ASCII and not empty; "
            "paste it again"
        )
    # respan-gateway reads "env:NAME" as the value of NAME: a caller of a served
    # gateway could have any variable of ours sent to an address of their choice.
    if key.startswith("env:"):
        raise ConfigError(f"{name} must be the key itself, not a name like env:NAME")
    return key


def _openai(name: str, base_url: str) -> Vendor:
    return Vendor(
        name, base_url, (f"{name.upper()}_API_KEY",), f"{name.upper()}_BASE_URL"
    )


VENDORS = (
    _openai("openai", "https://api.openai.com/v1"),
    _openai("groq", "https://api.groq.com/openai/v1"),
    _openai("deepseek", "https://api.deepseek.com"),
    _openai("mistral", "https://api.mistral.ai/v1"),
    _openai("openrouter", "https://openrouter.ai/api/v1"),
    _openai("xai", "https://api.x.ai/v1"),
    _openai("together", "https://api.together.xyz/v1"),
    _openai("fireworks", "https://api.fireworks.ai/inference/v1"),
    _openai("perplexity", "https://api.perplexity.ai"),
    Vendor(
        "anthropic",
        "https://api.anthropic.com",
        ("ANTHROPIC_API_KEY",),
        "ANTHROPIC_BASE_URL",
        "anthropic",
    ),
    Vendor(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta",
        ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
        "GEMINI_BASE_URL",
        "gemini",
    ),
    Vendor(
        "vertex_ai",
        "https://aiplatform.googleapis.com/v1/publishers/google",
        ("VERTEX_API_KEY",),
        "VERTEX_BASE_URL",
        "gemini",
    ),
    Vendor("azure", None, ("AZURE_OPENAI_API_KEY",), "AZURE_OPENAI_BASE_URL", "azure"),
)
