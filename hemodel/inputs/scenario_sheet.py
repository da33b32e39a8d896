"""The sheet `Scenarios` of a workbook: one row for each change, the same as scenario files.

Rows with the same name are changes of one scenario. What belongs to the scenario as a whole
(group, purpose, question, why, source and so on) stands in its first row, and may be repeated.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from hemodel.errors import Location, Problem, raise_if_any
from hemodel.inputs.cells import has_no_stored_value, other_reading, read_number
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import nearest, scenario_columns
from hemodel.inputs.scenario_files import GROUPS, Scenario, Sweep, WrittenScenario, label_of, unknown_group

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.inputs.cells import Cell, DataTable, Scalar


SEPARATOR = ";"
EMPTY = '""'
"""How an empty cell is written where a blank would say something else."""
NAME = re.compile(r"[a-z0-9_]+")
ONCE = ("group", "purpose", "question", "why", "source", "grid", "combine", "payers")
"""Columns about a scenario as a whole."""


@dataclass(frozen=True)
class ScenarioLine:
    """One row of the sheet by column; a column that the sheet does not have is not in it."""

    cells: Mapping[str, Cell]

    def value(self, column: str) -> Scalar:
        """Return what stands in a cell; None where it is empty or there is no such column."""
        cell = self.cells.get(column)
        return None if cell is None or has_no_stored_value(cell) else cell.value

    def text(self, column: str) -> str:
        """Return it as text; a whole number without decimals."""
        value = self.value(column)
        return "" if value is None else label_of(value)

    def where(self, column: str = "scenario") -> Location:
        """Return where a cell stands; the name of the scenario where there is no such column."""
        return self.cells.get(column, self.cells["scenario"]).where


def read_sheet(table: DataTable) -> tuple[list[WrittenScenario], list[Problem], set[str]]:
    """Read the scenarios of the sheet.

    Returns
    -------
    entries : list of WrittenScenario
        Of scenarios without problems, in the order of their first rows.
    problems : list of Problem
    unread : set of str
        Names of the scenarios with problems.
    """
    lines, problems = read_lines(table)
    by_name: dict[str, list[ScenarioLine]] = {}
    for line in lines:
        by_name.setdefault(line.text("scenario"), []).append(line)
    entries, unread = [], set[str]()
    for name, own in by_name.items():
        found = [*_scenario_problems(name, own), *(p for line in own for p in _change_problems(line))]
        problems += found
        if found:
            unread.add(name)
        else:
            entries.append(_entry(name, own))
    return entries, problems, unread


def read_lines(table: DataTable) -> tuple[list[ScenarioLine], list[Problem]]:
    """Return the rows below the headers that name a scenario, and what is wrong with the layout.

    A row without a scenario is a note; one that changes something is a problem.
    """
    header = next((i for i, row in enumerate(table.rows) if "scenario" in row), None)
    if header is None:
        why, todo = "One column must hold the word scenario above the rows", "Restore the header row."
        return [], [Problem(table.where(0, 0), "no header row was found", why, todo)]
    places, problems = _columns(table, header)
    if "scenario" not in places or problems:
        return [], problems
    lines = []
    for number in range(header + 1, len(table.rows)):
        line = ScenarioLine({name: table.cell(number, place) for name, place in places.items()})
        problems += [_no_stored_value(cell) for cell in line.cells.values() if has_no_stored_value(cell)]
        if line.text("scenario"):
            lines.append(line)
        elif line.text("id"):
            what, todo = "a change stands in a row without a scenario", "Give the row the name of its scenario."
            problems.append(Problem(line.where("id"), what, "Nothing would read it", todo))
    return lines, problems


def sheet_rows(table: DataTable) -> list[tuple[Scalar, ...]]:
    """Return the rows below the headers as they stand, notes too, in the order of the known columns.

    Raises
    ------
    InputError
        Where the layout has problems.
    """
    raise_if_any(read_lines(table)[1])
    header = next(i for i, row in enumerate(table.rows) if "scenario" in row)
    places, _ = _columns(table, header)
    kept = [places.get(name) for name in scenario_columns()]
    return [tuple(None if i is None else row[i] for i in kept) for row in table.rows[header + 1 :]]


def _columns(table: DataTable, header: int) -> tuple[dict[str, int], list[Problem]]:
    places: dict[str, int] = {}
    problems = []
    known = scenario_columns()
    for index, value in enumerate(table.rows[header]):
        text = "" if value is None else " ".join(str(value).split())
        where = table.where(header, index)
        if not text:
            continue
        if text not in known:
            todo = nearest(text, known) or "Remove it, or keep notes in rows without a scenario."
            problems.append(Problem(where, f"unknown column {text}", "Nothing reads it", todo))
        elif text in places:
            problems.append(Problem(where, f"the column {text} stands twice", todo="Remove one."))
        else:
            places[text] = index
    for name, column in known.items():
        if column.needed and name not in places:
            where = Location(table.file, table.sheet, f"{header + 1}:{header + 1}")
            holds = f"It holds: {column.definition[0].lower()}{column.definition[1:]}"
            problems.append(Problem(where, f"the column {name} is missing", holds, "Add the column."))
    return places, problems


def _no_stored_value(cell: Cell) -> Problem:
    why, todo = (
        "The file was written by a program that does not calculate",
        "Open it in Excel or LibreOffice, save it and run again.",
    )
    return Problem(cell.where, "a formula has no stored value", why, todo)


def _scenario_problems(name: str, lines: Sequence[ScenarioLine]) -> Iterator[Problem]:
    first = lines[0]
    if NAME.fullmatch(name) is None:
        proposal = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
        why = "A name has lower-case letters, digits and underscores"
        yield Problem(first.where(), f"{name!r} is no name of a scenario", why, f"Write {proposal}." * bool(proposal))
    for column in ONCE:
        said = [line for line in lines if line.text(column)]
        if not said and scenario_columns()[column].needed:
            definition = scenario_columns()[column].definition.split(". ", maxsplit=1)[0]
            yield Problem(
                first.where(column), f"{name} has no {column}", f"It holds: {_lower(definition)}", "Fill it in."
            )
        for other in said[1:]:
            if other.text(column) != said[0].text(column):
                why, todo = f"At {said[0].where(column)} it is {said[0].text(column)!r}", "Say it once."
                yield Problem(other.where(column), f"{column} of {name} is {other.text(column)!r}", why, todo)
    group = next((line for line in lines if line.text("group")), None)
    if group is not None and group.text("group") not in GROUPS:
        yield unknown_group(group.where("group"), group.text("group"))
    grid = next((line for line in lines if line.text("grid")), None)
    if grid is not None and grid.text("grid") not in {"yes", "no"}:
        yield Problem(grid.where("grid"), f"grid is {grid.text('grid')!r}", "It must be yes or no")


def _lower(text: str) -> str:
    return f"{text[0].lower()}{text[1:]}"


def _change_problems(line: ScenarioLine) -> Iterator[Problem]:
    filled = [column for column in ("from", "to", "multiply", "labels") if line.text(column)]
    if not line.text("id"):
        if filled:
            what, todo = f"there is a value under {filled[0]} but no id", "Say what is changed."
            yield Problem(line.where(filled[0]), what, todo=todo)
        return
    if bool(line.text("to")) == bool(line.text("multiply")):
        what = f"give either to or multiply for {line.text('id')}"
        yield Problem(line.where("to"), what, todo=f"An empty cell is written {EMPTY}.")
        return
    column = "to" if line.text("to") else "multiply"
    parts = _parts(line.text(column))
    if _is_list(line, column) and ("" in parts or not parts):
        yield Problem(
            line.where(column), f"the sweep of {line.text('id')} has an empty value", todo="Remove a semicolon."
        )
    if column == "multiply":
        for part in parts:
            if part and read_number(part) is None:
                yield Problem(line.where(column), f"{line.text('id')} is multiplied by {part!r}", "It must be a number")
    labels = _parts(line.text("labels")) if line.text("labels") else []
    if labels and len(labels) != len(parts):
        what = f"the sweep of {line.text('id')} has {len(parts)} values and {len(labels)} labels"
        yield Problem(line.where("labels"), what, todo="Give each value a label, or none.")


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(SEPARATOR)]


def _is_list(line: ScenarioLine, column: str) -> bool:
    return SEPARATOR in line.text(column)


def _entry(name: str, lines: Sequence[ScenarioLine]) -> WrittenScenario:
    once = {column: next((line.text(column) for line in lines if line.text(column)), "") for column in ONCE}
    changing = [line for line in lines if line.text("id")]
    changes = [_changes(name, line) for line in changing]
    swept = [bool(_swept(line)) for line in changing]
    written = [[line.text(column) for column in scenario_columns()] for line in lines]
    scenario = Scenario(
        name=name,
        question=once["question"],
        why=once["why"],
        source=once["source"],
        changes=tuple(own[0] for own, is_sweep in zip(changes, swept, strict=True) if not is_sweep),
        sha256=sha256(json.dumps(written).encode()).hexdigest(),
        group=once["group"],
        purpose=once["purpose"],
        payers=_names(once["payers"]),
    )
    sweeps = tuple(
        Sweep(own, tuple(_labels(line)))
        for line, own, is_sweep in zip(changing, changes, swept, strict=True)
        if is_sweep
    )
    return WrittenScenario(scenario, lines[0].where(), _names(once["combine"]), sweeps, once["grid"] == "yes")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part for part in _parts(text) if part)


def _swept(line: ScenarioLine) -> bool:
    return _is_list(line, "to") or _is_list(line, "multiply") or bool(line.text("labels"))


def _labels(line: ScenarioLine) -> list[str]:
    return _parts(line.text("labels") or line.text("to") or line.text("multiply"))


def _changes(name: str, line: ScenarioLine) -> tuple[Change, ...]:
    """Return the change of a row, or one for each value of its sweep."""
    before = _scalar(line.value("from"))
    if before is None and not _swept(line):
        before = "" if line.text("to") else None
    made = Change(line.text("id"), None, f"scenario {name}", expected=before)
    factor = line.value("multiply")
    if isinstance(factor, (int, float)):
        return (replace(made, factor=float(factor)),)
    if factor is not None:
        return tuple(replace(made, factor=read_number(part)) for part in _parts(line.text("multiply")))
    if _is_list(line, "to"):
        return tuple(replace(made, value=_new(part)) for part in _parts(line.text("to")))
    return (replace(made, value=_new(line.value("to"))),)


def _new(value: Scalar) -> Scalar:
    """Return a new value; one that may mean two numbers as its text, of which the change warns."""
    return value if isinstance(value, str) and other_reading(value) else _scalar(value)


def _scalar(value: Scalar) -> Scalar:
    """Return a number for text that reads as one, and nothing for what stands for an empty cell."""
    if not isinstance(value, str):
        return value
    number = read_number(value)
    return ("" if value == EMPTY else value) if number is None else number
