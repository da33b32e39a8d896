"""States and means, each beside a sum made by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from support import base_outcomes, exponential_curves, small_model, with_coefficients

from hemodel.analyses.fitted_curves import modelled_survival
from hemodel.analyses.psa.plane import cloud
from hemodel.model.evaluate import occupancy_at
from hemodel.model.occupancy import alive, capped
from hemodel.model.outcomes import OutcomeTable, mean_years

if TYPE_CHECKING:
    from hemodel.model.outcomes import Outcomes


def test_a_cap_takes_the_lower_curve_at_each_time() -> None:
    assert capped(np.array([[1.0, 0.7, 0.4]]), np.array([[1.0, 0.6, 0.5]])).tolist() == [[1.0, 0.6, 0.4]]
    assert alive(0.25) == 0.75


def test_states_of_exponential_curves_in_closed_form() -> None:
    """S(t) = 2^(-t / median): with medians of 20 and 10 months PFS is capped at OS; with 5 and 10 it is not."""
    model = small_model(exponential_curves())
    rates = np.log(np.log(2.0) / np.array([[5.0, 20.0], [10.0, 10.0]]))
    months = np.array([0.0, 5.0, 30.0])
    overall, crossing = 2.0 ** (-months / 10.0), 2.0 ** (-months / 20.0)
    draws = with_coefficients(model, {"pfs": rates[0], "os": rates[1]})
    found = {strategy: occupancy_at(model, draws, strategy, months) for strategy in model.strategies}
    assert found["standard"]["progression_free"][0] == pytest.approx(2.0 ** (-months / 5.0), abs=1e-12)
    assert found["standard"]["progressed"][0] == pytest.approx(overall - 2.0 ** (-months / 5.0), abs=1e-12)
    assert found["active"]["progression_free"][0] == pytest.approx(overall, abs=1e-12)
    assert found["active"]["progressed"][0] == pytest.approx(0.0, abs=1e-12)
    assert found["active"]["dead"][0] == pytest.approx(1.0 - overall, abs=1e-12)
    coefficients = {"pfs": rates[:1], "os": rates[1:]}
    before, after = modelled_survival(model, "pfs", "active", months, coefficients)
    assert before[0] == pytest.approx(crossing, abs=1e-12)
    assert after[0] == pytest.approx(overall, abs=1e-12)


def test_amounts_of_one_strategy_with_their_total() -> None:
    undiscounted = np.array([[[1.0, 2.0], [4.0, 8.0]]])
    table = OutcomeTable(("progression_free", "progressed"), undiscounted, undiscounted / 2.0)
    assert table.amounts(1) == {
        "discounted": {"total": 6.0, "progression_free": 2.0, "progressed": 4.0},
        "undiscounted": {"total": 12.0, "progression_free": 4.0, "progressed": 8.0},
    }
    outcomes = cast("Outcomes", SimpleNamespace(life_years=table))
    assert mean_years(outcomes, 1) == {"pfs": 4.0, "os": 12.0}


def test_mean_survival_is_undiscounted() -> None:
    outcomes = base_outcomes(small_model())
    assert mean_years(outcomes, 0)["os"] == pytest.approx(outcomes.life_years.undiscounted[0, 0].sum(), rel=1e-15)
    assert mean_years(outcomes, 0)["os"] > outcomes.life_years.total[0, 0]


def test_draws_on_the_plane() -> None:
    """Increments (1, 10), (2, 10), (3, 40): at 10 per QALY net benefit is 0, 10 and -10."""
    qalys = np.array([[1.0, 2.0], [1.0, 3.0], [0.0, 3.0]])
    costs = np.array([[5.0, 15.0], [0.0, 10.0], [10.0, 50.0]])
    found = cloud(qalys, costs, 1)
    assert found.qalys.tolist() == [1.0, 2.0, 3.0]
    assert found.costs.tolist() == [10.0, 10.0, 40.0]
    assert found.mean == (2.0, 20.0)
    assert found.share_below(10.0) == pytest.approx(1.0 / 3.0)


def test_treatment_until_death_or_progression_leaves_overall_survival_as_it_is() -> None:
    """The regimen ends at progression; patients do not die of it."""
    rows = {
        f"regimen.active.newtinib.{field}": value
        for field, value in (("time_on_treatment", "os"), ("stops_at_progression", "yes"))
    }
    model = small_model(rows)
    months = np.linspace(0.0, 60.0, 13)
    coefficients = {name: fit.coefficients[None, :] for name, fit in model.fits.items()}
    before, after = modelled_survival(model, "os", "active", months, coefficients)
    assert after.tolist() == before.tolist()
