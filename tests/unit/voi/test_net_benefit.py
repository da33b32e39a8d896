"""Value to all patients, costs, and the best size, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from studies_support import study

from hemodel.voi.evsi import StudyValue
from hemodel.voi.net_benefit import Population, discounted_years, net_benefit

THRESHOLDS = np.array([20_000.0])


def value(evsi: tuple[float, ...], reports_after: float = 0.0, recruited_share: float | None = None) -> StudyValue:
    """Return the value of a study of two arms with sizes 10, 20, 30 ..., which costs 5,000 and 100 a patient."""
    sizes = tuple(10 * (i + 1) for i in range(len(evsi)))
    made = replace(
        study("binary", ("p", "q"), sizes, "regression"),
        fixed_cost=5000.0,
        cost_per_patient=100.0,
        reports_after=reports_after,
        recruited_share=recruited_share,
    )
    column = np.array(evsi)[:, None]
    return StudyValue(made, THRESHOLDS, column, column / 10, np.array([99.0]), np.array([1.0]), 1000, None, ())


def test_by_hand_without_discounting() -> None:
    """100 patients a year for 10 years less 2: 800. Size 10: 800 x 20 - 5,000 - 100 x 20 = 9,000."""
    found = net_benefit(value((20.0, 30.0, 31.0), reports_after=2.0), Population(100.0, 10.0, ((0.0, 0.0),)))

    assert found.reports.tolist() == [2, 2, 2]
    assert found.patients == pytest.approx([800, 800, 800])
    assert found.costs.tolist() == [7000, 9000, 11000]
    assert found.value[:, 0] == pytest.approx([16_000, 24_000, 24_800])
    assert found.standard_error[:, 0] == pytest.approx([1600, 2400, 2480])
    assert found.net[:, 0] == pytest.approx([9000, 15_000, 13_800])
    assert (found.optimal.tolist(), found.notes) == ([1], ((),))


def test_recruitment_takes_time() -> None:
    """20 patients at a tenth of 100 a year take 2 years, 40 take 4; results one year later: 7 and 5 years are left."""
    found = net_benefit(
        value((20.0, 30.0), reports_after=1.0, recruited_share=0.1), Population(100.0, 10.0, ((0.0, 0.0),))
    )
    assert found.reports == pytest.approx([3, 5])
    assert found.patients == pytest.approx([700, 500])


def test_results_that_come_too_late_are_worth_nothing() -> None:
    found = net_benefit(
        value((20.0, 30.0, 40.0), reports_after=1.0, recruited_share=0.05), Population(100.0, 8.0, ((0.0, 0.0),))
    )
    assert found.reports == pytest.approx([5, 9, 13])
    assert found.net[1:, 0] == pytest.approx([-9000, -11_000])
    assert found.notes[0] == (
        "No size is worth its costs.",
        "From 20 patients per arm on the results come after the decision has lost its relevance.",
    )
    assert found.optimal.tolist() == [-1]


@pytest.mark.parametrize(
    ("evsi", "note"),
    [
        ((20.0, 30.0), "The best size, 20, is the largest that was given: a larger one may be better."),
        ((20.0, 20.5), "The best size, 10, is the smallest that was given: a smaller one may be better."),
        ((1.0, 2.0), "No size is worth its costs."),
    ],
)
def test_the_edge_of_the_sizes_is_said(evsi: tuple[float, ...], note: str) -> None:
    assert net_benefit(value(evsi), Population(100.0, 10.0, ((0.0, 0.0),))).notes == ((note,),)


def test_discounted_years() -> None:
    """((1.03)^-2 - (1.03)^-10) / ln 1.03 = (0.942595909 - 0.744093915) / 0.029558802 = 6.715495."""
    assert discounted_years(2, 10, ((0.0, 0.03),)) == pytest.approx(6.715495, abs=1e-6)
    assert discounted_years(2, 10, ((0.0, 0.0),)) == pytest.approx(8)
    assert discounted_years(10, 2, ((0.0, 0.03),)) == 0


def test_discounting_in_steps() -> None:
    """4% for five years, then 3%: the first five as alone, the others times 1.04^-5."""
    first = discounted_years(1, 5, ((0.0, 0.04),))
    later = 1.04**-5 * discounted_years(0, 3, ((0.0, 0.03),))
    assert discounted_years(1, 8, ((0.0, 0.04), (5.0, 0.03))) == pytest.approx(first + later)
    grid = np.linspace(1, 8, 200_001)
    factors = np.where(grid < 5, 1.04**-grid, 1.04**-5 * 1.03 ** -(grid - 5))
    assert first + later == pytest.approx(np.trapezoid(factors, grid), rel=1e-9)


def test_as_the_formula_of_the_package_voi() -> None:
    """pop_voi(voi, pop, time, dis) of R voi 1.0.3 is voi x pop / dis x (1 - exp(-dis x time)), dis being continuous."""
    rate = 0.035
    found = 100 * 50 * discounted_years(0, 10, ((0.0, np.expm1(rate)),))
    assert found == pytest.approx(50 * 100 / rate * (1 - np.exp(-rate * 10)))
