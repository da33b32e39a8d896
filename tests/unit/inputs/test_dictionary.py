"""What the dictionary says of each kind of input."""

from __future__ import annotations

import re

import pytest

from hemodel.inputs.dictionary import Kind, kind_of, kinds

GUIDELINES = r"(CHEERS 2022|CHEERS-VOI|NICE|PBAC|ICER|ISPOR|Netherlands|Norway|TECH-VER 2019|Hatswell 2018)"
SILENT = {"settings.clock_start", "settings.seed"}
"""No guideline that is named here speaks of these."""


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.pattern)
def test_a_guideline_is_named_where_one_speaks_of_the_kind(kind: Kind) -> None:
    assert (kind.guideline == "") == (kind.pattern in SILENT)
    if kind.guideline:
        assert all(re.match(GUIDELINES, part) for part in kind.guideline.split("; "))
        assert len(kind.guideline) <= 120


def test_what_a_model_needs_is_in_the_template() -> None:
    assert all(kind.in_template for kind in kinds() if kind.required != "optional")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("settings.title", "text"),
        ("settings.price_year", "whole 1990 to 2100"),
        ("settings.draws", "whole 2 to 100000000"),
        ("settings.discounting", "per_cycle, annual"),
        ("utility.progressed", "-0.594 to 1"),
        ("drug.{drug}.price_per_vial", "0 or more"),
        ("regimen.{strategy}.{drug}.administration", "the name of a row of kind administration"),
        ("trial.reported.{item}", "any number"),
    ],
)
def test_what_is_allowed_is_said_in_words(pattern: str, words: str) -> None:
    assert kind_of(pattern).allowed == words
