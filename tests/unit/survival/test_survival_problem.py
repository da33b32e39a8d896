"""What a fit refuses to begin with, in words that say what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from trial import AFT, OS, OS_12, PATIENTS, PH, curves

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.problem import fit_problem

if TYPE_CHECKING:
    from hemodel.survival.reported.statistics import Statistic


@pytest.mark.parametrize(
    ("statistics", "name", "relation", "text", "ids"),
    [
        (
            (OS[1],),
            "weibull",
            None,
            (
                "os: 1 usable statistic for 2 coefficients (old: 1 for shape, scale). Add a median or "
                "a landmark survival of old, or choose a family with fewer parameters (exp has one)."
            ),
            ("curve.os.old.family",),
        ),
        (
            (OS[0], OS[1], OS_12[1]),
            "weibull",
            "independent",
            (
                "os: 3 usable statistics for 4 coefficients (new: 1 for shape, scale). Add a median "
                "or a landmark survival of new, or add a hazard ratio and give relation "
                "proportional_hazards to one curve, or choose a family with fewer parameters (exp has "
                "one)."
            ),
            ("curve.os.new.family",),
        ),
        (
            (OS[1], OS_12[1]),
            "weibull",
            PH,
            (
                "os: 2 usable statistics for 3 coefficients (new: 0 for hazard ratio). Add a median "
                "or a landmark survival of new."
            ),
            ("curve.os.new.relation",),
        ),
        (
            (OS[1], OS_12[1], replace(OS_12[1], id="twin")),
            "weibull",
            AFT,
            (
                "os: 3 usable statistics for 3 coefficients, but they leave undetermined new: "
                "log(acceleration factor). Add a median or a landmark survival of new."
            ),
            ("curve.os.new.relation",),
        ),
        (
            (OS_12[1], replace(OS_12[1], id="twin")),
            "weibull",
            None,
            (
                "os: 2 usable statistics for 2 coefficients, but they leave undetermined "
                "old: log(shape), old: log(scale). Add a median or a landmark survival of old, or "
                "choose a family with fewer parameters (exp has one)."
            ),
            ("curve.os.old.family",),
        ),
    ],
)
def test_too_little_to_go_on(
    statistics: tuple[Statistic, ...],
    name: str,
    relation: str | None,
    text: str,
    ids: tuple[str, ...],
) -> None:
    alone = EndpointCurves("os", (CurveSpec("old", name, "independent"),))
    shape = alone if relation is None else curves(name, relation)
    with pytest.raises(SurvivalError) as raised:
        fit_problem(shape, statistics, 15.0, PATIENTS)
    assert str(raised.value) == text
    assert raised.value.ids == ids


def test_everything_missing_is_listed_at_once() -> None:
    statistics = (
        replace(OS[0], low=None, high=None),
        replace(OS[1], strategy="other"),
        OS[2],
        replace(OS_12[0], id="os.hr"),
    )
    with pytest.raises(SurvivalError) as raised:
        fit_problem(curves("gengamma"), statistics, None, PATIENTS)
    assert str(raised.value).splitlines() == [
        "os.hr: more than one statistic has this id.",
        "os.new.median: no standard error. Give low or high or both, or an SE, or n.",
        "os.old.median: os has no curve for strategy 'other'.",
        (
            "os.hr: the curves of new and old are not proportional, so their hazard ratio is an "
            "average over the trial's median follow-up, which is needed. Give it in months, or choose "
            "relation proportional_hazards."
        ),
        (
            "os: 4 usable statistics for 6 coefficients (old: 1 for mu, sigma, Q). Add a median or a "
            "landmark survival of old, or add a hazard ratio and give relation proportional_hazards "
            "to one curve, or choose a family with fewer parameters (exp has one)."
        ),
    ]
    assert len(raised.value.parts) == 5
    assert raised.value.ids == ("os.hr", "os.new.median", "os.old.median", "curve.os.old.family")


def test_all_that_is_given_is_kept() -> None:
    problem = fit_problem(curves("weibull", PH), (*OS, replace(OS_12[0], used=False)), 15.0, PATIENTS)
    assert [each.statistic.id for each in problem.targets] == [each.id for each in OS]
    assert len(problem.statistics) == 4
    assert problem.follow_up == 15.0
    assert problem.patients == PATIENTS
