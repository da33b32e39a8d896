"""Text of a workbook and of scenarios is text in every output: no formula, markup or field, no sign of a terminal."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from commands import invoke
from support import small_rows
from support import workbook as rows_of

from hemodel.formats import csv_cell, csv_lines, from_csv_cell
from hemodel.inputs.listing import read_listing, to_listing, write_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.cells import Scalar

LINK = '=HYPERLINK("http://evil.example","x")'
HOSTILE = f"{LINK}<script>alert(1)</script><img src=x onerror=alert(1)>[/red]:skull:{{{{7*7}}}}$x^$\x9b31m"
STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TEXTS = ("label", "source", "note", "range_basis")
NAMES = (".name", "settings.title", "settings.population", "settings.perspective", "settings.clock_start")
SCENARIO = """group = "costs"
purpose = '''{text}'''
question = '''{text}'''
why = "{escaped}"
source = '''{text}'''
[[change]]
id = "end_of_life.cost"
from = 10000
to = 5000
"""


def hostile_workbook(path: Path) -> None:
    rows: dict[str, dict[str, Scalar]] = {}
    for number, row in enumerate(small_rows().rows):
        cells = {name: cell.value for name, cell in row.cells.items() if name != "id"}
        rows[row.id] = cells | {name: f"{HOSTILE} {number}" for name in TEXTS if name in row.cells}
        if row.id.endswith(NAMES):
            rows[row.id]["value"] = f"{HOSTILE} {number}"
    rows["settings.scenarios"] = {"value": "scenarios"}
    write_workbook(path, to_listing(rows_of(rows)), (("source", "what"), (HOSTILE, HOSTILE)), Cover(HOSTILE))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Everything that is written, and everything that is printed."""
    home = tmp_path_factory.mktemp("hostile")
    book, other = home / "hostile.xlsx", home / "other.xlsx"
    hostile_workbook(book)
    hostile_workbook(other)
    (home / "scenarios").mkdir()
    text = HOSTILE.replace("\x9b", "")
    (home / "scenarios" / "odd.toml").write_text(SCENARIO.format(text=text, escaped="\\u001b]0;x\\u0007"), "utf-8")
    printed = ""
    for arguments in (
        ("run", book, "--draws", "40", "--only", "psa", "--export-psa", "--out", home / "run"),
        ("run", book, "--only", "base", "--scenario", "odd", "--set", f"strategy.active.name={HOSTILE}\x1b[31m"),
        ("report", book, "--draws", "40", "--format", "docx,html", "--out", home / "report"),
        ("fit", book, "--out", home / "fit"),
        ("dsa", book, "--out", home / "dsa"),
        ("scenarios", book, "--out", home / "scenario_results"),
        ("diff", book, other, "--out", home / "diff"),
        ("excel", book, "--draws", "10", "--out", home / "live.xlsx"),
        ("check", book),
        ("check", book, "--json"),
        ("inputs", book),
        ("check", book, "--set", f"{HOSTILE}\x1b[2J.x=1"),
    ):
        given = [*arguments, "--out", home / "second"] if "--set" in arguments and arguments[0] == "run" else arguments
        done = invoke(*given)
        assert done.exit_code == 0 or arguments[:3] == ("check", book, "--set"), done.output
        printed += done.stdout + done.stderr
    return home, printed


def test_nothing_that_is_printed_steers_the_terminal(made: tuple[Path, str]) -> None:
    assert not STEERING.search(made[1])
    assert "[/red]:skull:" in made[1]


def test_no_cell_of_a_csv_is_a_formula(made: tuple[Path, str]) -> None:
    cells = 0
    for path in made[0].rglob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_bytes().decode(), newline="")):
            for cell in row:
                cells += LINK in cell
                assert not cell.startswith(("=", "@", "\t", "\r")), path
                assert not cell.startswith(("+", "-")) or is_number(cell), (path, cell)
    assert cells > 50


def is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]\d+(\.\d+)?(e[+-]\d+)?", text) is not None


def test_no_formula_of_a_workbook_is_text_of_the_inputs(made: tuple[Path, str]) -> None:
    seen = 0
    for path in made[0].rglob("*.xlsx"):
        book = openpyxl.load_workbook(path)
        for cell in (cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row):
            if (isinstance(cell.value, str) and LINK in cell.value and path.parent != made[0]) or cell.data_type == "f":
                seen += 1
            if cell.data_type == "f":
                assert "evil.example" not in str(cell.value) or f"'{LINK}" in str(cell.value), (path, cell.coordinate)
            assert cell.hyperlink is None or "evil" not in str(cell.hyperlink.target)
        with zipfile.ZipFile(path) as parts:
            for name in (each for each in parts.namelist() if "worksheets/sheet" in each):
                assert b"<f>HYPERLINK" not in parts.read(name)
    assert seen > 10


SCRIPT = files("hemodel.publish").joinpath("templates", "document.js").read_text(encoding="utf-8")
"""The one that the report has, of the package's own."""


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words += data


def test_no_markup_of_a_page_is_text_of_the_inputs(made: tuple[Path, str]) -> None:
    pages = [*made[0].rglob("*.html"), *made[0].rglob("*.svg")]
    assert {"report.html", "dossier.html", "evidence.html"} <= {path.name for path in pages}
    for path in pages:
        page = _Tags()
        page.feed(path.read_text(encoding="utf-8").replace(f"<script>{SCRIPT}</script>", ""))
        assert not [tag for tag, attributes in page.found if tag == "script" or "onerror" in attributes], path
        assert not STEERING.search(page.words), path


def test_no_field_of_a_document_is_text_of_the_inputs(made: tuple[Path, str]) -> None:
    with zipfile.ZipFile(made[0] / "report" / "dossier.docx") as parts:
        text = parts.read("word/document.xml").decode()
    fields = re.findall(r"<w:instrText[^>]*>([^<]*)|w:instr=\"([^\"]*)\"", text)
    assert not [field for field in fields if "evil" in "".join(field)]
    assert "onerror" in re.sub(r"<[^>]+>|\u200b", "", text)


def test_documents_are_data(made: tuple[Path, str]) -> None:
    found: Any = json.loads((made[0] / "run" / "results.json").read_text(encoding="utf-8"))
    assert LINK in found["title"]
    assert not STEERING.search(found["title"])


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+cmd", "'+cmd"),
        ("-cmd", "'-cmd"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("'=1", "''=1"),
        ("-1.5", "-1.5"),
        ("-", "-"),
        ("it's", "it's"),
        ("'quoted'", "'quoted'"),
        ("", ""),
    ],
)
def test_cells_of_csv_are_read_back(text: str, cell: str) -> None:
    assert csv_cell(text) == cell
    assert from_csv_cell(cell) == text


def test_numbers_of_csv_stay_as_they_are() -> None:
    assert csv_lines([("a", -1.5, None, 3), ("=x", -0.1, 1e-17, -2)]) == "a,-1.5,,3\r\n'=x,-0.1,1e-17,-2\r\n"


def test_a_listing_is_read_back(tmp_path: Path) -> None:
    rows = to_listing(small_rows())
    rows[0]["note"], rows[1]["note"] = "=1+1", "'=1+1"
    write_listing(rows, tmp_path / "rows.csv")
    assert [row["note"] for row in read_listing(tmp_path / "rows.csv")[:2]] == ["=1+1", "'=1+1"]
