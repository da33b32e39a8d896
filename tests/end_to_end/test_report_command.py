"""hemodel report: files, numbers, opening in LibreOffice, and words of what it refuses."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dossier_measures import codes_in, first_of_appendix, pages_of, parts_of_word
from dossier_text import Record, of_page, of_word
from schemas import follow_their_schemas
from typer.testing import CliRunner

from hemodel.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossier_text import Said

WORKBOOK = Path(__file__).parents[2] / "inputs" / "imforte_us.xlsx"
MOST_PAGES, MOST_OF_APPENDIX = 35, 12
"""Pages of the front and the body together, and of the appendix."""
MOST_TABLES, MOST_FIGURES = 15, 9
READERS: dict[str, Callable[[Path], list[Said]]] = {"dossier.docx": of_word, "dossier.html": of_page}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("report") / "out"
    arguments = [
        "report",
        str(WORKBOOK),
        "--payer",
        "US-ICER",
        "--layout",
        "generic",
        "--draws",
        "40",
        "--out",
        str(out),
    ]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert done.output == f"Dossier in the layout generic: dossier.html, dossier.docx\nWritten to {out}\n"
    return out


@pytest.fixture(scope="module")
def record(made: Path) -> Record:
    results, manifest = (
        json.loads((made / name).read_text(encoding="utf-8")) for name in ("results.json", "manifest.json")
    )
    return Record(results, manifest)


def test_everything_is_written(made: Path) -> None:
    names = {"dossier.docx", "dossier.html", "results.json", "tables", "figures", "manifest.json"}
    assert {path.name for path in made.iterdir()} == names
    manifest = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["layout"], manifest["formats"], manifest["payer"]["code"]) == (
        "generic",
        ["html", "docx"],
        "US-ICER",
    )
    assert {"model_structure.png", "ce_plane.png", "ce_plane.svg"} <= {
        path.name for path in (made / "figures").iterdir()
    }
    assert {"base_case.csv", "checks.csv", "stepped.csv"} <= {path.name for path in (made / "tables").iterdir()}


def test_results_follow_the_published_schema(made: Path) -> None:
    follow_their_schemas(made, "report")


@pytest.mark.parametrize("name", READERS)
def test_every_number_is_one_of_the_run(made: Path, record: Record, name: str) -> None:
    said = READERS[name](made / name)

    assert [(each.table, number, each.text[:80]) for each, number in record.unknown(said)] == []
    assert record.count(said) > 800


def _altered(text: str) -> str | None:
    """The text with a digit in the middle of its first long number changed, or None where there is none."""
    hit = re.search(r"\d[\d,]*\.?\d+", text)
    if hit is None or len(hit[0]) < 5:
        return None
    at = hit.end() - 1
    return f"{text[:at]}{(int(text[at]) + 5) % 10}{text[at + 1 :]}"


@pytest.mark.parametrize("name", READERS)
def test_an_altered_number_is_found(made: Path, record: Record, name: str) -> None:
    """In tables of the base case, one number after another; in the text the ICER.

    One in twenty may by chance be another number of the same table: those of three digits.
    """
    said = READERS[name](made / name)
    tables = ("base_case", "disaggregated_costs", "disaggregated_qalys", "net_benefit", "psa_summary")
    changed, missed = 0, []
    for each in said:
        text = _altered(each.text) if each.table in tables and each.column > 0 else None
        if text is not None:
            changed += 1
            missed += [] if record.unknown([replace(each, text=text)]) else [(each.table, each.text, text)]
    assert changed > 50
    assert 20 * len(missed) <= changed, missed
    assert all(len(re.sub(r"\D", "", text)) <= 4 for _, text, _ in missed), missed
    costs = json.loads((made / "results.json").read_text(encoding="utf-8"))["incremental"][0]["costs"]
    sentence = next(each for each in said if not each.table and f"{costs:,.0f} for each patient" in each.text)
    wrong = sentence.text.replace(f"{costs:,.0f}", f"{costs + 1e6:,.0f}")
    assert [number for _, number in record.unknown([replace(sentence, text=wrong)])] == [f"{costs + 1e6:,.0f}"]


def test_an_altered_file_is_found(made: Path, record: Record, tmp_path: Path) -> None:
    icer = json.loads((made / "results.json").read_text(encoding="utf-8"))["incremental"][0]["icer"]
    path = tmp_path / "altered.docx"
    with zipfile.ZipFile(made / "dossier.docx") as whole, zipfile.ZipFile(path, "w") as copy:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "word/document.xml":
                content = content.replace(f"{icer:,.0f}".encode(), f"{icer + 1000:,.0f}".encode())
            copy.writestr(entry.filename, content)

    assert f"{icer + 1000:,.0f}" in {number for _, number in record.unknown(of_word(path))}


def test_libreoffice_opens_it(made: Path, tmp_path: Path) -> None:
    pages = pages_of(made / "dossier.docx", tmp_path)
    text = "\n".join(pages)

    assert f"Page {len(pages)} of {len(pages)}" in text
    assert "Error: Reference source not found" not in text
    assert not [page for page in pages if len(page.split()) < 20 and "Figure" not in page], "an empty page"
    is_short(made, pages)


def is_short(folder: Path, pages: list[str]) -> None:
    """The answer first, a body that is read in an hour, half of it prose, and nothing that only a computer reads."""
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    parts = parts_of_word(folder / "dossier.docx")
    start = first_of_appendix(pages)
    icer = f"{results['incremental'][0]['icer']:,.0f}"

    assert icer in pages[0]
    assert "Base-case results" in pages[0] or "Table 1." in pages[0]
    assert start <= MOST_PAGES
    assert len(pages) - start <= MOST_OF_APPENDIX
    assert parts["front"].tables + parts["body"].tables <= MOST_TABLES
    assert parts["front"].figures + parts["body"].figures <= MOST_FIGURES
    assert parts["body"].prose >= parts["body"].in_tables
    assert codes_in(folder / "dossier.docx", {row["id"] for row in results["inputs"]}) == []


@pytest.mark.every
@pytest.mark.parametrize(
    ("layout", "workbook", "payer"),
    [
        ("nice", "imforte_england", "GB-ENG"),
        ("pbac", "imforte_us", "AU"),
        ("cda", "imforte_us", "CA"),
        ("icer", "imforte_us", "US-ICER"),
        ("nice", "imforte_china", "CN"),
    ],
)
def test_every_layout_is_short(layout: str, workbook: str, payer: str, tmp_path: Path) -> None:
    file = WORKBOOK.with_name(f"{workbook}.xlsx")
    arguments = ["report", str(file), "--payer", payer, "--layout", layout, "--draws", "40", "--format", "docx"]
    done = CliRunner().invoke(app, [*arguments, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output

    is_short(tmp_path / "out", pages_of(tmp_path / "out" / "dossier.docx", tmp_path))


def test_a_code_word_and_an_id_are_found(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "altered.docx"
    with zipfile.ZipFile(made / "dossier.docx") as whole, zipfile.ZipFile(path, "w") as copy:
        for entry in whole.infolist():
            content = whole.read(entry)
            if entry.filename == "word/document.xml":
                content = content.replace(b"partitioned survival model", b"llogis model of settings.time_horizon", 1)
            copy.writestr(entry.filename, content)

    found = codes_in(path, {"settings.time_horizon"})
    assert [each.partition(":")[0] for each in found] == ["llogis", "settings.time_horizon"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--layout", "pbca"],
            2,
            "Error: there is no layout pbca; there are generic, cda, icer, nice, pbac. Did you mean pbac?",
        ),
        (["--format", "pdf"], 2, "Error: there is no format pdf; there are html, docx."),
        (
            ["--format", "html", "--template", "house.docx"],
            2,
            "Error: --template is for the dossier in Word, which --format leaves out. Add docx to --format.",
        ),
        (
            ["--template", "no_such_house.docx"],
            1,
            "Error: 1 problem found.\n\nno_such_house.docx: the template cannot be read (No such file or directory).",
        ),
        (["--format", "htm"], 2, "Error: there is no format htm; there are html, docx. Did you mean html?"),
        (
            ["--payer", "GB-ENX"],
            1,
            "Error: 1 problem found.\n\n--payer GB-ENX: there is no payer GB-ENX. Did you mean GB-ENG?",
        ),
    ],
)
def test_what_is_refused(arguments: list[str], code: int, message: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["report", str(WORKBOOK), *arguments, "--out", str(tmp_path / "out")])

    assert done.exit_code == code
    assert done.stderr.strip() == message
    assert list(tmp_path.iterdir()) == []


def test_outputs_of_a_run_are_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("", encoding="utf-8")
    done = CliRunner().invoke(app, ["report", str(WORKBOOK), "--out", str(tmp_path / "out")])

    assert done.exit_code == 1
    assert done.stderr.strip() == (
        f"Error: {tmp_path / 'out'}: this folder holds other outputs (report.html), whose tables and figures would be"
        " replaced. Choose another --out."
    )
