"""The values the model calculates with: every input as it stands now, or as it is in the selected draw.

What reads each input: no yellow cell is without use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs.structure import VALUE_SET
from hemodel.live_model.formula import Formula, when
from hemodel.live_model.sheet import Sheet, SheetColumn, SheetTable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.live_model.psa import PsaSheet


SHEET = "Model inputs"
FIRST_ROW = 6
LAST_INPUT_ROW = 2000
"""Inputs are looked for by their id down to this row of their sheet, so that rows can be sorted and added."""


@dataclass(eq=False)
class Parameters(Mapping[str, Formula]):
    """The numbers in use by id, which functions of the engine read as they read draws; who reads them is recorded.

    Attributes
    ----------
    sheet : Sheet
        The sheet "Model inputs", one row an input.
    draw : Formula
        The selected draw; 0 is the base case.
    rows : mapping from id to row of the table, from 0
    now, written, changed, used : SheetColumn
        The value in the yellow cell; the value there when the model was written; 1
        where the two differ; the value that formulas use.
    read : dict from id to set of str
        What reads each input.
    """

    sheet: Sheet
    draw: Formula
    rows: Mapping[str, int]
    now: SheetColumn
    written: SheetColumn
    changed: SheetColumn
    used: SheetColumn
    table: SheetTable
    psa: PsaSheet
    read: dict[str, set[str]] = field(default_factory=dict)

    def __contains__(self, id_: object) -> bool:
        """Whether the workbook has a row with this id, empty or not."""
        return id_ in self.rows

    def __iter__(self) -> Iterator[str]:
        """Give the ids."""
        return iter(self.rows)

    def __len__(self) -> int:
        """Return the number of inputs."""
        return len(self.rows)

    def __getitem__(self, id_: str) -> Formula:
        """Return the value in use; of a row of one strategy that is empty, that of all strategies."""
        common = id_.rpartition(".")[0]
        return self.optional(id_, self[common]) if common in self.rows else self._reference(self.used, id_)

    def optional(self, id_: str, otherwise: Formula) -> Formula:
        """Return the value in use, or another where the cell is empty or there is no row."""
        if id_ not in self.rows:
            return otherwise
        cell = self._reference(self.used, id_)
        return when(cell.equals(""), otherwise, cell)

    def name(self, strategy: str) -> Formula:
        """Return the name of a strategy."""
        return self.text(f"strategy.{strategy}.name")

    def text(self, id_: str) -> Formula:
        """Return a choice or text."""
        return self._reference(self.now, id_)

    def drawn(self, name: str, column: int) -> Formula:
        """Return a column of the draws of a name in the selected draw; draw 0 is the base case as it was fitted."""
        return self.psa.drawn(name, column, self.draw)

    def note(self, id_: str, reader: str) -> None:
        """Record that an input is read by something other than a formula, such as a fit."""
        self.read.setdefault(id_, set()).add(reader)

    def _reference(self, column: SheetColumn, id_: str) -> Formula:
        cell = column.cell(self.rows[id_])
        self.note(id_, "formulas")
        return cell


def add_parameters(inputs: ModelInputs, psa: PsaSheet, draw: Formula) -> Parameters:
    """Return the sheet of inputs with a row for every input of the workbook."""
    purpose = (
        "Every input, found by its id on its sheet: the value there now and when the model was written, and the value "
        "in use, which is that of the selected draw where the input varies. Formulas use the last of these."
    )
    sheet = Sheet(SHEET, "Inputs in use", purpose, frozen=(FIRST_ROW, 1))
    found = list(inputs.rows.values())
    table = SheetTable(sheet, FIRST_ROW, len(found))
    table.add("Id", [row.id for row in found], "text")
    table.add("Label", [row.label for row in found], "text")
    table.add("Unit", [row.unit for row in found], "text")
    table.add("Sheet", [row.sheet for row in found], "text")
    now = table.add_each("Value now", [_lookup(row, FIRST_ROW + i) for i, row in enumerate(found)], "number")
    written = table.add("Value when written", [_blank(row.cell) for row in found], "stored number")
    changed = table.add("Changed", _changed(now, written), "count")
    drawn = table.add_each("Selected draw", [_drawn(row, psa, draw) for row in found], "number")
    used = table.add_each("Value in use", _used(found, psa, now, drawn, draw), "number")
    rows = {row.id: i for i, row in enumerate(found)}
    return Parameters(sheet, draw, rows, now, written, changed, used, table, psa)


def _blank(value: Any) -> Any:
    return "" if value is None else value


def _lookup(row: Row, at: int) -> Formula:
    """Return the value of the row with this id on its sheet; an empty cell is an empty text, not 0."""
    page = "'" + row.sheet + "'"
    found = f"INDEX({page}!$C$1:$C${LAST_INPUT_ROW},MATCH($A${at + 1},{page}!$A$1:$A${LAST_INPUT_ROW},0))"
    return Formula(f'IF({found}="","",{found})', _blank(row.cell))


def _changed(now: SheetColumn, written: SheetColumn) -> Formula:
    same = now.equals(written)
    return Formula(
        f"IF({same.text},0,1)", np.where([a == b for a, b in zip(now.value, written.value, strict=True)], 0, 1)
    )


def _drawn(row: Row, psa: PsaSheet, draw: Formula) -> Formula:
    if not psa.varies(row.id):
        return Formula('""', "")
    return when(draw.equals(0), "", psa.drawn(row.id, 0, draw))


def _used(found: list[Row], psa: PsaSheet, now: SheetColumn, drawn: SheetColumn, draw: Formula) -> list[Formula]:
    made = []
    for i, row in enumerate(found):
        made.append(when(draw.equals(0), now.cell(i), drawn.cell(i)) if psa.varies(row.id) else now.cell(i))
    return made


STRUCTURE = "structure"
NOTHING = "nothing"
STORED = (
    *("settings.draws", "settings.seed", "settings.sampling", "settings.scenarios", "settings.decision_threshold"),
    *("curves.", "correlation.", "order."),
)
"""Inputs that decide what hemodel stored, such as draws."""
RECORD = ("trial.reported.", "settings.price_year")
"""Inputs that are kept for the record."""
ELSEWHERE = (
    *("utility.norms", "utility.life_year_gained", "budget.", "research.", "study.", "settings.exchange_rate."),
    *("settings.beside", "published."),
)
"""Inputs of analyses beside the model: severity, evLYG, budget impact, studies, other currencies, others' results."""


@dataclass(frozen=True)
class Readers:
    """How many inputs nothing reads, and how many that decide which formulas there are have changed."""

    unread: Formula
    structure: Formula
    changed: Formula


def add_readers(inputs: ModelInputs, parameters: Parameters) -> Readers:
    """Add to the sheet of inputs what reads each of them; call it when all formulas are there."""
    said = [_readers(row, inputs, parameters) for row in inputs.rows.values()]
    column = parameters.table.add("Read by", said, "text")
    unread = Formula(f'COUNTIF({column.range.text},"{NOTHING}")', said.count(NOTHING))
    return Readers(unread, _changed_for(parameters, column, STRUCTURE), _all_changed(parameters))


def _readers(row: Row, inputs: ModelInputs, parameters: Parameters) -> str:
    found = parameters.read.get(row.id, set())
    if found:
        return ", ".join(sorted(found))
    if row.id.startswith(STORED):
        return "stored results"
    if row.id.startswith(RECORD):
        return "the record"
    if row.id.startswith(ELSEWHERE):
        return "other analyses"
    if row.id.endswith(VALUE_SET) or (row.kind.type == "text" and row.kind.group in {"settings", "strategy"}):
        return "labels"
    if row.value is None or row.id == "background.method" or row.id.endswith(".shape"):
        return STRUCTURE
    return _set_aside(row, inputs) or (STRUCTURE if row.kind.type in {"choice", "reference", "formula"} else NOTHING)


def _set_aside(row: Row, inputs: ModelInputs) -> str:
    """Say which choice leaves an input out of the model, or nothing."""
    group, names = row.kind.group, row.names
    strategies = {strategy.id for strategy in inputs.strategies}
    if group == "background" and inputs.rows["background.method"].text == "none":
        return "not in use: background.method"
    if group == "waning" and (row.kind.numeric or _no_waning(row, inputs)):
        return "not in use: the shape of the waning"
    if (
        group == "utility"
        and row.kind.varies != "no"
        and ("time_to_death" in row.id) != (inputs.settings.utilities_by == "time_to_death")
    ):
        return "not in use: settings.utilities_by"
    if all(f"{row.id}.{strategy}" in inputs.rows for strategy in strategies):
        return "not in use: every strategy has its own"
    if group == "drug" and not any(regimen.drug == names["drug"] for regimen in inputs.regimens):
        return "not in use: no strategy gives it"
    if group in {"survival", "coefficient", "covariance", "external", "trial"}:
        return "comparison only"
    return ""


def _no_waning(row: Row, inputs: ModelInputs) -> bool:
    shape = inputs.rows.get(f"waning.{row.names['endpoint']}.{row.names['strategy']}.shape")
    return shape is None or shape.value in {None, "none"}


def _changed_for(parameters: Parameters, readers: SheetColumn, reader: str) -> Formula:
    changed = parameters.changed
    text = f'SUMIF({readers.range.text},"{reader}",{changed.range.text})'
    return Formula(text, float(np.sum(np.where(readers.value == reader, changed.value, 0))))


def _all_changed(parameters: Parameters) -> Formula:
    changed = parameters.changed.range
    return Formula(f"SUM({changed.text})", float(np.sum(changed.value)))
