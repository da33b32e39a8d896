"""Tables in Word: real tables with a style of their own, repeated headings and rows that are never split."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.dossier.word_xml import breakable, clean, paragraph, run
from hemodel.reporting.tables_view import Cell, Heading

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray
    from hemodel.reporting.tables_view import TableView

PORTRAIT, LANDSCAPE = 467.0, 728.0
"""Width of the text on a page. [points]"""
SIZES = (8.5, 8.0, 7.5, 7.0)
"""Sizes of the text of a table, the first that fits. [points]"""
PAD = 10.0
"""Space left and right in a cell, together, and a little more. [points]"""
STEP = 6.0
"""By which columns are widened. [points]"""
LOW, LOW_SMALL = 2.6, 3.5
"""Most lines a row of an upright table has on average; of a table of few rows."""
SHORT = 14
"""Rows up to which a table is kept on one page."""
FEW = 4
"""Rows up to which a table too wide for a page is turned, rows for columns."""
SAMPLE = 60
"""About how many rows, spread over the table, widths are chosen by."""
BOLD = 1.15
"""How much wider bold text is."""
_TWENTIETHS = 20
_TOTALS = {"Total", "Base case", "base case"}
_STYLES = {"text": "TableText", "number": "TableNumber", "code": "TableCode", "group": "TableGroup"}
_WIDE = frozenset("mwMW%@—–")
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")


def text_width(text: str, size: float) -> float:
    """Return about how wide a line of text is, in points: in Arial, or in a wider typeface put in its place."""
    wide = sum(0.92 if c in _WIDE else 0.33 if c in _NARROW else 0.7 if c.isupper() else 0.65 for c in text)
    return wide * size


@dataclass(frozen=True)
class Fit:
    """Widths of the columns in points, the size of the text, and whether the page lies on its side."""

    widths: tuple[float, ...]
    size: float
    landscape: bool


def fit(view: TableView) -> Fit:
    """Return how a table is set: upright where its rows stay low, on its side where not."""
    small = len(view.rows) <= SHORT
    for size in SIZES if small else SIZES[:2]:
        least, texts = _needs(view, size)
        if sum(least) <= PORTRAIT and not view.wide:
            widths = _share(least, texts, PORTRAIT)
            if float(_lines(texts, widths).mean()) <= (LOW_SMALL if small else LOW):
                return Fit(tuple(widths.tolist()), size, landscape=False)
    for size in SIZES:
        least, texts = _needs(view, size)
        if sum(least) <= LANDSCAPE:
            widths = _share(least, texts, LANDSCAPE)
            if size == SIZES[-1] or float(_lines(texts, widths).mean()) <= LOW:
                return Fit(tuple(widths.tolist()), size, landscape=True)
    return Fit(tuple((least * LANDSCAPE / sum(least)).tolist()), SIZES[-1], landscape=True)


def _share(least: FloatArray, texts: FloatArray, width: float) -> FloatArray:
    """Share out a width: what each column needs, then step by step where rows become lowest by it.

    Parameters
    ----------
    least : array (columns,)
    texts : array (rows, columns)
        Widths of the texts in one line.
    width : float
    """
    texts = texts[:: max(1, len(texts) // SAMPLE)]
    widths = least.copy()
    longest = np.maximum(least, texts.max(axis=0, initial=0.0) + PAD)
    while widths.sum() + STEP < width and (widths < longest).any():
        lines = np.maximum(1.0, texts / (widths - PAD))
        wider = np.maximum(1.0, texts / (widths + STEP - PAD))
        gains = [
            (lines.max(axis=1) - np.maximum(wider[:, j], np.delete(lines, j, axis=1).max(axis=1, initial=0.0))).sum()
            for j in range(widths.size)
        ]
        own = (lines - wider).sum(axis=0)
        best = int(np.argmax(np.where(widths < longest, np.array(gains) + own / widths.size, -np.inf)))
        widths[best] += STEP
    return np.asarray(widths * (width / widths.sum()))


def _lines(texts: FloatArray, widths: FloatArray) -> FloatArray:
    """Return how many lines each row has."""
    return np.asarray(np.ceil(np.maximum(1.0, texts / (widths - PAD))).max(axis=1, initial=1.0))


def _needs(view: TableView, size: float) -> tuple[FloatArray, FloatArray]:
    """Return the least width of each column, and the width of every text in one line, (rows, columns)."""
    least = np.zeros(view.columns)
    for i, heading in _under(view):
        words = _words(f"{heading.text} {heading.unit}")
        least[i] = max((text_width(word, size) * BOLD for word in words), default=0.0)
    texts = np.array([[text_width(cell.text, size) for cell in cells] for _, cells in view.rows])
    for _, cells in view.rows:
        own = size * BOLD if _is_total(cells) else size
        for i, cell in enumerate(cells):
            words = [cell.text] if cell.look == "number" else _words(cell.text)
            least[i] = max(least[i], *(text_width(word, own) for word in words), 0.0)
    return least + PAD, texts.reshape(len(view.rows), view.columns)


def _is_total(cells: Sequence[Cell]) -> bool:
    return any(cell.text in _TOTALS for cell in cells)


def _words(text: str) -> list[str]:
    return [word for word in breakable(text).replace("\N{ZERO WIDTH SPACE}", " ").split(" ") if word]


def _under(view: TableView) -> list[tuple[int, Heading]]:
    """Return the heading that stands directly over each column."""
    if len(view.headings) == 1:
        return list(enumerate(view.headings[0]))
    found: list[tuple[int, Heading]] = []
    lower = iter(view.headings[1])
    column = 0
    for heading in view.headings[0]:
        own = [heading] if heading.rows > 1 else [next(lower) for _ in range(heading.columns)]
        for each in own:
            found.append((column, each))
            column += 1
    return found


def upright(view: TableView) -> TableView:
    """Return a table of few rows and many columns with its rows as columns, so that it stands on an upright page."""
    if len(view.rows) > FEW or any(band is not None for band, _ in view.rows):
        return view
    first, *others = _labels(view)
    names = [cells[0].text for _, cells in view.rows]
    headings = (Heading(first.text, first.unit, "text"), *(Heading(name, "", "number") for name in names))
    rows = []
    for i, heading in enumerate(others, start=1):
        label = f"{heading.text} ({heading.unit})" if heading.unit else heading.text
        rows.append((None, (Cell(label, "text"), *(replace(cells[i], look="number") for _, cells in view.rows))))
    return replace(view, headings=(headings,), columns=len(headings), rows=tuple(rows), wide=False)


def _labels(view: TableView) -> list[Heading]:
    """Return the heading of each column, with that of its group before it."""
    groups = [heading for heading in view.headings[0] for _ in range(heading.columns)]
    return [
        heading
        if group is heading
        else replace(heading, text=f"{group.text}: {heading.text[:1].lower()}{heading.text[1:]}")
        for group, (_, heading) in zip(groups, _under(view), strict=True)
    ]


def table_xml(view: TableView, found: Fit) -> str:
    """Return a table as WordprocessingML."""
    widths = [round(width * _TWENTIETHS) for width in found.widths]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    properties = (
        '<w:tblPr><w:tblStyle w:val="DossierTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1"'
        f' w:noVBand="1"/><w:tblDescription w:val="{clean(view.title)}"/></w:tblPr>'
    )
    setter = _Setter(view, widths, f'<w:sz w:val="{round(2 * found.size)}"/>')
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{setter.headings()}{setter.rows()}</w:tbl>"


@dataclass(frozen=True)
class _Setter:
    """Sets the rows of one table; `size` is the property of its runs."""

    view: TableView
    widths: Sequence[int]
    size: str

    def headings(self) -> str:
        """Return the rows of headings, which are repeated on every page."""
        rows = []
        for level, row in enumerate(self.view.headings):
            cells, column = [], 0
            for place, heading in self._over(level, row):
                column = place
                width = sum(self.widths[column : column + heading.columns])
                cells.append(self._heading(heading, width, continued=level > 0 and heading.rows > 1))
            rows.append(f"<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>{''.join(cells)}</w:tr>")
        return "".join(rows)

    def _over(self, level: int, row: Sequence[Heading]) -> list[tuple[int, Heading]]:
        """Return the headings of a row with their columns; in the second row also those that reach down into it."""
        if level > 0:
            return _under(self.view)
        found, column = [], 0
        for heading in row:
            found.append((column, heading))
            column += heading.columns
        return found

    def _heading(self, heading: Heading, width: int, *, continued: bool) -> str:
        merge = '<w:vMerge w:val="restart"/>' if heading.rows > 1 and not continued else ""
        merge = "<w:vMerge/>" if continued else merge
        span = f'<w:gridSpan w:val="{heading.columns}"/>' if heading.columns > 1 else ""
        properties = f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}<w:vAlign w:val="bottom"/></w:tcPr>'
        style = {"number": "TableHeadingNumber", "group": "TableGroup"}.get(heading.look, "TableHeading")
        text = "" if continued else run(breakable(heading.text), self.size)
        if heading.unit and not continued:
            text += "<w:r><w:br/></w:r>" + run(heading.unit, f'<w:b w:val="0"/>{self.size}')
        return f"<w:tc>{properties}{paragraph(style, text, '<w:keepNext/>')}</w:tc>"

    def rows(self) -> str:
        """Return the rows of the body."""
        last = len(self.view.rows) - 1
        first_kept = 0 if last < SHORT else last - 1
        found = []
        for place, (band, cells) in enumerate(self.view.rows):
            if band is not None:
                found.append(self._band(band))
            kept = place >= first_kept and (place < last or bool(self.view.notes))
            found.append(self._row(cells, keep=kept))
        return "".join(found)

    def _band(self, text: str) -> str:
        properties = (
            f'<w:tcPr><w:tcW w:w="{sum(self.widths)}" w:type="dxa"/><w:gridSpan w:val="{len(self.widths)}"/>'
            '<w:shd w:val="clear" w:color="auto" w:fill="EEF2F7"/></w:tcPr>'
        )
        content = paragraph("TableBand", run(breakable(text), self.size), "<w:keepNext/>")
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>{properties}{content}</w:tc></w:tr>"

    def _row(self, cells: Sequence[Cell], *, keep: bool) -> str:
        total = _is_total(cells)
        look = f"<w:b/>{self.size}" if total else self.size
        shade = '<w:shd w:val="clear" w:color="auto" w:fill="EEF2F7"/>' if total else ""
        made = []
        for cell, width in zip(cells, self.widths, strict=True):
            text = cell.text if cell.look == "number" else breakable(cell.text)
            content = paragraph(_STYLES[cell.look], run(text, look), "<w:keepNext/>" if keep else "")
            made.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>{content}</w:tc>')
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(made)}</w:tr>"
