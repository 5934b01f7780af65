"""A sheet's many rows, put into a workbook that xlsxwriter made.

xlsxwriter takes 30 seconds for 100,000 calls, cell by cell, and keeps 16 digits of a
number; written as XML they take a few seconds, and have all 17. Everything else of the
workbook is its own: it writes a sheet with its heading and one row of blanks, whose
cells show the style of each column.

Source: ECMA-376, Office Open XML, part 1: 18.3.1.4 ``c``, 18.3.1.73 ``row``, 22.9.2.19
``ST_Xstring``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from .xlsx_text import fitted

__all__ = ["Rows", "fill_rows"]

_LEVEL = 3  # of deflate: a third larger than 6, in half the time
_LARGEST_PART = 2**31 - 1  # bytes, without the 64-bit extension of ZIP
_SAMPLE = re.compile(r'<row r="2".*?</row>|<row r="2"[^>]*/>', re.DOTALL)
_STYLED = re.compile(r'<c r="([A-Z]+)2" s="(\d+)"/>')
_DIMENSION = re.compile(r'<dimension ref="[^"]*"/>')
# What stands for a character's code in a text, and so would be read as one.
_CODE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")


class Rows(NamedTuple):
    """The rows of a sheet.

    Attributes:
        n: How many there are.
        slices: Some rows after the other, each as columns of cells: text, int, float,
            bool or None.
    """

    n: int
    slices: Iterable[Sequence[Sequence[Any]]]


def fill_rows(book: Path, sheets: Mapping[str, Rows]) -> None:
    """Put rows in place of each sheet's second, which shows the columns' styles.

    Args:
        book: The workbook, which is written anew.
        sheets: Rows by the sheet's place in it, such as ``xl/worksheets/sheet1.xml``.
    """
    filled = book.with_name(f"{book.name}.rows")
    with (
        ZipFile(book) as old,
        ZipFile(filled, "w", ZIP_DEFLATED, compresslevel=_LEVEL) as new,
    ):
        for name in old.namelist():
            content = old.read(name)
            rows = sheets.get(name)
            if rows is None:
                new.writestr(_part(name), content, compresslevel=_LEVEL)
            else:
                _write_sheet(new, name, _sheet(content, rows), book)
    filled.replace(book)


def _part(name: str) -> ZipInfo:
    """Name a part without its time of writing: the same run gives the same file."""
    part = ZipInfo(name)
    part.compress_type = ZIP_DEFLATED
    return part


def _write_sheet(
    target: ZipFile, name: str, sheet: Iterable[bytes], beside: Path
) -> None:
    """Write a part by way of a file of its own, which tells how large it is.

    Excel complains of 64-bit parts, so only those are that have to be.
    """
    with TemporaryFile(dir=beside.parent) as text:
        text.writelines(sheet)
        is_large = text.tell() > _LARGEST_PART
        text.seek(0)
        with target.open(name, "w", force_zip64=is_large) as part:
            copyfileobj(text, part, 2**20)


def _sheet(content: bytes, rows: Rows) -> Iterator[bytes]:
    sheet = content.decode()
    sample = _SAMPLE.search(sheet)
    if sample is None:
        raise AssertionError("xlsxwriter wrote no second row")  # the tests would see
    styles = _STYLED.findall(sample[0])
    last = f"{styles[-1][0]}{rows.n + 1}"
    head = _DIMENSION.sub(f'<dimension ref="A1:{last}"/>', sheet[: sample.start()])
    yield head.encode()
    number = 2
    for columns in rows.slices:
        cells = [
            _cells(column, style)
            for column, (_, style) in zip(columns, styles, strict=True)
        ]
        letters = [one for one, _ in styles]
        yield "".join(_rows(cells, letters, start=number)).encode()
        number += len(cells[0])
    yield sheet[sample.end() :].encode()


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
    if len(set(map(type, column)) - {type(None)}) > 1:  # 1 and True are one key
        return [_cell(fitted(value), style) for value in column]
    known = {value: _cell(fitted(value), style) for value in set(column)}
    return [known[value] for value in column]


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
