"""hemodel report: files, numbers, opening in LibreOffice, and words of what it refuses."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dossier_text import Record, of_page, of_word
from schemas import follow_their_schemas
from typer.testing import CliRunner

from hemodel.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from dossier_text import Said

WORKBOOK = Path(__file__).parents[2] / "inputs" / "imforte_us.xlsx"
FEWEST_PAGES = 40
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
    assert record.count(said) > 2000


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
    tables = ("base_case", "disaggregated_costs", "disaggregated_qalys", "net_benefit", "modelled_survival")
    changed, missed = 0, []
    for each in said:
        text = _altered(each.text) if each.table in tables and each.column > 0 else None
        if text is not None:
            changed += 1
            missed += [] if record.unknown([replace(each, text=text)]) else [(each.table, each.text, text)]
    assert changed > 50
    assert 20 * len(missed) <= changed, missed
    assert all(len(re.sub(r"\D", "", text)) <= 4 for _, text, _ in missed), missed
    icer = json.loads((made / "results.json").read_text(encoding="utf-8"))["incremental"][0]["icer"]
    sentence = next(each for each in said if not each.table and f"{icer:,.0f} per QALY gained" in each.text)
    wrong = sentence.text.replace(f"{icer:,.0f}", f"{icer + 100:,.0f}")
    assert [number for _, number in record.unknown([replace(sentence, text=wrong)])] == [f"{icer + 100:,.0f}"]


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
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf"]
    subprocess.run(
        [*command, "--outdir", tmp_path, made / "dossier.docx"], check=True, capture_output=True, timeout=180
    )
    told = subprocess.run(["pdfinfo", tmp_path / "dossier.pdf"], check=True, capture_output=True, text=True).stdout
    pages = re.search(r"Pages:\s+(\d+)", told)
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "dossier.pdf", "-"], check=True, capture_output=True, text=True
    ).stdout

    assert pages is not None
    assert int(pages[1]) >= FEWEST_PAGES
    assert f"Page {pages[1]} of {pages[1]}" in text
    assert "Error: Reference source not found" not in text
    sheets = [sheet for sheet in text.split("\f")[:-1] if len(sheet.split()) < 20]
    assert not sheets, "an empty page"


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
