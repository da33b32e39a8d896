"""Edits as a person makes them in a workbook: some cells get another value, and nothing else in the file changes.

The cells are replaced in the XML inside the .xlsx archive. The stored values of formulas stay as they were, so they are
out of date until a program calculates.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from live.recalculation import MAIN, sheet_files
from live.written import written

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from live.written import Cell

    from hemodel.inputs.cells import Scalar


@dataclass(frozen=True)
class Typed:
    """A formula typed into a cell, without the leading =."""

    formula: str


BESIDE_CELLS = re.compile(
    rb"<(definedNames|dataValidations|conditionalFormatting)\b.*?</\1>|<(drawing|legacyDrawing) [^>]*/>", re.DOTALL
)
Place = str | tuple[str, str]
"""An id (a defined name of the workbook), an id and a header after @ (a cell of its row), or a sheet and an address."""


def edited(path: Path, edits: Mapping[Place, Scalar | Typed], to: Path) -> Path:
    """Write a copy of a workbook in which some cells hold other values, and return where it is.

    Parameters
    ----------
    path : Path
        A workbook, which is not changed.
    edits : mapping from id, or (sheet, address), to the new value; None empties the cell
    to : Path
        The copy.

    Raises
    ------
    KeyError
        Where the workbook has no such name, sheet or cell.
    """
    names, files = defined_names(path), sheet_files(path)
    cells = written(path) if any("@" in place for place in edits) else {}
    by_file: dict[str, dict[str, Scalar | Typed]] = {}
    for place, value in edits.items():
        sheet, where = _cell_of(names, cells, place) if isinstance(place, str) else place
        by_file.setdefault(files[sheet], {})[where.replace("$", "")] = value
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            for where, value in by_file.get(entry.filename, {}).items():
                content = _replaced(content, where, value)
            new.writestr(entry, content)
    return to


def defined_names(path: Path) -> dict[str, tuple[str, str]]:
    """Return the names of a workbook that stand for one cell: sheet and address by name."""
    with zipfile.ZipFile(path) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (a file the tests wrote)
    found = {}
    for entry in book.iter(f"{MAIN}definedName"):
        hit = re.fullmatch(r"(?:'((?:[^']|'')+)'|([^'!]+))!(\$?[A-Z]+\$?\d+)", entry.text or "")
        if hit and "localSheetId" not in entry.attrib:
            found[entry.attrib["name"]] = ((hit[1] or hit[2]).replace("''", "'"), hit[3])
    return found


def only_cells(path: Path, to: Path) -> Path:
    """Write a copy of a workbook with its cells alone, and return where it is.

    Names, notes, charts, validations and conditional formats are left out.
    """
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w", zipfile.ZIP_STORED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.startswith(("xl/workbook.xml", "xl/worksheets/sheet")):
                content = BESIDE_CELLS.sub(b"", content)
            new.writestr(entry.filename, content)
    return to


def _cell_of(
    names: Mapping[str, tuple[str, str]], cells: Mapping[str, Mapping[str, Cell]], place: str
) -> tuple[str, str]:
    """Return the cell of an id; an id that looks like a cell is named with an underscore after it."""
    id_, _, header = place.partition("@")
    sheet, where = names[id_] if id_ in names else names[f"{id_}_"]
    if not header:
        return sheet, where
    column = next(re.sub(r"\d", "", at) for at, cell in cells[sheet].items() if cell.value == header)
    return sheet, column + re.sub(r"\D", "", where)


def _replaced(content: bytes, where: str, value: Scalar | Typed) -> bytes:
    pattern = rb'<c r="%s"([^>]*?)(?:/>|>.*?</c>)' % where.encode()
    found = re.search(pattern, content, re.DOTALL)
    if found is None:
        message = f"there is no cell {where}"
        raise KeyError(message)
    others = re.sub(r'\s*\bt="[^"]*"', "", found[1].decode())
    made = f'<c r="{where}"{others}{_inside(value)}'.encode()
    return content[: found.start()] + made + content[found.end() :]


def _inside(value: Scalar | Typed) -> str:
    if value is None:
        return "/>"
    if isinstance(value, Typed):
        return f"><f>{escape(value.formula)}</f></c>"
    if isinstance(value, bool):
        return f' t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f' t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f"><v>{value!r}</v></c>"
