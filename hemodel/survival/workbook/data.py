"""Patients, digitised curves and risk tables from the tables that the rows of a workbook name."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem, raise_if_any
from hemodel.survival.digitised.checking import check_curve, check_risk_table, mismatches
from hemodel.survival.digitised.comparison import require_agreement
from hemodel.survival.digitised.reading import CURVE_COLUMNS, RISK_COLUMNS
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.endpoint_fit import DIGITISED, PATIENTS, Source
from hemodel.survival.patients.data import ALL_PATIENTS, PatientData, check_rows, patients
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.survival.digitised.checking import DigitisedCurve, RiskTable
    from hemodel.survival.tables import Table

RATIOS = {
    "days": (1.0, DAYS_PER_MONTH),
    "weeks": (7.0, DAYS_PER_MONTH),
    "months": (1.0, 1.0),
    "years": (MONTHS_PER_YEAR, 1.0),
}
"""By what to multiply and then divide the times of each unit to have months."""
MONTHS = {unit: units / per_month for unit, (units, per_month) in RATIOS.items()}
"""Months in one of each unit."""
PATIENT_COLUMNS = ("time", "event")
OPTIONAL_COLUMNS = ("strategy", "entry", "weight")


@lru_cache(maxsize=256)
def patient_source(table: Table, strategy: str, unit: str) -> Source:
    """Return the patients of one strategy, with times in months.

    A table without a column of strategies is all of that strategy.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    columns = table.need(PATIENT_COLUMNS, OPTIONAL_COLUMNS)
    data, problems = check_rows(columns, table.where, table.whole)
    raise_if_any(problems)
    name = strategy if "strategy" in columns else ALL_PATIENTS
    if name not in data:
        known = ", ".join(data)
        raise InputError(
            (Problem(table.whole, f"there are no patients of strategy {strategy}", f"There are: {known}"),)
        )
    return Source(PATIENTS, _in_months(data[name], unit))


def _in_months(data: PatientData, unit: str) -> PatientData:
    """Return patients with times in months, divided as the days of the model are: a day is the same number in both."""
    units, per_month = RATIOS[unit]
    return patients(units * data.time / per_month, data.event, units * data.entry / per_month, data.weight)


@lru_cache(maxsize=256)
def digitised_source(table: Table, risk_table: Table, events: int | None, unit: str) -> Source:
    """Return the patients rebuilt from a digitised curve, with times in months.

    Raises
    ------
    InputError
        With every problem of the two tables, alone and together.
    SurvivalError
        Where the rebuilt data disagree with what was published.
    """
    curve, problems = check_curve(table.need(CURVE_COLUMNS, ()), table.where, table.whole)
    risk, others = check_risk_table(risk_table.need(RISK_COLUMNS, ()), risk_table.where, risk_table.whole)
    raise_if_any([*problems, *others])
    return _rebuilt(curve, risk, events, unit, risk_table)


def _rebuilt(
    curve: DigitisedCurve | None, risk: RiskTable | None, events: int | None, unit: str, table: Table
) -> Source:
    if curve is None or risk is None:
        message = "a table without problems has its columns"
        raise AssertionError(message)
    raise_if_any(Problem(table.whole, what, todo=todo) for what, todo in mismatches(curve, risk, events))
    rebuilt = reconstruct(curve, risk, events)
    require_agreement(rebuilt.comparison)
    return Source(DIGITISED, _in_months(rebuilt.data, unit), rebuilt)
