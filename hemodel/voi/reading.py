"""The three files of a probabilistic analysis made by any tool: inputs, costs and effects, one row a draw."""

from __future__ import annotations

import csv
import warnings
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.survival.tables import RowProblems, read_table
from hemodel.voi.regression import FEWEST_DRAWS
from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.parameters import FloatArray

    Read = tuple[tuple[str, ...], FloatArray]

FORM = "The first row has the names, each row below it is one draw."
FEWEST_STRATEGIES = 2


def read_sample(inputs: Path, costs: Path, effects: Path) -> Sample:
    """Read a probabilistic analysis from three CSV files: a header with names, then a row for each draw.

    Columns of costs and of effects are strategies, matched by their names, in the order of the file of costs; the first
    is the one that increments are against.

    Raises
    ------
    InputError
        With every problem: a file that cannot be read, a name that is missing or there twice, a cell that holds no
        finite number, files of unequal numbers of rows, strategies that differ, fewer than two of them, or too few
        draws.
    """
    read: list[Read] = []
    problems: list[Problem] = []
    for path in (inputs, costs, effects):
        try:
            read.append(_read(path))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    (ids, drawn), (strategies, cost), (others, effect) = read
    raise_if_any([*_rows((inputs, costs, effects), [len(values) for _, values in read])])
    raise_if_any([*_strategies(costs, effects, strategies, others), *_draws(inputs, len(drawn))])
    places = [others.index(name) for name in strategies]
    columns = {id_: drawn[:, j] for j, id_ in enumerate(ids)}
    return Sample(strategies, effect[:, places], cost, columns, {id_: id_ for id_ in ids})


def _read(path: Path) -> Read:
    """Return the names and the numbers (rows, columns) of a file."""
    names = _names(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            values = np.loadtxt(
                path, delimiter=",", skiprows=1, ndmin=2, encoding="utf-8-sig", comments=None, quotechar='"'
            )
        except (ValueError, OSError, UserWarning):
            values = None
    if values is None or values.shape[1] != len(names) or not np.isfinite(values).all():
        return _read_carefully(path)
    return names, values


def _names(path: Path) -> tuple[str, ...]:
    """Return the names in the first row; read the whole file as a table where they are not as they should be."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = tuple(cell.strip() for cell in next(csv.reader(file), []))
    except (OSError, UnicodeDecodeError, csv.Error):
        names = ()
    if not names or not all(names) or len(set(names)) < len(names) or (len(names) == 1 and ";" in names[0]):
        return _read_carefully(path)[0]
    return names


def _read_carefully(path: Path) -> Read:
    """Read a file cell by cell, and say everything that is wrong with it."""
    table = read_table(path, todo=FORM)
    rows = len(next(iter(table.columns.values()), ()))
    wrong = RowProblems(table.columns, table.where, table.whole)
    top = table.header or table.whole
    nameless = _nameless(path)
    if nameless:
        todo = "Give them names, or delete them where they number the rows."
        wrong.problems.append(Problem(top, f"there is no name in column {', '.join(map(str, nameless))}", todo=todo))
    for name in table.repeated:
        wrong.problems.append(Problem(top, f"{name!r} is there more than once", todo="Give each column its own name."))
    if table.columns and not rows:
        wrong.problems.append(Problem(table.whole, "there are no rows below the header", todo=FORM))
    columns = [wrong.numbers(name) for name in table.columns if name not in table.repeated]
    for name, values in zip([n for n in table.columns if n not in table.repeated], columns, strict=True):
        wrong.add(name, np.isinf(values), lambda _: "the number is infinite", "Give a number in every row")
    raise_if_any([*wrong.problems, *table.broken])
    return tuple(table.columns), np.column_stack(columns)


def _nameless(path: Path) -> list[int]:
    """Return the columns, from 1, without a name that have something below them."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names, first = next(rows, []), next(rows, [])
    return [j + 1 for j, name in enumerate(names) if not name.strip() and first[j : j + 1] not in ([], [""])]


def _rows(paths: tuple[Path, ...], counts: list[int]) -> list[Problem]:
    """Refuse files of unequal length: their rows are not the same draws."""
    if len(set(counts)) == 1:
        return []
    each = ", ".join(f"{path.name} {count:,}" for path, count in zip(paths, counts, strict=True))
    return [
        Problem(
            Location(" and ".join(path.name for path in paths)),
            f"the numbers of draws differ: {each}",
            "Each row of one file has to be the same draw as that row of the others",
            "Write all three files from the same run",
        )
    ]


def _strategies(costs: Path, effects: Path, of_costs: tuple[str, ...], of_effects: tuple[str, ...]) -> list[Problem]:
    found = []
    for path, own, other, there in ((effects, of_effects, of_costs, costs), (costs, of_costs, of_effects, effects)):
        lacking = [name for name in other if name not in own]
        if lacking:
            what = f"there is no column {', '.join(map(repr, lacking))}, which is in {there.name}"
            todo = "Give the strategies the same names in both files."
            found.append(Problem(Location(str(path), cell="row 1"), what, f"The columns are: {', '.join(own)}", todo))
    if not found and len(of_costs) < FEWEST_STRATEGIES:
        what = "there is one strategy; a decision has at least two"
        todo = "Give the totals of each strategy in a column of its own; of increments alone, add a column of zeros."
        found.append(Problem(Location(str(costs), cell="row 1"), what, todo=todo))
    return found


def _draws(path: Path, draws: int) -> list[Problem]:
    if draws >= FEWEST_DRAWS:
        return []
    what = f"there are {draws} draws, too few for a regression"
    return [Problem(Location(str(path)), what, f"It needs at least {FEWEST_DRAWS}", "Run more draws")]
