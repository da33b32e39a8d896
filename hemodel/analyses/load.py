"""From a workbook (and changes to it) to a model ready to evaluate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.analyses.gates.judge import Accepted, acknowledged, contradictions, curve_problems, upside_down
from hemodel.analyses.gates.misfits import misfits
from hemodel.analyses.gates.times import times_of_data
from hemodel.errors import InputError, raise_if_any, together
from hemodel.inputs.labels import NAME as LABEL
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
    """What there is to say about a workbook; `model` is None where there are problems.

    Warnings that the note of their row accepts are apart from the others, with the reason.
    """

    file: str
    model: Model | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    accepted: tuple[Accepted, ...] = ()


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
    previous : mapping from id to number
        Values of the last run (`inputs.files.last_values`).
    """
    file = Path(path).name
    try:
        reading = read_workbook(path, changes)
    except InputError as error:
        return WorkbookCheck(file, None, error.problems, ())
    wrong = _scenario_problems(reading)
    try:
        made = _model(reading)
    except InputError as error:
        problems = (*error.problems, *wrong)
        rest, accepted = acknowledged(reading.rows, all_warnings(reading, None, previous))
        unsaid = tuple(each for each in rest if each not in problems)
        return WorkbookCheck(file, None, problems, tuple(together(unsaid, LABEL)), tuple(accepted))
    rest, accepted = acknowledged(reading.rows, all_warnings(reading, made, previous))
    return WorkbookCheck(file, None if wrong else made, wrong, tuple(together(rest, LABEL)), tuple(accepted))


def refuse_warnings(model: Model) -> None:
    """Raise where there is a warning that no note accepts, as `hemodel check --strict` would.

    Raises
    ------
    InputError
        With all of them.
    """
    raise_if_any(together(acknowledged(model.inputs.rows, all_warnings(model.inputs, model, {}))[0], LABEL))


def all_warnings(reading: Reading | ModelInputs, made: Model | None, previous: Mapping[str, float]) -> list[Problem]:
    """Return every warning about a workbook: of its cells, its tables and its curves, accepted ones among them.

    Parameters
    ----------
    made : Model or None
        None where the curves could not be fitted; reported statistics are then held against one another only.
    previous : mapping from id to number
        Values of the last run.
    """
    curves = contradictions(reading.rows) if made is None else curve_problems(made)
    times = [] if made is None else times_of_data(reading.rows, made.fits)
    return [*warnings(reading, previous), *misfits(reading.rows), *table_warnings(reading), *times, *curves]


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
    because = upside_down(reading.rows) if unfitted else []
    problems = tuple(
        dict.fromkeys(
            [*reading.problems, *unfitted, *because, *curve_effect_problems(reading), *ageing_problems(reading)]
        )
    )
    if problems:
        raise InputError(problems)
    return model(build_inputs(reading), fits)
