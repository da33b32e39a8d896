"""Pages of the Word file: which pieces stand on upright pages and which on pages on their side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from hemodel.dossier.word_package import FOOTER, HEADER
from hemodel.dossier.word_xml import paragraph

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIDES = {False: (11906, 16838, "", 1276), True: (16838, 11906, ' w:orient="landscape"', 1134)}
"""Width and height of A4, orientation, margin at the sides, in twentieths of a point."""


@dataclass(frozen=True)
class Piece:
    """A piece of the body; `role` is heading, text, table, figure or other."""

    xml: str
    role: str = "other"
    landscape: bool = False


def flow(pieces: Sequence[Piece]) -> str:
    """Return the body: pieces in order, with a new section of pages wherever the orientation changes."""
    turned = _turned(list(pieces))
    made = []
    for piece, after in pairwise([*turned, None]):
        if piece is None:
            continue
        made.append(piece.xml)
        if after is None:
            made.append(_pages(piece.landscape))
        elif after.landscape != piece.landscape:
            made.append(paragraph("Spacer", "", _pages(piece.landscape)))
    return "".join(made)


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


def _pages(landscape: bool) -> str:
    width, height, orientation, side = _SIDES[landscape]
    return (
        f'<w:sectPr><w:headerReference w:type="default" r:id="{HEADER}"/><w:footerReference w:type="default"'
        f' r:id="{FOOTER}"/><w:pgSz w:w="{width}" w:h="{height}"{orientation}/><w:pgMar w:top="1300" w:right="{side}"'
        f' w:bottom="1200" w:left="{side}" w:header="650" w:footer="600" w:gutter="0"/></w:sectPr>'
    )
