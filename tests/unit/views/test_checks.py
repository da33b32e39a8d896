"""Arithmetic checks of a run: all pass on a run as it is, and each fails where the number it holds is altered."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
from support import small_model, small_run

from hemodel.analyses.report import checks
from hemodel.analyses.results import Results, results

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.run import Run


@cache
def made() -> tuple[Results, Run]:
    run = small_run(small_model(uncertain=True), 20)
    return results(run), run


def test_all_pass() -> None:
    found = checks(*made())

    assert [each.name for each in found if not each.passed] == []
    assert len({each.name for each in found}) == len(found) == 16
    assert all(each.value >= 0 for each in found)


def _add(path: tuple[str | int, ...], change: float) -> Callable[[dict[str, Any]], None]:
    def alter(found: dict[str, Any]) -> None:
        *above, last = path
        inner: Any = found
        for key in above:
            inner = inner[key]
        inner[last] += change

    return alter


ACTIVE = ("base_case", "active")


@pytest.mark.parametrize(
    ("check", "alter"),
    [
        ("life_years_add_up", _add((*ACTIVE, "life_years", "discounted", "progressed"), 1e-6)),
        ("qalys_add_up", _add((*ACTIVE, "qalys", "undiscounted", "progressed"), 1e-6)),
        ("costs_add_up", _add((*ACTIVE, "costs", "discounted", "end_of_life"), 0.01)),
        ("drugs_add_up", _add((*ACTIVE, "drug_costs", "discounted", "total"), 0.01)),
        ("discounting_lowers", _add((*ACTIVE, "costs", "discounted", "acquisition"), 1e6)),
        ("qalys_within_life_years", _add((*ACTIVE, "qalys", "discounted", "total"), 10.0)),
        ("increments_are_differences", _add(("incremental", 0, "life_years"), 1e-6)),
        ("ratio_of_increments", _add(("incremental", 0, "icer"), 0.01)),
        ("net_benefit_follows", _add(("incremental", 0, "nmb", "50000"), 0.01)),
        ("net_benefit_follows", _add(("incremental", 0, "nhb", "50000"), 1e-6)),
        ("probabilities_add_up", _add(("psa", "ceac", "probability", "active", 3), 1e-6)),
        ("means_are_differences", _add(("psa", "increments", 0, "mean", "qalys"), 1e-6)),
        ("component_means_add_up", _add(("psa", "component_mean", "active", "costs", "total"), 0.01)),
    ],
)
def test_an_altered_number_fails(check: str, alter: Callable[[dict[str, Any]], None]) -> None:
    found, run = made()
    altered = found.model_dump()
    alter(altered)
    told = {each.name: each.passed for each in checks(Results.model_validate(altered), run)}

    assert not told[check]
