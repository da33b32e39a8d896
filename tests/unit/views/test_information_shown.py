"""Which values of information are drawn and named: by their error, by what chance gives, by the design of the draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from voi_support import linear

from hemodel.analyses.information import EvppiAt, InformationResult, information
from hemodel.sampling import LATIN_HYPERCUBE, RANDOM, SOBOL
from hemodel.views.information import NONE_CLEAR, InformationUnits, information_figures, information_text, ranked

SHOWN = InformationUnits("EUR", "QALY", {"a": "Old", "b": "New"})
WTP = 1.0


def found(mean: float = 0.1, draws: int = 1000, sampling: str = RANDOM) -> InformationResult:
    """Of two inputs, one of which has no effect."""
    sample = replace(linear(draws, mean, {"x": 1.0, "nothing": 0.0}), sampling=sampling)
    return information(sample, (), (WTP,), np.array([0.0, WTP, 2.0]))


@pytest.mark.parametrize(
    ("value", "error", "chance", "clear"),
    [
        (10.0, 5.0, 9.9, True),
        (10.0, 5.1, 0.0, False),
        (10.0, 1.0, 10.0, False),
        (10.0, 1.0, 12.0, False),
        (0.0, 0.0, 0.0, False),
    ],
)
def test_what_is_clear(value: float, error: float, chance: float, clear: bool) -> None:
    at = EvppiAt(threshold=1.0, value=value, standard_error=error, bias=0.0, by_chance=chance, capped=False)
    assert at.is_clear is clear


def test_an_input_without_effect_is_in_the_table_and_not_drawn() -> None:
    result = found()
    place = result.thresholds.index(WTP)
    assert {entry.id for entry in result.evppi} == {"x", "nothing"}
    assert [entry.id for entry in ranked(result.evppi, place)] == ["x"]
    assert [curve.id for curve in result.curves.evppi] == ["x"]
    assert set(information_figures(result, SHOWN, WTP)) == {"evppi", "voi_curves", "expected_loss"}
    said = " ".join(information_text(result, SHOWN, WTP))
    assert "X (EUR" in said
    assert "NOTHING" not in said


def test_where_nothing_is_clear_the_text_says_so() -> None:
    """The input is hidden in the noise of another that is not looked at."""
    sample = linear(1000, 0.1, {"x": 1.0, "nothing": 0.0})
    hidden = replace(sample, inputs={"nothing": sample.inputs["nothing"]}, labels={"nothing": "NOTHING"})
    result = information(hidden, (), (WTP,), np.array([0.0, WTP, 2.0]))
    assert "evppi" not in information_figures(result, SHOWN, WTP)
    assert NONE_CLEAR in information_text(result, SHOWN, WTP)


def test_without_evpi_at_the_decision_one_sentence_takes_the_place_of_figures() -> None:
    """Net benefit of the second is effects x threshold + costs saved; at 1 it is positive in each draw, at -20 not."""
    sample = linear(1000, 20.0, {"x": 1.0})
    result = information(sample, (), (WTP,), np.array([0.0, WTP, 2.0]))
    assert result.evpi[result.thresholds.index(WTP)].value == 0.0
    assert information_figures(result, SHOWN, WTP) == {}
    (said,) = information_text(result, SHOWN, WTP)
    assert said.replace("\u00a0", " ").startswith(
        "At EUR 1 per QALY New is the best strategy in each of 1,000 draws, so that no information changes the decision"
        " and the EVPI is 0 per person"
    )


def test_the_sentence_names_where_the_evpi_is_highest() -> None:
    rng = np.random.default_rng(1)
    gain = np.column_stack([np.zeros(500), 1.0 + 0.1 * rng.standard_normal(500)])
    cost = np.column_stack([np.zeros(500), np.full(500, 100.0)])
    sample = replace(linear(500, 0.0, {"x": 1.0}), effects=gain, costs=cost)
    result = information(sample, (), (10.0,), np.array([0.0, 10.0, 100.0, 200.0]))
    (said,) = information_text(result, SHOWN, 10.0)
    assert "Old is the best strategy in each of 500 draws" in said
    benefit = 100.0 * gain[:, 1] - 100.0
    perfect = np.maximum(benefit, 0.0).mean() - max(benefit.mean(), 0.0)
    assert f"; it is highest, EUR {perfect:.0f}, at EUR 100 per QALY." in said.replace("\u00a0", " ")


@pytest.mark.parametrize(("sampling", "given"), [(RANDOM, True), (LATIN_HYPERCUBE, True), (SOBOL, False)])
def test_no_value_of_an_input_from_sobol_points(sampling: str, given: bool) -> None:
    result, plain = found(sampling=sampling), found()
    assert bool(result.evppi) is given
    assert (result.withheld == "") is given
    assert [entry.value for entry in result.evpi] == [entry.value for entry in plain.evpi]
    assert any("Sobol points" in sentence for sentence in information_text(result, SHOWN, WTP)) is not given


def test_too_few_draws_are_said() -> None:
    assert found(draws=99).withheld == "There are too few draws for the value of single inputs."
