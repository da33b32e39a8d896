from __future__ import annotations

import pytest
from support import small_model

from hemodel.views.evidence.page import OTHERS, Span, time_ticks
from hemodel.views.evidence.words import EvidenceNames, interval_words, p_value
from hemodel.views.shared.words import family_name


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("exp", "Exponential"),
        ("genf", "Generalised F"),
        ("mixture_cure(weibull)", "Mixture cure, Weibull"),
        ("nonmixture_cure(lnorm)", "Non-mixture cure, Log-normal"),
        ("spline(odds, 2 knots)", "Spline on the odds scale, 2 knots"),
        ("weibull / llogis", "Weibull / Log-logistic"),
        ("km(12, weibull)", "km(12, weibull)"),
    ],
)
def test_families_have_names_in_words(family: str, name: str) -> None:
    assert family_name(family) == name


def test_ids_become_names() -> None:
    names = EvidenceNames(small_model())

    assert names.strategy("active - standard") == "Active minus Standard"
    assert names.coefficient("active: log(shape)") == "Active: log(shape)"
    assert names.coefficient("other: something") == "other: something"
    assert names.endpoint("tot_oldamab") == "Time on Oldamab"


def test_two_strategies_of_one_name_are_told_apart() -> None:
    names = EvidenceNames(small_model({"strategy.active.name": "Standard"}))

    assert names.strategy("standard") == "Standard (standard)"
    assert names.strategy("active") == "Standard (active)"


def test_numbers_in_words() -> None:
    assert p_value(0.0004) == "P < 0.001"
    assert p_value(0.0416) == "P = 0.042"
    assert interval_words(0.7312, 0.5712, 0.9512) == "0.731 (0.571 to 0.951)"
    assert interval_words(0.7312, None, None) == "0.731"


@pytest.mark.parametrize(
    ("last", "in_years", "ticks"),
    [
        (42.0, False, [0, 12, 24, 36]),
        (30.0, False, [0, 6, 12, 18, 24, 30]),
        (240.0, True, [0, 5, 10, 15, 20]),
        (60.0, True, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_axes_of_time_have_round_ticks(last: float, in_years: bool, ticks: list[float]) -> None:
    assert time_ticks(Span(last, in_years)).tolist() == ticks


def test_eight_families_beside_the_one_in_use_have_colours_of_their_own() -> None:
    assert len(set(OTHERS)) == len(OTHERS) >= 8
