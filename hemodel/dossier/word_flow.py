"""Pages of the Word file: which pieces stand on upright pages and which on pages on their side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from docx.document import Document
    from docx.section import Section

_SHORT, _LONG = 11906, 16838
"""Sides of A4, in twentieths of a point."""
_TOP, _BOTTOM, _HEADER, _FOOTER = 1300, 1200, 650, 600
"""Margins above and below the text, and of header and footer, in twentieths of a point."""
_SIDE = {False: 1276, True: 1134}
"""Margins at the sides, on upright pages and on those on their side, in twentieths of a point."""


@dataclass(frozen=True)
class Piece:
    """A piece of the body: what writes it; `role` is heading, text, table, figure or other."""

    write: Callable[[], None]
    role: str = "other"
    landscape: bool = False


def flow(file: Document, pieces: Sequence[Piece]) -> None:
    """Write the body: pieces in order, with a new section of pages wherever the orientation changes."""
    _set_pages(file.sections[0], landscape=False)
    for piece, after in pairwise([*_turned(list(pieces)), None]):
        if piece is None:
            continue
        piece.write()
        if after is not None and after.landscape != piece.landscape:
            _set_pages(file.add_section(), landscape=after.landscape)
            file.paragraphs[-1].style = "Spacer"


def _set_pages(section: Section, *, landscape: bool) -> None:
    """Set size, orientation and margins of the pages of a section."""
    from docx.enum.section import WD_ORIENTATION
    from docx.shared import Twips

    section.orientation = WD_ORIENTATION.LANDSCAPE if landscape else WD_ORIENTATION.PORTRAIT
    section.page_width, section.page_height = (Twips(s) for s in ((_LONG, _SHORT) if landscape else (_SHORT, _LONG)))
    section.left_margin = section.right_margin = Twips(_SIDE[landscape])
    section.top_margin, section.bottom_margin = Twips(_TOP), Twips(_BOTTOM)
    section.header_distance, section.footer_distance = Twips(_HEADER), Twips(_FOOTER)


def _turned(pieces: list[Piece]) -> list[Piece]:
    """Turn what belongs to a wide table along with it: its heading, and text that leads to it."""
    found = list(pieces)
    for i, piece in enumerate(pieces):
        if not piece.landscape:
            continue
        j = i - 1
        while j >= 0 and found[j].role == "text":
            j -= 1
        if j < 0 or found[j].role != "heading":
            continue
        while j >= 0 and found[j].role == "heading":
            j -= 1
        for k in range(j + 1, i):
            found[k] = replace(found[k], landscape=True)
    return _between(found)


def _between(pieces: list[Piece]) -> list[Piece]:
    """Turn a table or text that would stand alone on an upright page between two wide tables."""
    found = list(pieces)
    for i in range(1, len(found) - 1):
        alone = found[i - 1].landscape and found[i + 1].landscape
        if alone and found[i].role in {"table", "text"}:
            found[i] = replace(found[i], landscape=True)
    return found
