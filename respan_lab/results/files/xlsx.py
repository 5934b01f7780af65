"""Excel: the summary, the calls, the comparisons and the manifest, a sheet each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ...errors import ConfigError
from ..headline import run_label
from ..json_values import dumps, loads
from ..summary import summarize
from .calls import Calls, Saved, calls_frame
from .cells import labelled, sheet_cells, sheet_value, slices
from .comparisons import comparisons, comparisons_frame
from .inert import neutralize, restore
from .kinds import kinds_of, with_kinds
from .xlsx_columns import look_of
from .xlsx_rows import Rows, fill_rows
from .xlsx_text import fitted_text, plain_text

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook
    from xlsxwriter import Workbook

__all__ = ["read_xlsx", "write_xlsx"]

# Excel's limits: support.microsoft.com, "Excel specifications and limits".
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384

_PART = "xl/worksheets/sheet{}.xml"  # where xlsxwriter puts a sheet, from 1
_INERT = {"strings_to_formulas": False, "strings_to_urls": False}
_HEADING = {"bold": True, "bg_color": "#E8ECF1", "bottom": 1, "valign": "vcenter"}
_META = "respan_lab"  # the field of the manifest's sheet that tells the columns' kinds
_VERSION = 1
_ON_PAPER = 16  # columns; more would be too small to read on one sheet of paper
_PIECE = 5_000  # characters of the manifest a cell; each may become an escape of six


def write_xlsx(frame: pd.DataFrame, path: Path, *, manifest: Mapping[str, Any]) -> None:
    """Write a workbook: sheets ``summary``, ``calls``, ``comparisons``, ``manifest``.

    Each has a frozen heading, a filter, and formats with units. Text is never a
    formula nor a link, and is neutralised (see `neutralize`) in case somebody edits
    it; an empty text is an apostrophe. Texts past a cell's 32,767 characters end in
    ``… [cut: N characters]``. Times are text, ISO 8601 in UTC: Excel knows no zones.

    Args:
        frame: The frame of a run.
        path: The file.
        manifest: What is known of the run.

    Raises:
        ConfigError: If there are more rows or columns than a sheet can hold.
    """
    _check_size(frame)
    from xlsxwriter import Workbook

    sheets = {
        "summary": summarize(frame, manifest=manifest),
        "calls": labelled(frame, manifest),
        "comparisons": comparisons_frame(comparisons(frame, manifest)),
        "manifest": _manifest_frame(frame, manifest),
    }
    with Workbook(path, _INERT) as book:
        book.set_properties(_properties(frame, manifest))
        for name, table in sheets.items():
            _begin_sheet(book, name, table)
    parts = enumerate(sheets.values(), 1)
    fill_rows(path, {_PART.format(at): _rows(table) for at, table in parts})


def _check_size(frame: pd.DataFrame) -> None:
    for count, limit, noun in (
        (len(frame) + 1, MAX_ROWS, "rows"),
        (len(frame.columns) + 1, MAX_COLUMNS, "columns"),
    ):
        if count > limit:
            raise ConfigError(
                f"the run has {count - 1:,} {noun}, and an Excel sheet holds "
                f"{limit - 1:,}; export it to .csv or .parquet"
            )


def _properties(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> dict[str, Any]:
    last = frame["started_at"].max()
    return {
        "title": fitted_text(neutralize(str(manifest.get("name") or "")))[:255],
        "comments": fitted_text(neutralize(run_label(frame, manifest) or ""))[:255],
        # Not the time of writing: the same run gives the same file.
        "created": datetime(1980, 1, 1) if pd.isna(last) else last.to_pydatetime(),
    }


def _begin_sheet(book: Workbook, name: str, frame: pd.DataFrame) -> None:
    """Write a sheet's heading, and a row of blanks that `fill_rows` replaces."""
    sheet = book.add_worksheet(name)
    heads = {
        side: book.add_format({**_HEADING, "align": side}) for side in ("left", "right")
    }
    for at, column in enumerate(map(str, frame.columns)):
        look = look_of(name, frame.iloc[:, at])
        sheet.set_column(at, at, look.width)
        sheet.write_string(0, at, fitted_text(neutralize(column)), heads[look.side])
        sheet.write_blank(1, at, None, book.add_format(look.format))
    sheet.freeze_panes(1, 0)
    sheet.set_landscape()
    sheet.repeat_rows(0)  # on every printed page
    sheet.fit_to_pages(1 if len(frame.columns) <= _ON_PAPER else 0, 0)
    sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)


def _rows(frame: pd.DataFrame) -> Rows:
    columns = range(len(frame.columns))
    parts = ([sheet_cells(one.iloc[:, at]) for at in columns] for one in slices(frame))
    return Rows(len(frame), parts)


def _manifest_frame(frame: pd.DataFrame, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """Give a row for each field; a long value goes on below, where no field stands."""
    meta = {"version": _VERSION, "columns": kinds_of(frame)}
    rows = []
    for field, value in {**manifest, _META: meta}.items():
        text = _field_text(value)
        pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
        rows += [(field, pieces[0])] + [(None, piece) for piece in pieces[1:]]
    return pd.DataFrame(rows, columns=["field", "value"], dtype="string")


def _field_text(value: Any) -> str:
    """Give a text as it is, unless it reads as JSON; everything else is JSON."""
    if isinstance(value, str) and value and not _is_json(value):
        return value
    return dumps(value, ascii_only=False) or "null"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def read_xlsx(path: Path) -> Saved:
    """Read the sheets ``calls`` and ``manifest`` of a workbook.

    Without its manifest, or where somebody changed columns, dtypes are inferred.

    Raises:
        ConfigError: The file cannot be read, or has no calls.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)
        rows = _sheet_rows(book, "calls")
    except (CalamineError, OSError) as error:
        raise ConfigError(f"{str(path)!r} cannot be read: {error}") from error
    if not rows:
        raise ConfigError(f"{str(path)!r} has no sheet 'calls'; it is not a run")
    manifest = _read_manifest(_sheet_rows(book, "manifest"))
    kinds = manifest.pop(_META, {}).get("columns", {})
    names = [restore(plain_text(str(name))) for name in rows[0]]
    columns = zip(*rows[1:], strict=True) if rows[1:] else ((),) * len(names)
    calls = Calls(
        {
            name: _values(name, cells, kinds.get(name, {}).get("dtype"))
            for name, cells in zip(names, columns, strict=True)
        },
        len(rows) - 1,
    )
    return Saved(with_kinds(calls_frame(calls, path), kinds), manifest)


def _sheet_rows(book: CalamineWorkbook, name: str) -> list[list[Any]]:
    if name not in book.sheet_names:
        return []
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _values(name: str, cells: tuple[Any, ...], dtype: str | None) -> list[Any]:
    known = {
        cell: sheet_value(name, plain_text(cell), is_text=True)
        for cell in {one for one in cells if isinstance(one, str) and one}
    }
    keeps_point = dtype == "Float64"
    return [
        known.get(cell)
        if isinstance(cell, str)
        else int(cell)
        if isinstance(cell, float) and cell.is_integer() and not keeps_point
        else cell
        for cell in cells
    ]


def _read_manifest(rows: list[list[Any]]) -> dict[str, Any]:
    texts: dict[str, str] = {}
    field = ""
    for name, value, *_ in rows[1:]:
        field = restore(plain_text(str(name))) if name != "" else field
        texts[field] = texts.get(field, "") + restore(plain_text(str(value)))
    return {
        name: loads(text) if _is_json(text) else text for name, text in texts.items()
    }
