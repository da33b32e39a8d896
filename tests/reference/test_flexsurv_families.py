"""Predictions of flexsurv for its splines and the generalised F, from its own coefficients.

flexsurv 2.3.2, R 4.2.2, data ``survival::lung`` (time in days, event is status 2)::

    fit <- flexsurvspline(Surv(time, status == 2) ~ 1, data = lung, k = 2, scale = "hazard")
    fit$knots
    fit <- flexsurvreg(Surv(time, status == 2) ~ 1, data = lung, dist = "genf")
    summary(fit, type = "survival", t = c(30, 90, 180, 365, 730, 1022, 1825), ci = FALSE)
    summary(fit, type = "hazard", t = c(30, 90, 180, 365, 730, 1022, 1825), ci = FALSE)
    summary(fit, type = "rmst", t = c(180, 365, 730, 1022, 1825, 3650), ci = FALSE)

with k = 1 and 2, and knots also for scale = "odds" and "normal". The maxima were polished by
Newton steps on flexsurv's likelihood; the predictions are those of the stored coefficients.

Tolerances. Survival and hazard: 1e-11, because the files hold 15 digits of coefficients that
multiply cubes of log time up to 200. Restricted means: 1e-6, because flexsurv integrates
with R's ``integrate`` at its default tolerance.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.families.registry import family
from hemodel.survival.family import CurveData, Family

FOLDER = Path(__file__).parent
FORMULAS = {
    "spline_h_k1": "spline(hazard, 1 knot)",
    "spline_h_k2": "spline(hazard, 2 knots)",
    "spline_o_k1": "spline(odds, 1 knot)",
    "spline_n_k1": "spline(normal, 1 knot)",
    "genf": "genf",
}


def rows(*path: str) -> list[dict[str, str]]:
    with FOLDER.joinpath(*path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def resolved(model: str) -> Family:
    events = [float(row["time"]) for row in rows("data", "flexsurv_lung_data.csv") if row["event"] == "1"]
    return family(FORMULAS[model]).resolved(CurveData(event_times=tuple(events)))


def estimates(model: str) -> np.ndarray:
    table = rows("flexsurv", "flexsurv_lung_polished_parameters.csv")
    return np.array([[float(row["est_estscale"]) for row in table if row["model"] == model]])


def predicted(kind: str) -> list[tuple[str, float, float]]:
    table = rows("flexsurv", "flexsurv_lung_polished_predictions.csv")
    own = [row for row in table if row["model"] in FORMULAS and row["type"] == kind]
    return [(row["model"], float(row["time"]), float(row["value"])) for row in own]


def test_all_predictions_are_used() -> None:
    assert [len(predicted(kind)) for kind in ("survival", "hazard", "rmst")] == [21, 21, 18]


@pytest.mark.parametrize("model", ["spline_h_k1", "spline_h_k2", "spline_o_k1", "spline_n_k1"])
def test_knots(model: str) -> None:
    """Knots are stored as log time with 15 digits."""
    table = rows("data", "flexsurv_lung_spline_knots.csv")
    expected = [float(row["knot_log_time"]) for row in table if row["model"] == model]
    np.testing.assert_allclose(np.log(np.array(resolved(model).kinks)), expected, rtol=1e-14)


@pytest.mark.parametrize("model", ["spline_h_k1", "spline_h_k2", "genf"])
def test_parameter_names(model: str) -> None:
    table = rows("flexsurv", "flexsurv_lung_polished_parameters.csv")
    names = tuple(row["parameter"] for row in table if row["model"] == model)
    assert family(FORMULAS[model]).parameters == names


@pytest.mark.parametrize(("model", "time", "value"), predicted("survival"))
def test_survival(model: str, time: float, value: float) -> None:
    found = resolved(model).survival(np.array([time]), estimates(model))
    np.testing.assert_allclose(found[0, 0], value, rtol=1e-11)


@pytest.mark.parametrize(("model", "time", "value"), predicted("hazard"))
def test_hazard(model: str, time: float, value: float) -> None:
    found = resolved(model).log_hazard(np.array([time]), estimates(model))
    np.testing.assert_allclose(np.exp(found[0, 0]), value, rtol=1e-11)


@pytest.mark.parametrize(("model", "time", "value"), predicted("rmst"))
def test_restricted_mean(model: str, time: float, value: float) -> None:
    curves = EndpointCurves("os", (CurveSpec("all", resolved(model), "independent"),))
    found = curves.restricted_mean("all", time, estimates(model))[0]
    np.testing.assert_allclose(found, value, rtol=1e-6)
