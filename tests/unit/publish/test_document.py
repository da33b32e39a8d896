"""The document: numbers of sections, references, what is left out, the same in Word and on the page."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import docx
import pytest
from dossier_text import W, of_page
from page_support import MANIFEST
from support import small_model, small_run

from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.analyses.results import results
from hemodel.publish.document.building import build, figures_of
from hemodel.publish.document.layout import layout_names, read_layout, shipped_layout
from hemodel.publish.document.parts import (
    Document,
    FigureBlock,
    Paragraph,
    Reference,
    Section,
    Style,
    TableBlock,
    parts_of,
    plain,
    section_numbers,
)
from hemodel.publish.document.writing import content, context
from hemodel.publish.html import page
from hemodel.publish.table_view import view
from hemodel.publish.word import word
from hemodel.publish.word_tables import PAD, fit, text_width, upright
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.publish.document.context import Context

PLAIN = Style("Dossier", "en-GB", "", 1)


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + b"\0" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def made() -> Context:
    run = small_run(small_model(uncertain=True), 20)
    return context(results(run), run, evidence_pack(run.model, seed=1), MANIFEST)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("figures")


def document(made: Context, folder: Path, layout: str) -> Document:
    chosen = read_layout(layout)
    pictures = {}
    for name in figures_of(chosen, content(made)):
        pictures[name] = (folder / f"{name}.png", folder / f"{name}.svg")
        pictures[name][0].write_bytes(png(40, 30))
        pictures[name][1].write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 30"/>', encoding="utf-8")
    return build(content(made), chosen, pictures)


def test_sections_are_numbered() -> None:
    assert section_numbers([1, 2, 2, 3, 1, 2], PLAIN) == ["1", "1.1", "1.2", "1.2.1", "2", "2.1"]
    assert section_numbers([1, 2, 1], replace(PLAIN, prefix="B.", first=3)) == ["B.3", "B.3.1", "B.4"]


def test_references_are_resolved_or_the_line_is_left_out() -> None:
    known = {("table", "dsa"): "Table 4"}

    assert parts_of("See [table dsa].", known) == ("See ", Reference("table", "dsa", "Table 4"), ".")
    assert parts_of("See [figure ceac].", known) is None
    assert parts_of("Not [a reference].", known) == ("Not [a reference].",)


@pytest.mark.parametrize("layout", layout_names())
def test_what_refers_is_there_and_what_is_absent_is_not(made: Context, folder: Path, layout: str) -> None:
    found = document(made, folder, layout)
    tables = [block.view.number for block in _tables(found)]
    figures = [block.number for block in _figures(found)]
    references = re.findall(r"Table \d+|Figure \d+", " ".join(_paragraphs(found)))

    assert tables == list(range(1, len(tables) + 1))
    assert figures == list(range(1, len(figures) + 1))
    assert references
    assert all(int(each.split()[1]) <= max(len(tables), len(figures)) for each in references)
    assert not any("[table" in text or "[figure" in text for text in _paragraphs(found))
    held = {block.name for block in _tables(found)}
    assert {"base_case", "cheers", "one_way_largest", "survival_fit"} <= held
    assert not {"severity_net_benefit", "budget_impact", "scenarios_moving"} & held
    empty = [section for section in found.sections if not section.blocks]
    for section in empty:
        after = found.sections[found.sections.index(section) + 1]
        assert after.level > section.level, section.id


def _tables(found: Document) -> list[TableBlock]:
    every = [*found.front, *(block for _, block in found.blocks())]
    return [block for block in every if isinstance(block, TableBlock)]


def _figures(found: Document) -> list[FigureBlock]:
    return [block for _, block in found.blocks() if isinstance(block, FigureBlock)]


def _paragraphs(found: Document) -> list[str]:
    return [plain(block.parts) for _, block in found.blocks() if isinstance(block, Paragraph)]


def test_a_layout_says_what_to_run(made: Context, folder: Path) -> None:
    assert any(
        text == "Not part of this run. Put scenario files in the folder that the workbook names to have them here."
        for text in _paragraphs(document(made, folder, "generic"))
    )


def test_cheers_names_where_each_item_is(made: Context, folder: Path) -> None:
    found = document(made, folder, "generic")
    cheers = next(b.view for b in _tables(found) if b.name == "cheers")
    base_case = next(b.view.number for b in _tables(found) if b.name == "base_case")
    cells = {row[0].text: row[-1].text for _, row in cheers.rows}

    assert len(cells) == 28
    assert cells["1"] == "title page"
    assert cells["27"] == "not reported: for the author to add"
    assert f"Table {base_case}" in cells["23"].split("; ")


@pytest.mark.parametrize("layout", ["generic", "nice"])
def test_word_file(made: Context, folder: Path, layout: str) -> None:
    found = document(made, folder, layout)
    content = word(found)
    assert word(found) == content
    read = docx.Document(io.BytesIO(content))
    headings = [p.text for p in read.paragraphs if p.style is not None and p.style.name.startswith("Heading")]
    captions = [p.text for p in read.paragraphs if p.style is not None and p.style.name == "Caption"]

    assert headings == [section.heading for section in found.sections]
    tables = [block.view for block in _tables(found)]
    figures = _figures(found)
    assert {f"Table {each.number}. {each.title}" for each in tables} <= set(captions)
    assert {f"Figure {each.number}. {each.caption}" for each in figures} <= set(captions)
    assert len(read.inline_shapes) == len(figures)
    assert read.core_properties.title == "A small model"
    assert read.core_properties.language == "en-GB"
    assert read.core_properties.author == "hemodel"
    assert read.core_properties.comments == "", "the template's"
    assert read.core_properties.created == read.core_properties.modified
    assert {section.page_width for section in read.sections} <= {7560310, 10692130}  # A4, 210 and 297 mm, in EMU


def test_fields_lead_somewhere_and_tables_are_real(made: Context, folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(word(document(made, folder, "generic")))) as packed:
        assert {entry.date_time for entry in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        body = ET.fromstring(packed.read("word/document.xml"))  # noqa: S314
        footer = packed.read("word/footer1.xml").decode()
    marks = {mark.get(f"{W}name") for mark in body.iter(f"{W}bookmarkStart")}
    ids = [mark.get(f"{W}id") for mark in body.iter(f"{W}bookmarkStart")]
    fields = [(text.text or "").split() for text in body.iter(f"{W}instrText")]

    assert len(ids) == len(set(ids))
    assert all(len(mark or "") <= 40 for mark in marks), "Word cuts longer names"
    assert {field[1] for field in fields if field[0] == "REF"} <= marks
    assert {field[1] for field in fields if field[0] == "SEQ"} == {"Table", "Figure"}
    assert {link.get(f"{W}anchor") for link in body.iter(f"{W}hyperlink")} <= marks
    assert "PAGE" in footer
    assert "NUMPAGES" in footer
    for table in body.iter(f"{W}tbl"):
        widths = [int(column.get(f"{W}w") or 0) for column in table.iter(f"{W}gridCol")]
        assert sum(widths) <= 14570, "wider than the text on a page on its side"
        for row in table.iter(f"{W}tr"):
            assert row.find(f"{W}trPr/{W}cantSplit") is not None
            spans = [cell.find(f"{W}tcPr/{W}gridSpan") for cell in row.iter(f"{W}tc")]
            assert sum(1 if span is None else int(span.get(f"{W}val") or 0) for span in spans) == len(widths)
    for shape in body.iter("{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"):
        assert shape.get("descr")


def test_a_long_title_is_cut_in_the_properties_only(made: Context, folder: Path) -> None:
    """Properties hold 255 signs (ECMA-376 part 2 as python-docx reads it)."""
    title = "A model of " * 30
    read = docx.Document(io.BytesIO(word(replace(document(made, folder, "generic"), title=title))))

    assert read.core_properties.title == title[:255]
    assert [p.text for p in read.paragraphs if p.style is not None and p.style.name == "Title"] == [title]


def test_the_page_says_the_same(made: Context, folder: Path, tmp_path: Path) -> None:
    found = document(made, folder, "nice")
    path = tmp_path / "dossier.html"
    path.write_text(page(found), encoding="utf-8")
    said = [each.text for each in of_page(path)]

    assert page(found) == path.read_text(encoding="utf-8")
    for section in found.sections:
        assert f"{section.number} {section.heading}" in said
    for text in _paragraphs(found):
        assert " ".join(text.replace("\N{NO-BREAK SPACE}", " ").split()) in said


def test_hostile_text_stays_text(folder: Path) -> None:
    name = "strategy.active.name"
    run = small_run(small_model({name: "<b>Bold</b> & ]]> \x07"}, uncertain=True), 20)
    made = context(results(run), run, None, MANIFEST)
    found = document(made, folder, "generic")

    with zipfile.ZipFile(io.BytesIO(word(found))) as packed:
        text = ET.fromstring(packed.read("word/document.xml")).itertext()  # noqa: S314
    assert "<b>Bold</b> & ]]>" in "".join(text)
    assert "<b>Bold" not in page(found)


def test_a_table_of_few_rows_and_many_columns_is_turned() -> None:
    columns = (Column("Name"), *(Column(f"Quantity {i}", "money", "EUR", "Group") for i in range(14)))
    rows: tuple[tuple[str | float, ...], ...] = tuple(
        (f"row {i}", *(1000000.0 + j for j in range(14))) for i in range(2)
    )
    shown = view(Table("wide", "Wide", (), columns, rows), 1)

    assert fit(shown).landscape
    turned = upright(shown)
    assert not fit(turned).landscape
    assert [heading.text for heading in turned.headings[0]] == ["Name", "row 0", "row 1"]
    assert [cell.text for cell in turned.rows[0][1]] == ["Group: quantity 0 (EUR)", "1,000,000", "1,000,000"]


@pytest.mark.parametrize(("notes", "said", "height"), [((), "", "20"), (("A note.",), "A note.", None)])
def test_the_end_of_pages_on_their_side_takes_no_room(notes: tuple[str, ...], said: str, height: str | None) -> None:
    """Behind a table that fills its page to the bottom, it would be a page of its own. It is 1 point high at most."""
    columns = (Column("Name"), *(Column(f"Quantity {i}", "money", "EUR") for i in range(14)))
    rows: tuple[tuple[str | float, ...], ...] = tuple(
        (f"row {i}", *(1000000.0 + j for j in range(14))) for i in range(30)
    )
    table = TableBlock(view(Table("wide", "Wide", notes, columns, rows), 1))
    sections = (Section("a", "First", 1, "1", (table,)), Section("b", "Second", 1, "2", (Paragraph(("Text.",)),)))
    with zipfile.ZipFile(io.BytesIO(word(Document("One", (), PLAIN, sections)))) as packed:
        body = list(ET.fromstring(packed.read("word/document.xml"))[0])  # noqa: S314 - written by the test
    place = next(i for i, element in enumerate(body) if element.tag == f"{W}tbl")
    end, heading = body[place + 1 : place + 3]

    size = end.find(f"{W}pPr/{W}sectPr/{W}pgSz")
    assert size is not None
    assert size.get(f"{W}orient") == "landscape"
    assert "".join(end.itertext()) == said
    assert "".join(heading.itertext()) == "Second"
    spacing = end.find(f"{W}pPr/{W}spacing")
    assert (None if spacing is None else spacing.get(f"{W}line")) == height


def test_an_abbreviation_stays_one_where_a_table_is_turned() -> None:
    columns = (Column("Name"), *(Column(header, "money", "GBP", "Without weight") for header in ("NMB", "Net benefit")))
    turned = upright(view(Table("turned", "Turned", (), columns, (("row", 1.0, 2.0),)), 1))

    assert [cells[0].text for _, cells in turned.rows] == [
        "Without weight: NMB (GBP)",
        "Without weight: net benefit (GBP)",
    ]


def test_a_column_of_labels_is_wide_enough_for_three_lines() -> None:
    """Its longest word needs 66 points; a third of the label's one line and the space in a cell are more."""
    label = "Increment, an intervention and another versus the comparator"
    columns = (Column("Strategy"), *(Column(f"Quantity {i}", "number") for i in range(8)))
    rows: tuple[tuple[str | float, ...], ...] = tuple((text, *([1.0] * 8)) for text in ("a", "b", label))
    found = fit(view(Table("labels", "Labels", (), columns, rows), 1))

    assert not found.landscape
    assert found.widths[0] >= text_width(label, found.size) / 3 + PAD


def test_a_part_for_several_strategies_and_the_front(made: Context) -> None:
    """Two strategies are compared: what is for three or more is left out; the front stands before the contents."""
    report = shipped_layout("report")
    found = build(content(made), report, {})
    three = build(replace(content(made), strategies=3), report, {})

    held = [{block.name for block in _tables(each)} for each in (found, three)]
    assert held[1] - held[0] == {"fully_incremental"}
    looks = [block.look for block in found.front if isinstance(block, Paragraph)]
    assert looks[:3] == ["key", "body", "caution"], "the answer, what would change it, what to know"
    text = page(found)
    assert text.index("<nav") < text.index('class="key"') < text.index('id="section-decision_problem"')
    assert _figures(found) == [], "none was drawn"


def test_the_text_for_a_figure_is_its_title(made: Context, tmp_path: Path) -> None:
    pictures = {}
    for name, title in (("ceac", "<dc:title>Standard is best &amp; cheapest</dc:title>"), ("ce_plane", "")):
        pictures[name] = (tmp_path / f"{name}.png", tmp_path / f"{name}.svg")
        pictures[name][1].write_text(f'<svg viewBox="0 0 40 30">{title}</svg>', encoding="utf-8")
    told = {block.name: block for block in _figures(build(content(made), read_layout("generic"), pictures))}

    assert told["ceac"].alternative.startswith("Standard is best & cheapest. ")
    assert told["ce_plane"].alternative.startswith(f"{told['ce_plane'].caption}. ")


def test_lists_of_tables_and_figures_follow_the_contents(made: Context, folder: Path) -> None:
    found = document(made, folder, "generic")
    read = docx.Document(io.BytesIO(word(found)))
    headings = [p.text for p in read.paragraphs if p.style is not None and p.style.name == "Contents Heading"]
    instructions = [t.text or "" for p in read.element.body.iter(f"{W}p") for t in p.iter(f"{W}instrText")]

    assert headings == ["Contents", "Tables", "Figures"]
    assert [text for text in instructions if "\\c" in text] == [r'TOC \h \z \c "Table"', r'TOC \h \z \c "Figure"']
    tables, figures = found.listed
    assert tables[0].name == "base_case"
    assert len(tables) == len({table.name for table in tables})
    assert figures == _figures(found)
