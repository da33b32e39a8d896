"""Scenario files (TOML): what they may hold, and reading them.

    group = "structure"
    purpose = "How much rests on the rule for stopping"
    question = "What if patients are treated until progression?"
    why = "..."
    source = "..."
    payers = ["GB-ENG"]
    combine = ["other_scenario"]

    [[change]]
    id = "regimen.new.drug_x.time_on_treatment"
    from = "tot_drug_x"
    to = "pfs"

    [[sweep]]
    id = "settings.time_horizon"
    values = [5, 10, 20]

A change either replaces a value (`from` and `to`) or multiplies it (`multiply`).
"""

from __future__ import annotations

import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.scenario_entries import GROUPS, Entry, Scenario, Sweep, label_of

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic_core import ErrorDetails

Text = Annotated[str, Field(min_length=1)]
Value = str | float


class _ChangeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    before: Annotated[Value | None, Field(alias="from")] = None
    to: Value | None = None
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

    def change(self, name: str) -> Change:
        """Return the change."""
        return Change(self.id, self.to, f"scenario {name}", expected=self.before, factor=self.multiply)


class _SweepEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    before: Annotated[Value | None, Field(alias="from")] = None
    values: tuple[Value, ...] | None = None
    multiply: tuple[float, ...] | None = None
    labels: tuple[Value, ...] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> _SweepEntry:
        if (self.multiply is None) == (self.values is None):
            message = "give either values or multiply"
            raise ValueError(message)
        points = len(self.values if self.values is not None else self.multiply or ())
        if not points:
            message = f"the sweep of {self.id} has no values"
            raise ValueError(message)
        if self.labels is not None and len(self.labels) != points:
            message = f"the sweep of {self.id} has {points} values and {len(self.labels)} labels"
            raise ValueError(message)
        return self

    def sweep(self, name: str) -> Sweep:
        """Return the sweep."""
        origin = f"scenario {name}"
        if self.values is not None:
            changes = tuple(Change(self.id, value, origin, expected=self.before) for value in self.values)
        else:
            changes = tuple(
                Change(self.id, None, origin, expected=self.before, factor=factor) for factor in self.multiply or ()
            )
        labels = self.labels or self.values or self.multiply or ()
        return Sweep(changes, tuple(label_of(label) for label in labels))


class _ScenarioFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Literal["survival", "costs", "utilities", "structure", "settings"]
    purpose: Text
    question: Text
    why: Text
    source: Text
    payers: tuple[Text, ...] = ()
    combine: tuple[Text, ...] = ()
    grid: bool = False
    change: tuple[_ChangeEntry, ...] = ()
    sweep: tuple[_SweepEntry, ...] = ()


def read_entry(path: Path) -> Entry:
    """Read one scenario file; the name of the scenario is the file's.

    Raises
    ------
    InputError
        Where it is not valid TOML, or lacks something.
    """
    where = Location(f"{path.parent.name}/{path.name}")
    try:
        raw = path.read_bytes()
        text = tomllib.loads(raw.decode("utf-8"))
        content = _ScenarioFile.model_validate(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError((Problem(where, f"this is not valid TOML: {error}"),)) from error
    except ValidationError as error:
        raise InputError(tuple(_problem(where, detail) for detail in error.errors())) from error
    name = path.stem
    scenario = Scenario(
        name=name,
        question=content.question,
        why=content.why,
        source=content.source,
        changes=tuple(entry.change(name) for entry in content.change),
        sha256=sha256(raw).hexdigest(),
        group=content.group,
        purpose=content.purpose,
        payers=content.payers,
    )
    sweeps = tuple(entry.sweep(name) for entry in content.sweep)
    return Entry(scenario, where, content.combine, sweeps, content.grid)


def _problem(where: Location, detail: ErrorDetails) -> Problem:
    place = ".".join(str(part) for part in detail["loc"]) or "the file"
    if place == "group" and detail["type"] == "literal_error":
        return unknown_group(where, str(detail["input"]))
    message = detail["msg"].removeprefix("Value error, ")
    known = ("extra_forbidden", "missing")
    todo = ""
    if detail["type"] == known[0]:
        todo = nearest(str(detail["loc"][-1]), _keys(detail["loc"]))
    elif detail["type"] == known[1] and place == "group":
        todo = f"Write one of: {', '.join(GROUPS)}."
    elif detail["type"] == known[1] and place == "purpose":
        todo = "Say in a sentence what the scenario is to show."
    return Problem(where, f"{place}: {message}", todo=todo)


def unknown_group(where: Location, group: str) -> Problem:
    """Return the problem of a group that does not exist."""
    why = f"It must be one of: {', '.join(GROUPS)}"
    return Problem(where, f"the group is {group!r}", why, nearest(group, GROUPS))


def _keys(place: tuple[int | str, ...]) -> list[str]:
    within: dict[str, type[BaseModel]] = {"change": _ChangeEntry, "sweep": _SweepEntry}
    model = within.get(str(place[0]), _ScenarioFile) if len(place) > 1 else _ScenarioFile
    return [field.alias or name for name, field in model.model_fields.items()]
