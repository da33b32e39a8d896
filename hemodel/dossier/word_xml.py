"""What python-docx has no calls for: fields, bookmarks, links within the file; texts as XML may hold them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docx.oxml.xmlchemy import BaseOxmlElement
    from docx.text.paragraph import Paragraph
    from docx.text.run import Run

_NOT_IN_XML = {code: None for code in (*range(32), 0xFFFE, 0xFFFF) if code not in {9, 10, 13}}
_LONG_WORD = 14


def clean(text: str) -> str:
    """Return a text without the signs that XML cannot hold."""
    return text.translate(_NOT_IN_XML)


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


def add_run(paragraph: Paragraph, text: str) -> Run:
    """Add a run of text to a paragraph."""
    return paragraph.add_run(clean(text))


def add_element(parent: BaseOxmlElement, tag: str, **values: str) -> BaseOxmlElement:
    """Add an element behind all others in its parent, with attributes of the namespace w."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{tag}", {qn(f"w:{name}"): value for name, value in values.items()})
    parent.append(made)
    return made


def element_of(part: Any) -> Any:
    """Return the XML element of a paragraph, cell, row or table."""
    return part._element  # noqa: SLF001 - python-docx gives it no other name


def begin_field(paragraph: Paragraph, instruction: str) -> None:
    """Begin a field, up to its stored result, which is shown until the field is updated."""
    add_element(paragraph.add_run().element, "fldChar", fldCharType="begin")
    add_element(paragraph.add_run().element, "instrText").text = instruction
    add_element(paragraph.add_run().element, "fldChar", fldCharType="separate")


def end_field(paragraph: Paragraph) -> None:
    """End a field."""
    add_element(paragraph.add_run().element, "fldChar", fldCharType="end")


def add_field(paragraph: Paragraph, instruction: str, stored: str) -> None:
    """Add a field with its stored result."""
    begin_field(paragraph, instruction)
    add_run(paragraph, stored)
    end_field(paragraph)


@contextmanager
def bookmark(paragraph: Paragraph, name: str, number: int) -> Iterator[None]:
    """Put a bookmark around what is added to a paragraph."""
    add_element(element_of(paragraph), "bookmarkStart", id=str(number), name=name)
    yield
    add_element(element_of(paragraph), "bookmarkEnd", id=str(number))


def add_link(paragraph: Paragraph, target: str, text: str) -> None:
    """Add a text that leads to a bookmark."""
    link = add_element(element_of(paragraph), "hyperlink", anchor=target, history="1")
    link.append(add_run(paragraph, text).element)
