"""Studies in results.json, tables, text and charts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from research_support import research_model, research_run
from support import small_model, small_run

from hemodel.analyses.research import research
from hemodel.analyses.results import results
from hemodel.errors import UsageError
from hemodel.views.studies import (
    per,
    research_method,
    research_results,
    study_designs,
    study_sizes,
    study_values,
    study_wtp,
)

if TYPE_CHECKING:
    from hemodel.analyses.research import ResearchResult


def found() -> ResearchResult:
    made = results(research_run()).research
    assert made is not None
    return made


def test_values_at_a_threshold_are_those_of_the_curve_and_add_up() -> None:
    for study in found().studies:
        (at,) = study.at
        k = study.curve.wtp.index(50_000)
        assert at.evsi == [each[k] for each in study.curve.evsi]
        assert at.enbs == pytest.approx(
            [value * n - cost for value, n, cost in zip(at.evsi, study.patients, study.costs, strict=True)]
        )
        best = max(at.enbs)
        assert at.optimal_size == (study.sizes[at.enbs.index(best)] if best > 0 else None)
    trial, quality, rash = found().studies
    assert (trial.endpoint, trial.strategies, trial.effective_draws is None) == ("os", ["standard", "active"], False)
    assert (quality.standard_deviation, quality.endpoint, quality.effective_draws) == (0.3, None, None)
    assert (rash.arms, rash.method) == (2, "importance_sampling")


def test_tables_hold_every_size_and_mark_the_best() -> None:
    designs, values = study_designs(found()), study_values(found())
    assert [row[0] for row in designs.rows] == ["Longer trial", "Quality of life", "Rash in both arms"]
    assert len(values.rows) == 3 + 3 + 2
    marked = [(row[0], row[2]) for row in values.rows if row[-1]]
    assert marked == [(s.label, s.at[0].optimal_size) for s in found().studies if s.at[0].optimal_size is not None]


def test_sentences() -> None:
    trial, quality, rash = research_results(found())
    assert trial.startswith("Longer trial: at EUR\N{NO-BREAK SPACE}50,000 per QALY the best size is ")
    assert rash.startswith("Rash in both arms: at EUR\N{NO-BREAK SPACE}50,000 per QALY no size is worth its costs.")
    assert rash.endswith("costs EUR\N{NO-BREAK SPACE}200,000 or more.")
    (method,) = research_method(found())
    assert "importance sampling and moment matching and regression on simulated data" in method
    assert "1,000 patients a year for 10 years without those before the results, discounted at 4.0% a year" in method
    assert quality


def test_without_studies() -> None:
    done = small_run(small_model(), 2)
    made = results(done)
    assert made.research is None
    assert research_results(None) == research_method(None) == []
    for chart in (study_sizes, study_wtp):
        with pytest.raises(UsageError, match="There are no studies to draw"):
            chart(made, done)


def test_a_unit_without_a_name() -> None:
    assert per(found(), "patient") == "EUR per patient"
    assert per(found().model_copy(update={"currency": ""}), "patient") == "per patient"


def test_charts_of_a_study_that_would_change_nothing() -> None:
    model = research_model({"drug.newtinib.price_per_vial": 1e6})
    done = small_run(model, 120)
    done = replace(done, research=research(model, done.psa))
    figure = study_sizes(results(done), done)
    assert "At this threshold no result\nwould change the choice" in [text.get_text() for text in figure.axes[0].texts]
