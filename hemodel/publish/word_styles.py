"""A Word file without contents: our styles, numbers of headings, header, footer and properties, not the template's.

What python-docx has no calls for: fields, bookmarks, links within the file; texts as XML may hold them.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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


def add_link(paragraph: Paragraph, target: str, text: str) -> None:
    """Add a text that leads to a bookmark."""
    link = add_element(element_of(paragraph), "hyperlink", anchor=target, history="1")
    link.append(add_run(paragraph, text).element)


DARK, LIGHT, RULE, ACCENT = "1F3A5F", "EEF2F7", "D5DBE3", "0072B2"
"""Colours of the rules of tables, of shading, of thin rules, of the bar beside the main results."""
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001 - the properties hold no time zone
"""Date in the properties; the run is told apart by the hash of its workbook instead."""
_DIGITS = ((190, 125), (150, 118), (128, 118))
"""Width of a sign of a section number in a heading and in the contents, by level, in twentieths of a point."""
_RIGHT = 9400
"""Where the page numbers of the contents end, in twentieths of a point."""
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_LENGTHS = ("space_before", "space_after", "left_indent", "right_indent", "first_line_indent")
_FLAGS_OF_FORMAT = ("keep_with_next", "keep_together")
_SPACER = 6
"""Height of the paragraph that ends a section of pages. [points]"""
_LONGEST = 255
"""Signs of a property at most."""
_NOT_OURS = "w:zoom|w:proofState|w:savePreviewPicture|w:compat/w:useFELayout|w:rsids|w:themeFontLang|w:clrSchemeMapping"


def blank(document: Document) -> File:
    """Return a file without contents.

    Parameters
    ----------
    document : Document
        Its title, its style, and its section numbers, by which headings and contents are indented.
    """
    import docx
    from docx.shared import Pt

    file = docx.Document()
    _strip(file, document.style.language)
    with files("hemodel.publish.document").joinpath("data", "styles.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            _add_style(file, row)
    _add_table_style(file)
    file.styles["Spacer"].paragraph_format.line_spacing = Pt(_SPACER)
    _add_border(file.styles["Key Result"], "left", sz="24", space="8", color=ACCENT)
    _add_border(file.styles["Header"], "bottom", sz="4", space="4", color=RULE)
    _number(file, document)
    _fill_edges(file, document)
    return file


def _strip(file: File, language: str) -> None:
    """Take out what the template brings that is not ours; set language and typeface of everything."""
    from docx.opc.constants import RELATIONSHIP_TYPE as KIND
    from docx.oxml.ns import qn

    kept = {KIND.OFFICE_DOCUMENT, KIND.CORE_PROPERTIES, KIND.STYLES, KIND.NUMBERING, KIND.SETTINGS}
    for relationships in (file.part.package.rels, file.part.rels):
        for name in [name for name, each in relationships.items() if each.reltype not in kept]:
            del relationships[name]
    for style in list(file.styles):
        if not style.element.default:
            style.delete()
    settings, defaults = file.settings.element, file.styles.element
    for element in (*settings.xpath(_NOT_OURS), *file.part.numbering_part.element):
        element.getparent().remove(element)
    settings.xpath("w:compat/w:compatSetting[@w:name='compatibilityMode']")[0].set(qn("w:val"), "15")
    defaults.xpath("w:docDefaults//w:lang")[0].attrib.update({qn("w:val"): language, qn("w:eastAsia"): language})
    fonts = defaults.xpath("w:docDefaults//w:rFonts")[0].attrib
    fonts.clear()
    fonts.update({qn(f"w:{script}"): "Arial" for script in ("ascii", "hAnsi", "eastAsia", "cs")})


def _add_style(file: File, row: Mapping[str, str]) -> None:
    """Add a paragraph style; what a row leaves empty is as in its base."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_PARAGRAPH_ALIGNMENT
    from docx.shared import Pt, RGBColor

    name, styles = row["name"], file.styles
    known = name.replace("TOC", "toc")
    style = styles[name] if name in styles else styles.add_style(known, WD_STYLE_TYPE.PARAGRAPH, bool(row["builtin"]))
    style.style_id, style.quick_style = name.replace(" ", ""), True
    style.base_style = styles[row["base"]] if row["base"] else None
    if row["shade"]:
        add_element(style.element.get_or_add_pPr(), "shd", val="clear", color="auto", fill=row["shade"])
    font, form = style.font, style.paragraph_format
    for field in _LENGTHS:
        setattr(form, field, Pt(float(row[field])) if row[field] else None)
    form.line_spacing = float(row["line"]) if row["line"] else None
    form.alignment = WD_PARAGRAPH_ALIGNMENT[row["alignment"].upper()] if row["alignment"] else None
    font.name, font.size = row["font"] or None, Pt(float(row["size"])) if row["size"] else None
    font.color.rgb = RGBColor.from_string(row["colour"]) if row["colour"] else None
    for flag in row["flags"].split():
        setattr(form if flag in _FLAGS_OF_FORMAT else font, flag, True)


def _number(file: File, document: Document) -> None:
    """Number the headings, indent them and the contents behind their numbers, and give lists their bullets."""
    from docx.enum.text import WD_TAB_ALIGNMENT, WD_TAB_LEADER
    from docx.shared import Twips

    levels, text, before = "", document.style.prefix, 0
    for level, (size, small) in enumerate(_DIGITS):
        longest = max((len(s.number) for s in document.sections if s.level == level + 1), default=1)
        indent, hanging = size * longest + 200, small * longest + 160
        before += hanging
        text += f".%{level + 1}" if level else "%1"
        levels += (
            f'<w:lvl w:ilvl="{level}"><w:start w:val="{1 if level else document.style.first}"/>'
            f'<w:numFmt w:val="decimal"/><w:pStyle w:val="Heading{level + 1}"/><w:lvlText w:val="{text}"/>'
            f'<w:pPr><w:tabs><w:tab w:val="num" w:pos="{indent}"/></w:tabs>'
            f'<w:ind w:left="{indent}" w:hanging="{indent}"/></w:pPr></w:lvl>'
        )
        heading = file.styles[f"Heading {level + 1}"]
        heading.next_paragraph_style = file.styles["Body Text"]
        _set_numbering(heading, 1, level)
        add_element(heading.element.pPr, "outlineLvl", val=str(level))
        contents = file.styles[f"toc {level + 1}"].paragraph_format
        contents.left_indent, contents.first_line_indent = Twips(before), Twips(-hanging)
        contents.tab_stops.add_tab_stop(Twips(before))
        contents.tab_stops.add_tab_stop(Twips(_RIGHT), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
    _add_numbering(file, 1, levels)
    bullet = '<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:pStyle w:val="ListBullet"/><w:lvlText w:val="•"/></w:lvl>'
    _add_numbering(file, 2, bullet)
    _set_numbering(file.styles["List Bullet"], 2, 0)


def _add_numbering(file: File, number: int, levels: str) -> None:
    from docx.oxml import parse_xml

    kind = '<w:multiLevelType w:val="multilevel"/>'
    definition = parse_xml(f'<w:abstractNum {_W} w:abstractNumId="{number}">{kind}{levels}</w:abstractNum>')
    numbering = file.part.numbering_part.element
    numbering.insert(number - 1, definition)
    numbering.add_num(number)


def _set_numbering(style: ParagraphStyle, number: int, level: int) -> None:
    properties = style.element.get_or_add_pPr().get_or_add_numPr()
    properties.get_or_add_ilvl().val = level
    properties.get_or_add_numId().val = number


def _add_border(style: ParagraphStyle, side: str, **line: str) -> None:
    """Add a rule at one side of the paragraphs of a style."""
    properties = style.element.get_or_add_pPr()
    borders = add_element(properties, "pBdr")
    add_element(borders, side, val="single", **line)
    properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")


def _add_table_style(file: File) -> None:
    """Add the style of tables: rules above, below and under the headings, thin ones between rows."""
    from docx.enum.style import WD_STYLE_TYPE
    from docx.oxml import parse_xml

    def rule(side: str, size: int, colour: str) -> str:
        return f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="{colour}"/>'

    style = file.styles.add_style("Dossier Table", WD_STYLE_TYPE.TABLE)
    rules = rule("top", 12, DARK) + rule("bottom", 12, DARK) + rule("insideH", 4, RULE)
    margins = '<w:left w:w="85" w:type="dxa"/><w:right w:w="85" w:type="dxa"/>'
    inner = f"<w:tblBorders>{rules}</w:tblBorders><w:tblCellMar>{margins}</w:tblCellMar>"
    under = f"<w:tcPr><w:tcBorders>{rule('bottom', 6, DARK)}</w:tcBorders></w:tcPr>"
    style.element.append(parse_xml(f"<w:tblPr {_W}>{inner}</w:tblPr>"))
    style.element.append(parse_xml(f'<w:tblStylePr {_W} w:type="firstRow">{under}</w:tblStylePr>'))


def _fill_edges(file: File, document: Document) -> None:
    """Fill header, footer and properties."""
    add_run(file.sections[0].header.paragraphs[0], document.title)
    footer = file.sections[0].footer.paragraphs[0]
    for text, instruction in (("Page ", "PAGE"), (" of ", "NUMPAGES")):
        add_run(footer, text)
        add_field(footer, instruction, "1")
    properties = file.core_properties
    properties.title, properties.subject = (clean(t)[:_LONGEST] for t in (document.title, document.style.kind))
    properties.author, properties.language, properties.comments = "hemodel", document.style.language, ""
    properties.created = properties.modified = _CREATED
