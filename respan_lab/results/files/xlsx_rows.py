"""A sheet's many rows, put into a workbook that xlsxwriter made.

xlsxwriter takes 30 seconds for 100,000 calls, cell by cell; written as XML they take a
few. Everything else of the workbook is its own: it writes the sheet with its heading
and one row of blanks, whose cells show the style of each column.

Source: ECMA-376, Office Open XML, part 1: 18.3.1.4 ``c``, 18.3.1.73 ``row``, 22.9.2.19
``ST_Xstring``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from zipfile import ZIP_DEFLATED, ZipFile

__all__ = ["Rows", "fill_rows"]

Rows: TypeAlias = Iterable[Sequence[Sequence[Any]]]  # slices, each of columns of cells

_LEVEL = 3  # of deflate: a third larger than 6, in half the time
_SAMPLE = re.compile(r'<row r="2".*?</row>|<row r="2"[^>]*/>', re.DOTALL)
_STYLED = re.compile(r'<c r="([A-Z]+)2" s="(\d+)"/>')
_DIMENSION = re.compile(r'<dimension ref="[^"]*"/>')
# What stands for a character's code in a text, and so would be read as one.
_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


def fill_rows(book: Path, *, part: str, n_rows: int, rows: Rows) -> None:
    """Put rows in place of a sheet's second, which shows the style of each column.

    Args:
        book: The workbook, which is written anew.
        part: The sheet's place in it, such as ``xl/worksheets/sheet1.xml``.
        n_rows: How many rows there are.
        rows: Their cells, column by column: text, int, float, bool or None.
    """
    filled = book.with_name(f"{book.name}.rows")
    with ZipFile(book) as old, ZipFile(filled, "w", compresslevel=_LEVEL) as new:
        for entry in old.infolist():
            if entry.filename != part:
                new.writestr(entry, old.read(entry))
                continue
            sheet = old.read(entry).decode()
            entry.compress_type = ZIP_DEFLATED
            with new.open(entry, "w", force_zip64=True) as file:
                for text in _sheet(sheet, n_rows, rows):
                    file.write(text.encode())
    filled.replace(book)


def _sheet(sheet: str, n_rows: int, rows: Rows) -> Iterator[str]:
    sample = _SAMPLE.search(sheet)
    if sample is None:
        raise AssertionError("xlsxwriter wrote no second row")  # the tests would see
    styles = _STYLED.findall(sample[0])
    last = f"{styles[-1][0]}{n_rows + 1}"
    yield _DIMENSION.sub(f'<dimension ref="A1:{last}"/>', sheet[: sample.start()])
    number = 2
    for columns in rows:
        cells = [
            _cells(column, style)
            for column, (_, style) in zip(columns, styles, strict=True)
        ]
        yield "".join(_rows(cells, [letters for letters, _ in styles], start=number))
        number += len(cells[0])
    yield sheet[sample.end() :]


def _rows(
    columns: Sequence[Sequence[str]], letters: Sequence[str], *, start: int
) -> Iterator[str]:
    heads = [f'<c r="{one}' for one in letters]
    for number, row in enumerate(zip(*columns, strict=True), start):
        cells = [
            f"{head}{number}{cell}"
            for head, cell in zip(heads, row, strict=True)
            if cell
        ]
        yield f'<row r="{number}">{"".join(cells)}</row>'


def _cells(column: Sequence[Any], style: str) -> list[str]:
    """Write each cell without its address; a missing one is ''."""
    known: dict[tuple[type, Any], str] = {}
    cells = []
    for value in column:
        kind = (type(value), value)
        if kind not in known:
            known[kind] = _cell(value, style)
        cells.append(known[kind])
    return cells


def _cell(value: Any, style: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = _escaped(value)
        return (
            f'" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t>'
            "</is></c>"
        )
    if isinstance(value, bool):
        return f'" s="{style}" t="b"><v>{value:d}</v></c>'
    return f'" s="{style}"><v>{value!r}</v></c>'


def _escaped(text: str) -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _CODE.sub("_x005F_", text).replace("\r", "&#13;")
