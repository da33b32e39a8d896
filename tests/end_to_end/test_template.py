"""From a blank workbook to results, as a user goes about it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from typing import TYPE_CHECKING

import openpyxl
import pytest

from hemodel.inputs.dictionary import match, sheets

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.cells import Scalar

MEDIANS = {"pfs": (6, 9), "os": (12, 18), "time_on_treatment": (5, 7)}
"""Months, old and new strategy."""
YEARS = 20
CYCLE_MONTHS = 7 / 30.4375
WEEKS = math.floor(YEARS * 365.25 / 7)
PART_MONTHS = YEARS * 12 - WEEKS * CYCLE_MONTHS
"""Of the last cycle: 20 years are 1,043 weeks and 4 days."""
VALUES: dict[str, Scalar] = {
    "settings.price_year": 2025,
    "settings.cycle_length": 7,
    "settings.time_horizon": YEARS,
    "settings.half_cycle_correction": "life_table",
    "settings.discounting": "per_cycle",
    "settings.discount_rate_costs": 0,
    "settings.discount_rate_effects": 0,
    "settings.pfs_above_os": "cap_pfs",
    "settings.utilities_by": "state",
    "settings.threshold.{threshold}": 50000,
    "settings.decision_threshold": 50000,
    "settings.draws": 100,
    "settings.seed": 1,
    "pfs_events.share_deaths.{strategy}": 0,
    "curve.{endpoint}.{strategy}.family": "exp",
    "curve.{endpoint}.{strategy}.relation": "independent",
    "curve.{endpoint}.{strategy}.source": "reported",
    "curves.statistics": "independent",
    "curves.draws": "covariance",
    "curves.replicates": 100,
    "curves.correlation_pfs_os": 0,
    "background.method": "none",
    "drug.{drug}.vial_size": 100,
    "drug.{drug}.price_per_vial": 10,
    "regimen.{strategy}.{drug}.dose": 100,
    "regimen.{strategy}.{drug}.dose_basis": "mg",
    "regimen.{strategy}.{drug}.interval": 21,
    "regimen.{strategy}.{drug}.start_day": 0,
    "regimen.{strategy}.{drug}.time_on_treatment": "time_on_treatment",
    "regimen.{strategy}.{drug}.stops_at_progression": "no",
    "regimen.{strategy}.{drug}.share_of_patients": 1,
    "regimen.{strategy}.{drug}.relative_dose_intensity": 1,
    "regimen.{strategy}.{drug}.vial_sharing": "no",
    "regimen.{strategy}.{drug}.administration": "administration_1",
    "adverse_event.{event}.incidence.{strategy}": 0.1,
    "subsequent.none.share.{strategy}": 0.25,
    "subsequent.{treatment}.share.{strategy}": 0.75,
    "subsequent.{treatment}.administration": "administration_1",
    "utility.progression_free": 0.8,
    "utility.progressed": 0.5,
    "adverse_event.{event}.disutility": 0.1,
}


def hemodel(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from hemodel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def fill(path: Path) -> None:
    """Type a value with a source into every yellow cell that a model needs: of `VALUES`, else 1 or a word."""
    book = openpyxl.load_workbook(path)
    for name, sheet in sheets().items():
        if sheet.optional:
            continue
        at = {column: index for index, column in enumerate(sheet.columns)}
        for cells in book[name].iter_rows(min_row=5):
            hit = match(str(cells[0].value))
            assert hit is not None
            kind, names = hit
            row: dict[str, Scalar] = {}
            if kind.pattern == "survival.{endpoint}.{strategy}.median":
                median = MEDIANS[names["endpoint"]][names["strategy"] == "new"]
                row = {"value": median, "low": 0.8 * median, "high": 1.25 * median}
                row |= {"distribution": "fit", "use_in_fit": "yes"}
            elif kind.required != "optional" and cells[at["value"]].value is None:
                row = {"value": VALUES.get(kind.pattern, 1 if kind.numeric else "words")}
            for column, value in ({**row, "source": "assumption: made up for a test"} if row else {}).items():
                cells[at[column]].value = value
    book.save(path)


def life_years(median: float) -> float:
    """Sum over cycles of the mean of both ends, for survival exp(-r t): (1 - exp(-r T)) (h / 2) coth(r h / 2)."""
    rate = math.log(2) / median
    left = math.exp(-rate * WEEKS * CYCLE_MONTHS)
    months = (1 - left) * CYCLE_MONTHS / 2 / math.tanh(rate * CYCLE_MONTHS / 2)
    last = left * (1 + math.exp(-rate * PART_MONTHS)) / 2 * PART_MONTHS
    return (months + last) / 12


def test_a_blank_workbook_that_is_filled_in_runs(tmp_path: Path) -> None:
    made = hemodel("template", "model.xlsx", "--strategies", "Old,New", cwd=tmp_path)
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("Wrote model.xlsx, blank: Old, New.\nNext: ")

    empty = hemodel("check", "model.xlsx", cwd=tmp_path)
    assert empty.returncode == 1
    assert "model.xlsx, Utilities!C6: utility.progressed is empty." in empty.stderr
    assert "Traceback" not in empty.stderr

    fill(tmp_path / "model.xlsx")
    done = hemodel("run", "model.xlsx", "--only", "base", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out" / "results.json").read_text(encoding="utf-8"))
    for index, strategy in enumerate(("old", "new")):
        got = found["base_case"][strategy]["life_years"]["undiscounted"]
        # The fit stops within 1e-8 of the median that the one statistic asks for.
        assert got["total"] == pytest.approx(life_years(MEDIANS["os"][index]), rel=1e-7)
        assert got["progression_free"] == pytest.approx(life_years(MEDIANS["pfs"][index]), rel=1e-7)


def test_a_workbook_that_exists_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "model.xlsx"
    path.write_bytes(b"mine")
    done = hemodel("template", path, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr
        == f"Error: {path} exists already and was left as it is: choose another name, or move the file away.\n"
    )
    assert path.read_bytes() == b"mine"


def test_mistakes_are_said_without_a_traceback(tmp_path: Path) -> None:
    names = hemodel("template", "model.xlsx", "--strategies", "A,,a", cwd=tmp_path)
    assert names.returncode == 2
    assert names.stderr.startswith("Error: --strategies: a name is empty")
    source = hemodel("template", "model.xlsx", "--from", "none.xlsx", cwd=tmp_path)
    assert source.returncode == 1
    assert "none.xlsx: there is no such file." in source.stderr
    assert list(tmp_path.iterdir()) == []
