"""What a reference case changes in a workbook, and what it leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support import small_model, small_rows, workbook

from hemodel.inputs.changes import Change, apply_changes
from hemodel.inputs.scenarios import clashing
from hemodel.payers.applying import reference_case
from hemodel.payers.reading import shipped

if TYPE_CHECKING:
    from hemodel.inputs.cells import RawWorkbook, Scalar


def rows(**changed: Scalar) -> RawWorkbook:
    """The small model (EUR, 4% and 2%, threshold 50,000) with other settings."""
    own = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    new = {id_.replace("__", "."): {"value": value} for id_, value in changed.items()}
    return workbook(own | new)


def applied(code: str, raw: RawWorkbook, *later: Change) -> dict[str, Scalar]:
    return {change.id: change.value for change in reference_case(shipped()[code].profile, raw, later).changes}


def test_rates_and_steps() -> None:
    norway = applied("NO", rows(settings__discount_rate_costs_from_year_30=0.01))

    assert {id_: value for id_, value in norway.items() if "costs" in id_} == {
        "settings.discount_rate_costs_from_year_30": None,
        "settings.discount_rate_costs_from_year_40": 0.03,
        "settings.discount_rate_costs_from_year_75": 0.02,
    }
    assert norway["settings.discount_rate_effects"] == 0.04
    assert "settings.discount_rate_costs" not in norway


def test_what_is_the_same_already_is_not_changed() -> None:
    assert applied("IE", rows(settings__discount_rate_effects=0.04, settings__threshold__45000=45000)) == {
        "settings.threshold.50000": None,
        "settings.threshold.20000": 20000,
        "settings.decision_threshold": 45000,
    }


def test_a_payer_without_thresholds_leaves_the_workbooks() -> None:
    assert not [id_ for id_ in applied("DE", rows()) if "threshold" in id_]


def test_another_currency_needs_an_exchange_rate() -> None:
    without = reference_case(shipped()["GB-ENG"].profile, rows())
    by_user = Change("settings.exchange_rate.gbp", 1.2, "--set")
    england = reference_case(shipped()["GB-ENG"].profile, rows(), [by_user])
    in_workbook = applied("GB-ENG", rows(settings__exchange_rate__gbp=1.2))

    assert without.rate is None
    assert not [change for change in without.changes if "threshold" in change.id]
    assert {change.id: change.value for change in england.changes if "threshold" in change.id} == {
        "settings.threshold.50000": None,
        "settings.threshold.25000_gbp": 30000.0,
        "settings.threshold.35000_gbp": 42000.0,
        "settings.decision_threshold": 30000.0,
    }
    assert {id_: in_workbook[id_] for id_ in in_workbook} == {change.id: change.value for change in england.changes}


def test_the_trigger_is_for_workbooks_with_a_budget_impact() -> None:
    pounds = {"settings__currency": "GBP"}
    budget = applied("GB-ENG", rows(**pounds, budget__years=5))

    assert not [id_ for id_ in applied("GB-ENG", rows(**pounds)) if id_.startswith("budget.")]
    assert (budget["budget.trigger"], budget["budget.trigger_years"]) == (20_000_000, 3)


def test_a_change_of_the_payer_is_a_source_and_may_be_made_again() -> None:
    raw = rows()
    made = reference_case(shipped()["FR"].profile, raw).changes
    later = Change("settings.discount_rate_costs", 0.03, "--set", expected=0.04)
    changed, _ = apply_changes(raw, [*made, later])
    cells = next(row.cells for row in changed.rows if row.id == "settings.discount_rate_effects")

    assert not changed.problems
    assert clashing([*made, later]) == []
    assert clashing([later, later]) == ["settings.discount_rate_costs"]
    assert cells["source"].value == "payer FR (not checked against the primary text)"


@pytest.mark.parametrize(
    ("code", "said"), [("SE", "payer SE"), ("NO", "payer NO (not checked against the primary text)")]
)
def test_the_origin_says_what_was_not_checked(code: str, said: str) -> None:
    assert reference_case(shipped()[code].profile, rows()).changes[0].origin == said


def test_the_model_runs_with_what_was_applied() -> None:
    settings = small_model({"settings.currency": "CAD"}).inputs.settings
    changes = reference_case(shipped()["CA"].profile, rows(settings__currency="CAD")).changes
    changed, _ = apply_changes(rows(settings__currency="CAD"), changes)
    values = {row.id: row.cells["value"].value for row in changed.rows if row.id.startswith("settings.threshold")}

    assert settings.thresholds == (50000,)
    assert values == {"settings.threshold.50000": 50000}
