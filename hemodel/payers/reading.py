"""Profiles from files: those that come with the package, and the user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import find_beside, read_text, toml_of
from hemodel.payers.profile import CODE, FIELDS, HEAD, Profile, ProfileItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails


FOLDER = "payers"
"""Folder of the user's own profiles, beside a workbook or above it."""
ENDING = ".toml"
SHIPPED = "shipped with hemodel"
_CODE = re.compile(CODE)
_ITEM_KEYS = tuple(ProfileItem.model_fields)


@dataclass(frozen=True)
class FoundProfile:
    """A profile, the text of its file and where it was found.

    `replaces` says that it stands in for the shipped one of the same code.
    """

    profile: Profile
    text: str
    file: str
    replaces: bool = False

    @property
    def sha256(self) -> str:
        """Hash of the file."""
        return sha256(self.text.encode()).hexdigest()

    @property
    def shipped(self) -> bool:
        """Whether it came with the package."""
        return self.file == SHIPPED


@cache
def shipped() -> dict[str, FoundProfile]:
    """Return the profiles that come with the package by code, in order of code."""
    texts = {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in files("hemodel.payers").joinpath("data").iterdir()
        if entry.name.endswith(ENDING)
    }
    found = [FoundProfile(read_profile(text, name), text, SHIPPED) for name, text in texts.items()]
    return {one.profile.code: one for one in sorted(found, key=lambda one: one.profile.code)}


def find_profile(name: str, workbook: Path | None = None) -> FoundProfile:
    """Return the profile that --payer names.

    Parameters
    ----------
    name : str
        A code (in any case), or the path of a profile file.
    workbook : Path, optional
        A file ``payers/<CODE>.toml`` in the current folder, beside the workbook or above it
        comes before the shipped profile of that code.

    Raises
    ------
    InputError
        Where there is no such profile, or its file has problems, all at once.
    """
    if name.lower().endswith(ENDING):
        return _own(Path(name))
    code = name.upper()
    path = find_beside(Path("_") if workbook is None else workbook, f"{FOLDER}/{code}{ENDING}")
    if path is not None:
        found = _own(path)
        if found.profile.code != code:
            what = f"code is {found.profile.code}, and the file is named {code}"
            raise InputError((Problem(Location(path.name, cell="code"), what, todo="Make them the same."),))
        return found
    if code not in shipped():
        todo = nearest(code, shipped()) or f"There are: {', '.join(shipped())}; or name a file ending with {ENDING}."
        raise InputError((Problem(Location(f"--payer {name}"), f"there is no payer {name}", todo=todo),))
    return shipped()[code]


def find_profiles(names: Sequence[str], workbook: Path) -> list[FoundProfile]:
    """Return the profiles of several names; see `find_profile`.

    Raises
    ------
    InputError
        With the problems of all.
    """
    found: list[FoundProfile] = []
    problems: list[Problem] = []
    for name in names:
        try:
            found.append(find_profile(name, workbook))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(tuple(problems))
    return found


def twice(codes: Sequence[str]) -> list[Problem]:
    """Return a problem for each payer that is named more than once."""
    repeated = sorted({code for code in codes if codes.count(code) > 1})
    return [Problem(Location("--payer"), f"{code} is named more than once", todo="Keep one.") for code in repeated]


def all_profiles(workbook: Path | None = None) -> list[FoundProfile]:
    """Return every payer by code: the shipped ones, or the user's in their place, and the user's others.

    Raises
    ------
    InputError
        With the problems of all files of the user's.
    """
    folder = find_beside(Path("_") if workbook is None else workbook, FOLDER)
    files_there = sorted(folder.glob(f"*{ENDING}")) if folder is not None else []
    own = [path.stem for path in files_there if _CODE.fullmatch(path.stem)]
    found = find_profiles(own, Path("_") if workbook is None else workbook)
    by_code = shipped() | {one.profile.code: one for one in found}
    return [by_code[code] for code in sorted(by_code)]


def _own(path: Path) -> FoundProfile:
    text = read_text(path)
    profile = read_profile(text, path.name)
    return FoundProfile(profile, text, path.name, replaces=profile.code in shipped())


def read_profile(text: str, file: str) -> Profile:
    """Return the profile that a TOML text holds.

    Raises
    ------
    InputError
        With every problem, each naming file and key.
    """
    try:
        return Profile.model_validate(toml_of(text, Location(file)))
    except ValidationError as error:
        found = dict.fromkeys(_problem(file, detail) for detail in error.errors(include_url=False))
        raise InputError(tuple(found)) from error


_KINDS = ("none", "qualitative", "weight", "bands", "information")
_DAY = "date"


def _problem(file: str, detail: ErrorDetails) -> Problem:
    """Say in words what a field lacks or holds."""
    parts = [str(part) for part in detail["loc"] if not str(part).startswith("function-")]
    if parts[1:2] == [_DAY]:
        why = "It must be a year such as 2026, or a day such as 2026-04-01"
        return Problem(Location(file, cell=f"{parts[0]}.{_DAY}"), f"it is {detail['input']!r}", why)
    if parts[:2] == ["modifier", "value"] and len(parts) > 2 and parts[2] in _KINDS:
        del parts[2]
    where = Location(file, cell=".".join(parts) or None)
    key, kind, given = parts[-1] if parts else "", detail["type"], detail["input"]
    if kind == "missing":
        return Problem(where, f"there is no {key}", todo="Add it.")
    if kind == "union_tag_invalid":
        return _choice(Location(file, cell=f"{where.cell}.kind"), given["kind"], _KINDS)
    if kind == "extra_forbidden":
        options = (*HEAD, *FIELDS) if len(parts) == 1 else _ITEM_KEYS
        return Problem(where, f"nothing reads {key}", todo=nearest(key, options) or f"There are: {', '.join(options)}.")
    if kind == "literal_error":
        return _choice(where, given, str(detail["ctx"]["expected"]).replace(" or ", ", ").split(", "))
    told = detail["msg"].removeprefix("Value error, ")
    shown = f"it is {given!r}: " if isinstance(given, (str, int, float)) else ""
    percent = kind == "less_than_equal" and detail["ctx"]["le"] == 1
    todo = f"Was a percentage entered? {given:g}% is {given / 100:g}." if percent else ""
    return Problem(where, f"{shown}{told[:1].lower()}{told[1:]}", todo=todo)


def _choice(where: Location, given: object, options: Sequence[str]) -> Problem:
    names = [option.strip("'") for option in options]
    return Problem(where, f"it is {given!r}", f"It must be one of: {', '.join(names)}", nearest(str(given), names))
