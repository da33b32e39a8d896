"""Studies of a workbook: what is read, what their data are about, what they are worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from research_support import research_model, research_run
from support import small_model

from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.research import depends_on, population, research, research_note, shortened, study_of, study_rows
from hemodel.economics import net_monetary_benefit
from hemodel.model.evaluate import base_draws, survival_at

if TYPE_CHECKING:
    from hemodel.analyses.research import ResearchResult
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model


def found() -> ResearchResult:
    done = research_run().research
    assert done is not None
    return done


def test_what_the_rows_say() -> None:
    model = research_model()
    psa = probabilistic(model, 120, 1)
    trial, quality, rash = (study_of(rows, model, psa.inputs) for rows in study_rows(model.inputs))

    assert (trial.label, trial.sizes, trial.arms, trial.informs) == ("Longer trial", (50, 100, 200), 2, ("curve.os",))
    assert trial.follow_up is not None
    assert (trial.follow_up.months[-1], trial.follow_up.yearly_dropout) == (36, 0.05)
    draws = base_draws(model) | dict(psa.inputs)
    own = survival_at(model, draws, "os", "active", trial.follow_up.months)
    assert np.array_equal(trial.follow_up.survival[:, 1], own)
    assert (quality.standard_deviation, quality.recruited_share, quality.follow_up) == (0.3, 0.1, None)
    assert rash.informs == ("adverse_event.rash.incidence.standard", "adverse_event.rash.incidence.active")
    assert (rash.fixed_cost, rash.cost_per_patient, rash.reports_after) == (100_000, 1000, 4)


def test_rates_are_those_for_costs_unless_the_sheet_has_its_own() -> None:
    """4% for costs and 2% for effects in the small model."""
    assert population(research_model().inputs).rates == ((0.0, 0.04),)
    assert population(research_model({"research.discount_rate": 0.01}).inputs).rates == ((0.0, 0.01),)


WANED: dict[str, Scalar] = {
    "waning.os.active.shape": "with_treatment",
    "waning.os.active.scale": "hazard",
    "waning.os.active.reference": "standard",
    "waning.os.active.time_on_treatment": "pfs",
}


def acted() -> Model:
    """A model in which a further effect and waning with treatment act on OS."""
    return research_model(WANED | {"effect.os.active.hazard_ratio": 0.9, "effect.pfs.active.acceleration_factor": 1.1})


def test_curves_depend_on_all_that_acts_on_them() -> None:
    model = acted()
    assert depends_on(study_rows(model.inputs)[0], model) == (
        "curve.os",
        "effect.os.active.hazard_ratio",
        "curve.pfs",
        "effect.pfs.active.acceleration_factor",
    )


def test_curves_up_to_the_end_of_follow_up_are_those_of_the_model() -> None:
    model = acted()
    draws = base_draws(model) | dict(probabilistic(model, 20, 1).inputs)
    months = np.linspace(6.0, 30.0, 9)
    short = shortened(model, 30.0)
    assert short.time_grid.timeline.months.size < model.time_grid.timeline.months.size
    for strategy in model.strategies:
        whole = survival_at(model, draws, "os", strategy, months)
        assert np.array_equal(survival_at(short, draws, "os", strategy, months), whole)


def test_what_the_studies_are_worth() -> None:
    done = found()
    trial, quality, rash = done.studies

    for study in done.studies:
        (at,) = study.at
        for value, error in zip(at.evsi, at.evsi_standard_error, strict=True):
            assert value <= at.evppi + 2 * error
    assert np.max(trial.curve.evsi) > np.max(quality.curve.evsi) > np.max(rash.curve.evsi)
    assert trial.costs == [200_000, 300_000, 500_000]
    assert quality.costs == [150_000, 200_000, 300_000]
    assert quality.reports == pytest.approx([4.5, 5, 6])
    years = (1.04**-4 - 1.04**-10) / np.log(1.04)
    assert trial.patients == pytest.approx([1000 * years] * 3)


def test_thresholds_reach_beyond_the_icer_and_hold_it() -> None:
    run, done = research_run(), found()
    assert run.psa is not None
    effects, costs = run.psa.qalys.mean(axis=0), run.psa.costs.mean(axis=0)
    icer = (costs[1] - costs[0]) / (effects[1] - effects[0])
    wtp = done.studies[0].curve.wtp
    assert [at.threshold for at in done.studies[0].at] == [50_000]
    assert icer in wtp
    assert wtp[-1] == pytest.approx(1.5 * max(icer, 50_000))
    even = net_monetary_benefit(effects, costs, icer)
    assert even[0] == pytest.approx(even[1])


def test_no_research_without_rows_without_draws_or_with_too_few() -> None:
    model = research_model()
    few = probabilistic(model, 99, 1)
    assert research(small_model(), few) is None
    assert research(model, None) is None
    assert research(model, few) is None
    assert research_note(model, few) == ("The studies of the sheet Research need at least 100 draws; there are 99.",)
    assert research_note(small_model(), few) == research_note(model, None) == ()


def test_the_draws_of_a_longer_analysis_do_not_change_the_shorter_one() -> None:
    model = research_model()
    psa = probabilistic(model, 150, 1)
    first, again = research(model, psa), research(model, replace(psa))
    assert first is not None
    assert again is not None
    assert [one.curve for one in first.studies] == [other.curve for other in again.studies]
