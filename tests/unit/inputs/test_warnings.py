"""Each warning on a smallest case and on its neighbour, which is in order.

The small model of `support` is in order except for values without a range; what is compared are the warnings that an
edit adds. Intervals and standard errors are worked out beside the cases.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support import FILE, small_rows, workbook

from hemodel.inputs.model_inputs import check_rows, read_workbook
from hemodel.inputs.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.errors import Problem
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.model_inputs import Reading

    Edits = Mapping[str, Mapping[str, Scalar]]

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
OS, PFS = "survival.os.standard", "survival.pfs.standard"
RATIO = "survival.os.active.hazard_ratio"
RASH = "adverse_event.rash"


def reading(edits: Edits) -> Reading:
    cells = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    merged = cells | {id_: cells.get(id_, {}) | dict(own) for id_, own in edits.items()}
    return check_rows(Path(FILE), workbook(merged))


def added(edits: Edits, previous: Mapping[str, float] | None = None) -> list[Problem]:
    """The warnings that are not about the small model as it is."""
    known = {(warning.where, warning.what) for warning in warnings(reading({}), {})}
    return [w for w in warnings(reading(edits), previous or {}) if (w.where, w.what) not in known]


def ratio(value: float, low: float, high: float) -> Edits:
    return {RATIO: {"value": value, "low": low, "high": high, "distribution": "fit", "versus": "standard"}}


def other_events(*incidences: float) -> dict[str, dict[str, Scalar]]:
    return {
        f"adverse_event.e{i}.incidence.active": {"value": x, "n": 150, "distribution": "beta_counts"}
        for i, x in enumerate(incidences)
    }


def incidence(value: float, *others: float) -> Edits:
    own: dict[str, Scalar] = {"value": value, "n": 150, "distribution": "beta_counts"}
    zero: dict[str, Scalar] = {**own, "value": 0}
    return {f"{RASH}.incidence.active": own, f"{RASH}.incidence.standard": zero, **other_events(*others)}


def vials(size: float, price: float) -> Edits:
    name = "drug.oldamab"
    return {f"{name}.vial_size_large": {"value": size}, f"{name}.price_per_vial_large": {"value": price, "note": "n"}}


def sets(free: str, progressed: str) -> dict[str, dict[str, Scalar]]:
    names = {"progression_free": free, "progressed": progressed}
    return {f"utility.{state}.value_set": {"value": name} for state, name in names.items()}


def age(years: float, mean_age: float) -> Edits:
    return {"settings.time_horizon": {"value": years}, "background.mean_age": {"value": mean_age}}


def cells(id_: str, **own: Any) -> Edits:
    return {id_: own}


CASES: dict[str, tuple[Edits, str, str, Edits]] = {
    # case: (edit, cell, words, neighbour). Cells of the small model are named by column.
    "no range": (
        cells("end_of_life.cost", low=None, high=None, distribution=None),
        "se",
        "end_of_life.cost has no SE and no interval",
        cells("end_of_life.cost", low=None, high=None, distribution="fixed", range_basis="a tariff, known exactly"),
    ),
    "no range, of nothing": (
        cells("resource.visit.progressed", value=1, low=None, high=None, distribution=None),
        "se",
        "no SE and no interval",
        cells("resource.visit.progressed", value=0, low=None, high=None, distribution=None),
    ),
    "coefficient without SE": (
        cells("coefficient.os.standard.shape", value=1.2),
        "se",
        "no SE and no interval",
        cells("coefficient.os.standard.shape", value=1.2, se=0.1, distribution="fit"),
    ),
    "fixed in the fit": (
        cells(f"{OS}.median", distribution="fixed"),
        "distribution",
        "is fixed and used in the fit",
        cells(f"{OS}.median", distribution="fixed", note="the whole population was followed"),
    ),
    # A ratio lies in the middle of its interval on the log scale: 0.7 of 0.5 to 0.98 at ln 1.4 / ln 1.96 = 0.5,
    # 0.9 at ln 1.8 / ln 1.96 = 0.87.
    "one-sided ratio": (ratio(0.9, 0.5, 0.98), "high", "at the upper end of 0.5 to 0.98", ratio(0.7, 0.5, 0.98)),
    # 950 of 900 to 2100 is 4% of the way up (6% on the log scale); 1200 is 25% (34%).
    "one-sided cost": (
        cells("end_of_life.cost", value=950, low=900, high=2100),
        "low",
        "at the lower end of 900 to 2100",
        cells("end_of_life.cost", value=1200, low=900, high=2100),
    ),
    "one-sided, uniform": (
        cells("end_of_life.cost", value=950, low=900, high=2100, distribution="lognormal"),
        "low",
        "lognormal lies around the value",
        cells("end_of_life.cost", value=950, low=900, high=2100, distribution="uniform"),
    ),
    # 8000 to 12000 is an SE of 4000 / 3.92 = 1020.
    "SE beside another interval": (
        cells("end_of_life.cost", low=8000, high=12000, se=2000),
        "se",
        "the SE is 2000, but 8000 to 12000 is an SE of 1.02e+03",
        cells("end_of_life.cost", low=8000, high=12000, se=1020),
    ),
    # 99.9% point: 1.8 + 3.09 x 0.5 = 3.35, above the 3 m2 allowed; with 0.1 it is 2.11.
    "normal beyond the bounds": (
        cells("patients.bsa_mean", se=0.5),
        "distribution",
        "the distribution normal reaches",
        cells("patients.bsa_mean", se=0.1),
    ),
    # Mean 0.95, SE 0.1: weight 0.0475 / 0.01 - 1 = 3.75, beta(3.56, 0.19). SE 0.03: 51.8, beta(49.2, 2.6).
    "utility near 1": (
        cells("utility.progression_free", value=0.95, low=None, high=None, se=0.1),
        "distribution",
        "has its peak at 1",
        cells("utility.progression_free", value=0.95, low=None, high=None, se=0.03),
    ),
    "beta below 0": (
        cells("utility.progressed", value=0.1, low=-0.1, high=0.3),
        "distribution",
        "a beta distribution cannot reach -0.1",
        cells("utility.progressed", value=0.1, low=0.02, high=0.18),
    ),
    "discount rate of 0.35": (
        cells("settings.discount_rate_costs", value=0.35),
        "value",
        "which is 35% a year",
        cells("settings.discount_rate_costs", value=0.035),
    ),
    "discount rate of 0.00035": (
        cells("settings.discount_rate_costs", value=0.00035),
        "value",
        "Is 3.5% meant? Enter 0.035.",
        cells("settings.discount_rate_costs", value=0),
    ),
    "incidence of 0.8%": (incidence(0.8, 0.008, 0.004), "value", "enter 0.008", incidence(0.8, 0.5, 0.004)),
    "exchanged utilities": (
        cells("utility.progressed", value=0.8, low=0.7, high=0.9),
        "value",
        "above utility.progression_free, 0.75",
        cells("utility.progressed", value=0.75, low=0.7, high=0.8),
    ),
    "exchanged utilities of a strategy": (
        cells("utility.progression_free.active", value=0.5, note="of that strategy"),
        "value",
        "utility.progressed is 0.6, above utility.progression_free.active",
        cells("utility.progression_free.active", value=0.6, note="of that strategy"),
    ),
    "a utility for a disutility": (
        cells(f"{RASH}.disutility", value=0.7, low=0.6, high=0.8),
        "value",
        "the utility with the event instead of the loss",
        cells(f"{RASH}.disutility", value=0.3, low=0.2, high=0.4),
    ),
    "value sets of two states": (
        sets("eq5d_3l", "eq5d_5l"),
        "value",
        "utility.progressed is valued with EQ-5D-5L, utility.progression_free with EQ-5D-3L",
        sets("eq5d_3l", "eq5d_3l"),
    ),
    "value sets, one known": (sets("eq5d_3l", "other"), "value", "with not EQ-5D", sets("eq5d_3l", "unknown")),
    "value sets of a disutility": (
        {**sets("eq5d_5l", "unknown"), f"{RASH}.disutility.value_set": {"value": "eq5d_5l_uk_2026"}},
        "value",
        f"{RASH}.disutility is valued with EQ-5D-5L, UK 2026, utility.progression_free with EQ-5D-5L",
        {**sets("eq5d_5l", "unknown"), f"{RASH}.disutility.value_set": {"value": "eq5d_5l"}},
    ),
    # 100 mg for 400 is 4 a mg; 500 mg for 400 is 0.8, one fifth; 500 mg for 1900 is 3.8.
    "prices per mg": (vials(500, 400), "value", "5 times the 0.8 of", vials(500, 1900)),
    "PFS above OS": (
        cells(f"{PFS}.median", value=13, low=10, high=16),
        "value",
        "the median of PFS cannot be above that of OS",
        cells(f"{PFS}.median", value=11, low=9, high=13),
    ),
    # The median follow-up of the small model is 20 months; 365 x 7 / 30.4375 = 83.9, 365 / 30.4375 = 12.0.
    "median in days": (
        cells(f"{OS}.median", value=365, low=300, high=440),
        "value",
        "365 weeks are 83.9 months, 365 days 12",
        cells(f"{OS}.median", value=30, low=25, high=36),
    ),
    "follow-up in days": (
        cells("trial.median_follow_up", value=609),
        "value",
        "it looks like weeks or days",
        cells("trial.median_follow_up", value=30),
    ),
    "landmark in weeks": (
        cells(f"{OS}.survival_later", time=104),
        "time",
        "104 weeks are 23.9 months",
        cells(f"{OS}.survival_later", time=48),
    ),
    "landmark late for its median": (
        {**cells("trial.median_follow_up", value=None), **cells(f"{OS}.survival_later", time=104)},
        "time",
        "and the median is 12",
        {**cells("trial.median_follow_up", value=None), **cells(f"{OS}.survival_later", time=60)},
    ),
    "landmark beside its name": (
        cells(f"{OS}.survival_3y", value=0.1, n=150, time=156, use_in_fit="no"),
        "time",
        "its name says 36",
        cells(f"{OS}.survival_3y", value=0.1, n=150, time=36, use_in_fit="no"),
    ),
    "interval in weeks": (
        cells("regimen.active.newtinib.interval", value=3),
        "value",
        "If every 3 weeks is meant, enter 21.",
        cells("regimen.active.newtinib.interval", value=1),
    ),
    "horizon in months": (age(60, 66), "value", "If 60 months is meant, enter 5.", age(50, 66)),
    "no words": (
        cells("end_of_life.cost", source="assumption: expert"),
        "source",
        "gives no reason",
        cells("end_of_life.cost", source="assumption: three experts agreed"),
    ),
    "nothing after assumption": (
        cells("end_of_life.cost", source="assumption:"),
        "source",
        "gives no reason",
        cells("end_of_life.cost", source="Smith 2020"),
    ),
    "no basis": (
        cells("end_of_life.cost", range_basis="Assumption: "),
        "range_basis",
        "and no more",
        cells("end_of_life.cost", range_basis="assumption: +-20%"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_mistake_is_warned_of_and_its_neighbour_is_not(case: str) -> None:
    edit, column, words, neighbour = CASES[case]

    assert not reading(edit).rows.keys() ^ reading(neighbour).rows.keys()
    found = added(edit)
    assert len(found) == 1, found
    assert (found[0].where.cell or "").startswith(column)
    assert words in str(found[0])
    assert found[0].why
    assert found[0].todo
    assert added(neighbour) == []


@pytest.mark.parametrize(
    "text", ["TBC", "?", "xx", "n/a", "to be confirmed", "Smith 2020 (TBC)", "assumption: tbd", "-", "Unknown"]
)
def test_a_source_still_to_be_found(text: str) -> None:
    (found,) = added(cells("end_of_life.cost", source=text))
    assert "still to be found" in found.why


@pytest.mark.parametrize("text", ["TBCC registry 2020", "Xx et al. 2021", "Unknown primary register", "SEER"])
def test_a_source_that_only_looks_like_none(text: str) -> None:
    assert added(cells("end_of_life.cost", source=text)) == []


@pytest.mark.parametrize(("bound", "count"), [(None, 1), ("at_least", 0)])
def test_a_median_not_reached_may_be_below_another(bound: str | None, count: int) -> None:
    edit: Edits = {f"{PFS}.median": {"value": 13, "low": 10, "high": 16}, f"{OS}.median": {"bound": bound}}
    assert len(added(edit)) == count


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (100000, "is 10,000, 1/10 of the 100,000 of the last run"),
        (1000, "is 10,000, 10 times the 1,000 of the last run"),
        (1001, None),
        (99999, None),
        (0, None),
    ],
)
def test_a_price_beside_the_last_run(before: float, words: str | None) -> None:
    found = added({}, {"end_of_life.cost": before, "utility.progressed": 0.01, "absent.id": 3.0})

    assert [words in str(warning) for warning in found if words] == ([True] if words else [])
    assert len(found) == (1 if words else 0)


def test_warnings_come_in_the_order_of_the_rows() -> None:
    edits: dict[str, dict[str, Scalar]] = {
        "end_of_life.cost": {"source": "?", "se": 1.0},
        "settings.discount_rate_costs": {"value": 0.35},
        f"{PFS}.median": {"value": 13, "low": 10, "high": 16, "source": "TBC"},
    }
    found = [(w.where.sheet, w.where.cell) for w in added(edits)]

    assert [sheet for sheet, _ in found] == ["Settings", "Survival", "Survival", "End of life", "End of life"]


def test_rows_with_problems_do_not_hide_warnings_about_others() -> None:
    edits: dict[str, dict[str, Scalar]] = {
        "utility.progressed": {"value": 1.4},
        "settings.discount_rate_costs": {"value": 0.35},
        "regimen.active.newtinib.administration": {"value": None},
    }
    assert reading(edits).problems
    assert [w.where.sheet for w in added(edits)] == ["Settings"]


def test_the_shipped_workbook_has_two_one_sided_costs() -> None:
    """353.96 of 119.28 to 353.96 and 77.16 of 58.84 to 77.16: hospital rates, the range down to those of an office."""
    found = warnings(read_workbook(WORKBOOK), {})
    assert [str(w.where) for w in found] == [
        "imforte_us.xlsx, Administration!F5",
        "imforte_us.xlsx, Administration!F6",
    ]


def test_value_sets_are_compared_among_the_utilities_in_use() -> None:
    own: Edits = {
        **{f"utility.progression_free.{strategy}": {"value": 0.7, "note": "n"} for strategy in ("standard", "active")},
        **{
            f"utility.progression_free.{strategy}.value_set": {"value": "eq5d_5l"}
            for strategy in ("standard", "active")
        },
    }
    bands: Edits = {
        "utility.time_to_death.near": {"value": 0.4, "note": "n"},
        "utility.time_to_death_within.near": {"value": 100},
        "utility.time_to_death.far": {"value": 0.6, "note": "n"},
        "utility.time_to_death.near.value_set": {"value": "eq5d_3l"},
        "utility.time_to_death.far.value_set": {"value": "eq5d_5l"},
    }

    def about(edits: Edits) -> list[str]:
        return [warning.what for warning in added(edits) if "valued with" in warning.what]

    assert about({**sets("eq5d_3l", "eq5d_5l"), **own}) == []
    assert len(about({**sets("eq5d_3l", "eq5d_3l"), **own})) == 1
    assert about(bands) == []
    assert about({**sets("eq5d_3l", "eq5d_5l"), **bands, "settings.utilities_by": {"value": "time_to_death"}}) == [
        "utility.time_to_death.far is valued with EQ-5D-5L, utility.time_to_death.near with EQ-5D-3L"
    ]


@pytest.mark.parametrize("name", ["New drug", "new drug", " New  Drug "])
@pytest.mark.parametrize(("one", "other"), [("strategy.standard", "strategy.active"), ("drug.a", "drug.b")])
def test_two_of_one_name(one: str, other: str, name: str) -> None:
    edits: Edits = {f"{one}.name": {"value": "New drug"}, f"{other}.name": {"value": name}}
    (found,) = [w for w in added(edits) if w.name == "same_name"]
    assert "Tables, charts and sentences can only tell the two apart by their ids" in found.why
    assert {f"{one}.name", f"{other}.name"} <= set(found.what.replace(",", "").split())


def test_a_strategy_and_its_drug_may_have_one_name_and_different_names_are_in_order() -> None:
    own: Edits = {"strategy.active.name": {"value": "New"}, "drug.a.name": {"value": "New"}}
    other: Edits = {"strategy.active.name": {"value": "New drug 2"}, "strategy.standard.name": {"value": "New drug"}}
    assert [w for w in [*added(own), *added(other)] if w.name == "same_name"] == []
