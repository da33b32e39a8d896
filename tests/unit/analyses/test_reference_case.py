"""The reference-case table: every profile applied and echoed in full, and each status where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.analyses.shared import Shared
from hemodel.errors import InputError
from hemodel.inputs.changes import Change
from hemodel.payers.reading import shipped
from hemodel.payers.words import words
from hemodel.views.registry import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.reference_case import ReferenceCaseEntry

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_england.xlsx"
RATES = {"nok": 0.075, "eur": 0.85, "usd": 0.75, "cad": 0.55, "jpy": 0.005}
"""Made-up exchange rates, so that the thresholds of every profile are used."""
CODES = sorted(shipped())


@pytest.fixture(scope="module")
def shared() -> Shared:
    return Shared()


def payer(
    shared: Shared, code: str, changes: Mapping[str, float | str | None], parts: tuple[str, ...] = ("base",)
) -> Run:
    made = tuple(Change(id_, value, "--set") for id_, value in changes.items())
    return run(WORKBOOK, Options(changes=made, parts=parts, families=False, payer=code), None, shared)


def of(made: Run) -> PayerResult:
    assert made.payer is not None
    return made.payer


def row(made: Run, label: str) -> ReferenceCaseEntry:
    return next(entry for entry in of(made).reference_case if entry.label == label)


@pytest.mark.parametrize("code", CODES)
def test_every_profile_is_applied_and_echoed_in_full(code: str, shared: Shared) -> None:
    profile = shipped()[code].profile
    made = payer(shared, code, {f"settings.exchange_rate.{c}": rate for c, rate in RATES.items() if c != "gbp"})
    by_field = {entry.field: entry for entry in of(made).reference_case}
    settings = made.model.inputs.settings

    assert list(by_field) == list(dict(profile.items()))
    for name, item in profile.items():
        entry = by_field[name]
        assert (entry.source, entry.date, entry.checked) == (item.source, str(item.date), item.checked)
        assert entry.asked
        assert entry.status in {"met", "departs", "missing", "to judge"}
        several = {"discount_scenarios", "required_scenarios", "reports"}
        assert name in several or entry.asked == words(item.value, profile.currency.value, name)
    for stream, rates in (("costs", settings.cost_rates), ("effects", settings.effect_rates)):
        steps = getattr(profile, f"discount_steps_{stream}")
        later = () if steps is None else tuple((float(s.year), s.rate) for s in steps.value)
        assert rates == ((0.0, getattr(profile, f"discount_rate_{stream}").value), *later)
        assert by_field[f"discount_rate_{stream}"].status == "met"
    if profile.thresholds is not None:
        scale = of(made).exchange_rate
        assert scale is not None
        assert settings.thresholds == tuple(scale * value for value in profile.thresholds.value.values)
        assert settings.decision_threshold == scale * profile.thresholds.value.decision
        assert by_field["thresholds"].status == "met"


@pytest.fixture(scope="module")
def england(shared: Shared) -> Run:
    return payer(shared, "GB-ENG", {})


def test_england(england: Run) -> None:
    assert row(england, "Currency").status == "met"
    assert row(england, "Discount rate, costs").how == "as in the workbook"
    assert row(england, "Thresholds").how == "applied; was 35,000"
    assert row(england, "Modifier").found.startswith("Weight 1.2: absolute shortfall 9.36 ")
    assert row(england, "Probabilistic analysis").status == "missing"
    assert row(england, "Value of information").found == "not run"
    assert row(england, "Time horizon").status == "departs"
    assert row(england, "Time horizon").found == "20 years; alive at the end: 2.24% at most"
    assert row(england, "Results to be shown: net health benefit").status == "met"
    assert row(england, "Perspective").status == "to judge"
    assert not row(england, "Half-cycle correction").checked


def test_a_scenario_that_was_not_run_is_missing_and_named(england: Run) -> None:
    found = row(england, "Scenarios: no benefit after treatment")

    assert (found.status, found.found) == ("missing", "scenario no_benefit_after_treatment")
    assert found.how == "the scenarios were not run"


def test_a_scenario_that_there_is_not_says_what_to_add(shared: Shared) -> None:
    found = row(payer(shared, "SE", {}), "Rates in scenarios: 3% for costs, 0% for effects")

    assert (found.status, found.found) == ("missing", "no such scenario")
    assert found.how == (
        "add a scenario that sets settings.discount_rate_costs to 0.03 and sets settings.discount_rate_effects to 0"
    )


def test_value_sets_of_the_utilities(england: Run, shared: Shared) -> None:
    names = ("utility.progression_free.value_set", "utility.progressed.value_set")
    mapped = payer(shared, "GB-ENG", dict.fromkeys(names, "eq5d_3l"))
    unknown = payer(shared, "NO", dict.fromkeys((*names, "utility.norms.value_set"), "unknown"))
    label = "Value sets of utilities"

    assert row(england, label).asked == "EQ-5D-3L or EQ-5D-5L, UK 2026"
    assert row(england, label).found == "EQ-5D-5L; EQ-5D-3L"
    assert row(england, label).status == "departs"
    assert row(england, label).how == "utility.progression_free: EQ-5D-5L; utility.progressed: EQ-5D-5L"
    assert (row(mapped, label).status, row(mapped, label).found) == ("met", "EQ-5D-3L")
    assert (row(unknown, label).status, row(unknown, label).found) == ("to judge", "not said")


def test_what_the_user_changes_departs(shared: Shared) -> None:
    made = payer(
        shared,
        "GB-ENG",
        {
            "settings.discount_rate_effects": 0.015,
            "settings.discount_rate_costs_from_year_30": 0.02,
            "settings.threshold.35000": 50000,
            "settings.half_cycle_correction": "start",
            "settings.time_horizon": 2,
            "budget.trigger": 40000000,
        },
    )

    assert (row(made, "Discount rate, effects").status, row(made, "Discount rate, effects").how) == (
        "departs",
        "changed by --set; was 3.5%",
    )
    assert row(made, "Discount rate, costs").status == "departs"
    assert row(made, "Discount rate, costs").found == "3.5%, 2% from year 30"
    assert row(made, "Thresholds").status == "departs"
    assert row(made, "Half-cycle correction").status == "departs"
    assert row(made, "Budget impact, trigger").status == "departs"
    assert row(made, "Time horizon").status == "departs"
    assert "lengthen settings.time_horizon" in row(made, "Time horizon").how


def test_another_currency_is_said_and_never_silent(shared: Shared) -> None:
    without = payer(shared, "NO", {})
    with_rate = payer(shared, "NO", {"settings.exchange_rate.nok": 0.075})

    assert without.model.inputs.settings.thresholds == (25000, 35000)
    assert row(without, "Thresholds").status == "missing"
    assert row(without, "Thresholds").how == (
        "as in the workbook; add the row settings.exchange_rate.nok, GBP for one NOK"
    )
    assert row(without, "Modifier").status == "missing"
    assert (
        "Payer NO: its thresholds are in NOK and were not used; the workbook's stand."
        " Add the row settings.exchange_rate.nok, GBP for one NOK."
    ) in without.warnings
    assert row(with_rate, "Currency").how == "amounts of the payer are converted: 1 NOK = 0.075 GBP"
    assert row(with_rate, "Modifier").found.startswith("Threshold 45,375 GBP per QALY")


def test_evlyg_needs_the_utility_of_a_life_year(shared: Shared) -> None:
    without = payer(shared, "US-ICER", {"utility.life_year_gained": None})
    with_it = payer(shared, "US-ICER", {"utility.life_year_gained": 0.851})

    assert of(without).evlyg is None
    assert (row(without, "Outcomes").status, row(without, "Outcomes").how) == (
        "missing",
        "add the row utility.life_year_gained to the sheet Utilities",
    )
    found = of(with_it).evlyg
    assert found is not None
    assert found[0].cost_per_evly == pytest.approx(found[0].costs / found[0].evlys)
    assert row(with_it, "Outcomes").status == "met"


def test_fields_that_were_not_checked_are_named(england: Run) -> None:
    assert england.warnings[-1] == (
        "Payer GB-ENG: these fields of the profile are not checked against the primary text: value sets of"
        " utilities; half-cycle correction; value of information; budget impact, years; budget impact, discounting."
    )


def test_a_missing_input_of_the_modifier_is_an_error_that_lists_every_row(shared: Shared) -> None:
    missing = {
        "utility.norms": None,
        "background.life_table": None,
        "background.mean_age": None,
        "background.sd_age": None,
        "background.youngest_age": None,
        "background.share_male": None,
    }
    with pytest.raises(InputError) as caught:
        payer(shared, "GB-ENG", {**missing, "background.method": "none", "utility.over_time": "constant"})
    said = str(caught.value)

    assert len(said.splitlines()) == 6
    for id_ in missing:
        assert f"{id_} is empty, and quality-adjusted life expectancy needs it" in said


def test_a_payer_of_no_number_needs_no_norms(shared: Shared) -> None:
    assert of(payer(shared, "FR", {"utility.norms": None, "utility.over_time": "constant"})).severity is None


def test_results_that_payers_ask_for_are_where_the_table_says(shared: Shared) -> None:
    germany, australia = payer(shared, "DE", {}), payer(shared, "AU", {})

    assert row(germany, "Results to be shown: efficiency frontier").status == "met"
    assert "efficiency_frontier" in figures(results(germany), germany)
    assert row(australia, "Results to be shown: stepped results").found == "in the dossier of hemodel report"
    assert "efficiency_frontier" not in figures(results(australia), australia)
