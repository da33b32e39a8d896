"""Workbooks for the tests of the live model: the shipped one, one with three strategies, and small ones."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from support import SOURCE, small_rows, workbook

from hemodel.inputs.listing import read_listing, to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.inputs.cells import Scalar

    Row = dict[str, Scalar]

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "inputs" / "imforte_us.xlsx"
SCENARIOS = ROOT / "scenarios" / "imforte_us"
LISTING = ROOT / "tests" / "regression" / "imforte_us.csv"
LUNG = ROOT / "tests" / "reference" / "data" / "flexsurv_lung_data.csv"
SOURCES = (("source", "citation", "link", "status"),)
NEW, THIRD = "lurbinectedin_atezolizumab", "third"
COARSE: dict[str, Scalar] = {"settings.cycle_length": 30.4375, "settings.time_horizon": 6}
"""Settings of models of which many are recalculated: 72 cycles of a month, with one or two administrations in each."""


def save(path: Path, rows: list[Row], title: str) -> Path:
    """Write rows as an input workbook."""
    write_workbook(path, rows, SOURCES, Cover(title, "a test", ()))
    return path


def small_file(
    path: Path,
    values: Mapping[str, Scalar] | None = None,
    rows: Mapping[str, Mapping[str, Scalar]] | None = None,
    rename: Callable[[str], str] | None = None,
) -> Path:
    """Write the small model of `support`, coarse, with other values and further rows.

    `rename` changes every text of the workbook, ids among them.
    """
    own: dict[str, Mapping[str, Scalar]] = {
        row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows
    }
    for id_, cells in (rows or {}).items():
        own[id_] = {**own.get(id_, {}), **cells}
    for id_, value in {**COARSE, **(values or {})}.items():
        own[id_] = {**own.get(id_, {}), "value": value, "source": SOURCE}
    listed = to_listing(workbook(own))
    if rename is not None:
        listed = [
            {name: rename(cell) if isinstance(cell, str) else cell for name, cell in row.items()} for row in listed
        ]
    return save(path, listed, "A small model")


def three_file(path: Path) -> Path:
    """Write the shipped model with a third strategy: half the dose, another family of PFS, and a name to be wary of."""
    rows = read_listing(LISTING)
    rows += [
        {key: value.replace(NEW, THIRD) if isinstance(value, str) else value for key, value in row.items()}
        for row in rows
        if NEW in str(row["id"])
    ]
    other: dict[str, Scalar] = {
        f"strategy.{THIRD}.name": "=Third treatment, with a long name & <marks> in it",
        f"regimen.{THIRD}.lurbinectedin.dose": 1.6,
        f"curve.pfs.{THIRD}.family": "weibull",
        "settings.scenarios": None,
        **COARSE,
    }
    for row in rows:
        row["value"] = other.get(str(row["id"]), row["value"])
    return save(path, rows, "Three strategies")


def family_files(folder: Path) -> list[Path]:
    """Write small models whose curves, fitted to patients, are of every family: four families a workbook.

    The patients are those of `survival::lung` of R. PFS has half the times of OS. Nobody of them is cured, so that
    a cured fraction goes to 0; for one family those who lived longest are cured.
    """
    _patients(folder / "lung.csv", lambda time, event: (time, event))
    _patients(folder / "half.csv", lambda time, event: (0.5 * time, event))
    _patients(folder / "cured.csv", lambda time, event: (time, event) if time < CURED else (3.0 * CURED, 0))
    made = []
    for number, names in enumerate(FAMILIES):
        values: dict[str, Scalar] = dict(CONVENTIONS[number])
        for place, family in zip(("pfs.standard", "pfs.active", "os.standard", "os.active"), names, strict=True):
            patients = "lung.csv" if place.startswith("os") else "half.csv"
            data = "cured.csv" if family == "nonmixture_cure(exp)" else patients
            fields = {"family": family, "source": "patients", "data": data, "time_unit": "days"}
            values |= {f"curve.{place}.{field}": value for field, value in fields.items()}
        made.append(small_file(folder / f"families_{number}.xlsx", values))
    return made


CONVENTIONS: tuple[Mapping[str, Scalar], ...] = (
    {"settings.discount_timing": "start"},
    {"settings.discount_timing": "end", "settings.cycle_length": 36},
    {"settings.discount_timing": "boundaries", "settings.cycle_length": 36},
    {"settings.pfs_above_os": "lift_os"},
    {"settings.discount_timing": "middle", "settings.cycle_length": 36},
    {"settings.pfs_above_os": "lift_os", "settings.time_horizon": 0.07},
    {},
)
"""Of each workbook: when cycles are discounted, horizons of no whole number of cycles, and OS lifted."""
CURED = 400.0
"""Days; who lived longer never dies."""
FAMILIES = (
    ("exp", "weibull", "weibullPH", "gompertz"),
    ("llogis", "lnorm", "gamma", "gengamma"),
    ("genf", "spline(hazard, 2 knots)", "spline(odds, 1 knot)", "spline(normal, 1 knot)"),
    ("mixture_cure(weibull)", "nonmixture_cure(lnorm)", "mixture_cure(gengamma)", "nonmixture_cure(exp)"),
    ("piecewise(3, 6, 12)", "join(exp, 6, weibull)", "km(12, weibull)", "join(gompertz, 6, llogis, 24, exp)"),
    ("km(9, exp)", "piecewise(6)", "mixture_cure(spline(odds, 1 knot))", "km(20, gengamma)"),
    (
        "average(weibull, llogis, lnorm)",
        "average(weibull 0.5, llogis 0.3, lnorm 0.2)",
        "average(exp, gamma)",
        "average(gengamma 0.4, spline(hazard, 1 knot) 0.6)",
    ),
)
"""PFS of the comparator and of the intervention, OS of the comparator and of the intervention, in each workbook."""


def _patients(path: Path, changed: Callable[[float, int], tuple[float, int]]) -> None:
    with LUNG.open(encoding="utf-8", newline="") as file:
        rows = [changed(float(row["time"]), int(row["event"])) for row in csv.DictReader(file)]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("time", "event"), *rows])


def relation_files(folder: Path) -> list[Path]:
    """Write small models with each relation between curves, each waning and further effects."""
    ratio: Row = {"low": 0.6, "high": 0.9, "versus": "standard", "distribution": "fit", "use_in_fit": "yes"}
    made = []
    for relation, statistic, value in RELATIONS:
        curve: dict[str, Scalar] = {"curve.os.active.relation": relation, "curve.os.active.reference": "standard"}
        curve["curve.os.active.family"] = None
        row: Row = {**ratio, "value": value}
        if relation == "accelerated_failure_time":
            row |= {"low": 1.05, "high": 1.6}
        made.append(small_file(folder / f"{relation}.xlsx", curve, {f"survival.os.active.{statistic}": row}))
    periods: dict[str, Scalar] = {
        "curve.os.active.relation": "hazard_ratio_by_period",
        "curve.os.active.reference": "standard",
        "curve.os.active.cuts": "6",
    }
    rows = {
        "survival.os.active.hazard_ratio_early": {**ratio, "value": 0.7, "time": 0},
        "survival.os.active.hazard_ratio_late": {**ratio, "value": 0.8, "time": 6},
    }
    made.append(small_file(folder / "hazard_ratio_by_period.xlsx", periods, rows))
    effects: dict[str, Scalar] = {
        "effect.os.active.hazard_ratio": 0.9,
        "effect.os.standard.acceleration_factor": 1.1,
        "effect.pfs.active.odds_ratio": 0.85,
        "waning.os.active.shape": "linear",
        "waning.os.active.scale": "hazard",
        "waning.os.active.start": 12,
        "waning.os.active.end": 40,
        "waning.os.active.reference": "standard",
        "settings.discount_timing": "middle",
    }
    made.append(small_file(folder / "effects.xlsx", effects))
    return made


RELATIONS = (
    ("proportional_hazards", "hazard_ratio", 0.75),
    ("accelerated_failure_time", "acceleration_factor", 1.3),
    ("proportional_odds", "odds_ratio", 0.75),
)
"""A relation, the statistic that is reported of it, and its value."""


def odd_files(folder: Path) -> list[Path]:
    """Write small models with ids that look like cells, ids alike in 31 characters, and labels like formulas."""
    labels = {id_: {"label": label} for id_, label in INJECTED_LABELS.items()}
    return [
        small_file(folder / "like_cells.xlsx", rename=lambda text: replaced(text, LIKE_CELLS)),
        small_file(folder / "alike.xlsx", rename=lambda text: replaced(text, ALIKE)),
        small_file(folder / "injected.xlsx", INJECTED, labels),
    ]


LIKE_CELLS = {"standard": "a1", "active": "r2", "oldamab": "r2c3", "newtinib": "xfd1", "rash": "rc1", "visit": "c"}
"""New ids by the ids of the small model; all are cells or parts of cells in one way of writing or the other."""
ALIKE = {"standard": "long_name_of_a_strategy_one_and_only", "active": "long_name_of_a_strategy_one_and_other"}
INJECTED: dict[str, Scalar] = {
    "settings.title": "=1+1",
    "settings.population": "@SUM(A1:A9)",
    "settings.perspective": "-2+3",
    "strategy.standard.name": '=HYPERLINK("http://example.org","click")',
    "strategy.active.name": "+1+2",
    "drug.oldamab.name": "-3+4",
    "drug.newtinib.name": "@NOW()",
}
INJECTED_LABELS = {
    "end_of_life.cost": "=5+6",
    "utility.progressed": "+7+8",
    "resource.visit.unit_cost": "-9+1",
    "adverse_event.rash.unit_cost": "@A1",
}


def replaced(text: str, words: Mapping[str, str]) -> str:
    """Return a text with whole words of ids replaced."""
    return re.sub(r"(?<![A-Za-z0-9_])(" + "|".join(words) + r")(?![A-Za-z0-9_])", lambda hit: words[hit[1]], text)
