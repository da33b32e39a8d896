"""What results, tables, sentences and workbook say of a budget impact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema
import openpyxl
import pytest
from budget_support import budget_model, one_way_of, small_budget_run
from page_support import report_of
from support import small_model, small_run

from hemodel.analyses.results import Results, results
from hemodel.errors import UsageError
from hemodel.publish.console import budget_text
from hemodel.publish.manifest import Manifest
from hemodel.publish.output import budget_document
from hemodel.publish.workbook import write_budget_workbook, write_results_workbook
from hemodel.views.budget import CHARTS, TABLES, budget_results
from hemodel.views.registry import figures, names_of, tables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.analyses.budget import BudgetResult
    from hemodel.analyses.run import Run

NAMES = (
    *("budget_impact", "budget_by_category", "budget_population", "budget_uptake", "budget_cost_per_patient"),
    "budget_one_way",
)
RANGES: dict[str, dict[str, Any]] = {"budget.step.stage": {"value": 0.5, "low": 0.4, "high": 0.6}}


@pytest.fixture(scope="module")
def run() -> Run:
    trigger: dict[str, float | str] = {"budget.trigger": 3e6, "budget.trigger_years": 2}
    return small_budget_run(budget_model(trigger, RANGES))


@pytest.fixture(scope="module")
def found(run: Run) -> Results:
    return results(run)


@pytest.fixture(scope="module")
def budget(found: Results) -> BudgetResult:
    assert found.budget is not None
    return found.budget


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from numbers(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def test_every_number_of_the_tables_is_in_the_results(found: Results, run: Run, budget: BudgetResult) -> None:
    known = set(numbers(budget.model_dump()))
    known |= {abs(item.total_high - item.total_low) for item in budget.one_way or ()}
    made = tables(found, run, TABLES)

    assert tuple(table.name for table in made) == NAMES
    for table in made:
        assert table.rows
        assert len({column.name for column in table.columns}) == len(table.columns)
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert {float(value) for value in row if isinstance(value, (int, float))} <= known, table.name


def test_parts_add_up(budget: BudgetResult) -> None:
    for mix in (budget.without_new, budget.with_new, budget.net):
        for i, total in enumerate(mix.total.by_year):
            for parts in (mix.by_category, mix.by_strategy):
                assert sum(series.by_year[i] for series in parts.values()) == pytest.approx(total, rel=1e-12)
        assert mix.total.all_years == pytest.approx(sum(mix.total.by_year), rel=1e-12)
    for i, acquisition in enumerate(budget.net.by_category["acquisition"].by_year):
        assert sum(s.by_year[i] for s in budget.net.by_drug.values()) == pytest.approx(acquisition, rel=1e-12)
    assert budget.net.cumulative[-1] == pytest.approx(budget.net.total.all_years, rel=1e-12)
    assert [step.patients[0] for step in budget.funnel] == [1000, 500, 400]
    assert budget.with_new.shares["active"] == pytest.approx([0.2, 0.4, 0.6])


def test_the_schema_holds_it(found: Results) -> None:
    jsonschema.validate(found.model_dump(mode="json"), Results.model_json_schema(mode="serialization"))


def test_inputs_that_move_nothing_are_counted(run: Run, budget: BudgetResult) -> None:
    """Only curves and one step have ranges here, and all of them move it."""
    assert len(budget.one_way or ()) + budget.unmoved == len(one_way_of(run.model).items)
    spans = [abs(item.total_high - item.total_low) for item in budget.one_way or ()]
    assert spans == sorted(spans, reverse=True)
    utilities: dict[str, dict[str, Any]] = {
        "utility.progressed": {"value": 0.6, "low": 0.5, "high": 0.7, "distribution": "beta"},
    }
    more = results(small_budget_run(budget_model(rows=utilities))).budget
    assert more is not None
    assert more.unmoved == 1
    assert "utility.progressed" not in {item.id for item in more.one_way or ()}


def test_sentences(found: Results, run: Run, budget: BudgetResult) -> None:
    sentences = [text.replace("\u00a0", " ") for text in budget_results(found, names_of(found, run))]
    total, peak = budget.net.total.all_years, budget.net.total.by_year
    (price,) = budget.price_at_trigger
    at = price.prices[0].at_trigger
    assert at is not None

    assert " ".join(sentences) == (
        "From 2027 to 2029 the net budget impact of the mix with the new treatment is"
        f" EUR {total:,.0f}, undiscounted; it is largest in 2029, EUR {peak[2]:,.0f}."
        " The payer's trigger of EUR 3,000,000 in any of the first 2 years is exceeded: the largest net impact among"
        f" them is EUR {peak[1]:,.0f} in 2028, EUR {peak[1] - 3e6:,.0f} above it."
        f" With Newtinib at EUR {at:,.2f} instead of 1,200 per vial ({at / 12:.1f}% of the price)"
        " the trigger would just be met."
    )


def test_one_year_without_trigger() -> None:
    run = small_budget_run(budget_model(uptake=(0.5,)))
    found = results(run)
    assert found.budget is not None
    amount = f"{found.budget.net.total.all_years:,.0f}"

    assert [text.replace("\u00a0", " ") for text in budget_results(found, names_of(found, run))] == [
        f"In 2027 the net budget impact of the mix with the new treatment is EUR {amount}, undiscounted."
    ]


def test_the_console_shows_the_years(found: Results, run: Run, budget: BudgetResult) -> None:
    text = budget_text(found, run, None)

    for i, year in enumerate(budget.years):
        line = next(line for line in text.splitlines() if line.startswith(f" {year} "))
        assert f"{budget.eligible.by_year[i]:,.0f}" in line
        assert f"{budget.net.total.by_year[i]:,.0f}" in line
    assert "Inputs that move it most: " in text
    assert "Written to" not in text


def test_the_report_has_a_section_and_the_workbook_sheets(found: Results, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "any.svg"
    picture.write_text("<svg/>", encoding="utf-8")
    text = report_of(found, run, dict.fromkeys(figures(found, run, CHARTS), (picture, picture)))
    assert 'id="section-budget"' in text
    for name in NAMES:
        assert f'data-table="{name}"' in text
    assert text.count("Net budget impact by category and year") == 2

    write_results_workbook(tmp_path / "results.xlsx", found, run)
    titles = {cell.value for cell in openpyxl.load_workbook(tmp_path / "results.xlsx")["Budget"]["A"]}
    assert {table.title for table in tables(found, run, TABLES)} <= titles


def test_the_workbook_of_the_command_links_every_table_and_repeats_to_the_byte(
    found: Results, run: Run, tmp_path: Path
) -> None:
    made = tables(found, run, TABLES)
    made_with = Manifest(hemodel="0", command="", python="3", libraries={})
    for name in ("a.xlsx", "b.xlsx"):
        write_budget_workbook(tmp_path / name, found, made, made_with)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()

    book: Any = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Summary", "Budget", "Audit"]
    links = [cell.hyperlink.location for line in book["Summary"].iter_rows() for cell in line if cell.hyperlink]
    assert len(links) == len({*links}) == len(NAMES) + 1 + 2
    assert [len(sheet._charts) for sheet in book] == [1, 0, 0]


def test_without_rows_nothing_changes() -> None:
    run = small_run(small_model(), 2)
    found = results(run)

    assert found.budget is None
    assert not any(table.name.startswith("budget") for table in tables(found, run))
    assert not figures(found, run, CHARTS)
    assert 'id="section-budget"' not in report_of(found, run)
    with pytest.raises(UsageError, match="The results have no budget impact"):
        budget_document(found)
