"""The live models that each run of the tests recalculates are of every kind that there is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from live.chosen import EACH_RUN

from hemodel.inputs.dictionary import kind_of, kinds
from hemodel.inputs.structure import VALUE_SET
from hemodel.survival.families.registry import EXAMPLES

if TYPE_CHECKING:
    from live.batch import Cases

FAMILY = "curve.{endpoint}.{strategy}.family"
NOT_IN_FORMULAS = {
    *("strategy.{strategy}.role", "settings.sampling", "curves.statistics", "curves.draws"),
    *("curve.{endpoint}.{strategy}.source", "curve.{endpoint}.{strategy}.time_unit"),
    *("order.{pair}", "budget.entry", "study.{study}.kind", "study.{study}.method"),
    *(kind.pattern for kind in kinds() if kind.pattern.endswith(VALUE_SET)),
}
"""The live model has what comes of these, coefficients and draws, or has nothing of them, such as value sets."""
ELSEWHERE = {
    ("settings.pfs_above_os", "error"),
    ("regimen.{strategy}.{drug}.dose_basis", "mg/kg"),
    *(("utility.over_time", choice) for choice in ("constant", "age_adjusted", "age_adjusted_capped")),
}
"""Recalculated among the unit tests of the live model: the calculation, and ageing."""


def test_every_choice_is_in_one_of_them(live: Cases) -> None:
    found = {choice for name in EACH_RUN for choice in live[name].choices}
    wanted = {
        (kind.pattern, choice)
        for kind in kinds()
        if kind.type == "choice" and kind.pattern not in NOT_IN_FORMULAS
        for choice in kind.choices
    }
    assert wanted - found == ELSEWHERE


def test_every_family_is_in_one_of_them(live: Cases) -> None:
    texts = {text for name in EACH_RUN for pattern, text in live[name].choices if pattern == FAMILY}
    names = {name for text in texts for name in re.findall(r"[A-Za-z_]+", text)}
    assert {*kind_of(FAMILY).choices, *EXAMPLES} <= names
    assert {"hazard", "odds", "normal"} <= names  # the scales of a spline
