"""Numbers in the pages on the examples and on teaching."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

ROOT = Path(__file__).parents[2]
NEW, CONTROL, DRUG = "lurbinectedin_atezolizumab", "atezolizumab", "lurbinectedin"
EXAMPLES = {"imforte_us": "United States (USD)", "imforte_england": "England (GBP)", "imforte_china": "China (CNY)"}


def text(name: str) -> str:
    """A page with its line breaks taken out, so that a sentence can be looked for."""
    return " ".join((ROOT / "docs" / name).read_text(encoding="utf-8").split())


@cache
def ran(name: str, *scenarios: str) -> Run:
    return run(ROOT / "inputs" / f"{name}.xlsx", Options(parts=("base",), scenarios=scenarios))


@cache
def found(name: str, *scenarios: str) -> Results:
    return results(ran(name, *scenarios))


def row(name: str) -> float:
    """The value of a row of the workbook for England."""
    return float(ran("imforte_england").model.inputs.rows[name].value)  # type: ignore[arg-type]


def if_free(name: str) -> float:
    """The ICER without what is paid for lurbinectedin."""
    gain = found(name).incremental[0]
    return (gain.costs - found(name).base_case[NEW].drug_costs.discounted[DRUG]) / gain.qalys


@pytest.mark.parametrize("name", EXAMPLES)
def test_table_of_results(name: str) -> None:
    base, gain = found(name).base_case, found(name).incremental[0]
    costs = [f"{base[s].costs.discounted['total']:,.0f}" for s in (CONTROL, NEW)]
    qalys = [f"{base[s].qalys.discounted['total']:.3f}" for s in (CONTROL, NEW)]
    cells = [EXAMPLES[name], *costs, *qalys, f"{gain.icer:,.0f}", f"{if_free(name):,.0f}"]

    assert f"| {' | '.join(cells)} |" in text("examples.md")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("imforte_us", "200,000 USD"), ("imforte_england", "35,000 GBP"), ("imforte_china", "268,074 CNY")],
)
def test_free_is_not_enough(name: str, shown: str) -> None:
    rows = ran(name).model.inputs.rows
    highest = max(float(r.value) for id_, r in rows.items() if id_.startswith("settings.threshold."))  # type: ignore[arg-type]

    assert if_free(name) > highest
    assert shown.startswith(f"{highest:,.0f}")
    assert shown in text("examples.md")


def test_prices_by_the_relation_of_another_drug() -> None:
    """The US prices are those of the workbook for the United States."""
    us, england, china = (ran(name).model.inputs.rows for name in EXAMPLES)
    price = f"drug.{DRUG}.price_per_vial"
    other = f"drug.{CONTROL}.price_per_vial"
    made = [float(us[price].value) * float(rows[other].value) / float(us[other].value) for rows in (england, china)]  # type: ignore[arg-type]

    assert england[price].value == pytest.approx(made[0], abs=0.005)
    assert china[price].value == pytest.approx(made[1], abs=0.005)
    assert f"= {england[price].value:,.2f} GBP per vial" in text("examples.md")
    assert f"it is {china[price].value:,.2f} CNY per vial" in text("examples.md")


def test_england() -> None:
    page = text("examples.md")
    base, inflated = (
        found("imforte_england", *s).incremental[0].icer or 0.0 for s in ((), ("ae_febrile_neutropenia_inflated",))
    )
    doses = found("imforte_england").base_case[CONTROL].administrations.undiscounted["total"]

    assert 0.0 < inflated / base - 1.0 < 0.001
    assert f"{32798.39 / row('drug.atezolizumab.price_per_vial'):.1f} doses with induction, so 4.6" in page
    assert f"The control arm here has {doses:.1f}." in page


def test_tarlatamab_costs_the_same_in_both_strategies() -> None:
    base, with_it = (found("imforte_us", *s).base_case for s in ((), ("tarlatamab_second_line",)))
    more = [with_it[s].costs.discounted["total"] - base[s].costs.discounted["total"] for s in (CONTROL, NEW)]

    assert "Both strategies cost about 81,000 USD more" in text("examples.md")
    assert more == pytest.approx([81000.0, 81000.0], abs=1000.0)


def test_patients_of_the_budget_impact() -> None:
    steps = ("small_cell", "extensive", "systemic_treatment", "immunotherapy", "maintained")
    patients = row("budget.patients")
    for step in steps:
        patients *= row(f"budget.step.{step}")

    assert f"73.18% still without progression: {patients:.0f} patients a year" in text("examples.md")


def test_china_beside_the_published_analysis() -> None:
    gain, shared = (found("imforte_china", *s).incremental[0] for s in ((), ("vial_sharing",)))
    rate = float(ran("imforte_china").model.inputs.rows["settings.exchange_rate.usd"].value)  # type: ignore[arg-type]
    page = text("examples.md")

    assert gain.icer is not None
    assert shared.icer is not None
    assert f"Here it is {gain.qalys:.3f} QALYs and {gain.icer / rate:,.0f} USD" in page
    assert f"as that analysis seems to have it, {shared.icer / rate:,.0f} USD." in page


def test_teaching() -> None:
    """The published numbers themselves are in tests/reference; here, that the page has what the run gives."""
    base, page = found("teaching_three_strategies"), text("teaching.md")
    places = {"no_radiotherapy": 3}
    for entry in base.frontier:
        case = base.base_case[entry.strategy]
        costs, qalys = case.costs.discounted["total"], case.qalys.discounted["total"]
        icer = "" if entry.icer is None else f" {entry.icer:,.1f}"
        shown = f"{base.strategy_names[entry.strategy]} | {costs:,.{places.get(entry.strategy, 2)}f} | {qalys:.6f}"
        assert f"{shown} | {entry.status} |{icer} |" in page
    first = base.base_case["no_radiotherapy"].life_years.discounted
    assert f"r = 0.01: {first['total']:.3f} years" in page
    assert f"{first['progression_free']:.4f} years; the other {first['progressed']:.4f} years" in page
    for scenario in ("test_price_4588", "test_free"):
        gain = found("teaching_three_strategies", scenario).incremental[0]
        assert gain.intervention == "test_all"
        assert f"{gain.icer:,.0f} USD per QALY" in page
