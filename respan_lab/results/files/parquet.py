"""Parquet: the frame and its manifest in one file, read back as they were."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ...errors import ConfigError
from ..dtypes import objects_column
from ..headline import run_label
from ..json_values import dumps, loads
from .calls import Saved
from .kinds import kinds_of

__all__ = ["read_parquet", "write_parquet"]

_META = b"respan_lab"
_VERSION = 1


def write_parquet(
    frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]
) -> None:
    """Write the frame, with its manifest in the file's metadata.

    Columns of mixed kinds (``object``) are written as JSON text. What a reader must
    know of the models is in the metadata, as ``label``.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run: anything JSON can hold.
    """
    mixed = [name for name in frame.columns if frame[name].dtype == object]
    as_text = {name: _as_json(frame[name]) for name in mixed}
    table = pa.Table.from_pandas(frame.assign(**as_text), preserve_index=False)
    meta = {
        "version": _VERSION,
        "manifest": dumps(dict(manifest)),
        "label": run_label(frame, manifest),
        "columns": kinds_of(frame),
    }
    metadata = {**(table.schema.metadata or {}), _META: json.dumps(meta).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)


def read_parquet(path: Path) -> Saved:
    """Read what `write_parquet` wrote.

    Raises:
        ConfigError: If the file cannot be read, or is not one of ours.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error}") from error
    meta = _metadata(table, path)
    frame = table.to_pandas()
    for name, kind in meta["columns"].items():
        frame[name] = _restored(frame[name], kind)
    return Saved(frame, loads(meta["manifest"]))


def _as_json(column: pd.Series) -> pd.Series:
    texts = [dumps(value) for value in column]
    return pd.Series(texts, index=column.index, dtype="string")


def _metadata(table: pa.Table, path: Path) -> dict[str, Any]:
    found = (table.schema.metadata or {}).get(_META)
    meta: dict[str, Any] = json.loads(found) if found else {}
    if meta.get("version") != _VERSION:
        raise ConfigError(
            f"{str(path)!r} is not a run saved by this version; export one with "
            'r.export("run.parquet"), or read it with pandas.read_parquet'
        )
    return meta


def _restored(column: pd.Series, kind: Mapping[str, Any]) -> Any:
    if kind["dtype"] == "object":
        texts = column.astype(object)
        return objects_column([loads(t) if isinstance(t, str) else None for t in texts])
    if kind["dtype"] == "category":
        values = column.astype(object).where(column.notna(), None)
        return pd.Categorical(values, categories=kind["categories"])
    return column.astype(kind["dtype"])
