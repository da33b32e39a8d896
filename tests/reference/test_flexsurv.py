"""Predictions of flexsurv from its own coefficients, for the families in common.

flexsurv 2.3.2, R 4.2.2, data ``survival::lung`` (time in days, event is status 2)::

    fit <- flexsurvreg(Surv(time, status == 2) ~ 1, data = lung, dist = "weibull")
    summary(fit, type = "survival", t = c(30, 90, 180, 365, 730, 1022, 1825), ci = FALSE)
    summary(fit, type = "hazard", t = c(30, 90, 180, 365, 730, 1022, 1825), ci = FALSE)
    summary(fit, type = "rmst", t = c(180, 365, 730, 1022, 1825, 3650), ci = FALSE)

with dist = "exp", "weibull", "weibullPH", "gompertz", "llogis", "lnorm", "gamma" and
"gengamma", and the maximum polished by Newton steps on flexsurv's likelihood. The
stored coefficients (``est_estscale``) are those the stored predictions come from.

Tolerances. Survival and hazard: 1e-11, because the files hold 15 digits and the
Gompertz hazard multiplies the shape's last digit by 1,825 days. Restricted means: 1e-6,
because flexsurv integrates with R's ``integrate`` at its default tolerance; against
adaptive quadrature at 1e-13 ours are within 2e-14 of the integral, and flexsurv's
within 1e-6. The closed forms, exp and gompertz, agree to 2e-14.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.families.registry import FAMILIES

FOLDER = Path(__file__).parent / "flexsurv"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["model"] in FAMILIES]


def estimates(model: str, column: str) -> np.ndarray:
    table = rows("flexsurv_lung_polished_parameters.csv")
    return np.array([[float(row[column]) for row in table if row["model"] == model]])


PREDICTIONS = rows("flexsurv_lung_polished_predictions.csv")


def predicted(kind: str) -> list[tuple[str, float, float]]:
    return [(row["model"], float(row["time"]), float(row["value"])) for row in PREDICTIONS if row["type"] == kind]


def curve(model: str) -> EndpointCurves:
    return EndpointCurves("os", (CurveSpec("all", model, "independent"),))


def test_every_family_is_in_the_reference() -> None:
    assert {row["model"] for row in PREDICTIONS} == set(FAMILIES)
    assert len(PREDICTIONS) == len(FAMILIES) * (7 + 7 + 6)


@pytest.mark.parametrize("model", sorted(FAMILIES))
def test_parameter_names_order_and_scale(model: str) -> None:
    table = rows("flexsurv_lung_polished_parameters.csv")
    names = tuple(row["parameter"] for row in table if row["model"] == model)
    assert FAMILIES[model].parameters == names
    natural = FAMILIES[model].natural(estimates(model, "est_estscale"))
    np.testing.assert_allclose(natural, estimates(model, "est"), rtol=1e-13)


@pytest.mark.parametrize(("model", "time", "value"), predicted("survival"))
def test_survival(model: str, time: float, value: float) -> None:
    found = FAMILIES[model].survival(np.array([time]), estimates(model, "est_estscale"))
    np.testing.assert_allclose(found[0, 0], value, rtol=1e-11)


@pytest.mark.parametrize(("model", "time", "value"), predicted("hazard"))
def test_hazard(model: str, time: float, value: float) -> None:
    found = FAMILIES[model].log_hazard(np.array([time]), estimates(model, "est_estscale"))
    np.testing.assert_allclose(np.exp(found[0, 0]), value, rtol=1e-11)


@pytest.mark.parametrize(("model", "time", "value"), predicted("rmst"))
def test_restricted_mean(model: str, time: float, value: float) -> None:
    coefficients = estimates(model, "est_estscale")
    found = curve(model).restricted_mean("all", time, coefficients)[0]
    rtol = 1e-12 if model in {"exp", "gompertz"} else 1e-6
    np.testing.assert_allclose(found, value, rtol=rtol)
    edges = np.linspace(0.0, time, 9)
    parts = [
        integrate.quad(
            lambda t: float(FAMILIES[model].survival(np.array([t]), coefficients)[0, 0]),
            low,
            high,
            epsabs=1e-13,
            epsrel=1e-13,
        )[0]
        for low, high in itertools.pairwise(edges)
    ]
    np.testing.assert_allclose(found, sum(parts), rtol=1e-12)
