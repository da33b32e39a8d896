"""Rebuilt data against the curve: every measure by hand, and every disagreement in words."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from hemodel.survival.digitised import Comparison, DigitisedCurve, RiskTable, compare, require_agreement
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import patients

CURVE = DigitisedCurve(np.array([0.0, 1.0, 2.0, 3.0, 4.0]), np.array([1.0, 0.8, 0.6, 0.4, 0.4]))
RISK = RiskTable(np.array([0.0, 2.0]), np.array([5.0, 4.0]))
DATA = patients([1.0, 2.0, 3.0, 4.0, 4.0], [1.0, 1.0, 1.0, 0.0, 0.0])


def agreeing() -> Comparison:
    return compare(CURVE, RISK, 3, DATA)


def test_agreement_by_hand() -> None:
    """5 patients, deaths at 1, 2 and 3: survival is the curve's, its area 1 + 0.8 + 0.6 + 0.4, median 3."""
    found = agreeing()
    assert found.gap == pytest.approx(0.0, abs=1e-15)
    assert found.at_risk_rebuilt.tolist() == [5.0, 4.0]
    assert (found.events_rebuilt, found.events_given) == (3, 3)
    assert (found.median_rebuilt, found.median_read, found.median_steps) == (3.0, 3.0, 0)
    assert found.horizon == 4.0
    assert found.restricted_mean_rebuilt == pytest.approx(2.8, rel=1e-14)
    assert found.restricted_mean_read == pytest.approx(2.8, rel=1e-14)
    assert found.agrees
    require_agreement(found)


def test_gap_and_where() -> None:
    """Without the death at 2 the rebuilt curve is 0.8 there and 0.8 x 2 / 3 at 3, against 0.6 and 0.4."""
    found = compare(CURVE, RISK, 3, patients([1.0, 2.0, 3.0, 4.0, 4.0], [1.0, 0.0, 1.0, 0.0, 0.0]))
    assert found.gap == pytest.approx(0.2, rel=1e-12)
    assert found.gap_time == 2.0
    assert found.gap_survival == pytest.approx((0.8, 0.6), rel=1e-14)


def test_what_is_accepted_in_patients() -> None:
    """At 3 one of three at risk stands for 0.6 / 3 = 0.2; one of five patients over 4 months is 0.8."""
    found = compare(CURVE, RISK, 3, patients([1.0, 2.0, 4.0, 4.0, 4.0], [1.0, 1.0, 0.0, 0.0, 0.0]))
    assert found.gap_time == 3.0
    assert found.gap == pytest.approx(0.2, rel=1e-12)
    assert found.gap_accepted == pytest.approx(0.2, rel=1e-12)
    assert found.restricted_mean_accepted == pytest.approx(0.8, rel=1e-12)
    assert [text.split(" have ")[-1] for text in found.disagreements] == ["2 events and 3 were reported."]


def test_of_many_patients_the_share_counts() -> None:
    """1,000 patients: one is 0.001, so that 0.02 is accepted; and 0.004 of 4 months, so that 2% is."""
    deaths = [1.0] * 200 + [2.0] * 200 + [3.0] * 200
    data = patients([*deaths, *[4.0] * 400], [1.0] * 600 + [0.0] * 400)
    found = compare(CURVE, RiskTable(np.array([0.0]), np.array([1000.0])), 600, data)
    assert found.gap_accepted == 0.02
    assert found.restricted_mean_accepted == pytest.approx(0.02 * 2.8, rel=1e-12)


def test_last_common_time() -> None:
    """All rebuilt patients are gone at 3, so areas are compared up to 3: 1 + 0.8 + 0.6."""
    found = compare(CURVE, RISK, None, patients([1.0, 2.0, 3.0, 3.0, 3.0], [1.0, 1.0, 1.0, 0.0, 0.0]))
    assert found.horizon == 3.0
    assert found.restricted_mean_read == pytest.approx(2.4, rel=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"gap": 0.021, "gap_time": 2.0, "gap_accepted": 0.02, "gap_survival": (0.621, 0.6)},
            "At time 2 the rebuilt survival is 0.621 and the curve's 0.600, 0.021 apart; at most 0.02 is accepted.",
        ),
        (
            {"at_risk_rebuilt": np.array([5.0, 1.0])},
            "At time 2 1 rebuilt patients are at risk and the table says 4; at most 2 apart is accepted.",
        ),
        ({"events_rebuilt": 4}, "The rebuilt data have 4 events and 3 were reported."),
        (
            {"median_rebuilt": np.inf, "median_steps": 2},
            (
                "The rebuilt median is not reached and the curve's 3; at most 2% or one drop of the curve apart is "
                "accepted."
            ),
        ),
        (
            {"restricted_mean_rebuilt": 3.61},
            "The restricted mean to 4 is 3.61 rebuilt and 2.8 under the curve; at most 0.8 apart is accepted.",
        ),
    ],
)
def test_each_disagreement_in_words(changes: dict[str, object], message: str) -> None:
    found = dataclasses.replace(agreeing(), **changes)  # type: ignore[arg-type]
    assert found.disagreements == (message,)
    assert not found.agrees
    with pytest.raises(SurvivalError) as error:
        require_agreement(found)
    assert str(error.value) == f"{message} Check the points read off the figure and the risk table."


def test_all_disagreements_at_once() -> None:
    found = dataclasses.replace(agreeing(), events_rebuilt=4, restricted_mean_rebuilt=3.61)
    with pytest.raises(SurvivalError) as error:
        require_agreement(found)
    assert len(error.value.parts) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"gap": 0.0199},
        {"at_risk_rebuilt": np.array([5.0, 2.0])},
        {"events_given": None, "events_rebuilt": 4},
        {"median_rebuilt": 3.05, "median_steps": 2},
        {"median_rebuilt": np.inf, "median_steps": 1},
        {"median_rebuilt": np.inf, "median_read": np.inf},
        {"restricted_mean_rebuilt": 2.85},
    ],
)
def test_within_tolerance(changes: dict[str, object]) -> None:
    assert dataclasses.replace(agreeing(), **changes).agrees  # type: ignore[arg-type]


def test_two_percent_of_many_patients() -> None:
    """2% of 500 is 10 patients."""
    many = dataclasses.replace(agreeing(), at_risk_given=np.array([500.0, 300.0]))
    assert dataclasses.replace(many, at_risk_rebuilt=np.array([500.0, 290.0])).agrees
    assert not dataclasses.replace(many, at_risk_rebuilt=np.array([500.0, 289.0])).agrees


def test_steps_between_medians() -> None:
    """The curve drops at 1, 2 and 3; a median that is not reached stands one step after the last drop."""
    never = patients([1.0, 2.0, 4.0, 4.0, 4.0], [1.0, 1.0, 0.0, 0.0, 0.0])
    assert compare(CURVE, RISK, 2, never).median_steps == 1
    early = patients([1.0, 1.0, 1.0, 4.0, 4.0], [1.0, 1.0, 1.0, 0.0, 0.0])
    assert compare(CURVE, RISK, 3, early).median_steps == 2
