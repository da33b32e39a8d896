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

Scenarios as they are written down, and what becomes of them: combinations and sweeps written out.

A scenario is an entry of a file or of the sheet `Scenarios`. One with a sweep stands for
as many scenarios as the sweep has points; one that combines others makes their changes too.
"""

from __future__ import annotations

import math
import re
import sys
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import product
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import read_bytes, text_of, toml_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from hemodel.inputs.cells import Scalar


GROUPS = ("survival", "costs", "utilities", "structure", "settings")
"""What a scenario is about; tables and charts are in this order."""
PAYER_CODE = re.compile(r"[A-Z][A-Z0-9]*(-[A-Z0-9]+)*")
MOST_SCENARIOS = 10_000
"""Of a workbook, the points of sweeps among them."""
MOST_COMBINED = 1_000
VALUE = "{value}"
"""In a question: where the label of a sweep's point goes."""


@dataclass(frozen=True)
class Scenario:
    """A named set of changes to the base case.

    `payers` are the codes of the payers it is for, none for all. `sweep` is the name under
    which a sweep was written and `label` says which of its points this is; both are empty
    for a scenario that is not a point of a sweep.
    """

    name: str
    question: str
    why: str
    source: str
    changes: tuple[Change, ...]
    sha256: str
    group: str
    purpose: str
    payers: tuple[str, ...] = ()
    sweep: str = ""
    label: str = ""


@dataclass(frozen=True)
class Sweep:
    """One input at several values: `changes` has one for each, `labels` says which they are."""

    changes: tuple[Change, ...]
    labels: tuple[str, ...]

    @property
    def id(self) -> str:
        """What is changed."""
        return self.changes[0].id


@dataclass(frozen=True)
class WrittenScenario:
    """A scenario as written: its own changes, the names of those it combines, and its sweeps.

    Several sweeps run in step, their first values together, their second and so on; where
    `grid` is set every value of one goes with every value of the others.
    """

    scenario: Scenario
    where: Location
    combine: tuple[str, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    grid: bool = False

    @property
    def name(self) -> str:
        """Under which it was written."""
        return self.scenario.name


def label_of(value: Scalar) -> str:
    """Return the text of a swept value: numbers in as few digits as they have."""
    return f"{value:.12g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)


def written_out(
    entries: Sequence[WrittenScenario], unread: Iterable[str] = ()
) -> tuple[tuple[Scenario, ...], list[Problem]]:
    """Return every scenario that entries stand for, in their order, and all problems.

    Parameters
    ----------
    unread : iterable of str
        Names of entries that have problems of their own; that they are missing is no further one.
    """
    problems = [*_too_many(entries)]
    if problems:
        return (), problems
    problems = _repeated_names(entries)
    points: dict[str, tuple[Scenario, WrittenScenario]] = {}
    for entry in entries:
        problems += _entry_problems(entry)
        for point in _points(entry):
            if point.name in points and (entry.sweeps or points[point.name][1].sweeps):
                problems.append(_second_point(entry, point, points[point.name][1]))
            points.setdefault(point.name, (point, entry))
    problems += _combination_problems(entries, points, {*unread})
    if problems:
        return (), problems
    found = []
    for point, entry in points.values():
        changes = _all_changes(point.name, points)
        problems += _clashes(entry, changes) if entry.combine else []
        found.append(replace(point, changes=tuple(change for change, _ in changes)))
    return tuple(found), list(dict.fromkeys(problems))


def _too_many(entries: Sequence[WrittenScenario]) -> Iterator[Problem]:
    """Yield the entry with which there are more scenarios than can be run, and those that combine too many."""
    count = 0
    for entry in entries:
        sizes = [len(sweep.changes) for sweep in entry.sweeps]
        own = math.prod(sizes) if entry.grid else max(sizes, default=1)
        count += own
        if count > MOST_SCENARIOS:
            what = f"{entry.name} is {own:,} scenarios, {count:,} with those before it"
            todo = "Give its sweeps fewer values, or let them run in step (grid = false)."
            yield Problem(entry.where, what, f"At most {MOST_SCENARIOS:,} are run", todo)
            return
    by_name = {entry.name: entry for entry in entries}
    yield from (
        Problem(entry.where, f"{entry.name} combines more than {MOST_COMBINED:,} scenarios", todo="Combine fewer.")
        for entry in entries
        if _combined(entry, by_name) > MOST_COMBINED
    )


def _combined(entry: WrittenScenario, by_name: Mapping[str, WrittenScenario]) -> int:
    """Return how many scenarios an entry combines, each as often as it is met; none where it comes back to itself."""
    waiting, count = list(entry.combine), 0
    while waiting and count <= MOST_COMBINED:
        name = waiting.pop()
        if name == entry.name:
            return 0
        count += 1
        waiting += by_name[name].combine if name in by_name else ()
    return count


def clashing(changes: Sequence[Change]) -> list[str]:
    """Return the ids changed more than once (the id of a row is that of its value); a payer's do not count."""
    ids = [_cell(change.id) for change in changes if not change.reference_case]
    return sorted({id_ for id_ in ids if ids.count(id_) > 1})


def _cell(id_: str) -> str:
    return id_.removesuffix(".value")


def _repeated_names(entries: Sequence[WrittenScenario]) -> list[Problem]:
    """Two entries of one name: a file and rows of the sheet."""
    first: dict[str, WrittenScenario] = {}
    problems = []
    for entry in entries:
        before = first.setdefault(entry.name, entry)
        if before is not entry:
            why = f"It is also at {before.where}"
            problems.append(Problem(entry.where, f"there are two scenarios {entry.name}", why, "Rename or remove one."))
    return problems


def _second_point(entry: WrittenScenario, point: Scenario, other: WrittenScenario) -> Problem:
    if other is entry:
        return Problem(entry.where, f"the sweep has two points {point.name}", todo="Give each a label of its own.")
    why = f"It is also at {other.where}"
    return Problem(entry.where, f"there are two scenarios {point.name}", why, "Rename one.")


def _entry_problems(entry: WrittenScenario) -> Iterator[Problem]:
    ids = [_cell(id_) for id_ in (*(change.id for change in entry.scenario.changes), *(s.id for s in entry.sweeps))]
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        yield Problem(entry.where, f"{id_} is changed twice", todo="Keep one change.")
    sizes = {sweep.id: len(sweep.changes) for sweep in entry.sweeps}
    if not entry.grid and len({*sizes.values()}) > 1:
        counts = ", ".join(f"{id_} has {size}" for id_, size in sizes.items())
        todo = "Give each as many values, or set grid = true for every combination."
        yield Problem(entry.where, "sweeps that run in step differ in length", counts, todo)
    if not (entry.scenario.changes or entry.sweeps or entry.combine):
        yield Problem(entry.where, "nothing is changed", todo="Add a change, a sweep, or scenarios to combine.")
    for code in entry.scenario.payers:
        if PAYER_CODE.fullmatch(code) is None:
            todo = "Write codes as hemodel payers lists them, for example GB-ENG."
            yield Problem(entry.where, f"{code!r} is no code of a payer", todo=todo)


def _points(entry: WrittenScenario) -> Iterator[Scenario]:
    """Yield the entry itself, or every point of its sweeps, with its own changes only."""
    if not entry.sweeps:
        yield entry.scenario
        return
    own = [list(zip(sweep.changes, sweep.labels, strict=True)) for sweep in entry.sweeps]
    for steps in product(*own) if entry.grid else zip(*own, strict=False):
        label = ", ".join(label for _, label in (steps if entry.grid else steps[:1]))
        name = f"{entry.name}_{_slug(label)}"
        written = entry.scenario
        yield replace(
            written,
            name=name,
            question=_question(written.question, label),
            changes=(*written.changes, *(replace(change, origin=f"scenario {name}") for change, _ in steps)),
            sweep=written.name,
            label=label,
        )


def _slug(label: str) -> str:
    minus = re.sub(r"(?<!\w)-(?=[\d.])", "minus ", label)
    return re.sub(r"[^a-z0-9]+", "_", minus.lower()).strip("_")


def _question(question: str, label: str) -> str:
    return question.replace(VALUE, label) if VALUE in question else f"{question} ({label})"


def _combination_problems(
    entries: Sequence[WrittenScenario], points: Mapping[str, tuple[Scenario, WrittenScenario]], unread: set[str]
) -> Iterator[Problem]:
    swept = {entry.name: entry for entry in entries if entry.sweeps}
    for entry in entries:
        for name in entry.combine:
            if name in swept:
                names = ", ".join(point.name for point in _points(swept[name]))
                todo = f"Combine one of its points: {names}."
                yield Problem(entry.where, f"{name} is a sweep and cannot be combined as a whole", todo=todo)
            elif name not in points and name not in unread:
                todo = nearest(name, points) or "See the names of the other scenarios."
                yield Problem(entry.where, f"there is no scenario {name} to combine", todo=todo)
    yield from _cycles(entries, points)


def _cycles(
    entries: Sequence[WrittenScenario], points: Mapping[str, tuple[Scenario, WrittenScenario]]
) -> Iterator[Problem]:
    """Entries that come back to themselves through what they combine; each cycle is told once."""
    told: set[str] = set()
    for entry in entries:
        path = _way_back(entry, points)
        if path and not told & {*path}:
            told |= {*path}
            way = " combines ".join((*path, path[0]))
            yield Problem(entry.where, f"{entry.name} combines itself", way, "Leave one of them out.")


def _way_back(entry: WrittenScenario, points: Mapping[str, tuple[Scenario, WrittenScenario]]) -> tuple[str, ...]:
    waiting: list[tuple[str, ...]] = [(entry.name, name) for name in entry.combine]
    seen: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path[-1] not in points or path[-1] in seen:
            continue
        seen.add(path[-1])
        other = points[path[-1]][1]
        if other.name == entry.name:
            return path[:-1]
        waiting += [(*path, name) for name in other.combine]
    return ()


def _all_changes(name: str, points: Mapping[str, tuple[Scenario, WrittenScenario]]) -> list[tuple[Change, str]]:
    """Return the changes of a point with those of what it combines, each with the name that it is written under."""
    point, entry = points[name]
    found = [(change, entry.name) for change in point.changes]
    waiting = [(other, f"scenario {name}, from {other}") for other in reversed(entry.combine)]
    while waiting:
        other, origin = waiting.pop()
        point, entry = points[other]
        found += [(replace(change, origin=origin), entry.name) for change in point.changes]
        waiting += [(further, origin) for further in reversed(entry.combine)]
    return found


def _clashes(entry: WrittenScenario, changes: Sequence[tuple[Change, str]]) -> list[Problem]:
    twice = clashing([change for change, _ in changes])
    owners = {id_: list(dict.fromkeys(own for change, own in changes if _cell(change.id) == id_)) for id_ in twice}
    return [
        Problem(entry.where, f"{id_} is changed twice", f"By {' and by '.join(by)}", "Keep one change.")
        if len(by) > 1
        else Problem(entry.where, f"{id_} is changed twice", f"{by[0]} is combined more than once", "Name it once.")
        for id_, by in owners.items()
    ]


Text = Annotated[str, Field(min_length=1)]


def _no_truth(value: object) -> object:
    """Refuse true and false, which would be read as 1 and 0, and numbers that no input can be."""
    if isinstance(value, bool):
        message = f'it is {str(value).lower()}; a cell holds a number or a text, such as "yes"'
        raise ValueError(message)  # noqa: TRY004 - pydantic tells it with the other problems
    if isinstance(value, (int, float)) and not abs(value) <= sys.float_info.max:
        message = "it must be a finite number"
        raise ValueError(message)
    return value


Value = Annotated[str | float, BeforeValidator(_no_truth)]
Factor = Annotated[float, BeforeValidator(_no_truth)]


class _ChangeEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    before: Annotated[Value | None, Field(alias="from")] = None
    to: Value | None = None
    multiply: Factor | None = None

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
    multiply: tuple[Factor, ...] | None = None
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


def read_entry(path: Path) -> WrittenScenario:
    """Read one scenario file; the name of the scenario is the file's.

    Raises
    ------
    InputError
        Where it is not valid TOML, or lacks something.
    """
    where = Location(f"{path.parent.name}/{path.name}")
    try:
        raw = read_bytes(path, where=where)
        content = _ScenarioFile.model_validate(toml_of(text_of(raw, where), where))
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
    return WrittenScenario(scenario, where, content.combine, sweeps, content.grid)


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
