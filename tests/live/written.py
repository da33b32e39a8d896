"""What stands in an .xlsx file before any program calculates it: formulas with stored values, and constants."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.sax.saxutils import unescape

from live.recalculation import MAIN, sheet_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CELL = re.compile(r'<c r="([A-Z]+\d+)"([^>]*?)(?:/>|>(.*?)</c>)', re.DOTALL)
FORMULA = re.compile(r"<f[^>]*>(.*?)</f>|<f[^>]*/>", re.DOTALL)
VALUE = re.compile(r"<v>(.*?)</v>", re.DOTALL)
KIND = re.compile(r'\bt="(\w+)"')
QUOTES = {"&quot;": '"', "&apos;": "'"}


@dataclass(frozen=True)
class Cell:
    """A cell: its formula (without =) or None, and its stored value; None where nothing is stored."""

    formula: str | None
    value: float | str | bool | None


def written(path: Path) -> dict[str, dict[str, Cell]]:
    """Return every cell of a workbook that holds something: by sheet, by address."""
    with zipfile.ZipFile(path) as archive:
        shared = _shared_texts(archive)
        return {
            name: dict(_cells(archive.read(file).decode("utf-8"), shared)) for name, file in sheet_files(path).items()
        }


def formulas(book: Mapping[str, Mapping[str, Cell]]) -> dict[tuple[str, str], Cell]:
    """Return the cells with a formula, by sheet and address."""
    return {
        (sheet, where): cell
        for sheet, cells in book.items()
        for where, cell in cells.items()
        if cell.formula is not None
    }


def texts(book: Mapping[str, Mapping[str, Cell]]) -> set[str]:
    """Return every text that is a constant of a workbook."""
    return {
        cell.value
        for cells in book.values()
        for cell in cells.values()
        if cell.formula is None and isinstance(cell.value, str)
    }


def part(path: Path, name: str) -> str:
    """Return one part of the archive as text."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def parts(path: Path) -> list[str]:
    """Return the names of all parts of the archive."""
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def without_texts(formula: str) -> str:
    """Return a formula without what stands in double quotes, and without the names of sheets."""
    return re.sub(r"'(?:[^']|'')*'!", "", re.sub(r'"(?:[^"]|"")*"', '""', formula))


def _cells(xml: str, shared: list[str]) -> list[tuple[str, Cell]]:
    found = []
    for where, attributes, inside in CELL.findall(xml):
        if not inside:
            continue
        formula = FORMULA.search(inside)
        value = VALUE.search(inside)
        text = None if formula is None else unescape(formula[1] or "", QUOTES)
        found.append((where, Cell(text, _value(attributes, inside, value[1] if value else None, shared))))
    return found


def _value(attributes: str, inside: str, stored: str | None, shared: list[str]) -> float | str | bool | None:
    hit = KIND.search(attributes)
    kind = hit[1] if hit else "n"
    if kind == "inlineStr":
        return unescape("".join(re.findall(r"<t[^>]*>(.*?)</t>", inside, re.DOTALL)), QUOTES)
    if stored is None:
        return None
    if kind == "s":
        return shared[int(stored)]
    if kind == "b":
        return stored == "1"
    return unescape(stored, QUOTES) if kind in {"str", "e"} or not stored else float(stored)


def _shared_texts(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    table = ET.fromstring(archive.read("xl/sharedStrings.xml"))  # noqa: S314 (a file the tests wrote)
    return ["".join(text.text or "" for text in entry.iter(f"{MAIN}t")) for entry in table.iter(f"{MAIN}si")]
