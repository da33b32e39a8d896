"""From a run and a layout to the document: what the run has, numbered, with references resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hemodel.dossier.cheers import PLACEHOLDER, cheers_table
from hemodel.dossier.document import (
    Block,
    Bullets,
    Code,
    Document,
    Facts,
    FigureBlock,
    Paragraph,
    Section,
    Style,
    TableBlock,
    parts_of,
    section_numbers,
)
from hemodel.dossier.names import FIGURE, TABLE, TEXT
from hemodel.dossier.prose import texts
from hemodel.reporting.tables_view import view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hemodel.dossier.context import Context
    from hemodel.dossier.layout import Held, Layout, LayoutSection
    from hemodel.dossier.prose_shape import Lines

NOTE = "note"
Places = dict[tuple[str, str], str]


@dataclass(frozen=True)
class _Chosen:
    """A section of the layout with what the run has of it."""

    section: LayoutSection
    held: tuple[Held, ...]


def figures_of(layout: Layout, context: Context) -> list[str]:
    """Return the names of the figures that the document will hold, in order."""
    names = [held.figure for section in layout.section for held in section.holds]
    return [name for name in names if name is not None and name in context.captions]


def build(context: Context, layout: Layout, pictures: Mapping[str, tuple[Path, Path]]) -> Document:
    """Return the document.

    Parameters
    ----------
    context : Context
    layout : Layout
    pictures : mapping from name to (png, svg)
        Of the figures that were drawn.
    """
    style = Style(layout.kind, layout.language, layout.prefix, layout.first)
    written = {name: make(context) for name, make in texts().items()}
    chosen = _chosen(layout, context, written)
    numbers = section_numbers([each.section.level for each in chosen], style)
    places = _places(chosen, numbers)
    builder = _Builder(context, written, places, pictures)
    sections = [
        Section(each.section.id, each.section.heading, each.section.level, number, tuple(builder.blocks(each)))
        for each, number in zip(chosen, numbers, strict=True)
    ]
    return Document(
        title=context.results.title,
        lead=(context.results.population, context.results.perspective),
        style=style,
        sections=tuple(sections),
    )


def _chosen(layout: Layout, context: Context, written: Mapping[str, Lines]) -> list[_Chosen]:
    """Keep what the run has; a section without anything stays only for what it says, or for sections below it."""
    found: list[_Chosen] = []
    for section in layout.section:
        held = tuple(each for each in section.holds if _is_there(each, context, written))
        only_notes = all(each.note is not None for each in held)
        bare = only_notes and any(each.note is None for each in section.holds)
        found.append(_Chosen(section, () if bare else held))
    kept: list[_Chosen] = []
    for each in reversed(found):
        above = bool(kept) and kept[0].section.level > each.section.level
        if each.held or each.section.absent or above:
            kept.insert(0, each)
    return kept


def _is_there(held: Held, context: Context, written: Mapping[str, Lines]) -> bool:
    if held.table is not None:
        return held.table in context.tables or (TABLE, held.table) == PLACEHOLDER
    if held.figure is not None:
        return held.figure in context.captions
    if held.text is not None:
        return bool(written[held.text].lines or written[held.text].facts)
    return True


def _places(chosen: list[_Chosen], numbers: list[str]) -> Places:
    """Return what every section, table, figure and text is printed as."""
    found: Places = {}
    tables = figures = 0
    for each, number in zip(chosen, numbers, strict=True):
        found["section", each.section.id] = f"section {number}"
        for held in each.held:
            if held.table is not None:
                tables += 1
                found[TABLE, held.table] = f"Table {tables}"
            elif held.figure is not None:
                figures += 1
                found[FIGURE, held.figure] = f"Figure {figures}"
            elif held.text is not None:
                found.setdefault((TEXT, held.text), f"section {number}")
    return found


@dataclass(frozen=True)
class _Builder:
    context: Context
    written: Mapping[str, Lines]
    places: Places
    pictures: Mapping[str, tuple[Path, Path]]

    def blocks(self, chosen: _Chosen) -> Iterator[Block]:
        """Give the blocks of a section."""
        for held in chosen.held:
            yield from self._held(held)
        if not chosen.held and chosen.section.absent:
            yield Paragraph((chosen.section.absent,), "note")

    def _held(self, held: Held) -> Iterator[Block]:
        if held.table is not None:
            yield self._table(held.table, held.caption)
        elif held.figure is not None:
            yield self._figure(held.figure, held.caption)
        elif held.text is not None:
            yield from self._text(self.written[held.text])
        elif held.note is not None:
            parts = parts_of(held.note, self.places)
            if parts is not None:
                yield Paragraph(parts)

    def _number(self, kind: str, name: str) -> int:
        return int(self.places[kind, name].rpartition(" ")[2])

    def _table(self, name: str, caption: str | None) -> TableBlock:
        made = cheers_table(self.places) if (TABLE, name) == PLACEHOLDER else self.context.tables[name]
        shown = view(made, self._number(TABLE, name))
        return TableBlock(shown if caption is None else replace(shown, title=caption))

    def _figure(self, name: str, caption: str | None) -> FigureBlock:
        png, svg = self.pictures[name]
        text = caption or self.context.captions[name]
        told = f"{text}. Chart of the run; its numbers are in the tables and in results.json."
        return FigureBlock(self._number(FIGURE, name), name, text, told, png, svg)

    def _text(self, lines: Lines) -> Iterator[Block]:
        """Give what a text says; lines that refer to what is not there are left out."""
        if lines.facts:
            yield Facts(tuple(lines.facts))
        if lines.look == "code":
            yield from (Code(line) for line in lines.lines)
            return
        resolved = [parts for line in lines.lines if (parts := parts_of(line, self.places)) is not None]
        if not resolved:
            return
        if lines.lead:
            yield Paragraph((lines.lead,))
        if lines.look == "bullets":
            yield Bullets(tuple(resolved))
        elif lines.look == "key":
            yield from (Paragraph(parts, "key") for parts in resolved)
        else:
            joined = [part for parts in resolved for part in (*parts, " ")]
            yield Paragraph(tuple(joined[:-1]))
