"""What reads each input: no yellow cell is without use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import Formula

if TYPE_CHECKING:
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import Column

STRUCTURE = "structure"
NOTHING = "nothing"
STORED = ("settings.draws", "settings.seed", "settings.scenarios", "settings.decision_threshold", "curves.")
"""Inputs that decide what hemodel stored, such as draws."""
RECORD = ("trial.reported.", "settings.price_year")
"""Inputs that are kept for the record."""
ELSEWHERE = ("utility.norms", "utility.life_year_gained", "budget.", "research.", "study.", "settings.exchange_rate.")
"""Inputs of analyses beside the model: severity, evLYG, budget impact, studies, other currencies."""


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
    return Readers(unread, _changed(parameters, column, STRUCTURE), _all_changed(parameters))


def _readers(row: Row, inputs: ModelInputs, parameters: Parameters) -> str:
    found = parameters.read.get(row.id, set())
    if found:
        return ", ".join(sorted(found))
    if row.value is None or row.id == "background.method" or row.id.endswith(".shape"):
        return STRUCTURE
    if row.id.startswith(STORED):
        return "stored results"
    if row.id.startswith(RECORD):
        return "the record"
    if row.id.startswith(ELSEWHERE):
        return "other analyses"
    if row.kind.type == "text" and row.kind.group in {"settings", "strategy"}:
        return "labels"
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
    if group in {"utility", "resource"} and all(f"{row.id}.{strategy}" in inputs.rows for strategy in strategies):
        return "not in use: every strategy has its own"
    if group == "drug" and not any(regimen.drug == names["drug"] for regimen in inputs.regimens):
        return "not in use: no strategy gives it"
    if group in {"survival", "coefficient", "covariance", "external", "trial"}:
        return "comparison only"
    return ""


def _no_waning(row: Row, inputs: ModelInputs) -> bool:
    shape = inputs.rows.get(f"waning.{row.names['endpoint']}.{row.names['strategy']}.shape")
    return shape is None or shape.value in {None, "none"}


def _changed(parameters: Parameters, readers: Column, reader: str) -> Formula:
    changed = parameters.changed
    text = f'SUMIF({readers.range.text},"{reader}",{changed.range.text})'
    return Formula(text, float(np.sum(np.where(readers.value == reader, changed.value, 0))))


def _all_changed(parameters: Parameters) -> Formula:
    changed = parameters.changed.range
    return Formula(f"SUM({changed.text})", float(np.sum(changed.value)))
