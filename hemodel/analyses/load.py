"""From a workbook (and changes to it) to a model ready to evaluate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import InputError
from hemodel.inputs.model_inputs import Reading, build_inputs, check_rows, read_workbook
from hemodel.inputs.scenarios import check_beside, read_scenarios, scenario_folder
from hemodel.inputs.warnings import warnings
from hemodel.model.curve_effects import curve_effect_problems
from hemodel.model.evaluate import Model, model
from hemodel.model.population import ageing_problems
from hemodel.survival.workbook.fits import fit_curves, without_spread
from hemodel.survival.workbook.tables import table_warnings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.errors import Problem
    from hemodel.inputs.cells import RawWorkbook
    from hemodel.inputs.changes import Change
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.scenarios import Scenario


@dataclass(frozen=True)
class WorkbookCheck:
    """What there is to say about a workbook; `model` is None where there are problems."""

    file: str
    model: Model | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def load(path: str | Path, changes: Iterable[Change] = ()) -> Model:
    """Read a workbook, make the changes, check everything and fit the curves.

    Raises
    ------
    InputError
        With every problem found, in the cells and in the fits alike.
    """
    return _model(read_workbook(path, changes))


def read_valid(path: str | Path, changes: Iterable[Change] = ()) -> ModelInputs:
    """Read a workbook and make the changes, without fitting the curves.

    Raises
    ------
    InputError
        With every problem found in the cells.
    """
    return build_inputs(read_workbook(path, changes))


def load_rows(path: Path, raw: RawWorkbook, changes: Iterable[Change] = ()) -> Model:
    """Do the same for a workbook whose cells have been read already.

    Raises
    ------
    InputError
        With every problem found.
    """
    return _model(check_rows(path, raw, changes))


def load_reading(reading: Reading, *, drawn: bool = True) -> Model:
    """Do the same for a workbook that has been read and checked.

    Parameters
    ----------
    reading : Reading
    drawn : bool
        Whether curves will be drawn, so that their spread must be there too.

    Raises
    ------
    InputError
        With every problem of the reading and of the fits.
    """
    return _model(reading, drawn=drawn)


def check(path: str | Path, changes: Iterable[Change], previous: Mapping[str, float]) -> WorkbookCheck:
    """Find everything that is wrong with a workbook and its scenarios, and what is likely to be.

    Parameters
    ----------
    path : path of the workbook
    previous : mapping from id to number
        Values of the last run (`inputs.previous.last_values`).
    """
    file = Path(path).name
    try:
        reading = read_workbook(path, changes)
    except InputError as error:
        return WorkbookCheck(file, None, error.problems, ())
    found = (*warnings(reading, previous), *table_warnings(reading))
    wrong = _scenario_problems(reading)
    try:
        made = _model(reading)
    except InputError as error:
        return WorkbookCheck(file, None, (*error.problems, *wrong), found)
    return WorkbookCheck(file, None if wrong else made, wrong, found)


def scenarios_of(reading: Reading) -> tuple[Scenario, ...]:
    """Return every scenario of a workbook: the files of the folder that it names, then the rows of its sheet.

    Raises
    ------
    InputError
        With the problems of all of them.
    """
    row = reading.rows.get("settings.scenarios")
    return read_scenarios(scenario_folder(reading.path, "" if row is None else row.text), reading.raw.scenarios)


def _scenario_problems(reading: Reading) -> tuple[Problem, ...]:
    """Return what is wrong with the scenarios of a workbook, in files or on its sheet."""
    try:
        check_beside(reading.rows, scenarios_of(reading))
    except InputError as error:
        return error.problems
    return ()


def _model(reading: Reading, *, drawn: bool = True) -> Model:
    fits, unfitted = fit_curves(reading)
    unfitted += without_spread(reading, fits) if drawn else []
    problems = tuple(
        dict.fromkeys([*reading.problems, *unfitted, *curve_effect_problems(reading), *ageing_problems(reading)])
    )
    if problems:
        raise InputError(problems)
    return model(build_inputs(reading), fits)
