"""Tables of what went in: inputs with their sources, their dictionary, assumptions, sources, settings, changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.input_rows import filled_rows, is_used, source_text, subject
from hemodel.formats import Value, display
from hemodel.inputs.cell_formats import sheet_titles
from hemodel.inputs.dictionary import kinds
from hemodel.inputs.structure import VALUE_SETS, value_set
from hemodel.views.shared.declared import OnPage, TableEntry
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.distributions import Distribution
    from hemodel.inputs.rows import Row
    from hemodel.views.shared.words import Names


ASSUMPTION = "assumption:"
_INPUT_COLUMNS = (
    Column("Subject"),
    Column("Input"),
    Column("Value", "value"),
    Column("Unit"),
    Column("Low", "value"),
    Column("High", "value"),
    Column("SE", "value"),
    Column("n", "value"),
    Column("Distribution"),
    Column("Basis of the range"),
    Column("Source"),
    Column("Note"),
    Column("Id"),
    Column("Cell"),
)


def inputs(run: Run) -> Table:
    """Return every input that holds a value, with uncertainty, source and cell."""
    drawn = {parameter.id: parameter.distribution for parameter in run.model.inputs.parameters}
    rows = [
        (
            subject(row),
            row.label,
            _value(row),
            _unit(row, value_set(run.model.inputs.rows, row.id)),
            *(row.low, row.high, row.se, row.n),
            _distribution(row, drawn.get(row.id)),
            row.range_basis or None,
            source_text(row),
            row.note or None,
            row.id,
            _cell(row),
        )
        for row in filled_rows(run)
    ]
    return Table(
        "inputs",
        "Inputs",
        ("As read from the workbook, after any change. Low and high are the bounds of the one-way analysis.",),
        _INPUT_COLUMNS,
        tuple(rows),
        banded=True,
    )


def _value(row: Row) -> Value:
    """Return the value; a whole-number kind as an integer, which is written without separators."""
    return int(row.number) if row.kind.type == "integer" else row.value


def _unit(row: Row, of: str) -> str:
    """Return the unit; that of a utility with its value set, where the workbook says it."""
    return f"{row.unit or 'utility'} ({VALUE_SETS[of]})" if of else row.unit


def _distribution(row: Row, drawn: Distribution | None) -> str | None:
    """Return the distribution in words, with the parameters it is drawn with."""
    if drawn is None:
        return row.distribution or None
    numbers = ", ".join(display(number, "number") for number in drawn.parameters)
    return f"{row.distribution.replace('_', ' ')} ({numbers})"


def _cell(row: Row) -> str:
    where = row.where["value"]
    return where.file if where.sheet is None else f"{where.sheet}!{where.cell or ''}"


def regimens(run: Run, names: Names) -> Table:
    """Return how each drug is given in each strategy."""
    found = run.model.inputs
    rows = [
        (
            names.strategy(item.strategy),
            names.drug(item.drug),
            found.rows[item.id("dose")].number,
            item.dose_basis,
            *(item.interval, item.start_day, item.stop_day, item.max_administrations),
            names.endpoint(item.time_on_treatment) + (" (stops at progression)" if item.stops_at_progression else ""),
            found.rows[item.id("share_of_patients")].number,
            found.rows[item.id("relative_dose_intensity")].number,
            "yes" if item.vial_sharing else "no",
            item.administration.replace("_", " "),
        )
        for item in found.regimens
    ]
    return Table(
        "regimens",
        "Regimens",
        ("Days count from the start of the model.",),
        (
            Column("Strategy"),
            Column("Drug"),
            Column("Dose", "value"),
            Column("Dose unit"),
            Column("Interval", "value", "days"),
            Column("First day", "value", "day"),
            Column("Stop day", "value", "day"),
            Column("Most administrations", "value"),
            Column("Treated according to"),
            Column("Patients given it", "share", "proportion"),
            Column("Relative dose intensity", "share", "proportion"),
            Column("Vial sharing"),
            Column("Administration"),
        ),
        tuple(rows),
    )


def assumptions(run: Run) -> Table:
    """Return the inputs whose value or range rests on a judgement, those of options that are not chosen left out."""
    filled = filled_rows(run)
    values = {row.id: row.value for row in filled}
    rows = [
        (
            subject(row),
            row.label,
            _value(row),
            _unit(row, value_set(run.model.inputs.rows, row.id)),
            judgement(source_text(row)),
            judgement(row.range_basis),
            row.id,
        )
        for row in filled
        if is_used(row.id, values) and (judgement(source_text(row)) or judgement(row.range_basis))
    ]
    return Table(
        "assumptions",
        "Assumptions",
        ("Inputs that rest on a judgement: of the value, or of the range it may lie in.",),
        (
            Column("Subject"),
            Column("Input"),
            Column("Value", "value"),
            Column("Unit"),
            Column("Why this value"),
            Column("Why this range"),
            Column("Id"),
        ),
        tuple(rows),
        banded=True,
    )


def judgement(text: str) -> str | None:
    """Return what stands after `assumption:`, or None for a text that cites a source."""
    if not text.lower().startswith(ASSUMPTION):
        return None
    reason = text[len(ASSUMPTION) :].strip()
    return reason[:1].upper() + reason[1:] if reason else text


def sources(run: Run) -> Table:
    """Return the sources as the workbook lists them."""
    header, *rows = run.model.inputs.raw.sources or (("source",),)
    width = max((i + 1 for row in (header, *rows) for i, text in enumerate(row) if text), default=1)
    headers = [text or f"column {i}" for i, text in enumerate(_padded(header, width), start=1)]
    columns = [
        Column((text if headers.index(text) == i else f"{text} {i + 1}").capitalize()) for i, text in enumerate(headers)
    ]
    return Table("sources", "Sources", (), tuple(columns), tuple(_padded(row, width) for row in rows))


def dictionary(run: Run) -> Table:
    """Return what the dictionary says about each kind of input that the workbook holds, in its order."""
    used = {row.kind for row in filled_rows(run)}
    rows = [
        (
            sheet_titles().get(kind.sheet, kind.sheet),
            kind.label,
            kind.definition,
            kind.unit,
            kind.allowed,
            ", ".join(kind.distributions) or None,
            kind.guideline or None,
            kind.pattern,
        )
        for kind in kinds()
        if kind in used
    ]
    headers = ("Subject", "Input", "Definition", "Unit", "Allowed", "Distributions", "Guideline", "Id")
    notes = ("Names in braces stand for those of the strategies, drugs, events and the like in the workbook.",)
    columns = tuple(Column(header) for header in headers)
    return Table("dictionary", "Dictionary of the inputs", notes, columns, tuple(rows), banded=True)


def _padded(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple([*row, *[""] * width][:width])


def settings(run: Run) -> Table:
    """Return the settings of the calculation."""
    rows = [
        (row.label, _value(row), row.unit, source_text(row), row.id)
        for row in filled_rows(run)
        if row.kind.group == "settings"
    ]
    ran = run.options
    model = run.model.inputs.settings
    if run.psa is not None and (run.psa.draws, run.psa.seed) != (model.draws, model.seed):
        rows.append(("Draws of this run", run.psa.draws, "draws", "asked for with this run", "--draws"))
        rows.append(("Seed of this run", run.psa.seed, "", "asked for with this run", "--seed"))
    rows.append(("Parts of this run", ", ".join(ran.parts), "", "asked for with this run", "--only"))
    return Table(
        "settings",
        "Settings",
        (),
        (Column("Setting"), Column("Value", "value"), Column("Unit"), Column("Source"), Column("Id")),
        tuple(rows),
    )


def changes(results: Results) -> Table:
    """Return the inputs changed for this run."""
    rows = [(change.id, change.old, change.new, change.origin) for change in results.changes]
    return Table(
        "changes",
        "Changes to the workbook",
        ("Made for this run only; the workbook itself is as it was.",),
        (Column("Id"), Column("From", "value"), Column("To", "value"), Column("Changed by")),
        tuple(rows),
    )


def warnings(results: Results) -> Table:
    """Return the warnings of the run."""
    return Table("warnings", "Warnings", (), (Column("Warning"),), tuple((text,) for text in results.warnings))


TABLES = (
    TableEntry("settings", lambda _, run, __: settings(run)),
    TableEntry("regimens", lambda _, run, names: regimens(run, names)),
    TableEntry("inputs", lambda _, run, __: inputs(run), OnPage(("n", "Note", "Id"), wide=True)),
    TableEntry("assumptions", lambda _, run, __: assumptions(run), OnPage(("Id",))),
    TableEntry("sources", lambda _, run, __: sources(run)),
    TableEntry("dictionary", lambda _, run, __: dictionary(run), OnPage(("Distributions",), wide=True)),
    TableEntry("changes", lambda results, *_: changes(results), needs_rows=True),
    TableEntry("warnings", lambda results, *_: warnings(results), needs_rows=True),
)
