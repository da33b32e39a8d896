"""Ids and choices in print: labels, names and words, and what is left as it is."""

from __future__ import annotations

import pytest
from dossier_measures import codes
from support import small_model, small_run

from hemodel.analyses.report import report_results
from hemodel.analyses.results import results
from hemodel.views.registry import names_of
from hemodel.views.shared.printed import Printed, abbreviations
from hemodel.views.shared.text import listed, lowered


@pytest.fixture(scope="module")
def printed() -> Printed:
    run = small_run(small_model(uncertain=True), 5)
    whole = report_results(results(run), run, None)
    return Printed(whole, names_of(whole, run))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("settings.time_horizon", "Time horizon"),
        ("lengthen settings.time_horizon.", "lengthen “Time horizon”."),
        ("see curve.os.nobody.family, or not", "see “Family”, or not"),
        ("waning.{endpoint}.{strategy}.shape", "“Waning of the treatment effect”"),
        ("settings.time_horizon.low", "“Time horizon” (low)"),
        ("llogis", "Log-logistic"),
        ("OS is llogis (not lnorm)", "OS is log-logistic (not log-normal)"),
        ("cap_pfs", "Progression-free survival is capped at overall survival"),
        ("os", "Overall survival"),
        ("scenario no_benefit_after_treatment", "scenario no benefit after treatment"),
        ("exp(-criterion / 2) and gamma", "exp(-criterion / 2) and gamma"),
        ("as https://a.org/time_horizon has it", "as https://a.org/time_horizon has it"),
        ("my_model.xlsx and e.g. this", "my_model.xlsx and e.g. this"),
        ("0.5 of 10.25 months.", "0.5 of 10.25 months."),
        ("Id", "Input"),
    ],
)
def test_a_text_in_print(printed: Printed, text: str, expected: str) -> None:
    assert printed(text) == expected


def test_every_choice_that_is_no_word_has_words(printed: Printed) -> None:
    for code in codes():
        assert "_" not in printed(code)
        assert printed(code).lower() != code


def test_abbreviations_are_explained_once() -> None:
    texts = ["ICERs and QALY", "QALY per patient", "OS", "POSITIVE"]
    assert abbreviations(texts) == (
        "ICER: incremental cost-effectiveness ratio; OS: overall survival; QALY: quality-adjusted life-year.",
    )
    assert abbreviations(["Costs"]) == ()


def test_lists_and_first_letters() -> None:
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")] == ["a", "a and b", "a, b or c"]
    assert [lowered("Price"), lowered("OS curves"), lowered("")] == ["price", "OS curves", ""]
