"""Value of information against R's package voi, on the samples of tests/reference/voi (its README says which code).

Both regress the same outcomes of the same draws on the same inputs, with smoothers of their own: the numbers differ by
the error of the regressions, never by that of the draws.

* `gam` (penalised splines, as ours of one and two columns): within three of the standard errors that voi states, which
  are of the regression alone, and 2% of the EVPI, for values so small that the largest of a few fitted means decides.
* `gp` and `earth` have no standard error in voi: within three of our own and 3% of the EVPI. voi finds the scales of
  its Gaussian process from the first 30 draws for each input, and those of `earth` are straight lines with kinks.
"""

from __future__ import annotations

import numpy as np
import pytest
from voi_reference import sample_of, values_of

from hemodel.voi.information import evpi, evppi

NAMES = ("linear", "nonlinear", "example")
ERRORS = 3.0
OF_EVPI = {"gam": 0.02, "gp": 0.03, "earth": 0.03}
"""Share of the EVPI by which two regressions may differ where a standard error says nothing."""


def groups_of(name: str) -> list[tuple[str, str]]:
    """A sample and each group of its inputs that voi was asked about."""
    found = dict.fromkeys(row["inputs"] for row in values_of(f"{name}_values") if row["method"] != "evpi")
    return [(name, inputs) for inputs in found]


@pytest.mark.parametrize("name", NAMES)
def test_evpi(name: str) -> None:
    rows = [row for row in values_of(f"{name}_values") if row["method"] == "evpi"]
    found = evpi(sample_of(name), np.array([float(row["threshold"]) for row in rows]))

    assert rows
    # voi's numbers have seven digits.
    assert found.value == pytest.approx([float(row["value"]) for row in rows], rel=1e-6)


@pytest.mark.parametrize(("name", "inputs"), [pair for name in NAMES for pair in groups_of(name)])
def test_evppi(name: str, inputs: str) -> None:
    rows = [row for row in values_of(f"{name}_values") if row["inputs"] == inputs]
    thresholds = np.array(sorted({float(row["threshold"]) for row in rows}))
    sample = sample_of(name)
    found, most = evppi(sample, tuple(inputs.split("+")), thresholds), evpi(sample, thresholds).value

    for row in rows:
        k = thresholds.tolist().index(float(row["threshold"]))
        error = float(row["error"] or found.standard_error[k])
        away = ERRORS * error + OF_EVPI[row["method"]] * float(most[k])
        assert abs(float(found.value[k]) - float(row["value"])) <= away, (row, found.value[k], away)


def test_most_are_much_nearer_than_that() -> None:
    """Half of the numbers of `gam` are within 0.1% of the EVPI, and nine in ten within 1%."""
    away = []
    for name in NAMES:
        sample = sample_of(name)
        for row in values_of(f"{name}_values"):
            if row["method"] == "gam":
                at = np.array([float(row["threshold"])])
                found = evppi(sample, tuple(row["inputs"].split("+")), at).value[0]
                away.append(abs(found - float(row["value"])) / evpi(sample, at).value[0])

    assert len(away) > 150
    assert np.quantile(away, 0.5) < 0.001
    assert np.quantile(away, 0.9) < 0.01
