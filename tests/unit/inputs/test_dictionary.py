"""What the dictionary says of each kind of input."""

from __future__ import annotations

import csv
import re
from importlib.resources import files

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
        ("utility.progressed", "-1.1 to 1"),
        ("drug.{drug}.price_per_vial", "0 or more"),
        ("regimen.{strategy}.{drug}.administration", "the name of a row of kind administration"),
        ("trial.reported.{item}", "any number"),
    ],
)
def test_what_is_allowed_is_said_in_words(pattern: str, words: str) -> None:
    assert kind_of(pattern).allowed == words


def test_of_every_lognormal_it_is_said_what_the_value_is() -> None:
    """A ratio is its median; costs, prices, uses, doses and durations are means. The table says it, not the code."""
    table = csv.DictReader(
        files("hemodel.inputs.data").joinpath("dictionary.csv").read_text(encoding="utf-8").split("\n")
    )
    said = {row["pattern"]: row["distributions"].split("|") for row in table}
    for kind in kinds():
        if "lognormal" in kind.distributions:
            assert f"lognormal:{'median' if kind.unit == 'ratio' else 'mean'}" in said[kind.pattern], kind.pattern
            assert kind.value_is == ("median" if kind.unit == "ratio" else "mean")
