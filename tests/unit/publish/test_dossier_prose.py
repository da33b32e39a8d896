"""What a dossier says in sentences, against numbers of the run that are looked up here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from page_support import MANIFEST
from support import small_model, small_run

from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.analyses.results import results
from hemodel.analyses.scenarios import ScenarioEntry
from hemodel.publish.document.argument import lies_beyond
from hemodel.publish.document.texts import texts
from hemodel.publish.document.writing import context

if TYPE_CHECKING:
    from hemodel.publish.document.context import Context


@pytest.fixture(scope="module")
def made() -> Context:
    run = small_run(small_model(uncertain=True), 20)
    return context(results(run), run, evidence_pack(run.model, seed=1), MANIFEST)


def said(made: Context, name: str) -> str:
    lines = texts()[name](made)
    told = [*lines.lines, *(f"{one}|{other}" for one, other in lines.facts)]
    return "\n".join(told).replace("\N{NO-BREAK SPACE}", " ")


def scenario(name: str, icer: float | None, **more: Any) -> ScenarioEntry:
    words = dict.fromkeys(("purpose", "why", "source", "sweep", "label", "verdict", "stopped"), "")
    names = ("life_years", "qalys", "costs", "change_in_qalys", "change_in_costs", "change_in_icer")
    numbers = dict.fromkeys(names, 1.0)
    own: dict[str, Any] = {"question": f"What if {name}?", "group": "survival", "icer": icer, "changes": []}
    own |= {"nmb": {}, "cost_effective": {}, "changes_decision": {}, "intervention": "active", "comparator": "standard"}
    return ScenarioEntry(name=name, **words | numbers | own | more)


def test_why_a_curve(made: Context) -> None:
    """Ranges are the lowest and the highest of the other families at the latest landmark up to 5 years."""
    assert made.pack is not None
    evidence = made.pack.evidence.endpoints["os"]
    own = evidence.in_use
    year = max(y for y in own.curves["active"].survival_by_year if y <= 5)
    others = [f.curves["active"].survival_by_year[year].value for f in evidence.families if f.fitted and not f.in_use]
    paragraph = next(line for line in said(made, "evidence").splitlines() if line.startswith("Overall survival"))

    assert f"place {own.place} of the {len(others) + 1} that could be fitted" in paragraph
    assert f"{100 * own.curves['active'].survival_by_year[year].value:.1f}% with Active" in paragraph
    assert f"from {100 * min(others):.1f}% (" in paragraph
    assert f"to {100 * max(others):.1f}% (" in paragraph
    assert "active:" not in paragraph


def test_fit_to_the_trial(made: Context) -> None:
    used = [(abs(e.z), e) for entries in made.results.fit.values() for e in entries if e.used and e.z is not None]
    size, entry = max(used, key=lambda pair: pair[0])
    text = said(made, "survival")

    assert f"fitted to {len(used)} reported statistics" in text
    assert f"{size:.2f} standard errors" in text
    assert made.names.strategy(entry.strategy) in text


def test_nothing_to_hold_the_extrapolation_against(made: Context) -> None:
    assert (
        said(made, "external") == "The workbook holds no survival of other studies to hold the extrapolation against."
    )


def test_scenarios_by_group(made: Context) -> None:
    found = [
        scenario("low", 1_000.0),
        scenario("high", 3_000.0),
        scenario("middle", 2_000.0, changes_decision={f"{made.results.decision_threshold:.15g}": True}),
        scenario("none", None),
        scenario("half price", 500.0, group="costs"),
    ]
    other = replace(made, results=made.results.model_copy(update={"scenarios": found}))

    assert said(other, "scenarios").splitlines()[1:] == [
        (
            "Survival: the ICER lies between EUR 1,000 (low) and EUR 3,000 (high). There is no ratio where none."
            " The decision is another where middle."
        ),
        "Costs: the ICER is EUR 500 (half price).",
    ]


def test_prices(made: Context) -> None:
    (entry,) = [each for each in made.results.prices or () if each.decisive and not each.given_in_comparator][:1]
    text = said(made, "price")

    assert f"{made.names.drug(entry.drug)} is charged at EUR " in text
    for at in entry.thresholds:
        assert (f"EUR {at.threshold:,.0f} per QALY at EUR" in text) is (at.prices is not None)


def test_draws_that_never_make_it_cost_effective(made: Context) -> None:
    psa = made.results.psa
    assert psa is not None
    zero = {s: [float(s == "standard")] * len(psa.ceac.wtp) for s in made.results.strategies}
    other = psa.model_copy(update={"ceac": psa.ceac.model_copy(update={"probability": zero})})
    text = said(replace(made, results=made.results.model_copy(update={"psa": other})), "probabilistic")

    at = " and ".join(f"EUR {threshold:,.0f}" for threshold in made.results.thresholds)
    assert f"at {at} per QALY in none of 20 draws" in text


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.494, "49.4% of the difference in QALYs lies beyond follow-up"),
        (1.2, "the whole difference in QALYs lies beyond follow-up; up to it the difference has the other sign"),
        (-0.2, "the whole difference in QALYs lies within follow-up; beyond it the difference has the other sign"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_how_much_lies_beyond_follow_up(share: float | None, words: str) -> None:
    assert lies_beyond(share, "QALYs") == words
