"""A document in Word: styles, numbered headings, captions and cross-references as fields, real tables, pictures.

Fields carry their results, so that the file reads right before anyone updates
them; updating them gives the same and adds the pages to the contents. The same
document gives the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from hemodel.publish.document.parts import Bullets, Code, FactList, FigureBlock, KeyNumbers, Paragraph, TableBlock
from hemodel.publish.word_styles import (
    add_field,
    add_link,
    add_run,
    begin_field,
    blank,
    bookmark,
    clean,
    end_field,
    shipped_template,
)
from hemodel.publish.word_tables import PORTRAIT, Piece, fit, flow, new_table, upright, write_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.document import Document as File
    from docx.text.paragraph import Paragraph as Line

    from hemodel.publish.document.parts import Block, Document, Parts, Reference, Section
    from hemodel.publish.table_view import TableView
    from hemodel.publish.word_styles import Template
    from hemodel.publish.word_tables import TableFit


WIDEST, TALLEST = 400.0, 560.0
"""Greatest width and height of a figure. [points]"""
_LABEL_WIDTH = 120.0
_NUMBER_STYLES = ("Note", "Fact Label", "Note")
_BIG = 14.0
"""Size of the numbers that a document begins with. [points]"""
_LOOKS = {"body": "Body Text", "key": "Key Result", "caution": "Body Text", "note": "Body Text"}
_STAMP = (1980, 1, 1, 0, 0, 0)
"""Time stamp of every part: none, as far as a zip file can say so."""


def word(document: Document, template: Template | None = None) -> bytes:
    """Return the document as a Word file, in the styles of a template; without one, of that of the package."""
    file = blank(document, template or shipped_template())
    writer = _Writer(document, file)
    flow(file, list(writer.pieces()))
    return _packed(file)


def _packed(file: File) -> bytes:
    """Return the file with parts that bear no time of writing."""
    saved, packed = io.BytesIO(), io.BytesIO()
    file.save(saved)
    with zipfile.ZipFile(saved) as parts, zipfile.ZipFile(packed, "w") as target:
        for name in parts.namelist():
            kind = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            target.writestr(zipfile.ZipInfo(name, _STAMP), parts.read(name), kind)
    return packed.getvalue()


def _mark(kind: str, name: str) -> str:
    """Return the bookmark of a table, figure or section."""
    return f"_Ref_{kind[0]}_{name}"


class _Writer:
    """Writes the pieces of the body; keeps the numbers of bookmarks."""

    def __init__(self, document: Document, file: File) -> None:
        self._document, self._file = document, file
        self._ids = count(1)

    def pieces(self) -> Iterator[Piece]:
        """Give what the body is made of, in order."""
        yield Piece(self._title)
        yield from (self._piece(block) for block in self._document.front)
        yield Piece(self._contents)
        if self._document.lists:
            yield Piece(self._lists)
        for section in self._document.sections:
            yield Piece(partial(self._heading, section), role="heading")
            for block in section.blocks:
                yield self._piece(block)

    def _piece(self, block: Block) -> Piece:
        match block:
            case TableBlock():
                view, found = block.view, fit(block.view)
                if found.landscape and upright(view) is not view:
                    view = upright(view)
                    found = fit(view)
                return Piece(partial(self._table, view, found), role="table", landscape=found.landscape)
            case FigureBlock():
                return Piece(partial(self._figure, block), role="figure")
            case Paragraph():
                return Piece(partial(self._lines, _LOOKS[block.look], (block.parts,)), role="text")
            case Bullets():
                return Piece(partial(self._lines, "List Bullet", block.points))
            case FactList():
                return Piece(partial(self._facts, block))
            case KeyNumbers():
                return Piece(partial(self._numbers, block))
            case Code():
                return Piece(partial(self._line, "Code Line", block.text))

    def _line(self, style: str, text: str) -> None:
        self._file.add_paragraph(clean(text), style)

    def _title(self) -> None:
        document = self._document
        for style, text in (("Subtitle", document.style.kind), ("Title", document.title)):
            self._line(style, text)
        for text in document.lead:
            self._line("Lead", text)

    def _contents(self) -> None:
        """Write the contents: a field whose stored result are the headings, each leading to its section."""
        self._line("Contents Heading", "Contents")
        self._file.paragraphs[-1].paragraph_format.page_break_before = bool(self._document.front)
        sections = self._document.sections
        for place, section in enumerate(sections):
            line = self._file.add_paragraph(style=f"toc {section.level}")
            if place == 0:
                begin_field(line, r'TOC \o "1-3" \h \z \u')
            add_link(line, _mark("section", section.id), f"{section.number}\t{section.heading}")
            if place == len(sections) - 1:
                end_field(line)

    def _lists(self) -> None:
        """Write the lists of tables and of figures, as fields like the contents."""
        tables, figures = self._document.listed
        of_tables = [(each.name, each.number, each.title) for each in tables]
        of_figures = [(each.name, each.number, each.caption) for each in figures]
        for kind, named in (("Table", of_tables), ("Figure", of_figures)):
            if named:
                self._line("Contents Heading", f"{kind}s")
            for place, (name, number, text) in enumerate(named):
                line = self._file.add_paragraph(style="toc 1")
                line.paragraph_format.space_before = line.paragraph_format.space_after = 0
                if place == 0:
                    begin_field(line, rf'TOC \h \z \c "{kind}"')
                add_link(line, _mark(kind.lower(), name), f"{number}\t{text}").bold = False
                if place == len(named) - 1:
                    end_field(line)

    def _heading(self, section: Section) -> None:
        line = self._file.add_paragraph(style=f"Heading {section.level}")
        if section is self._document.sections[0] or section.appendix:
            line.paragraph_format.page_break_before = True
        with bookmark(line, _mark("section", section.id), next(self._ids)):
            add_run(line, section.heading)

    def _lines(self, style: str, points: tuple[Parts, ...]) -> None:
        for parts in points:
            line = self._file.add_paragraph(style=style)
            for part in parts:
                if isinstance(part, str):
                    add_run(line, part)
                else:
                    self._reference(line, part)

    def _reference(self, line: Line, part: Reference) -> None:
        mark = _mark(part.kind, part.name)
        if part.kind == "section":
            kind, _, number = part.text.partition(" ")
            add_run(line, f"{kind} ")
            add_field(line, rf"REF {mark} \r \h", number)
        else:
            add_field(line, rf"REF {mark} \h", part.text)

    def _caption(self, kind: str, name: str, number: int, text: str) -> None:
        """Write a caption whose number is a sequence field, with a bookmark around label and number."""
        line = self._file.add_paragraph(style="Caption")
        with bookmark(line, _mark(kind.lower(), name), next(self._ids)):
            add_run(line, f"{kind} ")
            add_field(line, rf"SEQ {kind} \* ARABIC", str(number))
        add_run(line, f". {text}").bold = False

    def _table(self, view: TableView, found: TableFit) -> None:
        self._caption("Table", view.name, view.number, view.title)
        write_table(self._file, view, found)
        self._line("Note", " ".join(view.notes))

    def _facts(self, block: FactList) -> None:
        """Write pairs of label and text as a table without a heading."""
        table = new_table(self._file, len(block.pairs), (_LABEL_WIDTH, PORTRAIT - _LABEL_WIDTH), headings=0)
        for row, pair in zip(table.rows, block.pairs, strict=True):
            for cell, style, text in zip(row.cells, ("Fact Label", "Fact Text"), pair, strict=True):
                cell.paragraphs[0].style = style
                add_run(cell.paragraphs[0], text)
        self._line("Note", "")

    def _numbers(self, block: KeyNumbers) -> None:
        """Write numbers side by side: label, number, what stands under it."""
        from docx.shared import Pt

        count = len(block.numbers)
        table = new_table(self._file, len(_NUMBER_STYLES), (PORTRAIT / count,) * count, headings=0)
        for column, number in enumerate(block.numbers):
            for row, style, text in zip(table.rows, _NUMBER_STYLES, number, strict=True):
                line = row.cells[column].paragraphs[0]
                line.style = style
                run = add_run(line, text)
                if style == "Fact Label":
                    run.font.size = Pt(_BIG)
        self._line("Spacer", "")

    def _figure(self, block: FigureBlock) -> None:
        from docx.shared import Pt

        self._caption("Figure", block.name, block.number, block.caption)
        run = self._file.add_paragraph(style="Figure").add_run()
        shape = run.add_picture(str(block.png))
        scale = min(Pt(WIDEST) / shape.width, Pt(TALLEST) / shape.height)
        shape.width, shape.height = round(shape.width * scale), round(shape.height * scale)
        told = {"name": clean(block.name), "descr": clean(block.alternative)}
        run.element.xpath(".//wp:docPr")[0].attrib.update(told)
        run.element.xpath(".//wp:inline")[0].attrib.update({f"dist{side}": "0" for side in "TBLR"})
