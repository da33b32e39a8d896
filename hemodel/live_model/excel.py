"""Write the live model of a workbook: its inputs, every calculation by formula, and what the engine found.

Defined names: every input can be referred to by its id.
"""

from __future__ import annotations

import dataclasses
import io
import re
from contextlib import contextmanager
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hemodel import interrupts
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.analyses.shared import staged
from hemodel.errors import OutputError
from hemodel.inputs import cell_formats as writing_formats
from hemodel.inputs.cover import write_sources
from hemodel.inputs.listing import to_listing
from hemodel.inputs.scenario_sheet import sheet_rows
from hemodel.inputs.writing import replace_file, write_input_sheets, write_scenarios, write_table
from hemodel.live_model.building import SELECTOR, build
from hemodel.live_model.charts import add_charts
from hemodel.live_model.comparison import TOLERANCE
from hemodel.live_model.cover import FRONT, write_live_cover
from hemodel.live_model.look import Look
from hemodel.live_model.psa import stored_draws
from hemodel.live_model.writing import FormulaPage, write_sheet
from hemodel.survival.workbook.tables import tables_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.options import Options
    from hemodel.analyses.run import Run
    from hemodel.analyses.shared import Progress
    from hemodel.live_model.building import LiveModel


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
