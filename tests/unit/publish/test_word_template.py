"""Styles of a dossier from a template of the user's: what it gives, what stays ours, and what is refused."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import docx
import openpyxl
import pytest
from docx.shared import RGBColor
from dossier_text import W

from hemodel.errors import InputError
from hemodel.publish.document.parts import Document, Paragraph, Section, Style, TableBlock
from hemodel.publish.table_view import view
from hemodel.publish.word import word
from hemodel.publish.word_styles import Template, read_template, shipped_template
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from docx.document import Document as File

RED = RGBColor(0xC0, 0x10, 0x20)


def document(title: str = "One") -> Document:
    table = view(Table("t", "A table", (), (Column("A"), Column("B", "money")), (("a", 1.0), ("Total", 2.0))), 1)
    sections = (
        Section("a", "First", 1, "B.3", (Paragraph(("Text.",)), TableBlock(table))),
        Section("b", "Below", 2, "B.3.1", (Paragraph(("More.",), "key"),)),
    )
    return Document(title, ("Lead",), Style("Dossier", "en-GB", "B.", 3), sections)


def saved(file: File) -> bytes:
    buffer = io.BytesIO()
    file.save(buffer)
    return buffer.getvalue()


def changed() -> File:
    """Return a dossier on something else, with a red title and an id that Word in another language gives."""
    file = docx.Document(io.BytesIO(word(document("Another"))))
    file.styles["Title"].font.color.rgb = RED
    file.styles["Table Number"].style_id = "Tabellenzahl"
    return file


def part(content: bytes, name: str) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return ET.fromstring(packed.read(f"word/{name}.xml"))  # noqa: S314 - written by the test


def test_the_styles_are_the_template_s_and_the_text_is_ours(tmp_path: Path) -> None:
    path = tmp_path / "house.docx"
    path.write_bytes(saved(changed()))
    template = read_template(path)
    content = word(document(), template)
    made, plain = (docx.Document(io.BytesIO(each)) for each in (content, word(document())))

    assert made.styles["Title"].font.color.rgb == RED
    assert plain.styles["Title"].font.color.rgb != RED
    assert [p.text for p in made.paragraphs] == [p.text for p in plain.paragraphs]
    assert made.core_properties.title == "One"
    assert made.sections[0].header.paragraphs[0].text == "One"
    assert made.sections[0].footer.paragraphs[0].text == "Page 1 of 1"
    assert content == word(document(), template)


def test_every_style_that_is_used_is_there_and_headings_are_numbered_once(tmp_path: Path) -> None:
    path = tmp_path / "house.docx"
    path.write_bytes(saved(changed()))
    content = word(document(), read_template(path))
    ids = {style.get(f"{W}styleId") for style in part(content, "styles").iter(f"{W}style")}
    used = {
        style.get(f"{W}val") for kind in ("pStyle", "tblStyle") for style in part(content, "document").iter(W + kind)
    }
    numbering = part(content, "numbering")
    linked = [level.get(f"{W}val") or "" for level in numbering.iter(f"{W}pStyle")]

    assert "Tabellenzahl" in used
    assert used <= ids
    assert sorted(linked) == ["Heading1", "Heading2", "Heading3", "ListBullet"]
    heading = next(s for s in part(content, "styles").iter(f"{W}style") if s.get(f"{W}styleId") == "Heading1")
    number = heading.find(f"{W}pPr/{W}numPr/{W}numId")
    assert number is not None
    chosen = next(n for n in numbering.iter(f"{W}num") if n.get(f"{W}numId") == number.get(f"{W}val"))
    abstract = chosen.find(f"{W}abstractNumId")
    assert abstract is not None
    levels = next(
        each for each in numbering.iter(f"{W}abstractNum") if each.get(f"{W}abstractNumId") == abstract.get(f"{W}val")
    )
    assert [text.get(f"{W}val") for text in levels.iter(f"{W}lvlText")] == ["B.%1", "B.%1.%2", "B.%1.%2.%3"]


@pytest.mark.parametrize("sections", [1, 3])
def test_a_header_of_the_template_stays(sections: int, tmp_path: Path) -> None:
    """A dossier with wide tables has several sections of pages, of which the first bears header and footer."""
    file = changed()
    file.sections[0].header.paragraphs[0].text = "House of Models"
    for _ in range(sections - 1):
        file.add_section()
    path = tmp_path / "house.docx"
    path.write_bytes(saved(file))
    made = docx.Document(io.BytesIO(word(document(), read_template(path))))

    assert made.sections[0].header.paragraphs[0].text == "House of Models"
    assert made.sections[0].footer.paragraphs[0].text == "Page 1 of 1"
    assert len(made.sections) == 1


def test_a_template_without_numbering_gets_ours(tmp_path: Path) -> None:
    file = changed()
    for name in [name for name, each in file.part.rels.items() if each.reltype.endswith("/numbering")]:
        del file.part.rels[name]
    for style in file.styles:
        for numbered in style.element.xpath("w:pPr/w:numPr"):
            numbered.getparent().remove(numbered)
    path = tmp_path / "house.docx"
    path.write_bytes(saved(file))
    numbering = part(word(document(), read_template(path)), "numbering")

    assert len(list(numbering.iter(f"{W}num"))) == 2


def test_missing_styles_are_named_together(tmp_path: Path) -> None:
    file = changed()
    for name in ("Key Result", "Table Band", "Dossier Table"):
        file.styles[name].delete()
    path = tmp_path / "house.docx"
    path.write_bytes(saved(file))
    with pytest.raises(InputError) as refused:
        read_template(path)

    assert str(refused.value) == (
        "house.docx: the template lacks the styles Key Result, Table Band, Dossier Table. Add what is missing, or begin"
        " with a dossier that hemodel wrote and change its styles."
    )


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut short"])
def test_what_is_no_word_document(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "house.docx"
    path.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_template(path)

    assert str(refused.value) == "house.docx: this is no Word document. Save it in Word as a document (.docx)."


def test_another_kind_of_office_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "house.docx"
    openpyxl.Workbook().save(path)
    with pytest.raises(InputError, match=r"house\.docx: this is no Word document\."):
        read_template(path)


def test_a_template_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        read_template(tmp_path / "house.docx")

    assert str(refused.value) == "house.docx: the template cannot be read (No such file or directory)."


def test_the_template_of_the_package_has_every_style(tmp_path: Path) -> None:
    path = tmp_path / "ours.docx"
    path.write_bytes(shipped_template().content)

    assert read_template(path) == Template("ours.docx", shipped_template().content)
    assert docx.Document(str(path)).paragraphs == []
