"""Files of combinations for the n-way analysis: TOML or CSV, with all their problems at once.

    [[combination]]
    name = "All in favour"
    "utility.progressed" = 0.7
    "drug.new.price_per_vial" = 900

or

    name,utility.progressed,drug.new.price_per_vial
    All in favour,0.7,900

An empty cell leaves an input as it is.
"""

from __future__ import annotations

import csv
import io
import math
import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hemodel.analysis.movable import find, limit_problem, together
from hemodel.analysis.n_way import Combination, Listed
from hemodel.errors import InputError, Location, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.analysis.movable import Movable
    from hemodel.model import Model

NAME, TABLE = "name", "combination"
_SHAPE = 'Write [[combination]] tables with name = "..." and "ID" = VALUE lines, as docs/deterministic.md shows.'


def read_combinations(path: Path, model: Model) -> tuple[Listed, dict[str, Movable]]:
    """Return the combinations of a file, and every input that they move.

    Raises
    ------
    InputError
        With every problem of the file, each with its row and column.
    """
    where = Location(path.name)
    if path.suffix.lower() not in {".toml", ".csv"}:
        raise InputError((Problem(where, "combinations are in a .toml or a .csv file", todo="Give such a file."),))
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError((Problem(Location(str(path)), "there is no such file", todo="Check the path."),)) from error
    except (OSError, UnicodeDecodeError) as error:
        why = "it is not text in UTF-8" if isinstance(error, UnicodeDecodeError) else (error.strerror or str(error))
        raise InputError((Problem(where, "the file cannot be read", why[:1].upper() + why[1:]),)) from error
    problems: list[Problem] = []
    read = _toml if path.suffix.lower() == ".toml" else _csv
    combinations = list(read(path.name, text, problems))
    if not combinations and not problems:
        problems.append(Problem(where, "there is no combination in the file", todo=_SHAPE if read is _toml else ""))
    listed = Listed(path.name, sha256(raw).hexdigest(), tuple(combinations))
    movables, unknown = find(model, listed.ids, where)
    problems += unknown
    problems += _checked(listed, model, movables)
    if problems:
        raise InputError(tuple(problems))
    return listed, movables


def _toml(file: str, text: str, problems: list[Problem]) -> Iterator[Combination]:
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(Problem(Location(file), f"this is not valid TOML: {error}"))
        return
    entries = content.pop(TABLE, [])
    if content or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        what = (
            f"there is {', '.join(content)} beside the combinations" if content else "combination is no list of tables"
        )
        problems.append(Problem(Location(file), what, todo=_SHAPE))
        return
    for number, entry in enumerate(entries, start=1):
        place = f"combination {number}"
        name = entry.pop(NAME, None)
        if not isinstance(name, str) or not name.strip():
            problems.append(Problem(Location(file, cell=place), "it has no name", todo='Write name = "...".'))
            name = place
        flat = dict(_flat("", entry))
        values = {
            id_: given
            for id_, value in flat.items()
            if (given := _number(value, Location(file, cell=f"{place}, {id_}"), problems)) is not None
        }
        if not flat:
            problems.append(Problem(Location(file, cell=place), "it moves no input", todo="Give a value of one."))
        yield Combination(name.strip(), values, place)


def _flat(start: str, table: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield ids and values; an id without quotes is a table of tables in TOML."""
    for key, value in table.items():
        id_ = f"{start}{key}"
        if isinstance(value, dict):
            yield from _flat(f"{id_}.", value)
        else:
            yield id_, value


def _csv(file: str, text: str, problems: list[Problem]) -> Iterator[Combination]:
    rows = list(csv.reader(io.StringIO(text, newline="")))
    header = [cell.strip() for cell in rows[0]] if rows else []
    head = Location(file, cell="row 1")
    twice = sorted({cell for cell in header if header.count(cell) > 1})
    if NAME not in header:
        problems.append(
            Problem(head, "there is no column name", todo="Write name and the ids of inputs in the first row.")
        )
    if twice:
        named = ", ".join(cell or "(empty)" for cell in twice)
        problems.append(Problem(head, f"a column stands twice: {named}", todo="Remove one."))
    if NAME not in header or twice:
        return
    for number, row in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in row):
            continue
        place = f"row {number}"
        if len(row) != len(header):
            what = f"there are {len(row)} cells under {len(header)} columns"
            problems.append(Problem(Location(file, cell=place), what, todo="Write one cell for each column."))
            continue
        cells = dict(zip(header, (cell.strip() for cell in row), strict=True))
        name = cells.pop(NAME)
        if not name:
            problems.append(Problem(Location(file, cell=f"{place}, column {NAME}"), "it has no name"))
        given = {id_: cell for id_, cell in cells.items() if cell}
        values = {
            id_: value
            for id_, cell in given.items()
            if (value := _number(cell, Location(file, cell=f"{place}, column {id_}"), problems)) is not None
        }
        if not given:
            problems.append(Problem(Location(file, cell=place), "it moves no input", todo="Give a value of one."))
        yield Combination(name, values, place)


def _number(value: Any, where: Location, problems: list[Problem]) -> float | None:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isfinite(number):
        return number
    problems.append(
        Problem(where, f"{value!r} is no number", "Only numbers can be moved", "Write a number with a point.")
    )
    return None


def _checked(listed: Listed, model: Model, movables: dict[str, Movable]) -> Iterator[Problem]:
    """Yield names that stand twice, values that cannot be, and inputs that exclude others."""
    names = [one.name for one in listed.combinations]
    for one in listed.combinations:
        where = Location(listed.file, cell=one.place)
        if one.name and names.count(one.name) > 1 and names.index(one.name) != listed.combinations.index(one):
            yield Problem(where, f"the name {one.name} stands twice", todo="Give each combination a name of its own.")
        moved = [movables[id_] for id_ in one.values if id_ in movables]
        for movable in moved:
            column = (
                f"{one.place}, column {movable.id}" if one.place.startswith("row") else f"{one.place}, {movable.id}"
            )
            wrong = limit_problem(movable, one.values[movable.id])
            if wrong is not None:
                yield Problem(Location(listed.file, cell=column), *wrong)
        refused = together(moved, model)
        if refused is not None:
            yield Problem(where, *refused)
