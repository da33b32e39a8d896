"""What a table is: a name, columns with units and kinds, and rows with full precision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.formats import csv_lines

if TYPE_CHECKING:
    from pandas import DataFrame

    from hemodel.formats import Kind, Value


@dataclass(frozen=True)
class Column:
    """One column. `group` is a heading over several neighbouring columns, empty for none."""

    header: str
    kind: Kind = "text"
    unit: str = ""
    group: str = ""

    @property
    def name(self) -> str:
        """Group and header, unique within a table."""
        return f"{self.group}: {self.header}" if self.group else self.header

    @property
    def numeric(self) -> bool:
        """Whether the column is one of numbers (a word may stand in for one)."""
        return self.kind not in {"text", "value"}


@dataclass(frozen=True)
class Table:
    """One table. Rows hold numbers with all their digits, text, or None.

    `banded` says that rows with the same first cell belong together, so that a
    page may print that cell once, above them.
    """

    name: str
    title: str
    notes: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    banded: bool = False


def frame(table: Table) -> DataFrame:
    """Return a table as a pandas data frame, every digit kept; units are in `attrs["units"]`."""
    import pandas as pd

    made = pd.DataFrame(list(table.rows), columns=[column.name for column in table.columns])
    made.attrs = {"title": table.title, "units": {column.name: column.unit for column in table.columns}}
    return made


def csv_text(table: Table) -> str:
    """Return a table as CSV (RFC 4180): units in the header, every digit of every number.

    A cell without a value is empty. Shares are proportions, not per cent.
    """
    return csv_lines([[f"{c.name} [{c.unit}]" if c.unit else c.name for c in table.columns], *table.rows])
