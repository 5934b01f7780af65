"""The first bytes of a model file, enough to tell one from something else."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

from ....errors import ConfigError

__all__ = ["Head", "read_head"]

_FORM = struct.Struct("<4sIQQ")


class Head(NamedTuple):
    """What a GGUF file says about itself first.

    Attributes:
        version: Of the format.
        tensors: How many there are.
        keys: How many entries of metadata there are.
    """

    version: int
    tensors: int
    keys: int


def read_head(path: Path) -> Head:
    """Read the head of a model file.

    Args:
        path: The file.

    Raises:
        ConfigError: It is missing, cannot be read, or is no GGUF file.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_FORM.size)
    except OSError as error:
        raise ConfigError(
            f"the model file {str(path)!r} cannot be read: {error.strerror}"
        ) from None
    if len(start) < _FORM.size or not start.startswith(b"GGUF"):
        raise ConfigError(
            f"{str(path)!r} is not a GGUF model file: such a file starts with 'GGUF'"
        )
    return Head(*_FORM.unpack(start)[1:])
