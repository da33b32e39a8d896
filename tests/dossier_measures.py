"""How long a dossier is and what it is made of: words of prose and of tables, tables, figures, pages.

Used by the tests of `hemodel report`.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from dossier_text import W, of_word

from hemodel.inputs.dictionary import kinds

if TYPE_CHECKING:
    from pathlib import Path

PROSE = ("BodyText", "ListBullet", "KeyResult")
NO_WORDS = {"llogis", "lnorm", "gengamma", "genf"}
"""Choices of the dictionary that look like words and are none."""


@dataclass
class Part:
    """Front, body or appendix: words outside and inside tables, captions of tables and of figures."""

    prose: int = 0
    in_tables: int = 0
    tables: int = 0
    figures: int = 0


def parts_of_word(path: Path) -> dict[str, Part]:
    """Measure the front, which ends before the first heading, the body, and the appendix."""
    with zipfile.ZipFile(path) as packed:
        body = ET.fromstring(packed.read("word/document.xml"))[0]  # noqa: S314 - written by the test
    found, now = {name: Part() for name in ("front", "body", "appendix")}, "front"
    for element in body:
        text = "".join(each.text or "" for each in element.iter(f"{W}t"))
        style = element.find(f"{W}pPr/{W}pStyle")
        name = "" if style is None else style.get(f"{W}val") or ""
        if name.startswith("Heading"):
            now = "appendix" if text == "Appendix" or now == "appendix" else "body"
        if element.tag == f"{W}tbl":
            found[now].in_tables += sum(len((each.text or "").split()) for each in element.iter(f"{W}t"))
        elif name == "Caption":
            found[now].tables += text.startswith("Table")
            found[now].figures += text.startswith("Figure")
        elif name in PROSE:
            found[now].prose += len(text.split())
    return found


def pages_of(word: Path, folder: Path) -> list[str]:
    """Return the text of each page as LibreOffice sets them."""
    command = ["soffice", f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run([*command, "--outdir", folder, word], check=True, capture_output=True, timeout=180)
    pdf = (folder / word.name).with_suffix(".pdf")
    text = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, capture_output=True, text=True).stdout
    return text.split("\f")[:-1]


def first_of_appendix(pages: list[str]) -> int:
    """Return the place of the page that the appendix begins on, the last with its heading."""
    return max(i for i, page in enumerate(pages) if re.search(r"^\s*[A-Z0-9.]+\s+Appendix\s*$", page, re.MULTILINE))


@cache
def codes() -> frozenset[str]:
    """Return the choices of the dictionary that are no words."""
    choices = {choice for kind in kinds() if kind.type in {"choice", "formula"} for choice in kind.choices}
    return frozenset(each for each in choices if "_" in each or each in NO_WORDS)


def codes_in(path: Path, ids: set[str]) -> list[str]:
    """Return every id, code word and page of the documentation that a Word file names, but for the command."""
    groups = {kind.group for kind in kinds()}
    found = []
    for said in of_word(path):
        if said.text.startswith("hemodel "):
            continue
        for word in re.findall(r"[\w.{}/:-]+", said.text):
            plain = word.strip(".:-")
            dotted = "." in plain and plain.split(".")[0] in groups and "/" not in plain
            if plain in ids or plain in codes() or dotted or plain.endswith(".md"):
                found.append(f"{plain}: {said.text[:80]}")
    return found
