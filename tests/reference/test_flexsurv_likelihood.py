"""Maximum likelihood fits of flexsurv, polished.

flexsurv 2.3.2, R 4.2.2, data ``survival::lung`` (time in days, event is status 2)::

    flexsurvreg(Surv(time, status == 2) ~ 1, data = lung, dist = "weibull")   # and the others
    flexsurvspline(Surv(time, status == 2) ~ 1, data = lung, k = 1, scale = "hazard")

and the maximum polished by Newton steps with numDeriv on flexsurv's own likelihood.

Tolerances. Log-likelihood: 1e-11 relative, the ten decimals of the file; an error of the
coefficients enters squared. Coefficients: 1e-6 standard errors, since the file's gradients
are up to 3e-4 (Gompertz shape, 1e-7 standard errors). Covariance: 1e-6 of the standard
errors' product, the accuracy of numDeriv's Hessian. The genf fit is weakly identified and
its covariance the least accurate in both: log-likelihood and coefficients to 1e-4 only.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.patients.data import read_patients
from hemodel.survival.patients.fitting import LikelihoodFit, maximum_likelihood

FOLDER = Path(__file__).parent / "data"
FORMULA = {"spline_h_k1": "spline(hazard, 1 knot)", "spline_h_k2": "spline(hazard, 2 knots)"}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"flexsurv_lung_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


SUMMARY = {row["model"]: row for row in rows("polished_summary")}
MODELS = sorted(SUMMARY)
IDENTIFIED = sorted(set(MODELS) - {"genf"})


@cache
def fitted(model: str) -> LikelihoodFit:
    data = read_patients(FOLDER / "flexsurv_lung_data.csv", time="time", event="event")
    spec = CurveSpec("all", FORMULA.get(model, model), "independent")
    return maximum_likelihood(EndpointCurves("os", (spec,)), data)


def column(model: str, name: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows("polished_parameters") if row["model"] == model])


def test_the_models_of_the_file() -> None:
    assert len(MODELS) == 11


@pytest.mark.parametrize("model", MODELS)
def test_log_likelihood_and_criteria(model: str) -> None:
    fit, row = fitted(model), SUMMARY[model]
    assert fit.log_likelihood == pytest.approx(float(row["loglik"]), rel=1e-11 if model != "genf" else 1e-9)
    assert fit.aic == pytest.approx(float(row["AIC"]), rel=1e-9)
    assert fit.bic == pytest.approx(float(row["BIC_n"]), rel=1e-9)
    assert fit.bic_events == pytest.approx(float(row["BIC_events"]), rel=1e-9)
    counts = (fit.n_patients, fit.n_events, float(fit.n_parameters))
    assert counts == tuple(float(row[name]) for name in ("n", "events", "npars"))


@pytest.mark.parametrize("model", MODELS)
def test_coefficients(model: str) -> None:
    errors = column(model, "se_estscale")
    moved = (fitted(model).coefficients - column(model, "est_estscale")) / errors
    assert np.max(np.abs(moved)) < (1e-6 if model != "genf" else 1e-4)


@pytest.mark.parametrize("model", IDENTIFIED)
def test_covariance(model: str) -> None:
    found = fitted(model).covariance
    listed = [float(row["cov"]) for row in rows("polished_covariance_estscale") if row["model"] == model]
    expected = np.array(listed).reshape(found.shape)
    errors = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(found / np.outer(errors, errors), expected / np.outer(errors, errors), atol=1e-6)


@pytest.mark.parametrize("model", IDENTIFIED)
def test_every_fit_settles_without_warnings(model: str) -> None:
    fit = fitted(model)
    assert fit.gradient_norm < 1e-8
    assert fit.held == ()
    assert fit.warnings == ()
