"""The teaching example against the published table, to its printed digits.

Raldow 2020 (JNCI Cancer Spectrum 4(2):pkaa004, https://pmc.ncbi.nlm.nih.gov/articles/PMC7083239/table/T1):
strategy 1 is no test and no radiotherapy, 2 is to test all, 3 is radiotherapy for all. Each number is rounded as it
is printed there, so that the tolerance is the printed digit.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

WORKBOOK = Path(__file__).parents[2] / "inputs" / "teaching_three_strategies.xlsx"
NONE, TEST, ALL = "no_radiotherapy", "test_all", "radiotherapy_for_all"
PUBLISHED = {
    NONE: ("1695.865", "8.570992", "197.861"),
    TEST: ("12224.17", "8.583273", "1424.186"),
    ALL: ("12118.17", "8.590681", "1410.618"),
}
"""Costs, QALYs, costs per QALY."""


def printed(value: float, like: str) -> str:
    """Return the value with as many decimals as the published number."""
    return f"{value:.{len(like.partition('.')[2])}f}"


def total(found: Results, strategy: str, outcome: str) -> float:
    return float(getattr(found.base_case[strategy], outcome).discounted["total"])


@pytest.fixture(scope="module")
def found() -> Results:
    return results(run(WORKBOOK, Options(parts=("base", "scenarios"))))


@pytest.mark.parametrize("strategy", PUBLISHED)
def test_costs_and_qalys(found: Results, strategy: str) -> None:
    costs, qalys = total(found, strategy, "costs"), total(found, strategy, "qalys")

    assert (printed(costs, PUBLISHED[strategy][0]), printed(qalys, PUBLISHED[strategy][1])) == PUBLISHED[strategy][:2]
    assert printed(costs / qalys, PUBLISHED[strategy][2]) == PUBLISHED[strategy][2]


def test_fully_incremental_analysis(found: Results) -> None:
    """The part of the table that excludes the dominated strategy: 10 422.31, 0.019688 and 529 365.8."""
    entries = {entry.strategy: entry for entry in found.frontier}
    last = entries[ALL]

    assert [entry.strategy for entry in found.frontier] == [NONE, ALL, TEST]
    assert (entries[TEST].status, entries[TEST].icer) == ("dominated", None)
    assert last.against == NONE
    assert last.costs is not None
    assert last.qalys is not None
    assert last.icer is not None
    assert (f"{last.costs:.2f}", f"{last.qalys:.6f}", f"{last.icer:.1f}") == ("10422.31", "0.019688", "529365.8")


def test_against_the_common_baseline(found: Results) -> None:
    """The part that refers to a common baseline: 10 528.31, 0.01228 and 857 336.1 for strategy 2."""
    gain = next(entry for entry in found.incremental if entry.intervention == TEST)

    assert gain.icer is not None
    assert (f"{gain.costs:.2f}", f"{gain.qalys:.5f}", f"{gain.icer:.1f}") == ("10528.31", "0.01228", "857336.1")


def test_dominated_by_the_next_strategy(found: Results) -> None:
    """The part with all in order of cost: 106.001, -0.00741 and a negative ratio, which hemodel never prints."""
    costs = total(found, TEST, "costs") - total(found, ALL, "costs")
    qalys = total(found, TEST, "qalys") - total(found, ALL, "qalys")

    assert (f"{costs:.3f}", f"{qalys:.5f}", f"{costs / qalys:.1f}") == ("106.001", "-0.00741", "-14308.9")


def under(*scenarios: str) -> Results:
    return results(run(WORKBOOK, Options(parts=("base",), scenarios=scenarios)))


def test_price_of_the_test() -> None:
    """At 4588 USD the test is worth as much as radiotherapy for all at 100,000 USD per QALY; yet see its status."""
    cheaper = under("test_price_4588")
    costs = total(cheaper, ALL, "costs") - total(cheaper, TEST, "costs")
    qalys = total(cheaper, ALL, "qalys") - total(cheaper, TEST, "qalys")

    assert costs / qalys == pytest.approx(100_000, rel=1e-4)  # the price of the test has two decimals: 0.005 / 740.8
    assert {e.strategy: e.status for e in cheaper.frontier}[TEST] == "extendedly dominated"


@pytest.mark.parametrize(
    ("scenario", "status"),
    [
        ("test_price_1400", "on the frontier"),
        ("test_price_1415", "extendedly dominated"),
        ("test_price_5300", "extendedly dominated"),
        ("test_price_5350", "dominated"),
        ("test_free", "on the frontier"),
    ],
)
def test_limits_of_the_price(scenario: str, status: str) -> None:
    """By hand: dominated above 5434.80 - 106.00 = 5328.80, on the frontier below.

    5434.80 - (10528.31 - 529365.8 x 0.01228026) = 1407.24.
    """
    assert {e.strategy: e.status for e in under(scenario).frontier}[TEST] == status


def test_closed_form(found: Results) -> None:
    """QALYs = 0.92 x years without an event + 0.70 x the other years.

    Years of a rate r: the sum over ten years of (e^-rk + e^-r(k+1)) / 2.
    """

    def years(rate: float) -> float:
        return sum((math.exp(-rate * k) + math.exp(-rate * (k + 1))) / 2 for k in range(10))

    for strategy, rate in ((NONE, 0.02903331581), (TEST, 0.02768639186), (ALL, 0.02687956527)):
        expected = 0.92 * years(rate) + 0.70 * (years(0.01) - years(rate))
        assert total(found, strategy, "qalys") == pytest.approx(expected, rel=1e-12)  # rounding over ten years
