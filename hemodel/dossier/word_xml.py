"""Pieces of WordprocessingML as text: runs, paragraphs, fields, bookmarks."""

from __future__ import annotations

from html import escape

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
)
_NOT_IN_XML = {code: None for code in range(32) if code not in {9, 10, 13}}
_LONG_WORD = 14


def clean(text: str) -> str:
    """Return a text as it may stand in XML."""
    return escape(text.translate(_NOT_IN_XML), quote=True)


def breakable(text: str) -> str:
    """Return a text with places where a very long word, such as an id, may be broken."""
    mark = "\N{ZERO WIDTH SPACE}"
    words = text.split(" ")
    return " ".join(w if len(w) <= _LONG_WORD else _broken(w, mark) for w in words)


def _broken(word: str, mark: str) -> str:
    found = ""
    since = 0
    for letter in word:
        found += letter
        since += 1
        if since >= _LONG_WORD or (letter in "._/-" and since > _LONG_WORD // 3):
            found += mark
            since = 0
    return found.removesuffix(mark)


def run(text: str, properties: str = "") -> str:
    """Return a run of text."""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f'<w:r>{inner}<w:t xml:space="preserve">{clean(text)}</w:t></w:r>'


def paragraph(style: str, content: str, properties: str = "") -> str:
    """Return a paragraph in a style; `content` is runs."""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{properties}</w:pPr>{content}</w:p>'


def field(instruction: str, stored: str, properties: str = "") -> str:
    """Return a field with the result that is shown until it is updated."""
    inner = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return (
        f'<w:r>{inner}<w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r>{inner}<w:instrText xml:space="preserve"> {clean(instruction)} </w:instrText></w:r>'
        f'<w:r>{inner}<w:fldChar w:fldCharType="separate"/></w:r>'
        f"{run(stored, properties) if stored else ''}"
        f'<w:r>{inner}<w:fldChar w:fldCharType="end"/></w:r>'
    )


def bookmark(name: str, number: int, content: str) -> str:
    """Return runs with a bookmark around them."""
    start = f'<w:bookmarkStart w:id="{number}" w:name="{clean(name)}"/>'
    return f'{start}{content}<w:bookmarkEnd w:id="{number}"/>'


def hyperlink(target: str, content: str) -> str:
    """Return runs that lead to a bookmark."""
    return f'<w:hyperlink w:anchor="{clean(target)}" w:history="1">{content}</w:hyperlink>'
