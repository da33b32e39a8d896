"""Workbooks as LibreOffice calculates them: opened, every formula calculated anew, and read back sheet by sheet.

LibreOffice keeps the values stored in an .xlsx file unless it is told to calculate, so a test that reads what it saves
could compare stored values with themselves. Here each process has its own profile in which recalculation is forced.
Values come as text with 15 significant digits (and at most 20 decimals).
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PROCESSES = 2
SECONDS_TO_START, SECONDS_PER_WORKBOOK = 60, 30
ALWAYS, NEVER = 0, 1
"""Values of the LibreOffice setting OOXMLRecalcMode."""
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>{mode}</value></prop></item>
</oor:items>
"""
CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
"""Comma, double quotes, UTF-8, from row 1; values in full rather than as shown; every sheet in a file of its own."""
ERROR = re.compile(r"#(NAME\?|VALUE!|DIV/0!|REF!|N/A|NUM!|NULL!)|Err:\d+")
NUMBER = re.compile(r"-?\d+(\.\d+)?(E[+-]?\d+)?%?")
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


class RecalculationError(Exception):
    """LibreOffice did not give every sheet of every workbook."""


@dataclass(frozen=True)
class Recalculated:
    """A workbook after recalculation: where the text of each sheet is, in the order of the sheets.

    A sheet is read when it is asked for, since many workbooks at once would fill the memory.
    """

    files: Mapping[str, Path]

    def sheet(self, name: str) -> list[list[str]]:
        """Return the rows of a sheet, empty cells at the end of a row left out."""
        return _rows(self.files[name].read_text(encoding="utf-8"))

    def cell(self, sheet: str, address: str) -> float | str:
        """Return a cell by its address (``C7``): a number where the text is one; an empty cell is an empty text."""
        row, column = position(address)
        rows = self.sheet(sheet)
        text = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
        return number_or_text(text)

    def errors(self) -> list[tuple[str, str, str]]:
        """Return sheet, address and text of every cell that shows an error."""
        suspects = [name for name, file in self.files.items() if ERROR.search(file.read_text(encoding="utf-8"))]
        return [
            (name, address(i, j), text)
            for name in suspects
            for i, row in enumerate(self.sheet(name))
            for j, text in enumerate(row)
            if ERROR.fullmatch(text)
        ]


def recalculated(paths: Sequence[Path], folder: Path, mode: int = ALWAYS) -> dict[str, Recalculated]:
    """Return workbooks as LibreOffice calculates them, by stem of the file name.

    Parameters
    ----------
    paths : sequence of Path
        Workbooks whose stems differ. They are not changed.
    folder : Path
        A folder for the work, which is made.
    mode : int
        `ALWAYS` to force recalculation; `NEVER` to keep stored values.

    Raises
    ------
    RecalculationError
        Where LibreOffice is absent, fails, takes too long, or leaves a sheet out.
    """
    stems = [path.stem for path in paths]
    if len(set(stems)) != len(stems):
        message = f"workbooks with the same name: {', '.join(sorted(stems))}"
        raise RecalculationError(message)
    if shutil.which("soffice") is None:
        message = "soffice was not found; these tests need LibreOffice (see README)"
        raise RecalculationError(message)
    by_size = sorted(paths, key=lambda path: path.stat().st_size)
    shares = [by_size[start::PROCESSES] for start in range(PROCESSES)]
    jobs = [(share, folder.resolve() / f"process_{i}", mode) for i, share in enumerate(shares) if share]
    with ThreadPoolExecutor(PROCESSES) as pool:
        parts = list(pool.map(lambda job: _converted(*job), jobs))
    found = {stem: book for part in parts for stem, book in part.items()}
    return {stem: found[stem] for stem in stems}


def position(address: str) -> tuple[int, int]:
    """Return row and column, from 0, of an address such as ``C7`` or ``$C$7``."""
    letters, digits = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", address).groups()  # type: ignore[union-attr]
    column = 0
    for sign in letters:
        column = 26 * column + ord(sign) - ord("A") + 1
    return int(digits) - 1, column - 1


def address(row: int, column: int) -> str:
    """Return the address of a cell whose row and column count from 0."""
    letters, rest = "", column + 1
    while rest:
        rest, sign = divmod(rest - 1, 26)
        letters = chr(ord("A") + sign) + letters
    return f"{letters}{row + 1}"


def number_or_text(text: str) -> float | str:
    """Return a number where the text is one (a percentage as a fraction), else the text."""
    if not NUMBER.fullmatch(text):
        return text
    return float(text[:-1]) / 100.0 if text.endswith("%") else float(text)


def sheet_files(path: Path) -> dict[str, str]:
    """Return the sheets of an .xlsx file in their order: the name of each and its file inside the archive."""
    with zipfile.ZipFile(path) as archive:
        book = ET.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 (a file the tests wrote)
        links = ET.fromstring(archive.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {link.attrib["Id"]: link.attrib["Target"].removeprefix("/xl/") for link in links}
    relation = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    return {sheet.attrib["name"]: f"xl/{targets[sheet.attrib[relation]]}" for sheet in book.iter(f"{MAIN}sheet")}


def _converted(paths: Sequence[Path], work: Path, mode: int) -> dict[str, Recalculated]:
    settings = work / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(PROFILE.format(mode=mode), encoding="utf-8")
    inside, outside = work / "in", work / "out"
    inside.mkdir()
    copies = {path: inside / f"{number:04d}{path.suffix}" for number, path in enumerate(paths)}
    for path, copy in copies.items():
        shutil.copyfile(path, copy)
    command = ["soffice", f"-env:UserInstallation=file://{work / 'profile'}", "--headless", "--norestore"]
    command += ["--convert-to", CSV, "--outdir", str(outside), *map(str, copies.values())]
    said = _run(command, SECONDS_TO_START + SECONDS_PER_WORKBOOK * len(paths))
    return {path.stem: _read(path, copy.stem, outside, said) for path, copy in copies.items()}


def _run(command: list[str], seconds: int) -> str:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, env=environment)
    except subprocess.TimeoutExpired as error:
        message = f"LibreOffice did not finish within {seconds} s: {' '.join(command)}"
        raise RecalculationError(message) from error
    return f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"


def _read(path: Path, stem: str, folder: Path, said: str) -> Recalculated:
    names = list(sheet_files(path))
    files = {name: folder / unquote(f"{stem}-{name}.csv") for name in names}
    if len(set(files.values())) != len(names):
        message = f"{path.name}: two sheets have the same name once % signs are decoded: {', '.join(names)}"
        raise RecalculationError(message)
    absent = [name for name, file in files.items() if not file.exists()]
    if absent:
        message = f"{path.name}: LibreOffice left out {', '.join(absent)}\n{said}"
        raise RecalculationError(message)
    return Recalculated(files)


def _rows(text: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    for row in rows:
        while row and not row[-1]:
            row.pop()
    return rows
