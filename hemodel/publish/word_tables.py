"""Tables in Word: real tables with a style of their own, repeated headings and rows that are never split.

Pages of the Word file: which pieces stand on upright pages and which on pages on their side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.fonts import line_width
from hemodel.publish.table_view import Heading, ShownCell
from hemodel.publish.word_styles import LIGHT, TABLE_STYLE, add_element, add_run, breakable, clean, element_of
from hemodel.views.shared.text import lowered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from docx.document import Document
    from docx.section import Section
    from docx.table import Table, _Cell, _Row
    from docx.text.paragraph import Paragraph

    from hemodel.parameters import FloatArray
    from hemodel.publish.table_view import TableView


PORTRAIT, LANDSCAPE = 467.0, 728.0
"""Width of the text on a page. [points]"""
SIZES = (8.5, 8.0, 7.5, 7.0)
"""Sizes of the text of a table, the first that fits; the very first is that of the styles. [points]"""
PAD = 10.0
"""Space left and right in a cell, together, and a little more. [points]"""
STEP = 6.0
"""By which columns are widened. [points]"""
LOW, LOW_SMALL = 2.6, 3.5
"""Most lines a row of an upright table has on average; of a table of few rows."""
LABEL_LINES, LABEL, RAGGED = 3, 14.0, 1.1
"""Lines of a label at most; width a column may get by it, in sizes of the text; how much wider as lines are ragged."""
SHORT = 14
"""Rows up to which a table is kept on one page."""
FEW = 4
"""Rows up to which a table too wide for a page is turned, rows for columns."""
SAMPLE = 60
"""About how many rows, spread over the table, widths are chosen by."""
BOLD = 1.15
"""How much wider bold text is."""
_TOTALS = {"Total", "Base case", "base case"}
_STYLES = {"text": "Table Text", "number": "Table Number", "code": "Table Code"}
_HEADINGS = {"text": "Table Heading", "number": "Table Heading Number", "group": "Table Group"}
_BAND = "Table Band"
WIDER = 1.16
"""How much wider than Arial a typeface may be that is put in its place."""


def text_width(text: str, size: float) -> float:
    """Return about how wide a line of text is, in points, and rather too wide."""
    return line_width(text) * WIDER * size


@dataclass(frozen=True)
class TableFit:
    """Widths of the columns in points, the size of the text, and whether the page lies on its side."""

    widths: tuple[float, ...]
    size: float
    landscape: bool


def fit(view: TableView) -> TableFit:
    """Return how a table is set: upright where its rows stay low, on its side where not."""
    found = _fit(view, _labels_low) or _fit(view, _needs)
    if found is not None:
        return found
    least, _ = _needs(view, SIZES[-1])
    return TableFit(tuple((least * LANDSCAPE / sum(least)).tolist()), SIZES[-1], landscape=True)


def _fit(view: TableView, needs: Callable[[TableView, float], tuple[FloatArray, FloatArray]]) -> TableFit | None:
    """Return how a table is set with the widths that its columns need, None where no page is wide enough."""
    small = len(view.rows) <= SHORT
    for size in SIZES if small else SIZES[:2]:
        least, texts = needs(view, size)
        if sum(least) <= PORTRAIT and not view.wide:
            widths = _share(least, texts, PORTRAIT)
            if float(_lines(texts, widths).mean()) <= (LOW_SMALL if small else LOW):
                return TableFit(tuple(widths.tolist()), size, landscape=False)
    for size in SIZES:
        least, texts = needs(view, size)
        if sum(least) <= LANDSCAPE:
            widths = _share(least, texts, LANDSCAPE)
            if size == SIZES[-1] or float(_lines(texts, widths).mean()) <= LOW:
                return TableFit(tuple(widths.tolist()), size, landscape=True)
    return None


def _labels_low(view: TableView, size: float) -> tuple[FloatArray, FloatArray]:
    """As `_needs`, in a table of few rows with the width at which a column of labels (no longer texts) stays low."""
    least, texts = _needs(view, size)
    label = RAGGED * texts.max(axis=0, initial=0.0) / LABEL_LINES
    low = (label <= LABEL * size) & (len(view.rows) <= SHORT)
    return np.where(low, np.maximum(least, label + PAD), least), texts


def _share(least: FloatArray, texts: FloatArray, width: float) -> FloatArray:
    """Share out a width: what each column needs, then step by step where rows become lowest by it.

    Parameters
    ----------
    texts : array (rows, columns)
        Widths of the texts in one line.
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


def _is_total(cells: Sequence[ShownCell]) -> bool:
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
        rows.append((None, (ShownCell(label, "text"), *(replace(cells[i], look="number") for _, cells in view.rows))))
    return replace(view, headings=(headings,), columns=len(headings), rows=tuple(rows), wide=False)


def _labels(view: TableView) -> list[Heading]:
    """Return the heading of each column, with that of its group before it."""
    groups = [heading for heading in view.headings[0] for _ in range(heading.columns)]
    return [
        heading if group is heading else replace(heading, text=f"{group.text}: {lowered(heading.text)}")
        for group, (_, heading) in zip(groups, _under(view), strict=True)
    ]


def new_table(file: Document, rows: int, widths: Sequence[float], *, headings: int) -> Table:
    """Add an empty table of our style to a file.

    Parameters
    ----------
    rows : int
        None of them is split between pages.
    widths : sequence of float
        Of the columns. [points]
    headings : int
        Rows that are repeated on every page.
    """
    from docx.oxml.ns import qn
    from docx.shared import Pt

    table: Table = file.add_table(rows, len(widths), TABLE_STYLE)
    table.autofit = False
    if not headings:
        element_of(table).tblPr.find(qn("w:tblLook")).attrib.update({qn("w:firstRow"): "0", qn("w:val"): "0480"})
    lengths = [Pt(width) for width in widths]
    for column, length in zip(table.columns, lengths, strict=True):
        column.width = length
    for place, row in enumerate(table.rows):
        for cell, length in zip(row.cells, lengths, strict=True):
            cell.width = length
        flags = element_of(row).get_or_add_trPr()
        add_element(flags, "cantSplit")
        if place < headings:
            add_element(flags, "tblHeader")
    return table


def write_table(file: Document, view: TableView, found: TableFit) -> None:
    """Write a table at the end of a file."""
    headings = len(view.headings)
    bands = sum(band is not None for band, _ in view.rows)
    table = new_table(file, headings + bands + len(view.rows), found.widths, headings=headings)
    add_element(element_of(table).tblPr, "tblDescription", val=clean(view.title))
    names = {*_STYLES.values(), *_HEADINGS.values(), _BAND}
    ids = {name: file.styles[name].style_id for name in names}
    _Setter(view, list(table.rows), found.size, ids).set()


@dataclass(frozen=True)
class _Setter:
    """Sets the rows of one table."""

    view: TableView
    rows: Sequence[_Row]
    size: float
    ids: Mapping[str, str]

    def set(self) -> None:
        """Set headings and body."""
        self._headings()
        rows = iter(self.rows[len(self.view.headings) :])
        last = len(self.view.rows) - 1
        first_kept = 0 if last < SHORT else last - 1
        for place, (band, cells) in enumerate(self.view.rows):
            if band is not None:
                self._band(next(rows), band)
            kept = place >= first_kept and (place < last or bool(self.view.notes))
            self._row(next(rows), cells, keep=kept)

    def _text(self, cell: _Cell, style: str, text: str, *, bold: bool | None = None) -> Paragraph:
        """Set a text in a cell; its style is found by id: by its name, it takes as long as all the rest."""
        from docx.shared import Pt

        paragraph: Paragraph = cell.paragraphs[0]
        element_of(paragraph).style = self.ids[style]
        run = add_run(paragraph, text)
        if self.size != SIZES[0]:
            run.font.size = Pt(self.size)
        if bold is not None:
            run.bold = bold
        return paragraph

    def _headings(self) -> None:
        """Set the headings; one over several columns or both rows takes in the cells it covers."""
        grid = [row.cells for row in self.rows[: len(self.view.headings)]]
        column = 0
        for heading in self.view.headings[0]:
            if heading.look == "group":
                self._heading(grid[0][column].merge(grid[0][column + heading.columns - 1]), heading)
            column += heading.columns
        for place, heading in _under(self.view):
            level = len(grid) - heading.rows
            self._heading(grid[level][place], heading)
            if heading.rows > 1:
                element_of(grid[level + 1][place].paragraphs[0]).style = self.ids[_HEADINGS[heading.look]]
                grid[level][place].merge(grid[level + 1][place])

    def _heading(self, cell: _Cell, heading: Heading) -> None:
        from docx.enum.table import WD_ALIGN_VERTICAL

        cell.vertical_alignment = WD_ALIGN_VERTICAL.BOTTOM
        paragraph = self._text(cell, _HEADINGS[heading.look], breakable(heading.text))
        if heading.unit:
            paragraph.add_run().add_break()
            self._text(cell, _HEADINGS[heading.look], heading.unit, bold=False)

    def _band(self, row: _Row, text: str) -> None:
        cells = row.cells
        _shade(cells[0])
        self._text(cells[0].merge(cells[-1]), _BAND, breakable(text))

    def _row(self, row: _Row, cells: Sequence[ShownCell], *, keep: bool) -> None:
        total = _is_total(cells)
        for target, cell in zip(row.cells, cells, strict=True):
            text = cell.text if cell.look == "number" else breakable(cell.text)
            paragraph = self._text(target, _STYLES[cell.look], text, bold=total or None)
            if keep:
                paragraph.paragraph_format.keep_with_next = True
            if total:
                _shade(target)


def _shade(cell: _Cell) -> None:
    add_element(element_of(cell).get_or_add_tcPr(), "shd", val="clear", color="auto", fill=LIGHT)


_SHORT, _LONG = 11906, 16838
"""Sides of A4, in twentieths of a point."""
_TOP, _BOTTOM, _HEADER, _FOOTER = 1300, 1200, 650, 600
"""Margins above and below the text, and of header and footer, in twentieths of a point."""
_LOWEST = 1.0
"""Height of a paragraph that only ends the pages, in points."""
_SIDE = {False: 1276, True: 1134}
"""Margins at the sides, on upright pages and on those on their side, in twentieths of a point."""


@dataclass(frozen=True)
class Piece:
    """A piece of the body: what writes it; `role` is heading, text, table, figure or other."""

    write: Callable[[], None]
    role: str = "other"
    landscape: bool = False


def flow(file: Document, pieces: Sequence[Piece]) -> None:
    """Write the body: pieces in order, with a new section of pages wherever the orientation changes."""
    _set_pages(file.sections[0], landscape=False)
    for piece, after in pairwise([*_turned(list(pieces)), None]):
        if piece is None:
            continue
        piece.write()
        if after is not None and after.landscape != piece.landscape:
            _set_pages(file.add_section(), landscape=after.landscape)
            _fold(file)


def _fold(file: Document) -> None:
    """Give the end of the pages, which the last paragraph holds, no room of its own.

    Where a table or its note fills the page to the bottom, it would come to stand on a page without anything else. So
    it goes into the note of the table; an empty note goes, and what is left is as low as can be.
    """
    from docx.shared import Pt

    before, end = file.paragraphs[-2:]
    is_note = before.style is not None and before.style.name == "Note"
    if is_note and before.text:
        element_of(before).set_sectPr(element_of(end).pPr.sectPr)
        element_of(end).getparent().remove(element_of(end))
        return
    if is_note:
        element_of(before).getparent().remove(element_of(before))
    end.style = "Spacer"
    end.paragraph_format.line_spacing = Pt(_LOWEST)


def _set_pages(section: Section, *, landscape: bool) -> None:
    """Set size, orientation and margins of the pages of a section."""
    from docx.enum.section import WD_ORIENTATION
    from docx.shared import Twips

    section.orientation = WD_ORIENTATION.LANDSCAPE if landscape else WD_ORIENTATION.PORTRAIT
    section.page_width, section.page_height = (Twips(s) for s in ((_LONG, _SHORT) if landscape else (_SHORT, _LONG)))
    section.left_margin = section.right_margin = Twips(_SIDE[landscape])
    section.top_margin, section.bottom_margin = Twips(_TOP), Twips(_BOTTOM)
    section.header_distance, section.footer_distance = Twips(_HEADER), Twips(_FOOTER)


def _turned(pieces: list[Piece]) -> list[Piece]:
    """Turn what belongs to a wide table along with it: its heading, and text that leads to it."""
    found = list(pieces)
    for i, piece in enumerate(pieces):
        if not piece.landscape:
            continue
        j = i - 1
        while j >= 0 and found[j].role == "text":
            j -= 1
        if j < 0 or found[j].role != "heading":
            continue
        while j >= 0 and found[j].role == "heading":
            j -= 1
        for k in range(j + 1, i):
            found[k] = replace(found[k], landscape=True)
    return _between(found)


def _between(pieces: list[Piece]) -> list[Piece]:
    """Turn a table or text that would stand alone on an upright page between two wide tables."""
    found = list(pieces)
    for i in range(1, len(found) - 1):
        alone = found[i - 1].landscape and found[i + 1].landscape
        if alone and found[i].role in {"table", "text"}:
            found[i] = replace(found[i], landscape=True)
    return found
