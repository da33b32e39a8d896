"""What is suggested for a name that does not exist: what it is like, of its kind, and never itself."""

from __future__ import annotations

import pytest

from hemodel.errors import Location
from hemodel.inputs.cells import Cell, RawRow
from hemodel.inputs.dictionary import columns, nearest, nearest_few
from hemodel.inputs.rows import _unknown_id

IDS = (
    "utility.progressed",
    "utility.progression_free",
    "drug.newtinib.price_per_vial",
    "drug.newtinib.vial_size",
    "curve.pfs.newtinib.family",
    "curve.os.newtinib.family",
    "end_of_life.cost",
    "settings.horizon",
)


@pytest.mark.parametrize(
    ("typed", "options", "meant"),
    [
        ("utility.progresed", IDS, "utility.progressed"),
        ("Utility.Progressed", IDS, "utility.progressed"),
        ("utilty.progression-free", IDS, "utility.progression_free"),
        ("drug.newtinib.prize_per_vial", IDS, "drug.newtinib.price_per_vial"),
        ("drug.newtinib.price", IDS, "drug.newtinib.price_per_vial"),
        ("progressed", IDS, "utility.progressed"),
        ("setings.horison", IDS, "settings.horizon"),
        ("curve.os.newtinib.famly", IDS, "curve.os.newtinib.family"),
        ("Log Normal", ("lognormal", "gamma", "log_normal"), "log_normal"),
        ("weibul", ("exp", "weibull", "weibullPH", "gompertz"), "weibull"),
        ("stata", ("flexsurv", "stata_ph"), "stata_ph"),
    ],
)
def test_what_is_like_it_is_suggested(typed: str, options: tuple[str, ...], meant: str) -> None:
    assert nearest(typed, options) == f"Did you mean {meant}?"


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        ("utility.progressed", ("utility.progressed",)),
        ("beta_counts", ("beta", "uniform", "fixed")),
        ("kaplan_meier", ("exp", "gamma", "weibull", "lognormal")),
        ("dead", ("a", "b", "newtinib")),
        ("drug.newtinib.utility", IDS),
        ("cost", ("os", "pfs")),
        ("cost.progressed", IDS),
        ("utility.pfs.newtinib", IDS),
        ("curve.tot.oldtinib.waning", IDS),
        ("2", ("1", "3")),
        ("", IDS),
        ("...", IDS),
        ("Notes", ("Settings", "Drugs", "Scenarios")),
    ],
)
def test_nothing_is_suggested_that_is_not_like_it_or_is_the_same(typed: str, options: tuple[str, ...]) -> None:
    assert nearest(typed, options) == ""


def test_several_are_suggested_the_most_alike_first_and_each_once() -> None:
    options = ("drug.a.price", "drug.a.pricing", "drug.a.price", "drug.b.vial")
    assert nearest_few("drug.a.prise", options, 3) == "Did you mean drug.a.price?"
    assert nearest_few("drug.a.pricin", options, 3) == "Did you mean drug.a.pricing or drug.a.price?"


@pytest.mark.parametrize(
    ("sheet", "typed", "todo"),
    [
        ("Utilities", "utility.Progressed", "Did you mean utility.progressed?"),
        ("Utilities", "utility.progressed", ""),
        ("Drugs", "drug.New Tinib.price_per_vial", "Did you mean drug.new_tinib.price_per_vial?"),
        ("Drugs", "zzz.qqq.www", "See the ids of the sheet Drugs in docs/inputs.md."),
    ],
)
def test_an_unknown_id_of_a_row_is_suggested_as_it_may_be_written(sheet: str, typed: str, todo: str) -> None:
    where = Location("book.xlsx", sheet, "A5")
    row = RawRow(sheet, {name: Cell(typed if name == "id" else None, where) for name in columns()})
    found = _unknown_id(row, 0).todo
    assert f"Did you mean {typed}?" != found
    if todo:
        assert found == todo
