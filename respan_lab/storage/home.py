"""Where what is kept goes, unless somebody says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["default_home"]


def default_home() -> Path:
    """Give `$RESPAN_LAB_HOME`, else `.respan-lab` in the working directory.

    Example:
        >>> default_home().name != ""
        True
    """
    return Path(os.environ.get("RESPAN_LAB_HOME") or ".respan-lab")
