"""A document as one HTML file that needs nothing else, to read, print and hand on."""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

    from hemodel.publish.document.parts import Document, FigureBlock


_LONG_WORD = 18
_TALL = 1.15
"""Height over width from which a figure is given a page of its own in print."""


def page(document: Document) -> str:
    """Return the document as one HTML file; the same document gives the same text."""
    templates = files("hemodel.publish").joinpath("templates")
    css = templates.joinpath("document.css").read_text(encoding="utf-8")
    folded = any(section.folded for section in document.sections)
    script = templates.joinpath("document.js").read_text(encoding="utf-8") if folded else ""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return _template().render(
        css=css,
        script=script,
        digest=f"sha256-{digest}",
        document=document,
        link=link,
        source=_source,
        tall=_is_tall,
    )


def _template() -> Template:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hemodel.publish", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template("document.html.j2")


def breakable(text: str) -> Markup:
    """Return a text with places where a very long word may be broken, so that a table keeps its width."""
    from markupsafe import Markup

    mark = "\N{ZERO WIDTH SPACE}"
    return Markup("<wbr>").join(re.sub(rf"(\S{{{_LONG_WORD}}})(?=\S)", rf"\1{mark}", text).split(mark))


def link(text: str) -> str:
    """Return the address a source's text names (http, https or a DOI), or nothing."""
    text = text.strip()
    if any(letter.isspace() for letter in text):
        return ""
    if text.lower().startswith("doi:"):
        return f"https://doi.org/{text[4:]}"
    return text if text.startswith(("https://", "http://")) else ""


def _source(figure: FigureBlock) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure.svg.read_bytes()).decode("ascii")


def _is_tall(figure: FigureBlock) -> bool:
    box = re.search(rb'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', figure.svg.read_bytes())
    return box is not None and float(box[2]) > _TALL * float(box[1])
