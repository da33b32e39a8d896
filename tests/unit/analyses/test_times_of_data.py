"""Patients, digitised curves and coefficients whose times are not in the unit that the workbook names.

In the small model follow-up is 20 months, OS of the standard arm has a median of 12 and OS of the active arm is made
here: an exponential curve with a median of 16 months, in patients as their exact quantiles. Whether the unit is named
rightly is all that differs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model

from hemodel.analyses.gates.times import times_of_data
from hemodel.analyses.load import all_warnings

if TYPE_CHECKING:
    from hemodel.errors import Problem
    from hemodel.inputs.cells import Scalar

MEDIAN = 16.0
PER_MONTH = {"days": 30.4375, "weeks": 30.4375 / 7.0, "months": 1.0, "years": 1.0 / 12.0}
UNIT = "curve.os.active.time_unit"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small models have the path small.xlsx, so that files are looked for in the current folder."""
    monkeypatch.chdir(tmp_path)


def write(name: str, header: str, *columns: object) -> str:
    rows = [",".join(f"{value:.10g}" for value in row) for row in zip(*columns, strict=True)]
    Path(name).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return name


def changes(source: str, unit: str) -> tuple[dict[str, Scalar], dict[str, dict[str, Scalar]]]:
    """OS of the active arm by 60 patients seen to 30 months, a curve read off, or a rate; times in `unit`."""
    per = PER_MONTH[unit]
    changed: dict[str, Scalar] = {"curve.os.active.family": "exp", "curve.os.active.source": source}
    if source == "coefficients":
        own: dict[str, Scalar] = {"value": np.log(2.0) / (MEDIAN * per), "se": 0.1, "distribution": "fit"}
        return changed | {"curve.os.active.parameterisation": "flexsurv_natural"}, {"coefficient.os.active.rate": own}
    if source == "patients":
        times = -MEDIAN * np.log2(1.0 - (np.arange(60) + 0.5) / 60.0)
        seen = np.minimum(times, 30.0)
        return changed | {"curve.os.active.data": write("ipd.csv", "time,event", per * seen, times <= 30.0)}, {}
    month = np.arange(0.0, 31.0)
    figure = write("km.csv", "time,survival", per * month, 0.5 ** (month / MEDIAN))
    table = write("risk.csv", "time,at_risk", [0.0], [200])
    return changed | {"curve.os.active.data": figure, "curve.os.active.at_risk": table}, {}


def found(source: str, unit: str, named: str, follow_up: float | None = 20.0) -> list[Problem]:
    changed, rows = changes(source, unit)
    model = small_model({**changed, UNIT: named, "trial.median_follow_up": follow_up}, rows)
    return times_of_data(model.inputs.rows, model.fits)


@pytest.mark.parametrize("source", ["patients", "digitised", "coefficients"])
@pytest.mark.parametrize("unit", ["days", "weeks", "months", "years"])
def test_the_right_unit_is_not_asked_about(source: str, unit: str) -> None:
    assert found(source, unit, unit) == []


@pytest.mark.parametrize("source", ["patients", "digitised", "coefficients"])
@pytest.mark.parametrize(("unit", "named"), [("days", "months"), ("weeks", "months"), ("months", "years")])
def test_times_too_long_for_the_trial_are(source: str, unit: str, named: str) -> None:
    """30 months are 913 days and 130 weeks; a median of 16 months in weeks is 69.6, 5.8 times that of the other arm."""
    (warning,) = found(source, unit, named)
    assert warning.where.sheet == "Curves"
    assert warning.what.startswith(f"{UNIT} is {named}: ")
    assert warning.name == "data_times"


@pytest.mark.parametrize("source", ["patients", "digitised", "coefficients"])
def test_times_too_short_are(source: str) -> None:
    """In years called months the median is 1.33, a ninth of that of the other arm."""
    (warning,) = found(source, "years", "months")
    assert "its median is 1.3" in warning.what
    assert "that of standard 12" in warning.what


@pytest.mark.parametrize("unit", ["days", "weeks"])
def test_the_other_arm_is_enough(unit: str) -> None:
    (warning,) = found("patients", unit, "months", follow_up=None)
    assert "that of standard 12" in warning.what


def test_the_other_endpoint_is_enough() -> None:
    """PFS of both arms in days called months: a median of 183 months, with an OS of 12 and 16."""
    rows: dict[str, dict[str, Scalar]] = {}
    changed: dict[str, Scalar] = {"trial.median_follow_up": None}
    for strategy in ("standard", "active"):
        prefix = f"curve.pfs.{strategy}."
        changed |= {prefix + "family": "exp", prefix + "source": "coefficients"}
        changed |= {prefix + "parameterisation": "flexsurv_natural", prefix + "time_unit": "months"}
        rows[f"coefficient.pfs.{strategy}.rate"] = {"value": np.log(2.0) / 183.0, "se": 1e-4, "distribution": "fit"}
    model = small_model(changed, rows)
    warnings = times_of_data(model.inputs.rows, model.fits)
    assert [each.what.split(" is ")[0] for each in warnings] == [
        "curve.pfs.standard.time_unit",
        "curve.pfs.active.time_unit",
    ]
    assert "the median of pfs is 183 months, and that of os 12" in warnings[0].what


def test_it_is_among_the_warnings_of_a_workbook() -> None:
    changed, rows = changes("coefficients", "days")
    model = small_model({**changed, UNIT: "months"}, rows)
    assert [each.name for each in all_warnings(model.inputs, model, {})].count("data_times") == 1
