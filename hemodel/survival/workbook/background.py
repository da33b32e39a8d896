"""The population's mortality from the rows of a workbook."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem
from hemodel.survival.acting.life_tables import Background, Cohort, LifeTable, background, life_table
from hemodel.survival.workbook.tables import table_of

if TYPE_CHECKING:
    from hemodel.survival.tables import Table
    from hemodel.survival.workbook.inputs import Inputs

NONE, FLOOR, EXCESS = "none", "floor", "excess_hazard"
OVERALL_SURVIVAL = "os"
_COHORT = ("mean_age", "sd_age", "youngest_age", "share_male")


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
    needed = ["background.life_table", *(f"background.{name}" for name in _COHORT)]
    missing = [id_ for id_ in needed if id_ not in rows or rows[id_].value is None]
    if missing:
        where = rows["background.method"].where["value"]
        todo = f"Fill in {', '.join(missing)}, or set background.method to none."
        raise InputError((Problem(where, f"background mortality needs {', '.join(missing)}", todo=todo),))
    table = _life_table(table_of(rows["background.life_table"], inputs))
    mean, sd, youngest, male = (rows[f"background.{name}"].number for name in _COHORT)
    cohort = Cohort(mean_age=mean, sd_age=sd, share_male=male, youngest_age=youngest)
    return _background(table, cohort, rows["settings.time_horizon"].number)


@lru_cache(maxsize=16)
def _life_table(table: Table) -> LifeTable:
    return life_table(table)


@lru_cache(maxsize=64)
def _background(table: LifeTable, cohort: Cohort, horizon: float) -> Background:
    return background(table, cohort, horizon)
