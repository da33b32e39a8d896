"""Files that are damaged, locked, without end or beyond any limit: each ends in seconds and in words."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from budget_support import budget_values
from commands import invoke
from support import STRATEGIES, small_rows
from support import workbook as rows_of
from workbook_to_break import write

from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
HEAD = 'group = "costs"\npurpose = "p"\nquestion = "q"\nwhy = "w"\nsource = "s"\n'
CHANGE = '[[change]]\nid = "end_of_life.cost"\nfrom = 10000\nto = '
PRICE = b"<v>1200</v>"
"""Of newtinib, on the sheet Drugs."""
MEGABYTE = 2**20


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The small workbook in a folder of its own, which is the current one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inputs").symlink_to(ROOT / "inputs")
    write(tmp_path / "small.xlsx")
    return tmp_path / "small.xlsx"


def zipped(book: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """Write the workbook anew with its parts changed."""
    made = book.with_name("broken.xlsx")
    with zipfile.ZipFile(book) as parts, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in parts.namelist():
            new.writestr(name, change(name, parts.read(name)))
    return made


def in_sheets(old: bytes, new: bytes) -> Callable[[str, bytes], bytes]:
    """Replace a text in every sheet; one of many megabytes in one of them."""
    where = "worksheets/" if len(new) < MEGABYTE else "worksheets/sheet2."
    return lambda name, content: content.replace(old, new, 1) if where in name else content


def refused(*arguments: object, code: int = 1) -> str:
    """What a command says that is refused; `invoke` fails for any exception but the end of the command."""
    done = invoke(*arguments)
    assert done.exit_code == code, done.output
    return done.stderr


def edited(book: Path, edit: Callable[[Any], object]) -> Path:
    content = openpyxl.load_workbook(book)
    edit(content)
    content.save(book)
    return book


def test_flipped_bits(book: Path) -> None:
    content, flips = book.read_bytes(), random.Random(7)  # noqa: S311
    for _ in range(60):
        flipped = bytearray(content)
        for _ in range(flips.choice((1, 1, 3, 20))):
            flipped[flips.randrange(len(flipped))] ^= 1 << flips.randrange(8)
        book.write_bytes(flipped)
        assert invoke("check", book).exit_code in {0, 1}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (b't="s"><v>5</v>', b't="s"><v>999999</v>', "the workbook is damaged. A part of the file cannot be read"),
        (b'<row r="6"', b'<row r="1000000006"', "the workbook is damaged"),
        (PRICE, b"<v>" + b"7" * 5000 + b"</v>", "Drugs: a cell holds a whole number of thousands of digits"),
        (PRICE, b"<v>" + b"7" * 400 + b"</v>", "It is larger than any number that can be calculated with"),
        (PRICE, b"<v>1E300</v>", "drug.newtinib.price_per_vial is 1e+300. No number of a model is larger than 1e+15"),
        (b"<sheetData>", b" " * 200_000_000 + b"<sheetData>", "the workbook is too large. Unpacked"),
    ],
)
def test_damaged_parts(old: bytes, new: bytes, words: str, book: Path) -> None:
    assert words in refused("check", zipped(book, in_sheets(old, new)))


@pytest.mark.parametrize(
    ("stream", "words"),
    [("EncryptedPackage", "the workbook is protected with a password"), ("Workbook", "Excel before 2007")],
)
def test_containers_of_office(stream: str, words: str, book: Path) -> None:
    book.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600) + stream.encode("utf-16-le") + bytes(900))
    assert words in refused("check", book)


@pytest.mark.every
def test_sheets_renamed_and_missing(book: Path) -> None:
    content = book.read_bytes()

    def without(content: Any) -> None:
        content.remove(content[title])

    def renamed(content: Any) -> None:
        content[title].title = f"{title}x"

    for title in openpyxl.load_workbook(book).sheetnames:
        for edit, words in ((renamed, f"unknown sheet {title}x"), (without, "")):
            book.write_bytes(content)
            done = invoke("check", edited(book, edit))
            assert done.exit_code in {0, 1}
            assert words in done.stderr


@pytest.mark.parametrize("sheet", ["Budget impact", "Correlations", "Research"])
def test_a_sheet_that_not_every_model_has_is_renamed_or_missing(sheet: str, book: Path) -> None:
    if sheet == "Budget impact":
        own: dict[str, dict[str, Any]] = {
            row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows
        }
        budget = {id_: {"value": value} for id_, value in budget_values().items()}
        book.unlink()
        write_workbook(book, to_listing(rows_of(own | budget)), (("source",),), Cover("Small"))
    else:
        shutil.copy(ROOT / "inputs" / "imforte_us.xlsx", book)
    content = openpyxl.load_workbook(book)
    content[sheet].title = f"{sheet} (2)"
    content.save(book)
    assert f"unknown sheet {sheet} (2)" in refused("check", book)
    content.remove(content[f"{sheet} (2)"])
    content.save(book)
    assert invoke("check", book).exit_code == 0


@pytest.mark.parametrize("cell", ["XFD1048576", "L1048576", "XFD2"])
@pytest.mark.parametrize("sheet", ["Drugs", "Data far"])
def test_a_cell_far_away(cell: str, sheet: str, book: Path) -> None:
    edited(book, lambda b: (b.create_sheet(sheet) if sheet not in b.sheetnames else b[sheet]).__setitem__(cell, 1))
    assert f"{sheet}!{cell}: a cell stands far from the table" in refused("check", book)


def test_many_unknown_ids_are_told_by_the_first(book: Path) -> None:
    def more(content: Any) -> None:
        for number in range(12_000):
            content["Drugs"].append([f"drug.x{number}.prise"])

    said = refused("check", edited(book, more))
    assert said.count("unknown id") == 20
    assert "more like these, to small.xlsx, Drugs!A10000." in said
    assert "Such a sheet is read to row 10,000" in said


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (HEAD + "x = " + "[" * 100_000 + "]" * 100_000, "it is nested too deep"),
        (HEAD + "a" + ".a" * 100_000 + " = 1", "it is nested too deep"),
        (HEAD + CHANGE + "7" * 5000, "a whole number has too many digits"),
        (HEAD + CHANGE + "7" * 400, "change.0.to: it must be a finite number"),
        (HEAD + CHANGE + "inf", "change.0.to: it must be a finite number"),
        (HEAD + CHANGE + "true", "change.0.to: it is true; a cell holds a number or a text"),
        (HEAD + 'combine = ["odd"]\n', "odd combines itself"),
        (
            f"{HEAD}grid = true\n"
            + "".join(
                f'[[sweep]]\nid = "{id_}"\nmultiply = [{", ".join(f"1.{k:03d}" for k in range(1000))}]\n'
                for id_ in ("end_of_life.cost", "drug.newtinib.price_per_vial", "utility.progressed")
            ),
            "odd is 1,000,000,000 scenarios, 1,000,000,000 with those before it. At most 10,000 are run",
        ),
    ],
)
def test_scenario_files(content: str, words: str, book: Path) -> None:
    folder = book.parent / "scenarios" / "small"
    folder.mkdir(parents=True)
    (folder / "odd.toml").write_text(content, encoding="utf-8")
    assert words in refused("check", book)


def test_scenarios_that_combine_in_long_chains(book: Path) -> None:
    folder = book.parent / "scenarios" / "small"
    folder.mkdir(parents=True)
    for number in range(1200):
        (folder / f"s{number:04d}.toml").write_text(f'{HEAD}combine = ["s{number + 1:04d}"]\n')
    (folder / "s1200.toml").write_text(f"{HEAD}{CHANGE}5\n")
    assert "s0000 combines more than 1,000 scenarios" in refused("check", book)


def test_a_mark_before_the_text_and_what_is_no_file(book: Path) -> None:
    folder = book.parent / "scenarios" / "small"
    (folder / "outputs").mkdir(parents=True)
    (folder / "marked.toml").write_bytes(b"\xef\xbb\xbf" + f"{HEAD}{CHANGE}5\n".encode())
    assert invoke("check", book).exit_code == 0
    os.mkfifo(folder / "pipe.toml")
    (folder / "folder.toml").mkdir()
    said = refused("check", book)
    assert "small/pipe.toml: this is not a file that can be read" in said
    assert "small/folder.toml: this is not a file that can be read" in said


def test_no_line_of_another_file_is_repeated(book: Path) -> None:
    secret = book.with_name("secret")
    secret.write_text("root:x:0:0:root:/root:/bin/bash\nother:y:1\n")
    for arguments in (
        ("check", book, "--set", f"background.life_table={secret}"),
        ("check", secret),
        ("run", book, "--use-draws", secret, "--only", "psa", "--out", book.with_name("out")),
    ):
        assert "root:" not in refused(*arguments)


@pytest.mark.every
def test_a_life_table_of_a_million_ages(book: Path) -> None:
    rows = "".join(f"{age},0.01,0.01\n" for age in range(1_000_000))
    book.with_name("long.csv").write_text(f"age,qx_male,qx_female\n{rows}")
    said = refused("check", book, "--set", "background.life_table=long.csv")
    assert "the table has 1,000,000 rows of ages. At most 201 are read" in said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--seed", str(2**63)], 2, "--seed"),
        (["--draws", str(10**12)], 2, "100000000"),
        (["--set", "settings.draws=1e12"], 1, "It must lie between 2 and 1e+08"),
        (["--set", f"settings.seed={2**63}"], 1, "No number of a model is larger than 1e+15"),
        (["--set", "administration.infusion.cost.high=1e300"], 1, "No number of a model is larger than 1e+15"),
        (["--set", "administration.infusion.cost=1e-300"], 1, "administration.infusion.cost is 1e-300. Nothing"),
        (["--until-clear", "inf", "--draws", "100"], 2, "--until-clear inf: a threshold is a number of 0 or more"),
        (["--until-mcse", "inf", "--draws", "100"], 2, "--until-mcse inf: the error must be a finite number"),
    ],
)
def test_numbers_beyond_any_limit(arguments: list[str], code: int, words: str, book: Path) -> None:
    out = book.with_name("out")
    assert words in refused("run", book, "--only", "psa", "--out", out, *arguments, code=code)
    assert not out.exists()


def test_names_that_no_system_has(book: Path) -> None:
    long = "x" * 300
    assert "there is no such file" in refused("check", f"{long}.xlsx") or "File name too long" in refused("check", long)
    for out in (long, "x" * 250):
        assert "could not be written (File name too long)" in refused("run", book, "--only", "base", "--out", out)
    assert "there is no sheet and no file" in refused("check", book, "--set", f"background.life_table={long}")


def test_an_input_that_cannot_be_read_is_no_output(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/else.csv")

    monkeypatch.setattr("hemodel.analyses.run.load_reading", fails, raising=False)
    monkeypatch.setattr("hemodel.analyses.load.fit_curves", fails)
    said = refused("run", book, "--only", "base", "--out", book.with_name("out"))
    assert said == "Error: /somewhere/else.csv: Permission denied. Check the path and its permissions.\n"


def test_a_refused_command_leaves_no_folder(book: Path) -> None:
    assert "the folder that you are in" in refused("run", book, "--out", "")
    refused("run", book.with_name("absent.xlsx"))
    assert not Path("outputs").exists()


@pytest.mark.parametrize("arguments", [["inputs", "small.xlsx"], ["--version"], ["check", "absent.xlsx"]])
def test_a_full_disk_under_what_is_printed(arguments: list[str], book: Path) -> None:
    command = [sys.executable, "-c", "from hemodel.cli import main; main()", *arguments]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, cwd=book.parent, stdout=full, stderr=subprocess.PIPE, text=True)
        silent = subprocess.run(command, cwd=book.parent, stdout=full, stderr=full)
    assert done.returncode == silent.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


@pytest.mark.every
def test_two_hundred_strategies(book: Path) -> None:
    own = {row.id: {name: cell.value for name, cell in row.cells.items() if name != "id"} for row in small_rows().rows}
    active = {id_: cells for id_, cells in own.items() if STRATEGIES[1] in id_}
    more = {id_.replace(STRATEGIES[1], f"a{k}"): cells for k in range(198) for id_, cells in active.items()}
    write_workbook(book, to_listing(rows_of(own | more)), (("source",),), Cover("Small"))
    assert "there are 200 strategies. At most 50 are compared in one model" in refused("check", book)
