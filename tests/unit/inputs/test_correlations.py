"""The sheet Correlations: what it makes of the draws, and every problem of it in the words a user sees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support import small_model, small_rows

from hemodel.analyses.psa.blocks import block_draws
from hemodel.errors import InputError
from hemodel.inputs.correlations import dependence_warnings

CYCLE = "subsequent.chemo.administrations_per_cycle"
Cells = dict[str, str | float | int | bool | None]
FREE, PROGRESSED, COST = "utility.progression_free", "utility.progressed", "resource.visit.unit_cost"


def pair(first: str, second: str, value: float) -> Cells:
    return {"value": value, "first": first, "second": second}


def order(first: str, second: str) -> Cells:
    return {"value": "not_below", "first": first, "second": second}


def problems(rows: dict[str, Cells]) -> str:
    with pytest.raises(InputError) as caught:
        small_model(rows=rows, uncertain=True)
    return "\n".join(str(problem) for problem in caught.value.problems)


def test_without_the_sheet_inputs_are_independent() -> None:
    assert small_rows().problems == []
    assert small_model(uncertain=True).inputs.dependence.correlated == ()


def test_inputs_are_drawn_with_their_rank_correlation() -> None:
    model = small_model(rows={"correlation.care": pair(FREE, PROGRESSED, 0.7)}, uncertain=True)
    apart, drawn = block_draws(small_model(uncertain=True), 1, 0, 4000), block_draws(model, 1, 0, 4000)
    assert stats.spearmanr(drawn[FREE], drawn[PROGRESSED]).statistic == pytest.approx(0.7, abs=4 / np.sqrt(3999))
    np.testing.assert_array_equal(drawn[COST], apart[COST])  # others stay as they were
    np.testing.assert_array_equal(np.sort(drawn[FREE]), np.sort(drawn[FREE]))
    assert list(dependence_warnings(model.inputs.dependence, model.inputs.rows)) == []


def test_the_progressed_are_never_better_off_in_any_draw() -> None:
    apart = block_draws(small_model(uncertain=True), 1, 0, 4000)
    assert (apart[PROGRESSED] > apart[FREE]).any()
    drawn = block_draws(small_model(rows={"order.utilities": order(FREE, PROGRESSED)}, uncertain=True), 1, 0, 4000)
    assert (drawn[PROGRESSED] <= drawn[FREE]).all()
    np.testing.assert_array_equal(drawn[FREE], apart[FREE])


def test_a_table_that_cannot_be_is_said_with_what_is_drawn_instead() -> None:
    rows = {
        "correlation.a": pair(FREE, PROGRESSED, 0.9),
        "correlation.b": pair(PROGRESSED, COST, 0.9),
        "correlation.c": pair(FREE, COST, -0.9),
    }
    model = small_model(rows=rows, uncertain=True)
    (said,) = dependence_warnings(model.inputs.dependence, model.inputs.rows)
    assert said.startswith(
        "The table of rank correlations is not positive definite, so no inputs can have them. The nearest table "
        "that is takes its place: correlation.a 0.9 becomes 0."
    )
    assert "correlation.c -0.9 becomes -0." in said


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (
            {"correlation.a": pair(FREE, "utility.progresed", 0.5)},
            "'utility.progresed'. No uncertain input of the workbook has this id. Did you mean utility.progressed?",
        ),
        (
            {"correlation.a": pair(FREE, "curve.os", 0.5)},
            "names 'curve.os'. Curves are drawn with the covariance of their fit; see curves.correlation_pfs_os",
        ),
        ({"correlation.a": pair(FREE, "", 0.5)}, "correlation.a has no second input. Enter the id of an input."),
        (
            {"order.a": order(CYCLE, "drug.oldamab.price_per_vial")},
            "administrations_per_cycle is 2, below drug.oldamab.price_per_vial, which is 400",
        ),
        (
            {"correlation.a": pair(FREE, "subsequent.none.share.active", 0.5)},
            "dirichlet. Shares that add up to 1 are already drawn together. Remove the row.",
        ),
        ({"correlation.a": pair(FREE, FREE, 0.5)}, f"correlation.a names {FREE} twice. It takes two inputs."),
        (
            {"correlation.a": pair(FREE, COST, 0.5), "correlation.b": pair(COST, FREE, 0.2)},
            "correlation.b names the same inputs as correlation.a. Keep one of the two rows.",
        ),
        ({"correlation.a": pair(FREE, COST, 1.5)}, "correlation.a is 1.5. It must lie between -1 and 1"),
        (
            {"order.a": {**order(FREE, PROGRESSED), "value": "above"}},
            "order.a is 'above'. It must be one of: not_below",
        ),
        (
            {"order.a": order(PROGRESSED, FREE)},
            f"{PROGRESSED} is 0.6, below {FREE}, which is 0.75. order.a says that it never is. Correct",
        ),
        (
            {"order.a": order(FREE, PROGRESSED), "correlation.b": pair(COST, PROGRESSED, 0.3)},
            f"{PROGRESSED} follows {FREE} and also has a rank correlation. In every draw it has the percentile of",
        ),
        (
            {"order.a": order(FREE, PROGRESSED), "order.b": order(COST, PROGRESSED)},
            f"{PROGRESSED} is below two inputs (order.a and order.b). Chain them: a not below b, b not below c.",
        ),
        (
            {"order.a": order(COST, PROGRESSED), "order.b": order(PROGRESSED, COST)},
            f"order.b closes a circle: {COST} would be above itself",
        ),
    ],
)
def test_refusals(rows: dict[str, Cells], words: str) -> None:
    assert words in problems(rows)


def test_every_problem_of_the_sheet_at_once() -> None:
    rows = {"correlation.a": pair("nothing", "", 0.5), "order.b": order("unknown.id", FREE)}
    said = problems(rows)
    assert said.count("Correlations!") == 3


def test_where_percentiles_cross_the_lower_is_held_and_a_sentence_says_how_often() -> None:
    """Standard errors of 0.02 and 0.1 around 0.75 and 0.6: they cross in the upper tail."""
    narrow: Cells = {"value": 0.75, "se": 0.02, "distribution": "beta"}
    wide: Cells = {"value": 0.6, "se": 0.1, "distribution": "beta"}
    rows = {FREE: narrow, PROGRESSED: wide, "order.utilities": order(FREE, PROGRESSED)}
    model = small_model(rows=rows, uncertain=True)
    drawn = block_draws(model, 1, 0, 4000)
    held = drawn[FREE] == drawn[PROGRESSED]
    assert (drawn[PROGRESSED] <= drawn[FREE]).all()
    (said,) = dependence_warnings(model.inputs.dependence, model.inputs.rows)
    share = float(said.split(" in ")[1].split("%")[0]) / 100
    assert held.mean() == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / 4000) + 0.0005)  # printed to 0.1%
    assert said.endswith("of the draws, and is held at it there.")


def test_a_chain_keeps_every_order_where_percentiles_cross() -> None:
    """The middle input is narrow and the lowest wide, so that the two cross below the top of the chain."""
    middle, lowest = "adverse_event.rash.disutility", PROGRESSED
    rows: dict[str, Cells] = {
        FREE: {"value": 0.9, "se": 0.02, "distribution": "beta"},
        middle: {"value": 0.65, "se": 0.01, "distribution": "beta"},
        lowest: {"value": 0.6, "se": 0.08, "distribution": "beta"},
        "order.below": order(middle, lowest),
        "order.above": order(FREE, middle),
    }
    drawn = block_draws(small_model(rows=rows, uncertain=True), 1, 0, 4000)
    assert (drawn[lowest] == drawn[middle]).mean() > 0.1
    assert (drawn[lowest] <= drawn[middle]).all()
    assert (drawn[middle] < drawn[FREE]).all()


def test_an_input_that_does_not_vary_has_no_correlation_and_a_sentence_says_so() -> None:
    """So that the spread of any input can be set to 0."""
    rows = {
        "correlation.a": pair(FREE, "drug.oldamab.price_per_vial", 0.5),
        "order.b": order("drug.oldamab.price_per_vial", CYCLE),
    }
    inputs = small_model(rows=rows, uncertain=True).inputs
    assert inputs.dependence.correlated == ()
    assert inputs.dependence.follows == {}
    assert list(dependence_warnings(inputs.dependence, inputs.rows)) == [
        "correlation.a has no effect; without uncertainty: drug.oldamab.price_per_vial.",
        f"order.b has no effect; without uncertainty: drug.oldamab.price_per_vial, {CYCLE}.",
    ]
