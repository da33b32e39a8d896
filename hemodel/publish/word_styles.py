"""A Word file without contents, of a template: its styles, with numbers of headings, header, footer and properties.

The template of the package is `template.docx`, to be looked at and changed in Word; one of the user's, or a dossier
whose styles were changed, takes its place.

What python-docx has no calls for: fields, bookmarks, links within the file; texts as XML may hold them.
"""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from hemodel.errors import InputError, Location, Problem, raise_if_any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from docx.document import Document as File
    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.styles.style import ParagraphStyle
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

    from hemodel.publish.document.parts import Document


_NOT_IN_XML = {code: None for code in (*range(32), 0xFFFE, 0xFFFF) if code not in {9, 10, 13}}
_LONG_WORD = 14


def clean(text: str) -> str:
    """Return a text without the signs that XML cannot hold."""
    return text.translate(_NOT_IN_XML)


def breakable(text: str) -> str:
    """Return a text with places where a very long word, such as an id, may be broken."""
    mark = "\N{ZERO WIDTH SPACE}"
    words = text.split(" ")
    return " ".join(w if len(w) <= _LONG_WORD else _broken(w, mark) for w in words)


def _broken(word: str, mark: str) -> str:
    found = ""
    since = 0
    for letter in word:
        found += letter
        since += 1
        if since >= _LONG_WORD or (letter in "._/-" and since > _LONG_WORD // 3):
            found += mark
            since = 0
    return found.removesuffix(mark)


def add_run(paragraph: Paragraph, text: str) -> Run:
    """Add a run of text to a paragraph."""
    return paragraph.add_run(clean(text))


def add_element(parent: BaseOxmlElement, tag: str, **values: str) -> BaseOxmlElement:
    """Add an element behind all others in its parent, with attributes of the namespace w."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{tag}", {qn(f"w:{name}"): value for name, value in values.items()})
    parent.append(made)
    return made


def element_of(part: Any) -> Any:
    """Return the XML element of a paragraph, cell, row or table."""
    return part._element  # noqa: SLF001 - python-docx gives it no other name


def begin_field(paragraph: Paragraph, instruction: str) -> None:
    """Begin a field, up to its stored result, which is shown until the field is updated."""
    add_element(paragraph.add_run().element, "fldChar", fldCharType="begin")
    add_element(paragraph.add_run().element, "instrText").text = instruction
    add_element(paragraph.add_run().element, "fldChar", fldCharType="separate")


def end_field(paragraph: Paragraph) -> None:
    """End a field."""
    add_element(paragraph.add_run().element, "fldChar", fldCharType="end")


def add_field(paragraph: Paragraph, instruction: str, stored: str) -> None:
    """Add a field with its stored result."""
    begin_field(paragraph, instruction)
    add_run(paragraph, stored)
    end_field(paragraph)


@contextmanager
def bookmark(paragraph: Paragraph, name: str, number: int) -> Iterator[None]:
    """Put a bookmark around what is added to a paragraph."""
    add_element(element_of(paragraph), "bookmarkStart", id=str(number), name=name)
    yield
    add_element(element_of(paragraph), "bookmarkEnd", id=str(number))


def add_link(paragraph: Paragraph, target: str, text: str) -> Run:
    """Add a text that leads to a bookmark."""
    link = add_element(element_of(paragraph), "hyperlink", anchor=target, history="1")
    run = add_run(paragraph, text)
    link.append(run.element)
    return run


LIGHT = "EEF2F7"
"""Colour of the shading of totals and bands."""
PARAGRAPH_STYLES = (
    *("Body Text", "Lead", "Title", "Subtitle", "Heading 1", "Heading 2", "Heading 3", "Caption", "Contents Heading"),
    *("toc 1", "toc 2", "toc 3", "List Bullet", "Key Result", "Note", "Code Line", "Table Text", "Table Number"),
    *("Table Code", "Table Heading", "Table Heading Number", "Table Group", "Table Band", "Fact Label", "Fact Text"),
    *("Figure", "Spacer", "Header", "Footer"),
)
TABLE_STYLE = "Dossier Table"
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the properties hold no time zone
"""Date in the properties; the run is told apart by the hash of its workbook instead."""
_DIGITS = ((190, 125), (150, 118), (128, 118))
"""Width of a sign of a section number in a heading and in the contents, by level, in twentieths of a point."""
_RIGHT = 9400
"""Where the page numbers of the contents end, in twentieths of a point."""
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LONGEST = 255
"""Signs of a property at most."""


@dataclass(frozen=True)
class Template:
    """A Word file whose styles a dossier takes: its name and its bytes."""

    name: str
    content: bytes


@cache
def shipped_template() -> Template:
    """Return the template of the package."""
    return Template("template.docx", files("hemodel.publish").joinpath("template.docx").read_bytes())


def read_template(path: Path) -> Template:
    """Read a template of the user's.

    Raises
    ------
    InputError
        Where there is no such file, it is none of Word, or styles are missing: with the names of all.
    """
    where = Location(path.name)
    try:
        found = Template(path.name, path.read_bytes())
        styles = {(style.name, style.type) for style in _opened(found).styles}
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise InputError((Problem(where, f"the template cannot be read ({reason})"),)) from error
    except (BadZipFile, KeyError, ValueError, SyntaxError) as error:
        todo = "Save it in Word as a document (.docx)."
        raise InputError((Problem(where, "this is no Word document", todo=todo),)) from error
    raise_if_any(_missing(where, styles))
    return found


def _missing(where: Location, styles: set[tuple[str | None, Any]]) -> Iterator[Problem]:
    from docx.enum.style import WD_STYLE_TYPE

    needed = [(name, WD_STYLE_TYPE.PARAGRAPH) for name in PARAGRAPH_STYLES] + [(TABLE_STYLE, WD_STYLE_TYPE.TABLE)]
    lacking = [name for name, kind in needed if (name, kind) not in styles]
    if lacking:
        words = "style" if len(lacking) == 1 else "styles"
        todo = "Add what is missing, or begin with a dossier that hemodel wrote and change its styles."
        yield Problem(where, f"the template lacks the {words} {', '.join(lacking)}", todo=todo)


def _opened(template: Template) -> File:
    import docx

    return docx.Document(io.BytesIO(template.content))


def blank(document: Document, template: Template) -> File:
    """Return a file without contents, in the styles of a template.

    Parameters
    ----------
    document : Document
        Its title, its style, and its section numbers, by which headings and contents are indented.
    template : Template
        One that `read_template` accepts.
    """
    from docx.opc.constants import RELATIONSHIP_TYPE as KIND
    from docx.oxml.ns import qn

    file = _opened(template)
    _keep_edges(file)
    file.element.body.clear_content()
    for name in [n for n, each in file.part.rels.items() if each.reltype in {KIND.IMAGE, KIND.HYPERLINK}]:
        del file.part.rels[name]
    language = document.style.language
    for element in file.styles.element.xpath("w:docDefaults//w:lang"):
        element.attrib.update({qn("w:val"): language, qn("w:eastAsia"): language})
    _number(file, document)
    _fill_edges(file, document)
    return file


def _keep_edges(file: File) -> None:
    """Give header and footer of the first section to the last, the only one that stays when contents go."""
    sections = file.element.body.xpath("w:p/w:pPr/w:sectPr | w:sectPr")
    first, last = sections[0], sections[-1]
    if first is not last:
        edges = "w:headerReference | w:footerReference"
        for element in last.xpath(edges):
            last.remove(element)
        for element in reversed(first.xpath(edges)):
            last.insert(0, element)


def _number(file: File, document: Document) -> None:
    """Number the headings, indent them and the contents behind their numbers, and give lists bullets where none are."""
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
    from docx.shared import Twips

    levels, text, before = "", document.style.prefix, 0
    headings = [file.styles[f"Heading {level + 1}"] for level in range(len(_DIGITS))]
    for level, (size, small) in enumerate(_DIGITS):
        longest = max((len(s.number) for s in document.sections if s.level == level + 1), default=1)
        in_lists = [len(str(len(blocks))) for blocks in document.listed] if level == 0 and document.lists else []
        indent, hanging = size * longest + 200, small * max(longest, *in_lists, 1) + 160
        before += hanging
        text += f".%{level + 1}" if level else "%1"
        levels += (
            f'<w:lvl w:ilvl="{level}"><w:start w:val="{1 if level else document.style.first}"/>'
            f'<w:numFmt w:val="decimal"/><w:pStyle w:val="{headings[level].style_id}"/><w:lvlText w:val="{text}"/>'
            f'<w:pPr><w:tabs><w:tab w:val="num" w:pos="{indent}"/></w:tabs>'
            f'<w:ind w:left="{indent}" w:hanging="{indent}"/></w:pPr></w:lvl>'
        )
        contents = file.styles[f"toc {level + 1}"].paragraph_format
        contents.left_indent, contents.first_line_indent = Twips(before), Twips(-hanging)
        contents.tab_stops.clear_all()
        contents.tab_stops.add_tab_stop(Twips(before))
        contents.tab_stops.add_tab_stop(Twips(_RIGHT), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
    number = _add_numbering(file, headings, levels)
    for level, heading in enumerate(headings):
        _set_numbering(heading, number, level)
        for outline in heading.element.pPr.xpath("w:outlineLvl"):
            outline.getparent().remove(outline)
        add_element(heading.element.pPr, "outlineLvl", val=str(level))
    bullets = file.styles["List Bullet"]
    if not bullets.element.xpath("w:pPr/w:numPr"):
        sign = f'<w:pStyle w:val="{bullets.style_id}"/><w:lvlText w:val="•"/>'
        level_of_bullets = f'<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/>{sign}</w:lvl>'
        _set_numbering(bullets, _add_numbering(file, [bullets], level_of_bullets), 0)


def _add_numbering(file: File, styles: Sequence[ParagraphStyle], levels: str) -> int:
    """Add a way of numbering for these styles, in place of any that they had, and return its number."""
    from docx.oxml import parse_xml

    numbering = _numbering(file).element
    for style in styles:
        for element in numbering.xpath(f"w:abstractNum/w:lvl/w:pStyle[@w:val='{style.style_id}']"):
            element.getparent().remove(element)
    place = 1 + max((int(each) for each in numbering.xpath("w:abstractNum/@w:abstractNumId")), default=0)
    kind = '<w:multiLevelType w:val="multilevel"/>'
    definition = parse_xml(f'<w:abstractNum {_W} w:abstractNumId="{place}">{kind}{levels}</w:abstractNum>')
    others = numbering.xpath("w:abstractNum")
    if others:
        others[-1].addnext(definition)
    else:
        numbering.insert(0, definition)
    return int(numbering.add_num(place).numId)


def _numbering(file: File) -> Any:
    """Return the part of the file that holds the ways of numbering; that of our template where it has none."""
    from docx.opc.constants import RELATIONSHIP_TYPE as KIND

    if all(each.reltype != KIND.NUMBERING for each in file.part.rels.values()):
        file.part.relate_to(_opened(shipped_template()).part.numbering_part, KIND.NUMBERING)
    return file.part.numbering_part


def _set_numbering(style: ParagraphStyle, number: int, level: int) -> None:
    properties = style.element.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = level
    properties.get_or_add_numId().val = number


def _fill_edges(file: File, document: Document) -> None:
    """Fill header and footer, where the template's hold nothing else than its title, and the properties."""
    properties = file.core_properties
    header, footer = (edge.paragraphs[0] for edge in (file.sections[0].header, file.sections[0].footer))
    if header.text == properties.title or not _holds(header):
        header.clear()
        add_run(header, document.title)
    if not _holds(footer):
        for text, instruction in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
            add_run(footer, text)
            add_field(footer, instruction, "1")
    properties.title, properties.subject = (clean(t)[:_LONGEST] for t in (document.title, document.style.kind))
    properties.author, properties.language, properties.comments = "hemodel", document.style.language, ""
    properties.created = properties.modified = _CREATED


def _holds(edge: Paragraph) -> bool:
    """Whether a header or footer holds anything: text or a picture, in its first paragraph or beside it."""
    return bool(element_of(edge).getparent().xpath(".//w:t | .//w:drawing | .//w:pict | .//w:fldSimple"))
