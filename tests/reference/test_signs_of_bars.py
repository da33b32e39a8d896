"""No bar of a curve contradicts its name, in any workbook that comes with the package.

More of a level, of an effect or of a tail is more time in that state for its strategy; a better effect is more QALYs
for it, and a lower hazard ratio.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemodel.analyses.dsa.curves_at_ends import curves_at_ends
from hemodel.analyses.dsa.one_way import OneWay, one_way
from hemodel.analyses.load import load
from hemodel.inputs.changes import Change

if TYPE_CHECKING:
    from hemodel.model.evaluate import Model

INPUTS = Path(__file__).parents[2] / "inputs"
WORKBOOKS = [path.stem for path in sorted(INPUTS.glob("*.xlsx"))]
TEACHING = "teaching_three_strategies"
NEW, OLD = "lurbinectedin_atezolizumab", "atezolizumab"
STATES = {"os": ("progression_free", "progressed"), "pfs": ("progression_free",)}
OTHER_CURVES: dict[str, dict[str, float | str]] = {
    "independent statistics": {"curves.statistics": "independent"},
    "correlated statistics": {"curves.statistics": "correlated"},
    "correlated endpoints": {"curves.statistics": "correlated", "curves.correlation_pfs_os": 0.5},
    "averages": {f"curve.os.{OLD}.family": "average(llogis, lnorm, weibull)"},
    "waning": {f"waning.os.{NEW}.shape": "linear"},
    "hazard ratio": {f"curve.os.{OLD}.family": "weibull", f"curve.os.{NEW}.relation": "proportional_hazards"},
    "no relation": {"curves.statistics": "correlated", f"curve.os.{NEW}.relation": "independent"},
}


def errors_of_rates() -> dict[str, float | str]:
    """Standard errors for the rates of the teaching example, which takes them as known."""
    changes: dict[str, float | str] = {}
    for endpoint in ("pfs", "os"):
        for strategy in ("no_radiotherapy", "test_all", "radiotherapy_for_all"):
            changes[f"coefficient.{endpoint}.{strategy}.rate.se"] = 0.002
            changes[f"coefficient.{endpoint}.{strategy}.rate.distribution"] = "fit"
    return changes


@cache
def moved(workbook: str, case: str = "") -> tuple[Model, OneWay]:
    changes: dict[str, float | str] = dict(OTHER_CURVES.get(case, {}))
    if workbook == TEACHING:
        changes |= errors_of_rates()
    model = load(INPUTS / f"{workbook}.xlsx", [Change(id_, value, "test") for id_, value in changes.items()])
    return model, one_way(model)


CASES = [*((workbook, "") for workbook in WORKBOOKS), *(("imforte_us", case) for case in OTHER_CURVES)]


@pytest.mark.parametrize(("workbook", "case"), CASES)
def test_more_is_more_for_the_strategy_that_it_names(workbook: str, case: str) -> None:
    model, found = moved(workbook, case)
    names = {strategy.id: strategy.name for strategy in model.inputs.strategies}
    checked = set()
    for i, item in enumerate(found.items):
        if not item.id.startswith("curve."):
            continue
        _, endpoint, strategy, *kind = item.id.split(".")
        place = model.strategies.index(strategy)
        assert names[strategy] in item.label
        assert item.low < item.base < item.high
        if endpoint in STATES:
            years = found.outcomes.life_years
            states = [years.components.index(state) for state in STATES[endpoint]]
            low, high = years.discounted[2 * i : 2 * i + 2, place][:, states].sum(axis=1)
            assert low < high, item.label
        else:
            low, high = found.outcomes.costs.total[2 * i : 2 * i + 2, place]
            assert low < high, item.label
        if kind == ["effect"]:
            qalys = found.outcomes.qalys.total[2 * i : 2 * i + 2]
            assert qalys[0, place] < qalys[1, place], item.label
            assert qalys[0, place] - qalys[0, 0] < qalys[1, place] - qalys[1, 0], item.label
        checked.add((endpoint, *kind))
    assert checked >= {("os",), ("pfs",), ("os", "effect"), ("pfs", "effect")}
    assert not found.left_out


SURE_OF_THE_SHAPE = [
    *((workbook, "correlated statistics") for workbook in WORKBOOKS if workbook != TEACHING),
    ("imforte_us", "correlated endpoints"),
    ("imforte_us", "hazard ratio"),
    (TEACHING, ""),
]


@pytest.mark.parametrize(("workbook", "case"), SURE_OF_THE_SHAPE)
def test_a_better_effect_is_a_lower_hazard_ratio(workbook: str, case: str) -> None:
    """Of curves that an effect ties, where their shape is not so unsure that the mean lies in a tail yet unseen."""
    model, found = moved(workbook, case)
    found_curves = [e for e in curves_at_ends(model, found) if e.endpoint == "os"]
    entries = [e for e in found_curves if e.id == f"curve.os.{e.strategy}.effect"]
    assert len(entries) == len(model.strategies) - 1
    for entry in entries:
        assert entry.hazard_ratio_low is not None
        assert entry.hazard_ratio_base is not None
        assert entry.hazard_ratio_high is not None
        assert entry.hazard_ratio_low > entry.hazard_ratio_base > entry.hazard_ratio_high, entry.label
