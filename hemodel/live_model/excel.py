"""Write the live model of a workbook: its cover, inputs, every calculation by formula, and what the engine found."""

from __future__ import annotations

import dataclasses
import io
import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hemodel import interrupts
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.analyses.shared import staged
from hemodel.errors import OutputError
from hemodel.inputs import cell_formats as writing_formats
from hemodel.inputs.cover import SCENARIO_SHEET, print_setup, write_sources
from hemodel.inputs.dictionary import SCENARIOS, sheets, sheets_for
from hemodel.inputs.listing import to_listing
from hemodel.inputs.scenario_sheet import sheet_rows
from hemodel.inputs.writing import replace_file, write_input_sheets, write_scenarios, write_table
from hemodel.live_model import look as styles
from hemodel.live_model.building import SELECTOR, build
from hemodel.live_model.charts import SHEET as CHARTS
from hemodel.live_model.charts import add_charts
from hemodel.live_model.comparison import TOLERANCE
from hemodel.live_model.formula import Formula, as_formula, call, quoted, rendered, when
from hemodel.live_model.look import Look
from hemodel.live_model.psa import stored_draws
from hemodel.live_model.results import in_words
from hemodel.live_model.writing import FormulaPage, write_sheet
from hemodel.model.costs.categories import CATEGORIES
from hemodel.survival.workbook.tables import tables_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.options import Options
    from hemodel.analyses.run import Run
    from hemodel.analyses.shared import Progress
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.live_model.building import LiveModel
    from hemodel.live_model.sheet import Sheet


ANALYSIS = (
    ("settings.population", "Population"),
    ("settings.perspective", "Perspective"),
    ("settings.clock_start", "Start of the clock"),
)
WHAT = (
    "This file calculates a partitioned-survival model by formula, from the inputs to the results, without macros. "
    "Nothing in it is hidden or locked. It is also an input workbook: hemodel run reads its yellow cells like those of "
    "any other, so that an edit made here can be checked there."
)
STEPS = (
    "Change yellow cells of the input sheets: results and charts follow. Change the source of a value with the value.",
    (
        "On Model results, choose a draw from 1 to {draws} to calculate that draw of the probabilistic analysis; 0 is "
        "the base case. Model engine holds what hemodel found for the same draw against it."
    ),
    (
        "Look at Model checks after an edit. It says when a curve needs a refit, because a statistic that it was "
        "fitted to was changed, and when formulas cannot follow. Then save the file and write it anew: "
        "hemodel excel FILE.xlsx -o NEW.xlsx."
    ),
    (
        "To check an edit, save the file and run hemodel run FILE.xlsx. Its base case is that of Model results with "
        "the draw at 0."
    ),
    (
        "Grey cells hold what hemodel found when the file was written: draws, tornado, fitted coefficients. They do "
        "not follow edits."
    ),
)
CALCULATION = {
    "Curves": (
        "Survival S(t) = exp(-H(t)) of each endpoint from its coefficients, at every boundary between cycles; t in "
        "months of 30.4375 days."
    ),
    "Effects": "Further effects on hazard, time or odds act on a curve one after another, as listed on Curves.",
    "Waning": "Where chosen, hazard or survival moves to that of another strategy between two times.",
    "Floor": "Where chosen, H grows in no cycle by less than the hazard of people of the same age and sex.",
    "Caps": (
        "Progression-free = min(PFS, OS); progressed = OS less that; dead = 1 - OS. Treatment ends at death, and at "
        "progression where its input says so."
    ),
    "Time in states": "Mean of both ends of a cycle (life table), or its start or its end, x days / 365.25.",
    "Discounting": (
        "1 / (1 + rate)^years; years to the middle of a cycle, or to the day of an administration; whole years where "
        "the setting says annual."
    ),
    "Drugs": (
        "Every administration on its day: share on treatment that day x expected vials x price, and the cost of "
        "giving it. Vials are an expectation over body sizes unless they are shared."
    ),
    "Other costs": " ".join(dict.fromkeys(category.equation for category in CATEGORIES)),
    "QALYs": (
        "Time in states (or by time to death) x utility, less the loss from adverse events at the start. Where chosen, "
        "utilities change with the age reached as the norms of the general population do."
    ),
    "Results": "Sums over cycles; increments against the comparator; an ICER only where both increments are positive.",
}
SHORT = {
    "Model results": "Increments, ICER, decision, totals; selection of a draw",
    "Model checks": "What must hold, and what to know after an edit",
    "Model engine": "What hemodel found for the same draw",
    "Model charts": "Survival, states, costs, uncertainty",
    "Model inputs": "The value of every input in use, and what reads it",
    "Model curves": "Coefficients of the curves in use",
    "Model PSA": "Inputs and results of every draw",
    "Model plane": "Increments of every draw",
    "Model PSA results": "Means and intervals over the draws",
    "Model acceptability": "Acceptability curves and frontier by formula",
    "Model tornado": "One-way analysis",
}
"""What is on a calculated sheet, in a few words."""


_WIDTHS = (2.0, 24.0, 46.0, 24.0, 46.0)
_FIRST, _LAST = 1, 4
_TITLE_SIZE, _BOLD = 16, 1.1
_JOINED = 1.05
"""Merged cells have the room between columns too, and the estimate of the width of a text is on the safe side."""
_TEXT = _JOINED * sum(_WIDTHS[_FIRST:])
_ASIDE = _JOINED * sum(_WIDTHS[_FIRST + 1 :])

_LEGEND = (
    (writing_formats.INPUT, "Input", "to edit; every value has a unit and a source"),
    ("#FFFFFF", "Formula", "calculated from the inputs, live"),
    (styles.STORED_FILL, "Stored", "found by hemodel when the file was written"),
    (styles.BAD, "Look", "a check that does not pass, or a value without a source"),
)
FRONT = 3
"""Calculated sheets that stand before the input sheets: results, checks and the comparison with the engine."""


@dataclass
class _Page:
    """The cover while it is filled from the top."""

    page: Worksheet
    look: Look
    row: int = 0

    def format(self, **properties: object) -> Format:
        """Return a format of wrapped text."""
        return self.look.formats.get(**{"text_wrap": True, "valign": "top", "align": "left", **properties})

    def heading(self, text: str) -> None:
        """Write a band with a heading, after an empty line."""
        self.page.set_row(self.row, 6)
        self.row += 1
        style = {"bold": True, "font_color": "#FFFFFF", "bg_color": writing_formats.INK, "indent": 1}
        self.page.merge_range(self.row, _FIRST, self.row, _LAST, text, self.look.formats.get(**style))
        self.page.set_row(self.row, 18)
        self.row += 1

    def text(self, text: str, **properties: object) -> None:
        """Write a text over the width of the page."""
        self.page.merge_range(self.row, _FIRST, self.row, _LAST, "", self.format(**properties))
        self.page.write_string(self.row, _FIRST, text, self.format(**properties))
        self._next(text, _TEXT)

    def formula(self, content: Formula, **properties: object) -> None:
        """Write a formula over the width of the page."""
        self.page.merge_range(self.row, _FIRST, self.row, _LAST, "", self.format(**properties))
        self._write(_FIRST, content, self.format(**properties))
        self._next(str(content.value), _TEXT)

    def line(self, label: str, content: Formula | str, **properties: object) -> None:
        """Write a label and what it says, which may be a formula."""
        line = {"bottom": 1, "bottom_color": writing_formats.LINE, "indent": 1}
        self.page.write_string(self.row, _FIRST, label, self.format(bold=True, **line))
        style = self.format(**line, **properties)
        self.page.merge_range(self.row, _FIRST + 1, self.row, _LAST, "", style)
        if isinstance(content, Formula):
            self._write(_FIRST + 1, content, style)
            self._next(str(content.value), _ASIDE)
        else:
            self.page.write_string(self.row, _FIRST + 1, content, style)
            self._next(content, _ASIDE)

    def pairs(self, items: Sequence[tuple[str, str]]) -> None:
        """Write links to sheets with what is on each, in two columns of links."""
        half = -(-len(items) // 2)
        link = self.format(font_color=styles.LINK, underline=1, font_size=9, indent=1)
        note = self.format(font_size=9, font_color="#404040")
        for i, item in enumerate(items[:half]):
            lines = [self._link(_FIRST, item, link, note)]
            lines += [self._link(_FIRST + 2, other, link, note) for other in items[half + i : half + i + 1]]
            self.page.set_row(self.row, 12.0 * max(lines) + 2)
            self.row += 1

    def _link(self, column: int, item: tuple[str, str], link: Format, note: Format) -> int:
        """Write a link to a sheet and what is on it; return how many lines they need."""
        name, purpose = item
        self.page.write_url(self.row, column, f"internal:{quoted(name)}!A1", link, name)
        self.page.write_string(self.row, column + 1, purpose, note)
        texts = ((name, _WIDTHS[column]), (purpose, _WIDTHS[column + 1]))
        return max(writing_formats.line_count(text, width, "note") for text, width in texts)

    def _write(self, column: int, content: Formula, style: Format) -> None:
        text = rendered(content, range(self.row + 1, self.row + 2), "Cover")[0]
        self.page.write_formula(self.row, column, text, style, content.value)

    def _next(self, text: str, width: float) -> None:
        self.page.set_row(self.row, writing_formats.height_of(writing_formats.line_count(text, width)) - 2)
        self.row += 1


def write_live_cover(page: Worksheet, look: Look, live: LiveModel, inputs: ModelInputs, tables: Sequence[str]) -> None:
    """Write the cover, when all other sheets are there.

    Parameters
    ----------
    page : Worksheet
        Empty, named Cover.
    look : Look
        The styles of the workbook.
    tables : sequence of str
        Names of the sheets with tables that inputs name.
    """
    for column, width in enumerate(_WIDTHS):
        page.set_column(column, column, width)
    on = _Page(page, look)
    title = _setting("settings.title", inputs)
    on.formula(title, font_size=_TITLE_SIZE, bold=True, font_color=writing_formats.INK)
    lines = writing_formats.line_count(str(title.value), _TEXT * 10 / _TITLE_SIZE / _BOLD)
    page.set_row(0, lines * _TITLE_SIZE * 1.3 + 4)
    on.text("Live cost-effectiveness model", font_size=12, font_color=writing_formats.GREY)
    on.text(WHAT)
    _results(on, live)
    on.heading("The analysis")
    for id_, label in ANALYSIS:
        if id_ in inputs.rows:
            on.line(label, _setting(id_, inputs))
    on.heading("How to use it")
    for number, step in enumerate(STEPS, start=1):
        on.text(f"{number}.  {step.format(draws=f'{live.psa.rows - 1:,}')}", indent=1)
    on.heading("How it calculates")
    for label, text in CALCULATION.items():
        on.line(label, text)
    on.heading("Colours")
    _legend(on)
    on.heading("Contents")
    on.pairs([*_contents(live, inputs, tables)])
    _set_up(page, on.row)


def _setting(id_: str, inputs: ModelInputs) -> Formula:
    """Return a text of Settings by formula, so that it follows that sheet."""
    value = inputs.rows[id_].value
    text = f'INDEX(Settings!$C$1:$C$2000,MATCH("{id_}",Settings!$A$1:$A$2000,0))&""'
    return Formula(text, "" if value is None else str(value))


def _results(on: _Page, live: LiveModel) -> None:
    """Write what the model finds now, by formula: one line an intervention, the draw, and the checks."""
    on.heading("Results now")
    results, parameters = live.results, live.parameters
    comparator, *others = [each.id for each in live.strategies]
    money = parameters.text("settings.currency").joined(" ")
    for strategy in others:
        pair = parameters.name(strategy).joined(" against ").joined(parameters.name(comparator))
        costs, qalys = (results.increments[outcome, strategy, "discounted"] for outcome in ("costs", "qalys"))
        icer = results.icer[strategy]
        number = call("ISNUMBER", lambda value: not isinstance(value, str), icer)
        ratio = when(number, as_formula("ICER ").joined(money).joined(in_words(icer, "#,##0")), icer)
        found = (
            pair.joined(": incremental costs ")
            .joined(money)
            .joined(in_words(costs, "#,##0"))
            .joined(", incremental QALYs ")
        )
        on.line("Result", found.joined(in_words(qalys, "0.000")).joined(", ").joined(ratio), bold=True)
    draw = parameters.draw
    on.line(
        "Draw",
        when(draw.equals(0), "Base case", as_formula("Draw ").joined(in_words(draw, "0")).joined(" of Model PSA")),
    )
    on.line("Checks", live.checks.message)
    begins = {"type": "text", "criteria": "begins with", "value": "Look", "format": on.look.fill(styles.BAD)}
    on.page.conditional_format(on.row - 1, _FIRST + 1, on.row - 1, _LAST, begins)


def _legend(on: _Page) -> None:
    for k in range(0, len(_LEGEND), 2):
        for column, (colour, name, meaning) in zip((_FIRST, _FIRST + 2), _LEGEND[k : k + 2], strict=False):
            on.page.write_string(
                on.row, column, name, on.format(bg_color=colour, border=1, border_color=writing_formats.LINE, indent=1)
            )
            on.page.write_string(on.row, column + 1, meaning, on.format(indent=1))
        on.page.set_row(on.row, 15)
        on.row += 1


def _contents(live: LiveModel, inputs: ModelInputs, tables: Sequence[str]) -> Iterable[tuple[str, str]]:
    """Yield every sheet, in the order of the workbook, with what is on it."""
    front, behind = live.sheets[:FRONT], live.sheets[FRONT:]
    yield from ((sheet.name, _purpose(sheet, live)) for sheet in front)
    yield CHARTS, SHORT[CHARTS]
    own = sheets_for({"sheet": row.sheet} for row in inputs.raw.rows)
    yield from ((name, sheets()[name].purpose) for name in own)
    if inputs.raw.scenarios is not None:
        yield SCENARIOS, SCENARIO_SHEET
    yield from ((sheet.name, _purpose(sheet, live)) for sheet in behind)
    yield from ((name, "Table that an input names") for name in tables)
    yield "Sources", "The publications and files behind the values"


def _purpose(sheet: Sheet, live: LiveModel) -> str:
    """Return in a few words what a sheet calculates."""
    for each in live.strategies:
        name = str(live.parameters.name(each.id).value)
        if sheet is each.trace.sheet:
            return f"{name}: curves, states, QALYs and costs by cycle"
        if sheet is each.doses.sheet:
            return f"{name}: every administration"
    return SHORT.get(sheet.name, sheet.title)


def _set_up(page: Worksheet, rows: int) -> None:
    """Print on one upright A4 page."""
    print_setup(page)
    page.set_portrait()
    page.fit_to_pages(1, 1)
    page.print_area(0, 0, rows - 1, _LAST)
    page.hide_gridlines(2)
    page.set_tab_color(styles.FRONT_TAB)


_LIKE_A_CELL = re.compile(r"[a-z]{1,3}[0-9]+|r[0-9]*(c[0-9]*)?|c[0-9]*", re.IGNORECASE)
DRAW = "draw"
"""Name of the cell that selects a draw."""


def defined_name(id_: str) -> str:
    """Return the name of an input's cell: its id, with an underscore where its last part looks like a cell (a1, r2)."""
    last = id_.rpartition(".")[2]
    return f"{id_}_" if _LIKE_A_CELL.fullmatch(last) else id_


def write_live_model(
    target: Path, workbook: Path, options: Options, progress: Progress | None = None, *, replace: bool
) -> str:
    """Write the live model of a workbook, whole or not at all, and say what was written.

    Parameters
    ----------
    target : Path
        The file to write (.xlsx).
    options : Options
        Changes, scenarios, how many draws to store, and their seed.
    progress : callable, optional
        As in `hemodel.analyses.run.run`.
    replace : bool
        Whether a file that exists is replaced.

    Raises
    ------
    InputError
        With every problem of the workbook, the changes and the scenarios.
    OutputError
        Where the file exists and is not to be replaced, cannot be written, or where the
        formulas do not give what the engine gives.
    """
    _refuse(target, workbook, replace=replace)
    done = run(workbook, dataclasses.replace(options, families=False), progress)
    content, live = staged(progress, "model of formulas", lambda: live_model(done))
    replace_file(target, content)
    return said(target, content, live)


def live_model(done: Run) -> tuple[bytes, LiveModel]:
    """Return the bytes of the live model of a run, and its sheets.

    Raises
    ------
    OutputError
        Where the formulas do not give what the engine gives.
    """
    settings, options = done.model.inputs.settings, done.options
    draws = settings.draws if options.draws is None else options.draws
    seed = settings.seed if options.seed is None else options.seed
    live = build(done.model, results(done), stored_draws(done.model, draws, seed))
    gap = live.comparison.difference.value
    if not gap <= TOLERANCE:
        raise OutputError(
            f"The live model was not written: a total by formula differs from the engine's by {gap:.1e} of its size."
            " This is a defect of hemodel; please report it with the workbook."
        )
    with _temporary_folder() as folder:
        return _content(done, live, folder), live


@contextmanager
def _temporary_folder() -> Iterator[str]:
    """Give a folder for sheets that are written and not yet packed, which goes whatever happens."""
    folder = TemporaryDirectory(prefix="hemodel_")
    interrupts.begin(folder.cleanup)
    try:
        yield folder.name
    finally:
        interrupts.finish(folder.cleanup)
        folder.cleanup()


def _refuse(target: Path, workbook: Path, *, replace: bool) -> None:
    if target.suffix.lower() != ".xlsx":
        raise OutputError(f"{target}: the live model is an .xlsx file. Choose a name that ends in .xlsx.")
    if target.resolve() == workbook.resolve():
        raise OutputError(f"{target}: this is the workbook itself, which is never written to. Choose another name.")
    if not target.parent.is_dir():
        raise OutputError(f"{target}: the folder {target.parent} does not exist. Create it, or choose another name.")
    if target.exists() and not replace:
        raise OutputError(f"{target}: this file exists. Choose another name, or give --replace to write over it.")


def _content(done: Run, live: LiveModel, folder: str) -> bytes:
    """Return the file; sheets wait in a folder until all of them are packed."""
    import xlsxwriter

    inputs, buffer = done.model.inputs, io.BytesIO()
    options = {"tmpdir": folder, "default_format_properties": dict(writing_formats.FONT)}
    book = xlsxwriter.Workbook(buffer, options)
    created = datetime(2000, 1, 1, tzinfo=UTC)
    book.set_properties({"title": inputs.settings.title, "subject": "Live model", "created": created})
    book.set_size(28_000, 17_000)
    formats = writing_formats.Formats(book)
    look = Look(formats)
    cover = book.add_worksheet("Cover")
    pages = _add(book, live, slice(0, FRONT), look)
    charts = book.add_worksheet("Model charts")
    places = write_input_sheets(book, formats, to_listing(inputs.raw))
    if inputs.raw.scenarios is not None:
        write_scenarios(book, formats, sheet_rows(inputs.raw.scenarios))
    pages |= _add(book, live, slice(FRONT, None), look)
    tables = tables_named(inputs)
    for table in tables.values():
        write_table(book, formats, table)
    write_sources(book, formats, inputs.raw.sources)
    add_charts(book, charts, live, look)
    write_live_cover(cover, look, live, inputs, tuple(tables))
    page = pages[live.results.sheet.name]
    draws = f"{live.psa.rows - 1:,}"
    rule = {
        "validate": "list",
        "source": f"={live.psa.number.range.text}",
        "input_title": "Draw",
        "input_message": f"0 is the base case; 1 to {draws} are the draws of the sheet Model PSA.",
        "error_title": "There is no such draw",
        "error_message": f"Choose 0, the base case, or a draw from 1 to {draws}.",
    }
    page.data_validation(*SELECTOR, *SELECTOR, rule)
    _name_cells(book, live, places)
    cover.activate()
    book.close()
    return buffer.getvalue()


def _add(book: Workbook, live: LiveModel, which: slice, look: Look) -> dict[str, Worksheet]:
    pages = {}
    for sheet in live.sheets[which]:
        pages[sheet.name] = page = book.add_worksheet(sheet.name, FormulaPage)
        write_sheet(page, sheet, look)
        look.set_up(page, sheet)
    return pages


def _name_cells(book: Workbook, live: LiveModel, places: dict[str, tuple[str, int]]) -> None:
    """Give the value of every input its id as a name."""
    book.define_name(DRAW, f"='{live.results.sheet.name}'!$C${SELECTOR[0] + 1}")
    for id_, (sheet, row) in places.items():
        book.define_name(defined_name(id_), f"='{sheet}'!$C${row + 1}")


def said(target: Path, content: bytes, live: LiveModel) -> str:
    """Return what to tell a user whose live model was written."""
    size, sheets, draws = len(content) / 1e6, len(live.sheets), live.psa.rows - 1
    return (
        f"{target} ({size:.1f} MB, {sheets} sheets of calculations, {draws:,} draws). "
        f"Largest difference from the engine: {live.comparison.difference.value:.1e} of a total.\n"
        "Open it in Excel or LibreOffice and change yellow cells; it is also a workbook for hemodel run."
    )
