"""From contents and a layout to the document: what there is, numbered, with references resolved.

Where each item of CHEERS 2022 is reported: filled in from what the dossier holds.

Items: Husereau D. et al., BMC Medicine 2022;20:23, table 1. It is a list of
what to report, not a score.
"""

from __future__ import annotations

import csv
import html
import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from hemodel.publish.document.layout import CHEERS, FIGURE, TABLE, TEXT, expanded
from hemodel.publish.document.parts import (
    Block,
    Bullets,
    Code,
    Document,
    FactList,
    FigureBlock,
    KeyNumbers,
    Paragraph,
    Parts,
    Section,
    Style,
    TableBlock,
    parts_of,
    section_numbers,
)
from hemodel.publish.table_view import view
from hemodel.views.shared.printed import abbreviations
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hemodel.publish.document.context import Content, Lines
    from hemodel.publish.document.layout import Layout, LayoutSection, SectionPart


TITLE_PAGE = "title"
USER = "not reported: for the author to add"


@dataclass(frozen=True)
class CheersItem:
    """An item of the list; `reported_in` are pairs of kind and name of what reports it."""

    number: int
    part: str
    topic: str
    reported_in: tuple[tuple[str, str], ...]


@cache
def items() -> tuple[CheersItem, ...]:
    """Return the items in order."""
    text = files("hemodel.publish.document").joinpath("data", "cheers.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return tuple(CheersItem(int(row["item"]), row["part"], row["topic"], _pairs(row["reported_in"])) for row in rows)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    found = [each.partition(" ") for each in text.split(";") if each]
    return tuple((kind, name) for kind, _, name in found)


def cheers_table(places: Mapping[tuple[str, str], str]) -> Table:
    """Return the list with the place of each item.

    Parameters
    ----------
    places : mapping from (kind, name) to str
        What a table, figure or text of the dossier is printed as, such as Table 3.
    """
    known = {**places, (TITLE_PAGE, ""): "title page"}
    rows = []
    for item in items():
        found = list(dict.fromkeys(known[pair] for pair in item.reported_in if pair in known))
        rows.append((item.part, item.number, item.topic, "; ".join(found) or USER))
    columns = (Column("Part"), Column("Item", "value"), Column("Topic"), Column("Reported in"))
    note = "A list of what to report, not a measure of quality."
    return Table(CHEERS, "CHEERS 2022: where each item is reported", (note,), columns, tuple(rows), banded=True)


PLACEHOLDER = (TABLE, CHEERS)
"""The table is made last, when the places are known."""


Places = dict[tuple[str, str], str]


@dataclass(frozen=True)
class _Chosen:
    """A section of the layout with what there is of it."""

    section: LayoutSection
    held: tuple[SectionPart, ...]


def figures_of(layout: Layout, content: Content) -> list[str]:
    """Return the names of the figures that the document will hold, in order."""
    return [name for name in expanded(layout, content.endpoints, content.captions).figures if name in content.captions]


def build(content: Content, layout: Layout, pictures: Mapping[str, tuple[Path, Path]]) -> Document:
    """Return the document.

    Parameters
    ----------
    pictures : mapping from name to (png, svg)
        Of the figures that were drawn; the others are left out.
    """
    style = Style(layout.kind, layout.language, layout.prefix, layout.first)
    source = _Source(content, pictures, {})
    chosen = _chosen(expanded(layout, content.endpoints, content.captions), source)
    numbers = section_numbers([each.section.level for each in chosen], style)
    front = tuple(held for held in layout.front if source.has(held))
    places = _places(front, chosen, numbers)
    builder = _Builder(source, places, explained=layout.lists)
    sections = [_section(each, number, builder) for each, number in zip(chosen, numbers, strict=True)]
    return Document(
        title=content.title,
        lead=content.lead,
        style=style,
        sections=tuple(sections),
        front=tuple(block for held in front for block in builder.part(held)),
        lists=layout.lists,
    )


def _section(chosen: _Chosen, number: str, builder: _Builder) -> Section:
    of = chosen.section
    return Section(of.id, of.heading, of.level, number, tuple(builder.blocks(chosen)), of.folded, of.appendix)


@dataclass(frozen=True)
class _Source:
    """The content, its figures, and the texts that were written so far."""

    content: Content
    pictures: Mapping[str, tuple[Path, Path]]
    written: dict[str, Lines]

    def text(self, name: str) -> Lines:
        """Return a text; it is written once."""
        if name not in self.written:
            self.written[name] = self.content.texts[name]()
        return self.written[name]

    def has(self, held: SectionPart) -> bool:
        """Whether the content has what a part of the layout names."""
        if held.strategies > self.content.strategies:
            return False
        if held.table is not None:
            return held.table in self.content.tables or (TABLE, held.table) == PLACEHOLDER
        if held.figure is not None:
            return held.figure in self.content.captions and held.figure in self.pictures
        if held.text is not None:
            told = self.text(held.text)
            return bool(told.lines or told.facts or told.numbers)
        return True


def _chosen(layout: Layout, source: _Source) -> list[_Chosen]:
    """Keep what there is; a section without anything stays only for what it says, or for sections below it."""
    found: list[_Chosen] = []
    for section in layout.section:
        held = tuple(each for each in section.holds if source.has(each))
        bare = all(each.note is not None for each in held) and any(each.note is None for each in section.holds)
        found.append(_Chosen(section, () if bare else held))
    kept: list[_Chosen] = []
    for each in reversed(found):
        above = bool(kept) and kept[0].section.level > each.section.level
        if each.held or each.section.absent or above:
            kept.insert(0, each)
    return kept


def _places(front: tuple[SectionPart, ...], chosen: list[_Chosen], numbers: list[str]) -> Places:
    """Return what every section, table, figure and text is printed as; those of the front are counted first."""
    found: Places = {}
    for each, number in zip(chosen, numbers, strict=True):
        found["section", each.section.id] = f"section {number}"
        for held in each.held:
            if held.text is not None:
                found.setdefault((TEXT, held.text), f"section {number}")
    parts = [*front, *(held for each in chosen for held in each.held)]
    for kind, word in ((TABLE, "Table"), (FIGURE, "Figure")):
        names = [name for held in parts for own, name in held.names if own == kind]
        found |= {(kind, name): f"{word} {i}" for i, name in enumerate(names, start=1)}
    return found


@dataclass(frozen=True)
class _Builder:
    source: _Source
    places: Places
    explained: bool
    """Whether abbreviations are explained under tables."""

    def blocks(self, chosen: _Chosen) -> Iterator[Block]:
        """Give the blocks of a section."""
        for held in chosen.held:
            yield from self.part(held)
        if not chosen.held and chosen.section.absent:
            yield Paragraph((chosen.section.absent,), "note")

    def part(self, held: SectionPart) -> Iterator[Block]:
        """Give the blocks of a part of a section."""
        if held.table is not None:
            yield self._table(held.table, held.caption)
        elif held.figure is not None:
            yield self._figure(held.figure, held.caption)
        elif held.text is not None:
            yield from self._text(self.source.text(held.text))
        elif held.note is not None:
            parts = parts_of(held.note, self.places)
            if parts is not None:
                yield Paragraph(self._printed(parts))

    def _printed(self, parts: Parts) -> Parts:
        """Return parts as they are printed."""
        return tuple(self.source.content.printed(part) if isinstance(part, str) else part for part in parts)

    def _number(self, kind: str, name: str) -> int:
        return int(self.places[kind, name].rpartition(" ")[2])

    def _table(self, name: str, caption: str | None) -> TableBlock:
        made = cheers_table(self.places) if (TABLE, name) == PLACEHOLDER else self.source.content.tables[name]
        shown = view(made, self._number(TABLE, name)).printed(self.source.content.printed)
        if self.explained:
            shown = replace(shown, notes=(*shown.notes, *abbreviations(shown.texts())))
        return TableBlock(shown if caption is None else replace(shown, title=caption))

    def _figure(self, name: str, caption: str | None) -> FigureBlock:
        png, svg = self.source.pictures[name]
        printed = self.source.content.printed
        text = caption or printed(self.source.content.captions[name])
        told = f"{printed(_finding(svg) or text)}. Chart of the run; its numbers are in {self.source.content.numbers}."
        return FigureBlock(self._number(FIGURE, name), name, text, told, png, svg)

    def _text(self, lines: Lines) -> Iterator[Block]:
        """Give what a text says; lines that refer to what is not there are left out."""
        if lines.facts:
            yield FactList(tuple((label, self.source.content.printed(text)) for label, text in lines.facts))
        if lines.numbers:
            yield KeyNumbers(tuple(lines.numbers))
        if lines.look == "code":
            yield from (Code(line) for line in lines.lines)
            return
        found = (parts_of(line, self.places) for line in lines.lines)
        resolved = [self._printed(parts) for parts in found if parts is not None]
        if not resolved:
            return
        if lines.lead:
            yield Paragraph((lines.lead,))
        if lines.look == "bullets":
            yield Bullets(tuple(resolved))
        elif lines.look == "body":
            joined = [part for parts in resolved for part in (*parts, " ")]
            yield Paragraph(tuple(joined[:-1]))
        else:
            later = "body" if lines.look in ("paragraphs", "key") else lines.look
            first = "body" if lines.look == "paragraphs" else lines.look
            yield from (Paragraph(parts, later if i else first) for i, parts in enumerate(resolved))


def _finding(svg: Path) -> str:
    """Return the title of a chart, which says what it shows; none where its file has none."""
    hit = re.search(r"<dc:title>(.*?)</dc:title>", svg.read_text(encoding="utf-8"), re.DOTALL)
    return "" if hit is None else html.unescape(hit[1]).strip().rstrip(".")
