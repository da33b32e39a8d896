"""Renew the stored results of the shipped workbooks, then review the diff.

    python tests/regression/update.py [NAME ...]

Of the first workbook every analysis is held steady, of the others the base case and the scenarios.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
NAMES = ("imforte_us", "imforte_england", "imforte_china", "teaching_three_strategies")
DRAWS, SEED = 1000, 1


def current(name: str) -> dict[str, float]:
    """Return the results of a workbook that are held steady, by name."""
    options = Options(draws=DRAWS, seed=SEED) if name == NAMES[0] else Options(parts=("base", "scenarios"))
    found = results(run(ROOT / "inputs" / f"{name}.xlsx", options))
    flat: dict[str, float] = {}
    for strategy, case in found.base_case.items():
        for outcome in ("life_years", "qalys", "costs", "drug_costs", "administrations"):
            for kind in ("discounted", "undiscounted"):
                for component, value in getattr(getattr(case, outcome), kind).items():
                    flat[f"base_case.{strategy}.{outcome}.{kind}.{component}"] = value
    return flat | _increments(found) | _uncertainty(found) | _scenarios(found)


def _increments(found: Results) -> dict[str, float]:
    flat: dict[str, float] = {}
    for place, gain in enumerate(found.incremental):
        start = f"incremental.{gain.intervention}." if place else "incremental."
        flat |= {f"{start}qalys": gain.qalys, f"{start}costs": gain.costs, f"{start}icer": gain.icer or 0.0}
    for endpoint, quality in found.fit_quality.items():
        flat[f"fit.{endpoint}.criterion"] = quality.criterion or 0.0
    return flat


def _uncertainty(found: Results) -> dict[str, float]:
    flat: dict[str, float] = {}
    for entry in found.dsa or ():
        flat |= {f"dsa.{entry.id}.nmb_low": entry.nmb_low, f"dsa.{entry.id}.nmb_high": entry.nmb_high}
    if found.psa is not None:
        for strategy, means in found.psa.mean.items():
            flat |= {f"psa.{strategy}.{outcome}": value for outcome, value in means.items()}
    return flat


def _scenarios(found: Results) -> dict[str, float]:
    flat: dict[str, float] = {}
    several = len(found.incremental) > 1
    for scenario in found.scenarios or ():
        start = f"scenario.{scenario.name}." + (f"{scenario.intervention}." if several else "")
        flat |= {f"{start}qalys": scenario.qalys or 0.0, f"{start}costs": scenario.costs or 0.0}
    return flat


def _baseline(name: str) -> Path:
    return HERE / f"{name}_results.csv"


def stored(name: str) -> dict[str, float]:
    """Return the results of a workbook as they were when last renewed."""
    with _baseline(name).open(encoding="utf-8", newline="") as file:
        return {key: float(value) for key, value in csv.reader(file)}


if __name__ == "__main__":
    for each in sys.argv[1:] or NAMES:
        with _baseline(each).open("w", encoding="utf-8", newline="") as target:
            lines = ((key, f"{value:.12g}") for key, value in current(each).items())
            csv.writer(target, lineterminator="\n").writerows(lines)
