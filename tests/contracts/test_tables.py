"""What every table must satisfy, in the files, the report and the workbook, on ordinary and on awkward runs."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import math
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from live.models import SHIPPED, small_file
from page_support import report_of
from unit.live_model.calculated_models import third_strategy

from hemodel.analyses.options import PARTS, Options
from hemodel.analyses.report import report_results
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.formats import csv_cell, display, number_format
from hemodel.inputs.changes import Change
from hemodel.publish.workbook import SHEETS, write_results_workbook
from hemodel.publish.workbook_sheets import SUMMARY
from hemodel.views.registry import dossier_tables, tables
from hemodel.views.shared.table import Table, csv_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hemodel.analyses.results import Results
    from hemodel.inputs.cells import Scalar

DRUGS = ("oldamab", "newtinib")
CASES = ("ordinary", "bare", "three", "dominated", "hostile")
ENGLAND = SHIPPED.with_name("imforte_england.xlsx")
WORSE: dict[str, Scalar] = {
    **{f"survival.os.active.{name}": value for name, value in (("median", 9), ("median.low", 8), ("median.high", 10))},
    **{f"survival.pfs.active.{name}": value for name, value in (("median", 3), ("median.low", 2), ("median.high", 4))},
    "survival.os.active.survival_later": 0.1,
    "survival.pfs.active.survival_later": 0.05,
}
HOSTILE: dict[str, Scalar] = {
    "strategy.active.name": "<script>alert(1)</script>",
    "strategy.standard.name": '=HYPERLINK("http://example.org")',
    "utility.progressed.label": "+1+1|'x'!A1",
    "utility.progressed.source": "@SUM(A1:A9) & <b>bold</b>",
    "settings.title": "=1+1 <i>title</i>",
}
SCENARIOS = {
    "horizon": ("settings.time_horizon", "from = {horizon}\nto = 5"),
    "cheaper": ("{price}", "multiply = 0.5"),
    "stale": ("utility.progressed", "from = 0.987\nto = 0.5"),
}
BESIDE: dict[str, Scalar] = {"settings.beside": "cheaper; stale"}
"""Of the scenarios above; the second stops."""
FROM_RESULTS = (
    "beside",
    *("base_case", "fully_incremental", "net_benefit", "disaggregated_costs", "drug_use", "disaggregated_life_years"),
    *("disaggregated_qalys", "survival_fit", "modelled_survival", "curves", "fit_quality", "families", "external"),
    *("adjustments", "dsa", "psa_summary", "psa_net_benefit", "psa_quadrants", "probability_cost_effective", "ceac"),
    *("scenarios", "scenario_changes", "changes", "price_threshold", "frontier_price", "two_way", "threshold_values"),
)


def scenarios_of(folder: Path, **found: object) -> Path:
    """Write scenarios for a workbook with this horizon and price, and return their folder."""
    (folder / "own").mkdir()
    for name, (id_, change) in SCENARIOS.items():
        head = 'group = "structure"\npurpose = "p"\nquestion = "What if?"\nwhy = "why"\nsource = "source"\n'
        text = f'{head}[[change]]\nid = "{id_.format(**found)}"\n{change.format(**found)}\n'
        (folder / "own" / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder / "own"


def changes(values: Mapping[str, Scalar]) -> tuple[Change, ...]:
    return tuple(Change(id_, value, "--set") for id_, value in values.items())


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Results, Run]:
    name, folder = str(request.param), tmp_path_factory.mktemp("case")
    if name == "ordinary":
        here = scenarios_of(folder, horizon=20, price="drug.lurbinectedin.price_per_vial")
        made = run(SHIPPED, Options(draws=60, changes=changes({"settings.scenarios": str(here), **BESIDE})))
        return name, results(made), made
    scenarios_of(folder, horizon=6, price="drug.newtinib.price_per_vial")
    rows: dict[str, dict[str, Scalar]] = {f"drug.{drug}.price_per_vial": {"source": "a list"} for drug in DRUGS}
    if name == "three":
        rows |= third_strategy() | {"strategy.late.name": {"value": "Active"}}
    path = small_file(folder / "small.xlsx", {"settings.scenarios": "own"}, rows)
    further = {"dominated": WORSE, "hostile": HOSTILE}.get(name, {})
    options = Options(draws=60, changes=changes(further), parts=("base",) if name == "bare" else PARTS)
    made = run(path, options)
    return name, results(made), made


@pytest.fixture(scope="module")
def report(case: tuple[str, Results, Run]) -> str:
    """The report of a case, without figures."""
    return report_of(case[1], case[2])


@pytest.fixture(scope="module")
def written(case: tuple[str, Results, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of the results of a case."""
    path = tmp_path_factory.mktemp("written") / "results.xlsx"
    write_results_workbook(path, case[1], case[2])
    return path


@pytest.fixture(scope="module")
def book(written: Path) -> Any:
    return openpyxl.load_workbook(written)


def test_names_headers_and_rows_agree(case: tuple[str, Results, Run]) -> None:
    made = tables(case[1], case[2])
    names = [table.name for table in made]
    assert len(set(names)) == len(names)
    for table in made:
        headers = [column.name for column in table.columns]
        assert len(set(headers)) == len(headers), table.name
        assert table.title
        assert all(len(row) == len(headers) for row in table.rows), table.name
        assert table.rows or table.name in {"adjustments", "sources", "scenario_changes"}, table.name


def test_numbers_exist_and_stand_in_columns_of_numbers(case: tuple[str, Results, Run]) -> None:
    for table in tables(case[1], case[2]):
        for row in table.rows:
            for value, column in zip(row, table.columns, strict=True):
                if isinstance(value, (int, float)):
                    assert math.isfinite(value), (table.name, column.name)
                    assert column.kind != "text", (table.name, column.name)


def test_every_result_of_the_tables_is_in_the_results(case: tuple[str, Results, Run]) -> None:
    """A number is one of results.json, or a difference of two that the columns name."""
    known = {*_numbers(case[1].model_dump()), *_differences(case[1])}
    checked = 0
    for table in tables(case[1], case[2]):
        if table.name not in FROM_RESULTS:
            continue
        for row in table.rows:
            for value, column in zip(row, table.columns, strict=True):
                if isinstance(value, (int, float)):
                    assert float(value) in known, (table.name, column.name, value)
                    checked += 1
    assert checked > 100


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner)
            if str(key).replace(".", "", 1).isdigit():
                yield float(key)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, (int, float)):
        yield float(value)


def _differences(found: Results) -> Iterator[float]:
    yield 0.0
    comparator, *interventions = found.strategies
    for intervention in interventions:
        for outcome in ("life_years", "qalys", "costs"):
            for how in ("discounted", "undiscounted"):
                of, base = (getattr(getattr(found.base_case[s], outcome), how) for s in (intervention, comparator))
                yield from (of[part] - base[part] for part in of)
    for entry in found.dsa or ():
        yield abs(entry.nmb_high - entry.nmb_low)
    for study in found.external:
        yield study.time_months - study.origin_months


def test_csv_holds_every_digit(case: tuple[str, Results, Run]) -> None:
    for table in tables(case[1], case[2]):
        header, *lines = csv.reader(io.StringIO(csv_text(table), newline=""))
        assert len(header) == len(set(header)) == len(table.columns)
        assert len(lines) == len(table.rows)
        for line, row in zip(lines, table.rows, strict=True):
            for text, value in zip(line, row, strict=True):
                assert (float(text) == value) if isinstance(value, (int, float)) else (text == csv_cell(value or ""))


class _Cells(HTMLParser):
    """Texts of the body cells of each table, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if values.get("data-table"):
            self._rows = self.tables.setdefault(str(values["data-table"]), [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag == "td" and self._rows is not None:
            self._rows[-1].append("")
            self._open = True

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag != "td"
        if tag == "figure":
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._open and self._rows is not None:
            self._rows[-1][-1] += data


def test_the_report_shows_the_tables_rounded(case: tuple[str, Results, Run], report: str) -> None:
    _, found, made = case
    parser = _Cells()
    parser.feed(report)
    by_name = dossier_tables(report_results(found, made, None), made, None)
    assert {"base_case", "disaggregated_costs", "inputs"} <= set(parser.tables)
    for name, rows in parser.tables.items():
        shown = [row for row in rows if row]
        assert shown, name
        expected = [_shown(by_name[name], row) for row in _report_rows(by_name[name])]
        assert len(shown) == len(expected), name
        for cells, texts in zip(shown, expected, strict=True):
            rest = iter(texts)
            assert all(cell in rest for cell in cells), (name, cells, texts)


def _report_rows(table: Table) -> list[tuple[Any, ...]]:
    if table.name not in {"dsa", "threshold_values"}:
        return list(table.rows)
    firsts = [row[0] for row in table.rows]
    return [row for i, row in enumerate(table.rows) if firsts[:i].count(row[0]) < 20]


def _shown(table: Table, row: tuple[Any, ...]) -> list[str]:
    pairs = zip(row, table.columns, strict=True)
    return ["" if v is None and not c.numeric else display(v, c.kind) for v, c in pairs]


def test_the_report_needs_nothing_else_and_runs_nothing(case: tuple[str, Results, Run], tmp_path: Path) -> None:
    picture = tmp_path / "occupancy.svg"
    picture.write_text("<svg><script>alert(2)</script></svg>", encoding="utf-8")
    text = report_of(case[1], case[2], {"occupancy": (picture, picture)}, "hemodel run '<x>'")
    assert "data:image/svg+xml;base64," in text
    (own,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    assert text.lower().count("<script") == 1
    assert f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text
    assert "<b>bold</b>" not in text
    assert "<i>title</i>" not in text
    assert "hemodel run &#39;&lt;x&gt;&#39;" in text
    for tag in ('src="http', "<link", "url(http", "@import"):
        assert tag not in text


def test_the_workbook_holds_the_tables(case: tuple[str, Results, Run], book: Any) -> None:
    holds_the_tables(book, case[1], case[2])


def test_the_workbook_of_a_payer_with_a_budget_holds_its_tables(tmp_path: Path) -> None:
    made = run(ENGLAND, Options(draws=60, payer="GB-ENG", parts=("base", "dsa", "psa")))
    found = results(made)
    write_results_workbook(tmp_path / "results.xlsx", found, made)
    book = openpyxl.load_workbook(tmp_path / "results.xlsx")
    assert "Budget" in book.sheetnames
    holds_the_tables(book, found, made)


def holds_the_tables(book: Any, found: Results, made: Run) -> None:
    """Every table that a sheet names, whole: below its title, its notes and its headings, the rows of its CSV file."""
    placed = {name: sheet.name for sheet in SHEETS for name in sheet.tables}
    assert 8 <= len(book.sheetnames) <= 12
    checked = 0
    for table in tables(found, made):
        if table.name not in placed:
            continue
        sheet = book[placed[table.name]]
        first = first_row(sheet, table)
        checked += 1
        for i, row in enumerate(table.rows):
            for j, (value, column) in enumerate(zip(row, table.columns, strict=True), start=1):
                cell = sheet.cell(first + i, j)
                if isinstance(value, (int, float)):
                    assert cell.data_type == "n"
                    assert float(str(cell.value)) == pytest.approx(value, rel=1e-15)
                    assert cell.number_format == number_format(value, column.kind)
                else:
                    assert (cell.value or "") == (value or ""), (table.name, cell.coordinate)
                    assert cell.data_type == "s" or value in {None, ""}
    assert checked > 10
    assert all(cell.data_type != "f" for sheet in book for line in sheet.iter_rows() for cell in line)


def first_row(sheet: Any, table: Table) -> int:
    """The row below the headings of a table, which stand below its title."""
    header = [f"{c.header}\n[{c.unit}]" if c.unit else c.header for c in table.columns]
    titled = next(cell.row for cell in sheet["A"][3:] if cell.value == table.title)
    for row in range(titled + 1, titled + 5):
        if [sheet.cell(row, j + 1).value for j in range(len(header))] == header:
            return row + 1
    raise AssertionError(table.name)


def test_the_summary_links_every_table_and_sheets_link_back(book: Any) -> None:
    others = [name for name in book.sheetnames if name not in {SUMMARY, "Charts"}]
    links = _links(book[SUMMARY])
    assert [place for place in links if place.endswith("!A1")] == [f"'{name}'!A1" for name in others]
    linked = [cell for line in book[SUMMARY].iter_rows() for cell in line if cell.hyperlink]
    told = {cell.hyperlink.location: cell.value for cell in linked}
    for place in links:
        name, _, at = place.rpartition("!")
        title = book[name.strip("'")][at].value
        assert title if at == "A1" else title == told[place]
    for name in (*others, "Charts"):
        assert _links(book[name]) == [f"'{SUMMARY}'!A1"]


def _links(sheet: Any) -> list[str]:
    return [cell.hyperlink.location for line in sheet.iter_rows() for cell in line if cell.hyperlink]


def test_the_same_results_give_the_same_bytes(
    case: tuple[str, Results, Run], written: Path, report: str, tmp_path: Path
) -> None:
    write_results_workbook(tmp_path / "again.xlsx", case[1], case[2])
    assert (tmp_path / "again.xlsx").read_bytes() == written.read_bytes()
    assert report_of(case[1], case[2]) == report


def test_the_report_says_what_was_found_and_what_was_not_run(case: tuple[str, Results, Run], report: str) -> None:
    name, found, made = case
    names = {table.name for table in tables(found, made)}
    text = report
    bare = name == "bare"
    left_out = "Not part of this run: one-way sensitivity analysis; probabilistic sensitivity analysis; scenarios."
    assert (left_out in text) == bare
    assert ({"dsa", "psa_summary", "ceac", "scenarios"} <= names) != bare
    assert ('id="section-probabilistic"' in text) != bare
    answer = found.headline
    assert ("no QALYs gained for" in text or "QALYs lost for" in text) == (name == "dominated")
    assert ("ICER, base case" in text) == (answer.question is not None)
    off = found.psa is not None and any(abs(e.mean / e.base - 1) > 0.02 for e in found.psa.against_base)
    assert ("The mean of the draws is off the base case by more than 2%" in text) == off
    assert text.count('class="key"') == 1
    assert text.index('class="key"') < text.index("<dt>") < text.index("<table")


def test_a_stopped_scenario_says_why(case: tuple[str, Results, Run]) -> None:
    name, found, made = case
    by_name = {table.name: table for table in tables(found, made)}
    if name == "bare":
        assert "scenarios" not in by_name
        return
    table = by_name["scenarios"]
    stopped = next(row for row in table.rows if row[0] == "stale")
    by_column = dict(zip((column.name for column in table.columns), stopped, strict=True))
    assert by_column["ICER"] == "stopped"
    assert "0.987" in str(by_column["Why it was stopped"])
    assert by_column["Increment: QALYs"] is None
    assert {value for name, value in by_column.items() if name.startswith("Cost-effective at: ")} == {None}
