"""Files and folders that a workbook or a command names, the text and TOML in them, and what a last run left.

Only a regular file is read: a pipe would wait for ever, a device might never end. No message repeats what stands in
a file that is not what it should be.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from hemodel.errors import InputError, Location, Problem
from hemodel.folders import MANIFEST, put_back
from hemodel.formats import visible

DATA_SHEET = "Data"
OUTPUTS = "outputs"
ANCESTORS_SEARCHED = 3
LONGEST_SHEET_NAME = 31
MOST_BYTES = 128 * 2**20
"""Of a text, and of an unpacked part of a workbook."""
DEEPEST = 100
"""Levels of tables and lists in a TOML file."""
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?]")
_DEEP_KEY = re.compile(rf"(?<![\w\"'-])[\w\"'-]++(?:\s*+\.\s*+[\w\"'-]++){{{DEEPEST}}}")
"""A key of so many parts, which the parser takes minutes over."""


def exists(path: Path) -> bool:
    """Whether there is a file or folder; there is none whose name the system cannot have or reach."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether there is a regular file."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def read_bytes(path: Path, todo: str = "", where: Location | None = None) -> bytes:
    """Return what a file holds.

    Parameters
    ----------
    todo : str
        What to do about a file that cannot be read.
    where : Location, optional
        How the file is named in messages; the path, unless given.

    Raises
    ------
    InputError
        Where there is no such file, it cannot be read, is none, or is longer than `MOST_BYTES`.
    """
    where = where or Location(str(path))
    try:
        if not path.is_file():
            if path.exists():
                raise InputError((Problem(where, "this is not a file that can be read", todo=todo or "Name a file."),))
            raise InputError((Problem(where, "there is no such file", todo="Check the path."),))
        if path.stat().st_size > MOST_BYTES:
            what = f"the file is too long ({path.stat().st_size / 2**20:,.0f} MB)"
            raise InputError((Problem(where, what, f"At most {MOST_BYTES // 2**20} MB are read", todo),))
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise InputError((Problem(where, f"the file cannot be read ({reason})", todo=todo),)) from error


def read_text(path: Path, todo: str = "", where: Location | None = None) -> str:
    """Return the text of a file in UTF-8, without the mark that some editors put before it; see `read_bytes`.

    Raises
    ------
    InputError
        As `read_bytes`, and where it is not such text.
    """
    return text_of(read_bytes(path, todo, where), where or Location(str(path)), todo)


def text_of(raw: bytes, where: Location, todo: str = "") -> str:
    """Return bytes as text in UTF-8, without signs that steer a terminal.

    Raises
    ------
    InputError
        Where they are none.
    """
    try:
        return visible(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        todo = todo or "Save the file as UTF-8."
        raise InputError((Problem(where, "this is not text in UTF-8", todo=todo),)) from error


def toml_of(text: str, where: Location, todo: str = "") -> dict[str, Any]:
    """Return what a TOML text holds.

    Raises
    ------
    InputError
        Where it is not TOML, or nested deeper than `DEEPEST`, or holds a number that is none.
    """
    text = text.removeprefix("\ufeff")
    why = f"Tables and lists stand at most {DEEPEST} deep in one another"
    deep = InputError((Problem(where, "this is not valid TOML: it is nested too deep", why, todo),))
    if _DEEP_KEY.search(text):
        raise deep
    try:
        found: dict[str, Any] = _shown(tomllib.loads(text))
    except RecursionError:
        raise deep from None
    except tomllib.TOMLDecodeError as error:
        raise InputError((Problem(where, f"this is not valid TOML: {error}", todo=todo),)) from error
    except ValueError as error:  # a whole number of more digits than Python reads
        what = "this is not valid TOML: a whole number has too many digits"
        raise InputError((Problem(where, what, todo=todo),)) from error
    return found


def _shown(content: Any) -> Any:
    """Return what TOML holds without escaped signs that steer a terminal."""
    if isinstance(content, str):
        return visible(content)
    if isinstance(content, dict):
        return {visible(key): _shown(value) for key, value in content.items()}
    return [_shown(value) for value in content] if isinstance(content, list) else content


def find_beside(workbook: Path, name: str) -> Path | None:
    """Return the file or folder that a workbook names, or None where there is none.

    It is looked for beside the workbook, in the folders above it, and in the
    current folder.
    """
    if not name:
        return None
    home = workbook.resolve().parent
    places = [home, *list(home.parents)[:ANCESTORS_SEARCHED], Path.cwd()]
    return next((place / name for place in places if exists(place / name)), None)


def data_sheet(text: str) -> str:
    """Return the name of the sheet that carries a file: Data and the file's name without folder and ending.

    It is cut to the 31 characters that Excel allows; signs that it does not allow become
    an underscore.
    """
    name = text.replace("\\", "/").rpartition("/")[2]
    stem = _NOT_IN_SHEET_NAMES.sub("_", name.rpartition(".")[0] or name)
    return f"{DATA_SHEET} {stem}"[:LONGEST_SHEET_NAME].rstrip(" '")


def last_values(workbook: Path) -> dict[str, float]:
    """Return the numbers that a workbook held in its last run, by id.

    They are those of ``outputs/<workbook>/manifest.json`` in the current folder, before any
    change that was made for the run. Empty where there was no run of a workbook of this
    name, or its manifest cannot be read.
    """
    folder = Path(OUTPUTS) / workbook.stem
    put_back(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return _numbers(manifest) if manifest["workbook"]["name"] == workbook.name else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _numbers(manifest: dict[str, Any]) -> dict[str, float]:
    values = dict(manifest["inputs"])
    values |= {change["id"]: change["from"] for change in reversed(manifest["changes"]) if change["id"] in values}
    return {id_: float(value) for id_, value in values.items() if type(value) in {int, float}}
