"""A frame of calls with its manifest: what all verbs work on."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["Verbs"]


class Verbs(ABC):
    """Holds a frame of calls, and what is known of it beside its rows.

    Args:
        df: A frame with the declared columns.
        manifest: Of its run; None means nothing is known.
    """

    def __init__(
        self, df: pd.DataFrame, manifest: Mapping[str, Any] | None = None
    ) -> None:
        self._df = df
        self._manifest = dict(manifest or {})

    @property
    def df(self) -> pd.DataFrame:
        """The frame: one row per call and choice, the columns of ``COLUMNS``."""
        return self._df

    @property
    def manifest(self) -> dict[str, Any]:
        """What is known of the run beside its rows."""
        return self._manifest

    @abstractmethod
    def _with(self, df: pd.DataFrame, manifest: Mapping[str, Any]) -> Any:
        """Give other rows in the form of these: Results of Results, else a frame."""
