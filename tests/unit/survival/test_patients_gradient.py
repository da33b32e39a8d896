"""The analytic gradient of the likelihood against central differences of the likelihood itself."""

from __future__ import annotations

import numpy as np
import pytest

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.patients.data import PatientData, patients
from hemodel.survival.patients.fitting import gradient
from hemodel.survival.patients.likelihood import likelihood

FAMILIES = [
    ("weibull", [0.1, 2.4]),
    ("gompertz", [0.02, -2.6]),
    ("llogis", [0.4, 2.2]),
    ("gengamma", [2.3, -0.2, 0.6]),
    ("spline(hazard, knots at 0.5 6 30)", [-2.8, 1.1, 0.02]),
    ("mixture_cure(weibull)", [-1.5, 0.2, 2.2]),
]


def trial() -> dict[str, PatientData]:
    """Two arms of 40 with delayed entry and weights, from quantiles rather than random numbers."""
    found = {}
    for name, median in (("control", 8.0), ("new", 11.0)):
        share = (np.arange(40) + 0.5) / 40
        time = median * (-np.log(share) / np.log(2.0)) ** 0.8 + 0.2
        event = (np.arange(40) % 4 != 0).astype(float)
        found[name] = patients(time, event, entry=np.where(np.arange(40) % 5 == 0, 0.1, 0.0), weight=1.0 + share)
    return found


@pytest.mark.parametrize("excess", [False, True])
@pytest.mark.parametrize("relation", ["independent", "proportional_hazards"])
@pytest.mark.parametrize(("family", "values"), FAMILIES)
def test_gradient_is_the_slope_of_the_likelihood(
    family: str, values: list[float], relation: str, *, excess: bool
) -> None:
    """Fourth-order differences with a step of 2e-4 are good to about 1e-8 of the size of the terms."""
    reference = None if relation == "independent" else "control"
    specs = (CurveSpec("control", family, "independent"), CurveSpec("new", family, relation, reference))
    data = trial()
    expected = {name: 0.001 + 0.0002 * some.time for name, some in data.items()} if excess else None
    target = likelihood(EndpointCurves("os", specs), data, expected)
    point = np.array([*values, *(values if reference is None else [-0.3])])
    moves = 2e-4 * np.eye(point.size)
    values_at = [target.values(point + k * moves, np.zeros(point.size, dtype=np.intp)) for k in (-2, -1, 1, 2)]
    slopes = (values_at[0] - 8.0 * values_at[1] + 8.0 * values_at[2] - values_at[3]) / 24e-4

    found = gradient(target, point)

    assert found is not None
    np.testing.assert_allclose(found, slopes, rtol=1e-6, atol=1e-6)


def test_an_acceleration_factor_has_none() -> None:
    relation = "accelerated_failure_time"
    specs = (CurveSpec("control", "weibull", "independent"), CurveSpec("new", "weibull", relation, "control"))
    target = likelihood(EndpointCurves("os", specs), trial())

    assert gradient(target, np.array([0.1, 2.4, 0.2])) is None
