"""The population's mortality from the rows of a workbook."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem
from hemodel.survival.effects.life_tables import Background, Cohort, LifeTable, background, life_table
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.tables import table_of

if TYPE_CHECKING:
    from hemodel.survival.tables import RawTable
    from hemodel.survival.workbook.tables import Inputs


NONE, FLOOR, EXCESS = "none", "floor", "excess_hazard"
OVERALL_SURVIVAL = "os"
_COHORT = ("mean_age", "sd_age", "youngest_age", "share_male")
NEEDED = ("background.life_table", *(f"background.{name}" for name in _COHORT))
"""Rows without which there is no mortality of the population."""


def population(inputs: Inputs) -> Background | None:
    """Return the population's mortality that a workbook asks for, or None.

    Raises
    ------
    InputError
        Where a row or the life table is missing, or the table has problems or ends too early.
    """
    rows = inputs.rows
    if rows["background.method"].text == NONE:
        return None
    missing = [id_ for id_ in NEEDED if id_ not in rows or rows[id_].value is None]
    if missing:
        where = rows["background.method"].where["value"]
        todo = f"Fill in {', '.join(missing)}, or set background.method to none."
        raise InputError((Problem(where, f"background mortality needs {', '.join(missing)}", todo=todo),))
    return people(inputs)


def people(inputs: Inputs) -> Background:
    """Return the population's mortality at the ages of a cohort, whatever the model does with it.

    Raises
    ------
    InputError
        As `life_table_and_cohort`, and where the table ends before the horizon.
    """
    return _background(*life_table_and_cohort(inputs), inputs.rows["settings.time_horizon"].number)


def life_table_and_cohort(inputs: Inputs) -> tuple[LifeTable, Cohort]:
    """Return the life table and the cohort of a workbook, all of whose rows (`NEEDED`) have values.

    Raises
    ------
    InputError
        Where the table cannot be read or has problems, or the values of the cohort do not
        go together.
    """
    rows = inputs.rows
    table = _life_table(table_of(rows["background.life_table"], inputs))
    mean, sd, youngest, male = (rows[f"background.{name}"].number for name in _COHORT)
    try:
        return table, Cohort(mean_age=mean, sd_age=sd, share_male=male, youngest_age=youngest)
    except SurvivalError as error:
        parts = error.parts or (error,)
        raise InputError(tuple(Problem(rows[part.ids[0]].where["value"], str(part)) for part in parts)) from None


@lru_cache(maxsize=16)
def _life_table(table: RawTable) -> LifeTable:
    return life_table(table)


@lru_cache(maxsize=64)
def _background(table: LifeTable, cohort: Cohort, horizon: float) -> Background:
    return background(table, cohort, horizon)
