"""Patients rebuilt from the files of a digitised curve, without a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem
from hemodel.survival.digitised.reading import read_digitised
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.survival.digitised.reconstruction import Reconstruction


def rebuild(curve: Path, risk: Path, events: int | None) -> Reconstruction:
    """Rebuild patients from a curve, its numbers at risk and its total of events.

    Raises
    ------
    InputError
        With every problem of the files, alone and together.
    """
    read, table = read_digitised(curve, risk, events)
    try:
        return reconstruct(read, table, events)
    except SurvivalError as error:
        where = Location(str(curve))
        raise InputError(tuple(Problem(where, str(part)) for part in (error.parts or (error,)))) from None


def disagreements(rebuilt: Reconstruction, curve: Path) -> tuple[Problem, ...]:
    """Return where the rebuilt patients do not agree with what was read."""
    todo = "Check the points read off the figure and the numbers at risk."
    return tuple(Problem(Location(str(curve)), what, todo=todo) for what in rebuilt.comparison.disagreements)
