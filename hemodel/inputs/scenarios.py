"""Scenario files: a short list of changes with a question, a reason and a source.

    question = "What if patients are treated until progression?"
    why = "..."
    source = "..."

    [[change]]
    id = "regimen.new.drug_x.time_on_treatment"
    from = "tot_drug_x"
    to = "pfs"

A change either replaces a value (`from` and `to`) or multiplies it (`multiply`).
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import find_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails


class _ChangeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    before: Annotated[str | float | None, Field(alias="from")] = None
    to: str | float | None = None
    multiply: float | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> _ChangeEntry:
        if (self.multiply is None) == (self.to is None):
            message = "give either from and to, or multiply"
            raise ValueError(message)
        if self.to is not None and self.before is None:
            message = "give the value that is replaced under from"
            raise ValueError(message)
        return self


class _ScenarioFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    question: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]
    source: Annotated[str, Field(min_length=1)]
    change: Annotated[tuple[_ChangeEntry, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Scenario:
    """A named set of changes to the base case."""

    name: str
    question: str
    why: str
    source: str
    changes: tuple[Change, ...]
    sha256: str


def read_scenario(path: Path) -> Scenario:
    """Read one scenario file; its name is the file's.

    Raises
    ------
    InputError
        Where it is not valid TOML, lacks something, or changes an id twice.
    """
    where = Location(f"{path.parent.name}/{path.name}")
    try:
        raw = path.read_bytes()
        content = _ScenarioFile.model_validate(tomllib.loads(raw.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError((Problem(where, f"this is not valid TOML: {error}"),)) from error
    except ValidationError as error:
        raise InputError(tuple(Problem(where, _explain(detail)) for detail in error.errors())) from error
    changes = tuple(
        Change(entry.id, entry.to, f"scenario {path.stem}", expected=entry.before, factor=entry.multiply)
        for entry in content.change
    )
    clashes = clashing(changes)
    if clashes:
        raise InputError(tuple(Problem(where, f"{id_} is changed twice", todo="Keep one change.") for id_ in clashes))
    return Scenario(path.stem, content.question, content.why, content.source, changes, sha256(raw).hexdigest())


def _explain(detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"]) or "the file"
    return f"{place}: {detail['msg'].removeprefix('Value error, ')}"


def clashing(changes: Sequence[Change]) -> list[str]:
    """Return the ids that are changed more than once; what a payer's reference case sets may be changed again."""
    ids = [change.id for change in changes if not change.reference_case]
    return sorted({id_ for id_ in ids if ids.count(id_) > 1})


def scenario_folder(workbook: Path, setting: str) -> Path | None:
    """Return the folder that a workbook's setting names, or None where there is none; see `find_beside`."""
    found = find_beside(workbook, setting)
    return found if found is not None and found.is_dir() else None


def read_scenarios(folder: Path | None) -> tuple[Scenario, ...]:
    """Read every scenario of a folder, in order of name.

    Raises
    ------
    InputError
        With the problems of all files.
    """
    found: list[Scenario] = []
    problems: list[Problem] = []
    for path in sorted(folder.glob("*.toml")) if folder is not None else []:
        try:
            found.append(read_scenario(path))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(tuple(problems))
    return tuple(found)


def pick(scenarios: Iterable[Scenario], names: Iterable[str]) -> tuple[Scenario, ...]:
    """Return the scenarios with these names, in the order asked for.

    Raises
    ------
    InputError
        Where one does not exist (the nearest is suggested) or two change the same id.
    """
    by_name = {scenario.name: scenario for scenario in scenarios}
    problems = [
        Problem(
            Location(f"--scenario {name}"),
            f"there is no scenario {name}",
            todo=nearest(name, by_name) or f"There are: {', '.join(by_name) or 'none'}.",
        )
        for name in names
        if name not in by_name
    ]
    if problems:
        raise InputError(tuple(problems))
    chosen = tuple(by_name[name] for name in dict.fromkeys(names))
    clashes = clashing([change for scenario in chosen for change in scenario.changes])
    if clashes:
        where = Location(" ".join(f"--scenario {scenario.name}" for scenario in chosen))
        raise InputError(tuple(Problem(where, f"{id_} is changed by more than one scenario") for id_ in clashes))
    return chosen
