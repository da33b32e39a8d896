"""The dossier as one HTML file, in the look of the report."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

from hemodel.reporting.html import link, style_sheet, template

if TYPE_CHECKING:
    from hemodel.dossier.document import Document, FigureBlock

_TALL = 1.15
"""Height over width from which a figure is given a page of its own in print."""


def page(document: Document) -> str:
    """Return the dossier as one HTML file that needs nothing else; the same document gives the same text."""
    return template("dossier.html.j2").render(
        css=style_sheet(), document=document, link=link, source=_source, tall=_is_tall
    )


def _source(figure: FigureBlock) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure.svg.read_bytes()).decode("ascii")


def _is_tall(figure: FigureBlock) -> bool:
    box = re.search(rb'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', figure.svg.read_bytes())
    return box is not None and float(box[2]) > _TALL * float(box[1])
