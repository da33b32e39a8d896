"""What a page shows of a table: columns that hold something, rounded cells, headings, bands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hemodel.formats import Value, display
from hemodel.views.registry import on_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hemodel.views.shared.table import Column, Table


_MANY_COLUMNS = 13
_CODE = {"Id", "Cell", "Scenario"}
"""Headers of columns that hold names a computer reads."""


@dataclass(frozen=True)
class Heading:
    """A heading of a table: its text, unit, look (text, number, group), and the columns and rows it covers."""

    text: str
    unit: str
    look: str
    columns: int = 1
    rows: int = 1


@dataclass(frozen=True)
class ShownCell:
    """A cell of a table: its text and look (text, number, code)."""

    text: str
    look: str


@dataclass(frozen=True)
class TableView:
    """A table as the template prints it. A row is (band printed above it or None, cells)."""

    number: int
    name: str
    title: str
    notes: tuple[str, ...]
    headings: tuple[tuple[Heading, ...], ...]
    columns: int
    rows: tuple[tuple[str | None, tuple[ShownCell, ...]], ...]
    wide: bool

    @property
    def kind(self) -> str:
        """What the template makes of it."""
        return "table"

    def texts(self) -> Iterator[str]:
        """Give the texts of the headings and of the cells."""
        yield from (text for row in self.headings for heading in row for text in (heading.text, heading.unit))
        yield from (cell.text for _, cells in self.rows for cell in cells)

    def printed(self, words: Callable[[str], str]) -> TableView:
        """Return it with every text as it is printed."""
        headings = tuple(tuple(replace(h, text=words(h.text)) for h in row) for row in self.headings)
        rows = tuple(
            (None if band is None else words(band), tuple(replace(c, text=words(c.text)) for c in cells))
            for band, cells in self.rows
        )
        notes = tuple(words(note) for note in self.notes)
        return replace(self, title=words(self.title), notes=notes, headings=headings, rows=rows)


def view(table: Table, number: int) -> TableView:
    """Return what a page shows of a table: columns that hold something, rounded cells, bands."""
    page = on_page(table.name)
    rows, notes = _chosen_rows(table, page.most_rows)
    banded = page.bands if table.banded else ()
    columns = [i for i, column in enumerate(table.columns) if not {column.name, column.group} & {*page.left_out}]
    kept = [i for i in columns if i not in banded and _is_shown(table, rows, i)]
    shown = tuple(table.columns[i] for i in kept)
    cells = [tuple(_cell(row[i], table.columns[i]) for i in kept) for row in rows]
    bands = _bands([". ".join(str(row[i]) for i in banded) for row in rows]) if banded else [None] * len(rows)
    return TableView(
        number=number,
        name=table.name,
        title=table.title,
        notes=notes,
        headings=_headings(shown, cells),
        columns=len(shown),
        rows=tuple(zip(bands, cells, strict=True)),
        wide=len(shown) >= _MANY_COLUMNS or page.wide,
    )


def _chosen_rows(table: Table, most: int | None) -> tuple[list[tuple[Value, ...]], tuple[str, ...]]:
    """Return the rows that a page shows, and the notes with a word on those it does not."""
    if most is None:
        return list(table.rows), table.notes
    first: dict[Value, int] = {}
    rows = []
    for row in table.rows:
        band = row[0] if table.banded else None
        first[band] = first.get(band, 0) + 1
        if first[band] <= most:
            rows.append(row)
    if len(rows) == len(table.rows):
        return rows, table.notes
    return rows, (*table.notes, f"The first {len(rows)} of {len(table.rows)} rows; all are in the results workbook.")


def _bands(first: Iterable[str]) -> list[str | None]:
    bands: list[str | None] = []
    before = None
    for text in first:
        bands.append(text if text != before else None)
        before = text
    return bands


def _is_shown(table: Table, rows: Sequence[tuple[Value, ...]], i: int) -> bool:
    """Whether a column holds anything, and (for the intervention) more than the same word in every row."""
    name, values = table.columns[i].name, {row[i] for row in rows}
    return bool(values - {None, ""}) and (name != "Intervention" or len(values) > 1)


def _cell(value: Value, column: Column) -> ShownCell:
    number = column.numeric or (column.kind == "value" and not isinstance(value, str))
    text = "" if value is None and not column.numeric else display(value, column.kind)
    return ShownCell(text, "number" if number else "code" if column.header in _CODE else "text")


def _unit(column: Column) -> str:
    """Return the unit under a heading; none where the cells or the heading itself say it."""
    said = column.kind == "share" or column.unit.lower() in column.header.lower()
    return "" if said else column.unit


def _headings(columns: Sequence[Column], cells: Sequence[tuple[ShownCell, ...]]) -> tuple[tuple[Heading, ...], ...]:
    """Return one row of headings, or two where columns stand in groups."""
    numeric = [2 * sum(row[i].look == "number" for row in cells) > len(cells) for i in range(len(columns))]
    lower = [Heading(c.header, _unit(c), "number" if n else "text") for c, n in zip(columns, numeric, strict=True)]
    if not any(column.group for column in columns):
        return (tuple(lower),)
    upper: list[Heading] = []
    for i, column in enumerate(columns):
        if not column.group:
            upper.append(replace(lower[i], rows=2))
        elif i == 0 or columns[i - 1].group != column.group:
            upper.append(Heading(column.group, "", "group"))
        else:
            upper[-1] = replace(upper[-1], columns=upper[-1].columns + 1)
    return tuple(upper), tuple(h for h, c in zip(lower, columns, strict=True) if c.group)
