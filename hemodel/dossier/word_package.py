"""The parts of a Word file and their packing: the same parts give the same bytes."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from hemodel.dossier.word_xml import NAMESPACES, clean, field, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.dossier.document import Document, Style

_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_FIXED = (1980, 1, 1, 0, 0, 0)
"""Time stamp of every part: none, as far as a zip file can say so."""
_CREATED = "2000-01-01T00:00:00Z"
"""Date in the properties; the run is told apart by the hash of its workbook instead."""
PARTS = {"styles": "styles", "numbering": "numbering", "settings": "settings", "header1": "header", "footer1": "footer"}
"""Parts beside the document, with their kinds; the place of each is its relationship."""
_DIGITS = ((190, 125), (150, 118), (128, 118))
"""Width of a sign of a section number in a heading and in the contents, by level, in twentieths of a point."""
HEADER, FOOTER = "rId4", "rId5"


@dataclass(frozen=True)
class Picture:
    """A picture of the document: its relationship, its name in the package, its bytes."""

    relationship: str
    name: str
    content: bytes


def pack(body: str, document: Document, pictures: Sequence[Picture]) -> bytes:
    """Return a Word file.

    Parameters
    ----------
    body : str
        Contents of the body as WordprocessingML.
    document : Document
        Its title, style and section numbers.
    pictures : sequence of Picture
    """
    title, style, widths = document.title, document.style, _widths(document)
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _package_relationships(),
        "docProps/core.xml": _core(title, style),
        "docProps/app.xml": _DECLARATION + f'<Properties xmlns="{_OFFICE}/extended-properties"><Application>hemodel'
        "</Application></Properties>",
        "word/document.xml": f"{_DECLARATION}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": _document_relationships(pictures),
        "word/styles.xml": _data("styles", widths | {"LANGUAGE": style.language}),
        "word/numbering.xml": _data("numbering", widths | {"PREFIX": style.prefix, "FIRST": str(style.first)}),
        "word/settings.xml": _settings(style),
        "word/header1.xml": _edge("hdr", "Header", run(title)),
        "word/footer1.xml": _edge("ftr", "Footer", _pages()),
        **{f"word/media/{picture.name}": picture.content for picture in pictures},
    }
    return _zip(parts)


def _zip(parts: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, _FIXED)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            packed.writestr(entry, content)
    return buffer.getvalue()


def _data(name: str, values: Mapping[str, str]) -> str:
    text = files("hemodel.dossier").joinpath("data", f"{name}.xml").read_text(encoding="utf-8")
    for word, value in values.items():
        text = text.replace(word, value)
    return text


def _widths(document: Document) -> dict[str, str]:
    """Return how far headings and contents are indented behind their numbers, by level, in twentieths of a point."""
    found: dict[str, str] = {}
    before = 0
    for level, (size, small) in enumerate(_DIGITS, start=1):
        longest = max((len(s.number) for s in document.sections if s.level == level), default=1)
        hanging = small * longest + 160
        before += hanging
        found |= {f"INDENT{level}": str(size * longest + 200), f"HANGING{level}": str(hanging)}
        found[f"CONTENTS{level}"] = str(before)
    return found


def _content_types() -> str:
    own = {"document": "document.main", **PARTS}
    overrides = "".join(
        f'<Override PartName="/word/{name}.xml" ContentType="{_WORD}.{kind}+xml"/>' for name, kind in own.items()
    )
    return (
        f'{_DECLARATION}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Default Extension="png" ContentType="image/png"/>'
        f"{overrides}"
        '<Override PartName="/docProps/core.xml"'
        ' ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        '<Override PartName="/docProps/app.xml"'
        ' ContentType="application/vnd.openxmlformats-officedocument.extended-properties+xml"/></Types>'
    )


def _relationships(entries: Sequence[tuple[str, str, str]]) -> str:
    inner = "".join(f'<Relationship Id="{id_}" Type="{kind}" Target="{target}"/>' for id_, kind, target in entries)
    return f'{_DECLARATION}<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


def _package_relationships() -> str:
    core = f"{_PACKAGE}/relationships/metadata/core-properties"
    return _relationships(
        [
            ("rId1", f"{_OFFICE}/relationships/officeDocument", "word/document.xml"),
            ("rId2", core, "docProps/core.xml"),
            ("rId3", f"{_OFFICE}/relationships/extended-properties", "docProps/app.xml"),
        ]
    )


def _document_relationships(pictures: Sequence[Picture]) -> str:
    own = [
        (f"rId{place}", f"{_OFFICE}/relationships/{kind}", f"{name}.xml")
        for place, (name, kind) in enumerate(PARTS.items(), start=1)
    ]
    return _relationships(
        [*own, *((p.relationship, f"{_OFFICE}/relationships/image", f"media/{p.name}") for p in pictures)]
    )


def _core(title: str, style: Style) -> str:
    date = f'xsi:type="dcterms:W3CDTF">{_CREATED}'
    return (
        f'{_DECLARATION}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{clean(title)}</dc:title><dc:subject>{clean(style.kind)}</dc:subject>"
        f"<dc:creator>hemodel</dc:creator><dc:language>{style.language}</dc:language>"
        f"<dcterms:created {date}</dcterms:created><dcterms:modified {date}</dcterms:modified></cp:coreProperties>"
    )


def _settings(style: Style) -> str:
    modern = (
        '<w:compat><w:compatSetting w:name="compatibilityMode" w:uri="http://schemas.microsoft.com/office/word"'
        ' w:val="15"/></w:compat>'
    )
    return (
        f'{_DECLARATION}<w:settings {NAMESPACES}><w:zoom w:percent="100"/><w:defaultTabStop w:val="720"/>'
        f'<w:characterSpacingControl w:val="doNotCompress"/>{modern}<w:themeFontLang w:val="{style.language}"/>'
        '<w:decimalSymbol w:val="."/><w:listSeparator w:val=","/></w:settings>'
    )


def _edge(tag: str, style: str, content: str) -> str:
    inner = f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{content}</w:p>'
    return f"{_DECLARATION}<w:{tag} {NAMESPACES}>{inner}</w:{tag}>"


def _pages() -> str:
    return f"{run('Page ')}{field('PAGE', '1')}{run(' of ')}{field('NUMPAGES', '1')}"
