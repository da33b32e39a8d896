"""The rows of a workbook that hold a value: which they are, what they are about, and where the value is from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.cell_formats import sheet_titles
from hemodel.inputs.dictionary import kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.run import Run
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.rows import Row


class InputEntry(Entry):
    """An input of the workbook that holds a value, as the run used it."""

    id: str = Field(description="of the row")
    subject: str = Field(description="title of the sheet that it stands on")
    label: str = Field(description="of the row")
    value: str | float | None = Field(description="in the unit of the row")
    unit: str = Field(description="of value, low, high and se")
    low: float | None = Field(description="lower end of the 95% interval, or lower bound")
    high: float | None = Field(description="upper end of the 95% interval, or upper bound")
    se: float | None = Field(description="standard error")
    n: float | None = Field(description="patients that it was measured in")
    distribution: str = Field(description="name of the distribution, or fixed")
    parameters: list[float] = Field(description="of the distribution, as it is drawn")
    range_basis: str = Field(description="what low and high are")
    source: str = Field(description="of the value; of one changed for the run, what changed it")
    note: str = Field(description="of the row")


def input_entries(run: Run) -> list[InputEntry]:
    """Return every row that holds a value, in workbook order."""
    parameters = run.model.inputs.parameters
    drawn = {each.id: list(each.distribution.parameters) for each in parameters if each.distribution is not None}
    same = ("id", "value", "unit", "low", "high", "se", "n", "distribution", "range_basis", "note")
    return [
        InputEntry(
            **{name: getattr(row, name) for name in same},
            subject=subject(row),
            label=row.label,
            parameters=drawn.get(row.id, []),
            source=source_text(row),
        )
        for row in filled_rows(run)
    ]


def filled_rows(run: Run) -> list[Row]:
    """Return the rows that hold a value, in workbook order."""
    return [row for row in run.model.inputs.rows.values() if row.value is not None]


RELATIONS = kind_of("curve.{endpoint}.{strategy}.relation").choices[1:]
"""Relations of a curve to that of another strategy; the first choice is to have none."""
_NEEDED = (
    (r"(waning\.\w+\.\w+)\.scale", r"\1.shape", ("immediate", "linear", "with_treatment")),
    (r"(waning\.\w+\.\w+)\.reference", r"\1.shape", ("immediate", "linear", "with_treatment")),
    (r"(waning\.\w+\.\w+)\.start", r"\1.shape", ("immediate", "linear")),
    (r"(waning\.\w+\.\w+)\.end", r"\1.shape", ("linear",)),
    (r"(waning\.\w+\.\w+)\.time_on_treatment", r"\1.shape", ("with_treatment",)),
    (r"(curve\.\w+\.\w+)\.reference", r"\1.relation", RELATIONS),
    (r"curves\.replicates", "curves.draws", ("bootstrap",)),
    (r"utility\.time_to_death(_within)?\.[\w.]+", "settings.utilities_by", ("time_to_death",)),
    (r"utility\.progress(ed|ion_free)", "settings.utilities_by", ("state",)),
)
"""Ids of options with the choice that each belongs to: where another choice is made, the model does not use them."""
_AFTER = re.compile(r"(subsequent\.\w+)\.(?!share)\w+")


def is_used(id_: str, values: Mapping[str, Scalar]) -> bool:
    """Whether the model uses a row: not one of an option that is not chosen, or of a treatment that nobody is given.

    Parameters
    ----------
    id_ : str
        Of the row.
    values : mapping from id to value
        Of all rows that hold one.
    """
    for pattern, choice, chosen in _NEEDED:
        hit = re.fullmatch(pattern, id_)
        if hit is not None and values.get(hit.expand(choice)) not in chosen:
            return False
    after = _AFTER.fullmatch(id_)
    shares = [] if after is None else [v for key, v in values.items() if key.startswith(f"{after[1]}.share.")]
    return not shares or any(shares)


def subject(row: Row) -> str:
    """Return the title of the sheet that a row stands on."""
    return sheet_titles().get(row.sheet, row.sheet)


def source_text(row: Row) -> str:
    """Return the source; of a value changed for the run, what changed it, since the source is of the old value."""
    where = row.where["value"]
    if where.sheet is not None or row.source == where.file.partition(" (")[0]:
        return row.source
    return f"changed for this run: {where.file}; the workbook's own value is from {row.source}"
