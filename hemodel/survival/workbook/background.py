"""The population's mortality from the rows of a workbook."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem
from hemodel.inputs.files import find_beside
from hemodel.survival.acting.life_tables import Background, Cohort, LifeTable, background, read_life_table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

NONE, FLOOR, EXCESS = "none", "floor", "excess_hazard"
OVERALL_SURVIVAL = "os"
_COHORT = ("mean_age", "sd_age", "youngest_age", "share_male")


def population(rows: Rows, path: Path) -> Background | None:
    """Return the population's mortality that a workbook asks for, or None.

    Raises
    ------
    InputError
        Where a row or the life table is missing, or the table has problems or ends too early.
    """
    if rows["background.method"].text == NONE:
        return None
    needed = ["background.life_table", *(f"background.{name}" for name in _COHORT)]
    missing = [id_ for id_ in needed if id_ not in rows or rows[id_].value is None]
    if missing:
        where = rows["background.method"].where["value"]
        todo = f"Fill in {', '.join(missing)}, or set background.method to none."
        raise InputError((Problem(where, f"background mortality needs {', '.join(missing)}", todo=todo),))
    table = rows["background.life_table"]
    file = find_beside(path, table.text)
    if file is None or not file.is_file():
        why = "It is looked for beside the workbook, in the folders above it and in the current folder"
        raise InputError((Problem(table.where["value"], f"there is no life table {table.text!r}", why),))
    mean, sd, youngest, male = (rows[f"background.{name}"].number for name in _COHORT)
    cohort = Cohort(mean_age=mean, sd_age=sd, share_male=male, youngest_age=youngest)
    return _background(_table(file, file.stat().st_mtime_ns), cohort, rows["settings.time_horizon"].number)


@lru_cache(maxsize=16)
def _table(path: Path, _changed: int) -> LifeTable:
    return read_life_table(path)


@lru_cache(maxsize=64)
def _background(table: LifeTable, cohort: Cohort, horizon: float) -> Background:
    return background(table, cohort, horizon)
