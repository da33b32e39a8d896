"""EVSI against R's package voi, on the samples of tests/reference/voi (its README says which code).

voi's numbers are means over `times` simulated sets of data, ours over `SEEDS`. Each is away from the other by the error
of these means, from the standard deviation of one set that voi's standard error gives, and by the regression on the
inputs of interest, for which 3% of the EVPPI is allowed. Moment matching is held against voi's regression.
"""

from __future__ import annotations

import numpy as np
import pytest
from voi_reference import sample_of, values_of

from hemodel.voi.evsi import study_value
from hemodel.voi.studies import IMPORTANCE, MOMENTS, REGRESSION, Study

SEEDS = 5
ERRORS = 3.0
OF_EVPPI = 0.03
METHODS = {"regression": (REGRESSION, MOMENTS), "importance_sampling": (IMPORTANCE,)}


@pytest.mark.parametrize(
    ("row", "method"),
    [(row, method) for row in values_of("studies") for method in METHODS[row["method"]]],
    ids=lambda each: each if isinstance(each, str) else "-".join(each[k] for k in ("input", "patients", "threshold")),
)
def test_evsi(row: dict[str, str], method: str) -> None:
    study = Study(
        id="study",
        label="Study",
        kind="continuous" if row["sd"] else "binary",
        informs=(row["input"],),
        sizes=(int(row["patients"]),),
        method=method,
        fixed_cost=0.0,
        cost_per_patient=0.0,
        reports_after=1.0,
        standard_deviation=float(row["sd"]) if row["sd"] else None,
    )
    at = np.array([float(row["threshold"])])
    found = [study_value(sample_of(row["sample"]), study, at, seed) for seed in range(SEEDS)]
    one_set = float(row["error"]) * float(row["times"]) ** 0.5
    away = ERRORS * one_set * (1 / SEEDS + 1 / float(row["times"])) ** 0.5 + OF_EVPPI * float(found[0].evppi[0])

    assert abs(np.mean([each.value[0, 0] for each in found]) - float(row["value"])) <= away
