"""The dossier in Word: styles, numbered headings, captions and cross-references as fields, real tables, pictures.

Fields carry their results, so that the file reads right before anyone updates
them; updating them gives the same and adds the pages to the contents. The same
document gives the same bytes.
"""

from __future__ import annotations

import struct
from itertools import count
from typing import TYPE_CHECKING

from hemodel.dossier.document import Bullets, Code, Facts, FigureBlock, Paragraph, TableBlock
from hemodel.dossier.word_flow import Piece, flow
from hemodel.dossier.word_package import Picture, pack
from hemodel.dossier.word_tables import PORTRAIT, fit, table_xml, upright
from hemodel.dossier.word_xml import bookmark, clean, field, hyperlink, paragraph, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.dossier.document import Block, Document, Parts, Reference, Section

TALLEST = 590.0
"""Greatest height of a figure. [points]"""
_EMU = 12700
"""English metric units in a point."""
_TWENTIETHS = 20
_LABEL_WIDTH = 120.0
_LOOKS = {"body": "BodyText", "key": "KeyResult", "note": "BodyText"}
_DRAWING = (
    'xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:pic="http://schemas.openxmlformats.org/drawingml/2006/picture"'
)


def word(document: Document) -> bytes:
    """Return the dossier as a Word file."""
    writer = _Writer(document)
    body = writer.body()
    return pack(body, document.title, document.style, writer.pictures)


def _mark(kind: str, name: str) -> str:
    """Return the bookmark of a table, figure or section."""
    return f"_Ref_{kind[0]}_{name}"


def _facts(block: Facts) -> str:
    """Return pairs of label and text as a table without a heading."""
    widths = [round(_TWENTIETHS * w) for w in (_LABEL_WIDTH, PORTRAIT - _LABEL_WIDTH)]
    rows = []
    for pair in block.pairs:
        cells = "".join(
            f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{paragraph(style, run(text))}</w:tc>'
            for width, style, text in zip(widths, ("FactLabel", "FactText"), pair, strict=True)
        )
        rows.append(f"<w:tr><w:trPr><w:cantSplit/></w:trPr>{cells}</w:tr>")
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    properties = (
        f'<w:tblPr><w:tblStyle w:val="DossierTable"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/>'
        '<w:tblLayout w:type="fixed"/><w:tblLook w:val="0000" w:firstRow="0" w:lastRow="0" w:firstColumn="0"'
        ' w:lastColumn="0" w:noHBand="1" w:noVBand="1"/></w:tblPr>'
    )
    return f"<w:tbl>{properties}<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>{paragraph('Note', '')}"


class _Writer:
    """Writes the body; keeps the pictures and the numbers of bookmarks and drawings."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._ids = count(1)
        self.pictures: list[Picture] = []

    def body(self) -> str:
        """Return the contents of the body."""
        pieces = [piece for section in self._document.sections for piece in self._section(section)]
        return flow([Piece(self._title()), Piece(self._contents()), *pieces])

    def _title(self) -> str:
        document = self._document
        lead = "".join(paragraph("Lead", run(line)) for line in document.lead)
        return paragraph("Subtitle", run(document.style.kind)) + paragraph("Title", run(document.title)) + lead

    def _contents(self) -> str:
        """Return the contents: a field whose stored result are the headings, each leading to its section."""
        begin = (
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> TOC \\o "1-3" \\h \\z'
            ' \\u </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        )
        end = '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
        entries = []
        for place, section in enumerate(self._document.sections):
            mark = _mark("section", section.id)
            tab = "<w:r><w:tab/></w:r>"
            text = run(section.number) + tab + run(section.heading)
            first = begin if place == 0 else ""
            last = end if place == len(self._document.sections) - 1 else ""
            entries.append(paragraph(f"TOC{section.level}", f"{first}{hyperlink(mark, text)}{last}"))
        return paragraph("ContentsHeading", run("Contents")) + "".join(entries)

    def _section(self, section: Section) -> Iterator[Piece]:
        heading = bookmark(_mark("section", section.id), next(self._ids), run(section.heading))
        break_ = "<w:pageBreakBefore/>" if section is self._document.sections[0] else ""
        yield Piece(paragraph(f"Heading{section.level}", heading, break_), role="heading")
        for block in section.blocks:
            yield self._block(block)

    def _block(self, block: Block) -> Piece:
        match block:
            case TableBlock():
                return self._table(block)
            case FigureBlock():
                return Piece(self._figure(block), role="figure")
            case Paragraph():
                return Piece(paragraph(_LOOKS[block.look], self._parts(block.parts)), role="text")
            case Bullets():
                return Piece("".join(paragraph("ListBullet", self._parts(point)) for point in block.points))
            case Facts():
                return Piece(_facts(block))
            case Code():
                return Piece(paragraph("CodeLine", run(block.text)))

    def _parts(self, parts: Parts) -> str:
        return "".join(run(part) if isinstance(part, str) else self._reference(part) for part in parts)

    def _reference(self, part: Reference) -> str:
        mark = _mark(part.kind, part.name)
        if part.kind == "section":
            word_, _, number = part.text.partition(" ")
            return run(f"{word_} ") + field(f"REF {mark} \\r \\h", number)
        return field(f"REF {mark} \\h", part.text)

    def _caption(self, kind: str, name: str, number: int, text: str) -> str:
        """Return a caption whose number is a sequence field, with a bookmark around label and number."""
        label = run(f"{kind} ") + field(f"SEQ {kind} \\* ARABIC", str(number))
        marked = bookmark(_mark(kind.lower(), name), next(self._ids), label)
        return paragraph("Caption", marked + run(f". {text}", '<w:b w:val="0"/>'))

    def _table(self, block: TableBlock) -> Piece:
        view, found = block.view, fit(block.view)
        if found.landscape and upright(view) is not view:
            view = upright(view)
            found = fit(view)
        caption = self._caption("Table", view.name, view.number, view.title)
        note = paragraph("Note", run(" ".join(view.notes)))
        return Piece(caption + table_xml(view, found) + note, role="table", landscape=found.landscape)

    def _figure(self, block: FigureBlock) -> str:
        content = block.png.read_bytes()
        relationship = f"rIdImage{len(self.pictures) + 1}"
        self.pictures.append(Picture(relationship, f"{block.name}.png", content))
        width, height = _size(content)
        scale = min(PORTRAIT / width, TALLEST / height)
        extent = f'cx="{round(width * scale * _EMU)}" cy="{round(height * scale * _EMU)}"'
        number = next(self._ids)
        name = f'id="{number}" name="{clean(block.name)}" descr="{clean(block.alternative)}"'
        drawing = (
            f'<w:r><w:drawing><wp:inline {_DRAWING} distT="0" distB="0" distL="0" distR="0"><wp:extent {extent}/>'
            f"<wp:docPr {name}/><a:graphic>"
            '<a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
            f"<pic:nvPicPr><pic:cNvPr {name}/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill>"
            f'<a:blip r:embed="{relationship}"/>'
            "<a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm>"
            f'<a:off x="0" y="0"/><a:ext {extent}/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr>'
            "</pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        )
        return self._caption("Figure", block.name, block.number, block.caption) + paragraph("Figure", drawing)


def _size(png: bytes) -> tuple[float, float]:
    """Return width and height of a PNG in pixels, from its header."""
    width, height = struct.unpack(">II", png[16:24])
    return float(width), float(height)
