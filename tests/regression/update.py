"""Renew the stored results of the shipped workbook: python tests/regression/update.py, then review the diff."""

from __future__ import annotations

import csv
from pathlib import Path

from hemodel.analysis.run import Options, run
from hemodel.reporting.document import results

HERE = Path(__file__).parent
WORKBOOK = HERE.parents[1] / "inputs" / "imforte_us.xlsx"
BASELINE = HERE / "imforte_us_results.csv"
DRAWS, SEED = 1000, 1


def current() -> dict[str, float]:
    """Return the results that are held steady, by name."""
    found = results(run(WORKBOOK, Options(draws=DRAWS, seed=SEED)))
    flat: dict[str, float] = {}
    for strategy, case in found.base_case.items():
        for outcome in ("life_years", "qalys", "costs", "drug_costs", "administrations"):
            for kind in ("discounted", "undiscounted"):
                for component, value in getattr(getattr(case, outcome), kind).items():
                    flat[f"base_case.{strategy}.{outcome}.{kind}.{component}"] = value
    gain = found.incremental[0]
    flat |= {"incremental.qalys": gain.qalys, "incremental.costs": gain.costs, "incremental.icer": gain.icer or 0.0}
    for endpoint, quality in found.fit_quality.items():
        flat[f"fit.{endpoint}.criterion"] = quality.criterion or 0.0
    for entry in found.dsa or ():
        flat |= {f"dsa.{entry.id}.nmb_low": entry.nmb_low, f"dsa.{entry.id}.nmb_high": entry.nmb_high}
    if found.psa is not None:
        for strategy, means in found.psa.mean.items():
            flat |= {f"psa.{strategy}.{outcome}": value for outcome, value in means.items()}
    for scenario in found.scenarios or ():
        flat[f"scenario.{scenario.name}.qalys"] = scenario.qalys or 0.0
        flat[f"scenario.{scenario.name}.costs"] = scenario.costs or 0.0
    return flat


def stored() -> dict[str, float]:
    """Return the results as they were when last renewed."""
    with BASELINE.open(encoding="utf-8", newline="") as file:
        return {name: float(value) for name, value in csv.reader(file)}


if __name__ == "__main__":
    with BASELINE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows((name, f"{value:.12g}") for name, value in current().items())
