from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from support import small_model

from hemodel.analyses.base_case import AdjustmentEntry
from hemodel.analyses.psa.diagnostics import PsaTotal
from hemodel.analyses.psa.result import PsaResult
from hemodel.analyses.results import Results
from hemodel.survival.endpoint_fit import Source
from hemodel.views.prose import curve_sources, mean_results, structure
from hemodel.views.shared.words import Names, adjustment_sentence

if TYPE_CHECKING:
    from hemodel.analyses.run import Run
    from hemodel.model.evaluate import Model


class _Run:
    """As much of a run as the sentences on structure read."""

    def __init__(self, model: Model) -> None:
        self.model = model


SOME = Results.model_construct(
    strategies=["old", "new"], strategy_names={"old": "Old", "new": "New"}, drug_names={"d": "Drug"}
)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"settings.half_cycle_correction": "start"}, "there is no half-cycle correction"),
        ({"settings.half_cycle_correction": "life_table"}, "(half-cycle correction)"),
        ({"settings.discounting": "annual"}, "the whole years elapsed"),
        ({"settings.discount_rate_costs_from_year_30": 0.03}, "Costs are discounted at 4%, 3% from year 30 a year"),
        ({"settings.cycle_length": 30}, "122 cycles of 30 days, the last of them 22.5 days long, cover 10 years"),
        ({"settings.cycle_length": 30.4375}, "120 cycles of 30.4375 days cover 10 years"),
        ({"settings.discount_timing": "start"}, "with t in years at the start of the cycle or on the day that a drug"),
        ({"settings.discount_timing": "boundaries"}, "with t in years at each boundary of the cycle"),
        ({"settings.pfs_above_os": "lift_os"}, "overall survival is lifted to it"),
    ],
)
def test_conventions_follow_the_settings(change: dict[str, str | float], sentence: str) -> None:
    text = " ".join(structure(cast("Run", _Run(small_model(change))), Names(SOME)))
    assert sentence in text


@pytest.mark.parametrize(
    ("kinds", "sentence"),
    [
        (("reported",) * 4, "Curves are fitted to reported medians, survival rates and hazard ratios by least squares"),
        (("coefficients",) * 4, "Curves are taken from published coefficients; the"),
        (("patients",) * 4, "Curves are fitted by maximum likelihood to the times of patients; the"),
        (("digitised",) * 4, "to patients rebuilt from published Kaplan-Meier curves; the"),
        (
            ("coefficients", "reported", "patients", "patients"),
            "Curves: those of Progression-free survival (Old) are taken from published coefficients; those of",
        ),
    ],
)
def test_what_is_said_of_curves_follows_their_sources(kinds: tuple[str, ...], sentence: str) -> None:
    old, new = ({"old": Source(first), "new": Source(second)} for first, second in (kinds[:2], kinds[2:]))
    fits = {"pfs": SimpleNamespace(sources=old), "os": SimpleNamespace(sources=new)}
    run = cast("Run", SimpleNamespace(model=SimpleNamespace(fits=fits)))
    assert sentence in curve_sources(run, Names(SOME))


def entry(**changes: object) -> AdjustmentEntry:
    values = {
        "strategy": "new",
        "rule": "pfs_capped_at_os",
        "first_month": 96.8,
        "max_gap": 0.00195,
        "life_years_moved": 0.0201,
        "share_of_draws": 0.62,
    }
    return AdjustmentEntry.model_validate(values | changes)


def test_an_adjustment_in_words() -> None:
    names = Names(SOME)
    assert adjustment_sentence(entry(), names) == (
        "Progression-free survival was capped at overall survival for New from month 96.8; largest gap 0.2 percentage"
        " points; 0.020 life-years per patient moved; it also bound in 62.0% of the draws."
    )
    assert adjustment_sentence(entry(share_of_draws=None), names).endswith("life-years per patient moved.")
    assert adjustment_sentence(entry(first_month=None, rule="treatment_capped_at_os: d"), names) == (
        "Time on Drug for New was below overall survival in the base case; the cap bound in 62.0% of the draws."
    )
    assert "treatment-years" in adjustment_sentence(entry(rule="treatment_capped_at_pfs: d"), names)


def test_a_lift_in_words() -> None:
    names, lifted = Names(SOME), entry(rule="os_lifted_to_pfs")
    assert adjustment_sentence(lifted, names) == (
        "Overall survival for New was lifted to progression-free survival from month 96.8; largest gap 0.2 percentage"
        " points; 0.020 life-years per patient added; it was also lifted in 62.0% of the draws."
    )
    assert adjustment_sentence(entry(rule="os_lifted_to_pfs", first_month=None), names) == (
        "Overall survival for New was not below progression-free survival in the base case; it was lifted in 62.0% of"
        " the draws."
    )


def test_the_mean_of_the_draws_is_told_where_it_is_off() -> None:
    """104 over 100 is 4% above, 1.9 over 2 is 5% below; 1 over 1 is told nowhere, and no error where there is none."""

    def total(strategy: str, outcome: str, base: float, mean: float, mcse: float | None, *, apart: bool) -> PsaTotal:
        own = {"strategy": strategy, "outcome": outcome, "base": base, "mean": mean, "mcse": mcse, "apart": apart}
        return PsaTotal.model_validate({**own, "difference": mean / base - 1})

    found = [
        total("old", "life_years", 1.0, 1.0, 0.01, apart=False),
        total("old", "costs", 100.0, 104.0, 0.013, apart=True),
        total("new", "qalys", 2.0, 1.9, None, apart=True),
    ]
    results = SOME.model_copy(update={"psa": PsaResult.model_construct(against_base=found)})
    names = Names(results)
    (said,) = mean_results(results, names)
    assert said == (
        "The mean of the draws is off the base case by more than 2%. "
        "Old: costs 4.0% above (Monte Carlo error 1.3%); New: QALYs 5.0% below."
    )
    nothing = PsaResult.model_construct(against_base=found[:1])
    assert mean_results(results.model_copy(update={"psa": nothing}), names) == []
