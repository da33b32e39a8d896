"""What a document is made of: sections that hold paragraphs, lists, facts, tables and figures.

It is built once and rendered by `word` and by `html`. Numbers of sections,
tables and figures are part of it, so that every rendering has the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from hemodel.publish.table_view import TableView


REFERENCE = re.compile(r"\[(table|figure|section) ([a-z][a-z0-9_]*)\]")
"""How a text refers to a table, figure or section: ``[table base_case]``."""


@dataclass(frozen=True)
class Reference:
    """A cross-reference: kind (table, figure, section), name, and the text that stands for it, such as Table 3."""

    kind: str
    name: str
    text: str


Parts = tuple["str | Reference", ...]


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; `look` is body, key (the main results), caution or note."""

    parts: Parts
    look: str = "body"
    kind: str = "paragraph"


@dataclass(frozen=True)
class Bullets:
    """A list of points."""

    points: tuple[Parts, ...]
    kind: str = "bullets"


@dataclass(frozen=True)
class FactList:
    """Pairs of label and text."""

    pairs: tuple[tuple[str, str], ...]
    kind: str = "facts"


@dataclass(frozen=True)
class KeyNumbers:
    """The numbers that matter, side by side: label, number, and what stands under it."""

    numbers: tuple[tuple[str, str, str], ...]
    kind: str = "numbers"


@dataclass(frozen=True)
class Code:
    """A command, printed as it is."""

    text: str
    kind: str = "code"


@dataclass(frozen=True)
class TableBlock:
    """A table with its number and caption in the view."""

    view: TableView
    kind: str = "table"

    @property
    def name(self) -> str:
        """Name of the table."""
        return self.view.name


@dataclass(frozen=True)
class FigureBlock:
    """A figure: number, caption, text for those who do not see it, and its files (svg only where one was made)."""

    number: int
    name: str
    caption: str
    alternative: str
    png: Path
    svg: Path
    kind: str = "figure"


Block = Paragraph | Bullets | FactList | KeyNumbers | Code | TableBlock | FigureBlock


@dataclass(frozen=True)
class Section:
    """A section; `number` is printed before the heading, as B.3.2. A folded one is closed on a page.

    An `appendix` begins on a page of its own in print.
    """

    id: str
    heading: str
    level: int
    number: str
    blocks: tuple[Block, ...]
    folded: bool = False
    appendix: bool = False


@dataclass(frozen=True)
class Style:
    """How sections are numbered (what stands before, the first number), the language, the kind of document."""

    kind: str
    language: str
    prefix: str
    first: int


@dataclass(frozen=True)
class Document:
    """A whole document; `front` stands before the contents, which may be followed by lists of tables and figures."""

    title: str
    lead: tuple[str, ...]
    style: Style
    sections: tuple[Section, ...]
    front: tuple[Block, ...] = ()
    lists: bool = False

    def blocks(self) -> Iterator[tuple[Section, Block]]:
        """Give every block of the sections with its section, in order."""
        for section in self.sections:
            for block in section.blocks:
                yield section, block

    @property
    def listed(self) -> tuple[list[TableView], list[FigureBlock]]:
        """The tables and the figures, those of the front first."""
        every = [*self.front, *(block for _, block in self.blocks())]
        tables = [block.view for block in every if isinstance(block, TableBlock)]
        return tables, [block for block in every if isinstance(block, FigureBlock)]


def section_numbers(levels: Sequence[int], style: Style) -> list[str]:
    """Return the printed number of each section from its level.

    Parameters
    ----------
    levels : sequence of int
        1 for the highest; a level may be one deeper than the one before it.
    style : Style
        Its prefix stands before every number; counting begins at its first.
    """
    counters: list[int] = []
    found = []
    for level in levels:
        counters = [*counters[:level], *[0] * (level - len(counters))]
        counters[level - 1] += 1
        top, *rest = counters
        found.append(style.prefix + ".".join(str(n) for n in (top + style.first - 1, *rest)))
    return found


def parts_of(text: str, known: Mapping[tuple[str, str], str]) -> Parts | None:
    """Return a text with its references resolved, or None where one refers to what the document does not have.

    Parameters
    ----------
    text : str
        References are written as ``[table base_case]``.
    known : mapping from (kind, name) to str
        What a reference is printed as.
    """
    found: list[str | Reference] = []
    end = 0
    for hit in REFERENCE.finditer(text):
        key = (hit[1], hit[2])
        if key not in known:
            return None
        found += [text[end : hit.start()], Reference(*key, known[key])]
        end = hit.end()
    return tuple(part for part in (*found, text[end:]) if part != "")


def plain(parts: Parts) -> str:
    """Return parts as plain text."""
    return "".join(part if isinstance(part, str) else part.text for part in parts)
