"""What changed between two workbooks: the effect of each change against a run with that change alone."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from support import SOURCE, base_outcomes, small_rows

from hemodel.analyses.base_case import Increment, increments
from hemodel.analyses.differences import (
    COSTS_ONLY,
    MOVES,
    NOT_ALONE,
    STAYS,
    UNCERTAINTY,
    WITH_OTHERS,
    WORDS,
    ChangedItem,
    Difference,
    Differences,
    Effect,
    Links,
    differences,
)
from hemodel.analyses.load import load
from hemodel.errors import InputError
from hemodel.inputs.changes import COMMAND_LINE, Change
from hemodel.inputs.dictionary import match
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from hemodel.inputs.cells import Scalar

    Make = Callable[..., Path]

CITATIONS = (("source", "citation", "link", "status"),)
PRICE, COST = "drug.newtinib.price_per_vial", "administration.infusion.cost"
MEDIAN = "survival.os.active.median"
NONE, CHEMO = "subsequent.none.share.active", "subsequent.chemo.share.active"

Cells = dict[str, Any]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write the small workbook with other cells (by id, or id and column), further rows and without some rows."""

    def write(
        name: str,
        cells: Mapping[str, Scalar] | None = None,
        more: Iterable[Cells] = (),
        *,
        less: Callable[[str], bool] = lambda _: False,
        order: int = 1,
    ) -> Path:
        rows: list[Cells] = [dict(row) for row in to_listing(small_rows()) if not less(str(row["id"]))]
        by_id = {str(row["id"]): row for row in rows}
        for place, value in (cells or {}).items():
            id_, column = (place, "value") if place in by_id else place.rsplit(".", 1)
            by_id[id_][column] = value
        path = tmp_path / name
        write_workbook(path, [*rows, *more][::order], CITATIONS, Cover("Small"))
        return path

    return write


def new_row(id_: str, value: Scalar, **cells: Scalar) -> Cells:
    found = match(id_)
    assert found is not None
    kind = found[0]
    return {"sheet": kind.sheet, "id": id_, "label": kind.label, "unit": kind.unit, "value": value, **cells} | {
        "source": SOURCE if value is not None else None
    }


def ran(path: Path, cells: Mapping[str, Scalar] | None = None) -> Increment:
    """The increment of the base case with changes as `--set` makes them."""
    return _ran(path, tuple((cells or {}).items()))


@cache
def _ran(path: Path, cells: tuple[tuple[str, Scalar], ...]) -> Increment:
    changes = tuple(Change(id_, value, COMMAND_LINE) for id_, value in cells)
    return increments(base_outcomes(load(path, changes)))[0]


def by_name(found: Differences) -> dict[str, Difference]:
    return {each.name: each for each in found.differences}


def assert_as_run(effect: Effect, path: Path, cells: Mapping[str, Scalar] | None = None, *, start: Path) -> None:
    """Both are the same calculation, so that they agree to rounding: 1e-12."""
    before, after = ran(start), ran(path, cells)
    assert (effect.costs, effect.qalys) == pytest.approx((after.costs, after.qalys), rel=1e-12)
    assert effect.verdict == after.verdict.word
    assert effect.icer == pytest.approx(after.verdict.icer, rel=1e-12)
    scale = abs(before.costs) * 1e-12
    assert effect.move.costs == pytest.approx(after.costs - before.costs, abs=scale)
    assert effect.move.qalys == pytest.approx(after.qalys - before.qalys, abs=1e-12)


def test_each_change_alone_is_a_run_with_that_change(make: Make) -> None:
    changed = {PRICE: 1300.0, "utility.progressed": 0.55, MEDIAN: 17.0, "settings.discount_rate_costs": 0.03}
    a, b = make("a.xlsx"), make("b.xlsx", changed)
    found = differences(a, b).found
    singles = by_name(found)

    assert set(singles) == set(changed)
    for id_, value in changed.items():
        assert singles[id_].acts == MOVES
        assert_as_run(singles[id_].effects[0], a, {id_: value}, start=a)
    assert_as_run(found.together[0], b, start=a)


def test_what_the_single_changes_do_not_add_up_to(make: Make) -> None:
    """A higher price and more patients treated multiply: the remainder is the product of the two moves.

    Drug cost is price x share treated x the rest, so that (p + dp)(s + ds) - ps - s dp - p ds = dp ds. The extra cost
    of the two together is therefore that of the price change, times the relative change of the share.
    """
    share = "regimen.active.newtinib.share_of_patients"
    a, b = make("a.xlsx"), make("b.xlsx", {PRICE: 1300.0, share: 0.5})
    found = differences(a, b).found
    price = by_name(found)[PRICE].effects[0]

    assert price.move.costs is not None
    (left,) = found.not_additive
    assert left.costs == pytest.approx(price.move.costs * (0.5 - 1.0), rel=1e-9)
    assert left.qalys == pytest.approx(0, abs=1e-12)
    singles = [each.effects[0] for each in found.differences]
    assert left.icer == pytest.approx(
        (found.together[0].move.icer or 0) - sum(e.move.icer or 0 for e in singles), rel=1e-9
    )


def test_a_range_of_a_fitted_statistic_moves_the_base_case_and_another_only_the_draws(make: Make) -> None:
    """With three statistics for two coefficients the fit weighs them by their ranges."""
    fitted: Cells = {"n": 150, "time": 12, "use_in_fit": "yes", "distribution": "fit"}
    third = [new_row("survival.os.active.survival_early", 0.65, **fitted)]
    changed = {f"{MEDIAN}.high": 25.0, f"{COST}.high": 200.0, "utility.progressed.low": 0.4}
    a = make("a.xlsx", {}, third)
    found = by_name(differences(a, make("b.xlsx", changed, third)).found)

    assert found[f"{MEDIAN}.high"].acts == MOVES
    assert_as_run(found[f"{MEDIAN}.high"].effects[0], a, {f"{MEDIAN}.high": 25.0}, start=a)
    assert found[f"{COST}.high"].acts == found["utility.progressed.low"].acts == UNCERTAINTY
    assert not found[f"{COST}.high"].effects


def test_text_and_settings_without_effect(make: Make) -> None:
    changed = {f"{PRICE}.note": "seen", f"{PRICE}.source": "price list", "settings.title": "T", "settings.draws": 200}
    found = by_name(differences(make("a.xlsx"), make("b.xlsx", changed)).found)

    acts = {name: each.acts for name, each in found.items()}
    assert acts == {
        "settings.title": WORDS,
        "settings.draws": STAYS,
        f"{PRICE}.source": WORDS,
        f"{PRICE}.note": WORDS,
    }


def test_shares_that_must_add_up_to_one_are_tried_together(make: Make) -> None:
    changed = {NONE: 0.5, CHEMO: 0.5, PRICE: 1300.0}
    a = make("a.xlsx")
    found = differences(a, make("b.xlsx", changed)).found
    singles = by_name(found)

    assert singles[NONE].acts == singles[CHEMO].acts == WITH_OTHERS
    # 0.5 + 0.4, with the share of the other row as it was.
    assert singles[NONE].reason == "the shares of subsequent treatment for active add up to 0.9"
    (group,) = found.groups
    assert group.name == "shares of subsequent treatment, active"
    assert set(group.members) == {NONE, CHEMO}
    assert_as_run(group.effects[0], a, {NONE: 0.5, CHEMO: 0.5}, start=a)
    assert singles[PRICE].group is None


def test_a_value_and_its_range_are_tried_together(make: Make) -> None:
    changed = {MEDIAN: 22.0, f"{MEDIAN}.low": 18.0, f"{MEDIAN}.high": 27.0, "utility.progressed": 0.55}
    changed |= {"survival.os.active.survival_later": 0.4}
    a = make("a.xlsx")
    found = differences(a, make("b.xlsx", changed)).found
    low = by_name(found)[f"{MEDIAN}.low"]

    assert low.acts == WITH_OTHERS
    assert low.reason == f"{MEDIAN}: low is 18, above the value 16"
    assert low.group is not None
    (group,) = [each for each in found.groups if each.name == low.group]
    own = {name: changed[name] for name in group.members}
    assert set(own) == {MEDIAN, f"{MEDIAN}.low", f"{MEDIAN}.high"}
    assert_as_run(group.effects[0], a, own, start=a)


def added_drug() -> list[Cells]:
    """A flat dose of a new drug in the active strategy, given as the other one is."""
    rows = [new_row("drug.third.name", "Third"), new_row("drug.third.vial_size", 10)]
    rows.append(new_row("drug.third.price_per_vial", 700))
    own = [row for row in to_listing(small_rows()) if str(row["id"]).startswith("regimen.active.newtinib.")]
    return rows + [{**row, "id": str(row["id"]).replace("newtinib", "third")} for row in own]


def test_an_added_drug_is_one_group_and_a_removed_one_too(make: Make) -> None:
    a, b = make("a.xlsx"), make("b.xlsx", {PRICE: 1300.0}, added_drug())
    only = make("only.xlsx", {}, added_drug())
    found = differences(a, b).found
    (group,) = found.groups

    assert group.name == "drug third"
    assert len(group.members) == len(added_drug())
    assert {each.what for each in found.differences if each.group == group.name} == {"added"}
    assert_as_run(group.effects[0], only, start=a)

    back = differences(b, a).found
    assert back.groups[0].name == "drug third"
    assert_as_run(back.groups[0].effects[0], a, {PRICE: 1300.0}, start=b)


def test_an_added_strategy_is_compared_as_in_the_later_workbook(make: Make) -> None:
    rows = [
        {k: v.replace("active", "newer") if isinstance(v, str) else v for k, v in row.items()}
        for row in to_listing(small_rows())
        if "active" in str(row["id"])
    ]
    a, b = make("a.xlsx"), make("b.xlsx", {PRICE: 1300.0}, rows)
    found = differences(a, b).found

    (group,) = found.groups
    assert group.name == "strategy newer"
    assert len(group.members) == len(rows)
    first, second = group.effects
    assert (first.move.costs, first.move.qalys) == pytest.approx(
        (0, 0), abs=1e-9
    )  # fitted beside a third strategy: other roundings
    assert second.intervention == "newer"
    assert second.move.costs is None
    # The new strategy has every number of the old one.
    assert second.costs == pytest.approx(first.costs, rel=1e-12)
    assert [e.intervention for e in found.together] == ["active", "newer"]
    assert len(found.not_additive) == 1


def test_order_of_rows_and_empty_cells_are_no_difference(make: Make) -> None:
    found = differences(make("a.xlsx"), make("b.xlsx", {f"{PRICE}.note": ""}, order=-1)).found

    assert found.differences == []
    assert [e.move.costs for e in found.together] == pytest.approx([0.0], abs=1e-9)  # sums in another order


def test_sheets_of_a_live_model_are_no_difference(make: Make) -> None:
    a, b = make("a.xlsx"), make("b.xlsx")
    book: Any = openpyxl.load_workbook(b)
    book.create_sheet("Model results")["A1"] = 1
    book.save(b)

    assert differences(a, b).found.differences == []


def with_curve(path: Path, points: Iterable[tuple[float, float]]) -> None:
    """Put a digitised OS curve of the active strategy on sheets of a workbook."""
    book: Any = openpyxl.load_workbook(path)
    for name, header, rows in (
        ("Data curve", ("time", "survival"), points),
        ("Data risk", ("time", "at_risk"), [(0, 150), (12, 80), (24, 25)]),
    ):
        sheet = book.create_sheet(name)
        for line in (header, *rows):
            sheet.append(line)
    book.save(path)


def test_a_changed_sheet_of_data_has_an_effect_and_its_hashes(make: Make) -> None:
    curve = [new_row("curve.os.active.data", "Data curve"), new_row("curve.os.active.at_risk", "Data risk")]
    curve.append(new_row("curve.os.active.time_unit", "months"))
    a, b = (make(name, {"curve.os.active.source": "digitised"}, curve) for name in ("a.xlsx", "b.xlsx"))
    points = [(t, 0.5 ** (t / 14)) for t in range(25)]
    with_curve(a, points)
    with_curve(b, [(t, 0.5 ** (t / 15)) for t, _ in points])
    found = differences(a, b).found

    (each,) = found.differences
    assert (each.id, each.what, each.acts) == ("Data curve", "changed", MOVES)
    assert each.before != each.after
    # The sheet is all that differs, so that alone and together are the same.
    assert each.effects[0] == found.together[0]


def test_a_file_of_one_name_that_differs_is_listed(make: Make, tmp_path: Path) -> None:
    table = "age,mx_male,mx_female\n" + "".join(f"{age},0.001,0.001\n" for age in range(18, 111))
    more = [new_row("background.life_table", "table.csv"), new_row("background.mean_age", 60)]
    more += [new_row("background.sd_age", 0), new_row("background.youngest_age", 18)]
    more += [new_row("background.share_male", 0.5)]
    paths = []
    for name, text in (("one", table), ("two", table.replace("70,0.001,", "70,0.002,"))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "table.csv").write_text(text, encoding="utf-8")
        paths.append(make(f"{name}/same.xlsx", {"background.method": "floor"}, more))
    (each,) = differences(paths[0], paths[1]).found.differences

    assert (each.id, each.kind, each.acts) == ("table.csv", "file", NOT_ALONE)


def test_problems_of_both_workbooks_are_told_apart(make: Make, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    a = make("one/same.xlsx", {"utility.progressed": 60.0})
    b = make("two/same.xlsx", {PRICE: -1.0})
    with pytest.raises(InputError) as caught:
        differences(a, b)

    text = str(caught.value)
    assert f"{a}, Utilities" in text
    assert f"{b}, Drugs" in text


def test_what_works_only_with_all_changes_says_so(make: Make) -> None:
    """Utilities by time to death need their bands; the bands alone are read and change nothing."""
    bands = [new_row("utility.time_to_death.near", 0.4), new_row("utility.time_to_death_within.near", 30)]
    bands.append(new_row("utility.time_to_death.far", 0.7))
    changed = {"settings.utilities_by": "time_to_death"}
    a, b = make("a.xlsx"), make("b.xlsx", changed, bands)
    found = differences(a, b).found
    by = by_name(found)["settings.utilities_by"]

    assert by.acts == WITH_OTHERS
    assert by.group is None
    assert by.reason.startswith("utilities are by time to death, with 0 bands")
    assert_as_run(found.together[0], b, start=a)


def test_a_group_names_what_comes_and_goes_in_the_order_of_the_alphabet() -> None:
    """Tokens are a set, whose order changes from one process to the next."""
    links = Links((), ({}, {}))
    item = ChangedItem("changed", "regimen", "regimen.active.b.dose", "value", "Regimens", "Dose", "mg", 1.0, 2.0)
    links._moved = {("drug", name) for name in "ebcafd"}
    links._tokens = {item: set(links._moved)}
    assert links.name([item]) == "drug a, drug b, drug c, drug d, drug e, drug f"


def test_amounts_of_two_currencies_are_not_compared(make: Make) -> None:
    """A price alone moves nothing that is compared; a utility moves QALYs; costs and ICERs are nowhere."""
    utility = "utility.progression_free"
    a = make("a.xlsx")
    b = make(
        "b.xlsx",
        {"settings.currency": "CNY", PRICE: 999.0, utility: 0.9, f"{utility}.low": 0.85, f"{utility}.high": 0.95},
    )
    found = differences(a, b).found
    assert (found.currency, found.currency_b) == ("EUR", "CNY")
    single = by_name(found)
    assert (single[PRICE].acts, single[utility].acts) == (COSTS_ONLY, MOVES)
    for effect in (*found.together, *(each for item in found.differences for each in item.effects)):
        assert effect.costs is effect.icer is effect.move.costs is effect.move.icer is None
        assert effect.verdict == "not compared"
    (left,) = found.not_additive
    assert left.costs is left.icer is None
    (whole,) = found.together
    assert whole.qalys == ran(b).qalys
    assert whole.move.qalys == ran(b).qalys - ran(a).qalys
    (own,) = found.b.incremental
    assert own.costs == ran(b).costs
    same = differences(a, make("c.xlsx", {"settings.currency": "eur "})).found
    assert same.together[0].costs == ran(a).costs
