"""Tables in Word: real tables with a style of their own, repeated headings and rows that are never split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.dossier.word_xml import breakable, paragraph, run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.reporting.tables_view import Cell, Heading, TableView

PORTRAIT, LANDSCAPE = 467.0, 728.0
"""Width of the text on a page. [points]"""
SIZES = (8.5, 8.0, 7.5, 7.0)
"""Sizes of the text of a table, the first that fits. [points]"""
PAD = 8.5
"""Space left and right in a cell, together. [points]"""
SHORT = 14
"""Rows up to which a table is kept on one page."""
_TWENTIETHS = 20
_MOST = 230.0
"""Width that no column needs more than. [points]"""
_ROOMY = 0.3
"""Least share of the space that the texts would like, from which a table stays upright."""
_TOTALS = {"Total", "Base case", "base case"}
_STYLES = {"text": "TableText", "number": "TableNumber", "code": "TableCode", "group": "TableGroup"}
_WIDE = frozenset("mwMW%@—–")
_NARROW = frozenset("iljtfrI.,:;'|!()[] ")


def text_width(text: str, size: float) -> float:
    """Return about how wide a line of text is in Arial, in points."""
    wide = sum(0.85 if c in _WIDE else 0.3 if c in _NARROW else 0.68 if c.isupper() else 0.556 for c in text)
    return wide * size


@dataclass(frozen=True)
class Fit:
    """Widths of the columns in points, the size of the text, and whether the page lies on its side."""

    widths: tuple[float, ...]
    size: float
    landscape: bool


def fit(view: TableView) -> Fit:
    """Return how a table is set: upright where its texts have room, on its side where not."""
    for size in SIZES[:2]:
        least, liked = _needs(view, size)
        if sum(least) <= PORTRAIT and _room(least, liked, PORTRAIT) >= _ROOMY and not view.wide:
            return Fit(_share(least, liked, PORTRAIT), size, landscape=False)
    for size in SIZES:
        least, liked = _needs(view, size)
        if sum(least) <= LANDSCAPE:
            return Fit(_share(least, liked, LANDSCAPE), size, landscape=True)
    return Fit(_share([LANDSCAPE * w / sum(least) for w in least], liked, LANDSCAPE), SIZES[-1], landscape=True)


def _room(least: Sequence[float], liked: Sequence[float], width: float) -> float:
    wanted = sum(liked) - sum(least)
    return 1.0 if wanted <= 0 else (width - sum(least)) / wanted


def _share(least: Sequence[float], liked: Sequence[float], width: float) -> tuple[float, ...]:
    """Share out a width: what each column needs, then what the texts would like, then the rest in proportion."""
    room = width - sum(least)
    wanted = [like - need for like, need in zip(liked, least, strict=True)]
    total = sum(wanted)
    if total > room:
        return tuple(need + room * want / total for need, want in zip(least, wanted, strict=True))
    spare = (width - sum(liked)) / sum(liked)
    return tuple(like * (1 + spare) for like in liked)


def _needs(view: TableView, size: float) -> tuple[list[float], list[float]]:
    """Return the least width of each column, and the width that its texts would like."""
    least, liked = [0.0] * view.columns, [0.0] * view.columns
    for i, heading in _under(view):
        words = breakable(f"{heading.text} {heading.unit}").replace("\N{ZERO WIDTH SPACE}", " ").split()
        least[i] = max((text_width(word, size) * 1.08 for word in words), default=0.0)
        liked[i] = least[i]
    for i in range(view.columns):
        cells = [cells[i] for _, cells in view.rows]
        numbers = [text_width(cell.text, size) for cell in cells if cell.look == "number"]
        texts = [cell.text for cell in cells if cell.look != "number"]
        words = [w for text in texts for w in breakable(text).replace("\N{ZERO WIDTH SPACE}", " ").split()]
        least[i] = max([least[i], *numbers, *(text_width(word, size) for word in words)]) + PAD
        lines = sorted(text_width(text, size) for text in texts) or [0.0]
        liked[i] = max(least[i], min(_MOST, lines[int(0.9 * (len(lines) - 1))] + PAD))
    return least, liked


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


def table_xml(view: TableView, found: Fit) -> str:
    """Return a table as WordprocessingML."""
    widths = [round(width * _TWENTIETHS) for width in found.widths]
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    properties = (
        '<w:tblPr><w:tblStyle w:val="DossierTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0020" w:firstRow="1" w:lastRow="0" w:firstColumn="0" w:lastColumn="0" w:noHBand="1"'
        f' w:noVBand="1"/><w:tblDescription w:val="{_escaped(view.title)}"/></w:tblPr>'
    )
    setter = _Setter(view, widths, f'<w:sz w:val="{round(2 * found.size)}"/>')
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{setter.headings()}{setter.rows()}</w:tbl>"


def _escaped(text: str) -> str:
    from hemodel.dossier.word_xml import clean

    return clean(text)


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
        together = len(self.view.rows) <= SHORT
        found = []
        for place, (band, cells) in enumerate(self.view.rows):
            if band is not None:
                found.append(self._band(band))
            keep = together and place < len(self.view.rows) - 1
            found.append(self._row(cells, keep=keep))
        return "".join(found)

    def _band(self, text: str) -> str:
        properties = (
            f'<w:tcPr><w:tcW w:w="{sum(self.widths)}" w:type="dxa"/><w:gridSpan w:val="{len(self.widths)}"/>'
            '<w:shd w:val="clear" w:color="auto" w:fill="EEF2F7"/></w:tcPr>'
        )
        content = paragraph("TableBand", run(breakable(text), self.size), "<w:keepNext/>")
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr><w:tc>{properties}{content}</w:tc></w:tr>"

    def _row(self, cells: Sequence[Cell], *, keep: bool) -> str:
        total = any(cell.text in _TOTALS for cell in cells)
        look = f"<w:b/>{self.size}" if total else self.size
        shade = '<w:shd w:val="clear" w:color="auto" w:fill="EEF2F7"/>' if total else ""
        made = []
        for cell, width in zip(cells, self.widths, strict=True):
            text = cell.text if cell.look == "number" else breakable(cell.text)
            content = paragraph(_STYLES[cell.look], run(text, look), "<w:keepNext/>" if keep else "")
            made.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}</w:tcPr>{content}</w:tc>')
        return f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{''.join(made)}</w:tr>"
