"""One file per rule: how to break a small workbook, and the words the message must hold."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from typer.testing import CliRunner
from workbook_to_break import write

from hemodel.cli import app

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
CASES = sorted(HERE.glob("*.toml"))
HEADER_ROW = 4
SOURCE = 'source = "s"\n'
HEAD = f'group = "costs"\npurpose = "p"\nquestion = "q"\nwhy = "w"\n{SOURCE}'


@pytest.fixture(scope="session")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook as it is before anything is broken."""
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    write(path)
    return path


def break_workbook(workbook: Path, edits: list[dict[str, Any]], path: Path) -> None:
    """Write the cells of the workbook with the edits of a case made."""
    book: Any = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows in cells(workbook).items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    for edit in edits:
        _EDITS[edit["action"]](book, edit)
    book.save(path)


@cache
def cells(workbook: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every cell of the workbook by sheet, without looks, notes and drop-downs, which take time to copy."""
    book = openpyxl.load_workbook(workbook)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def _find(book: Any, id_: str) -> tuple[Any, int]:
    for sheet in book.worksheets:
        for row in range(HEADER_ROW + 1, sheet.max_row + 1):
            if sheet.cell(row, 1).value == id_:
                return sheet, row
    raise AssertionError(id_)


def _column(sheet: Any, name: str) -> int:
    headers = {"se": "SE", "use_in_fit": "use in fit", "time": "time (months)"}
    found = [c for c in range(1, sheet.max_column + 1) if sheet.cell(HEADER_ROW, c).value == headers.get(name, name)]
    return found[0]


def _set(book: Any, edit: dict[str, Any]) -> None:
    sheet, row = _find(book, edit["id"])
    sheet.cell(row, _column(sheet, edit["column"])).value = edit.get("value")


def _duplicate(book: Any, edit: dict[str, Any]) -> None:
    sheet, row = _find(book, edit["id"])
    for column in range(1, sheet.max_column + 1):
        sheet.cell(sheet.max_row if column > 1 else sheet.max_row + 1, column).value = sheet.cell(row, column).value


def _delete_column(book: Any, edit: dict[str, Any]) -> None:
    book[edit["sheet"]].delete_cols(_column(book[edit["sheet"]], edit["header"]))


def _add_header(book: Any, edit: dict[str, Any]) -> None:
    sheet = book[edit["sheet"]]
    sheet.cell(HEADER_ROW, sheet.max_column + 1).value = edit["header"]


def _delete_row(book: Any, edit: dict[str, Any]) -> None:
    sheet, row = _find(book, edit["id"])
    sheet.delete_rows(row)


def _add_row(book: Any, edit: dict[str, Any]) -> None:
    sheet = book[edit["sheet"]]
    last = max(row for row in range(HEADER_ROW, sheet.max_row + 1) if sheet.cell(row, 1).value)
    for column, value in {"source": "test", **edit}.items():
        if column not in {"action", "sheet"}:
            sheet.cell(last + 1, _column(sheet, column)).value = value


def _data_sheet(book: Any, edit: dict[str, Any]) -> None:
    sheet = book.create_sheet(edit["sheet"])
    for row in edit["rows"]:
        sheet.append(row)


def _note(book: Any, edit: dict[str, Any]) -> None:
    sheet = book[edit["sheet"]]
    sheet.cell(sheet.max_row + 3, _column(sheet, edit["column"])).value = edit["value"]


_EDITS: dict[str, Callable[[Any, dict[str, Any]], object]] = {
    "set": _set,
    "clear": _set,
    "duplicate_row": _duplicate,
    "delete_column": _delete_column,
    "add_header": _add_header,
    "delete_row": _delete_row,
    "add_row": _add_row,
    "data_sheet": _data_sheet,
    "header": lambda book, edit: setattr(book[edit["sheet"]].cell(HEADER_ROW, edit["column"]), "value", edit["value"]),
    "note": _note,
    "delete_sheet": lambda book, edit: book.remove(book[edit["sheet"]]),
    "add_sheet": lambda book, edit: book.create_sheet(edit["sheet"]),
}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file of a folder and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("case", CASES, ids=[case.stem for case in CASES])
def test_broken_workbook(case: Path, workbook: Path, tmp_path: Path) -> None:
    content = tomllib.loads(case.read_text(encoding="utf-8"))
    broken, out = tmp_path / "broken.xlsx", tmp_path / "out"
    break_workbook(workbook, content["edit"], broken)
    files = {file["name"]: file["text"] for file in content.get("file", [])}
    for name, lines in files.items():
        (tmp_path / name).write_text(lines, encoding="utf-8")
    out.mkdir()
    (out / "results.json").write_text("earlier results")
    (out / "manifest.json").write_text('{"hemodel": "0"}')
    before = snapshot(out)

    result = CliRunner().invoke(app, ["run", str(broken), "--out", str(out)])

    assert result.exit_code == 1, result.output
    assert any(name in result.stderr for name in ("broken.xlsx", *files))
    for words in content["words"]:
        assert words in result.stderr, result.stderr
    assert "Traceback" not in result.output
    assert snapshot(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["broken.xlsx", "out", *files])


def test_check_finds_the_same_problems(workbook: Path, tmp_path: Path) -> None:
    content = tomllib.loads((HERE / "many_at_once.toml").read_text(encoding="utf-8"))
    break_workbook(workbook, content["edit"], tmp_path / "broken.xlsx")

    result = CliRunner().invoke(app, ["check", str(tmp_path / "broken.xlsx")])

    assert result.exit_code == 1
    assert all(words in result.stderr for words in content["words"])


def test_no_workbook(tmp_path: Path) -> None:
    (tmp_path / "notes.xlsx").write_text("not a workbook")
    runner = CliRunner()

    text = runner.invoke(app, ["run", str(tmp_path / "notes.xlsx"), "--out", str(tmp_path / "out")])
    absent = runner.invoke(app, ["run", str(tmp_path / "absent.xlsx"), "--out", str(tmp_path / "out")])

    assert text.exit_code == absent.exit_code == 1
    assert "notes.xlsx: this is not an Excel workbook (.xlsx)" in text.stderr
    assert "absent.xlsx: there is no such file" in absent.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--set", "utility.progresed=0.5"], 1, "Did you mean utility.progressed?"),
        (["--set", "utility.progressed=high"], 1, "utility.progressed is the text 'high'"),
        (["--set", "curve.os.standard.family=weibul"], 1, "Did you mean weibull?"),
        (["--set", "utility.progressed"], 2, "write ID=VALUE"),
        (
            ["--set", "utility.progressed=0.5", "--set", "utility.progressed=0.4"],
            1,
            "utility.progressed is changed twice",
        ),
        (["--scenario", "medians_and_hr"], 1, "Did you mean medians_and_hr_only?"),
        (["--draws", "1"], 2, "--draws"),
        (["--only", "everything"], 2, "--only"),
        (["--colour", "red"], 2, "--colour"),
        (["--scenario", "os_weibull", "--scenario", "os_gamma"], 1, "changed by more than one scenario"),
    ],
)
def test_bad_arguments(arguments: list[str], code: int, words: str, workbook: Path, tmp_path: Path) -> None:
    copied = with_scenarios(workbook, tmp_path)

    result = CliRunner().invoke(app, ["run", str(copied), "--out", str(tmp_path / "out"), *arguments])

    assert result.exit_code == code, result.output
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scenarios", "small.xlsx"]


def with_scenarios(workbook: Path, folder: Path) -> Path:
    """Copy the workbook, with scenarios beside it."""
    copied, scenarios = folder / "small.xlsx", folder / "scenarios" / "small"
    copied.write_bytes(workbook.read_bytes())
    scenarios.mkdir(parents=True)
    changes = {
        "medians_and_hr_only": ("survival.os.active.survival_12m.use_in_fit", '"yes"', '"no"'),
        "os_weibull": ("curve.os.standard.family", '"weibull"', '"exp"'),
        "os_gamma": ("curve.os.standard.family", '"weibull"', '"gamma"'),
        "utilities_nafees": ("utility.progressed", "0.6", "0.47"),
        "horizon_5_years": ("settings.time_horizon", "10", "5"),
    }
    for name, (id_, old, new) in changes.items():
        (scenarios / f"{name}.toml").write_text(f'{HEAD}[[change]]\nid = "{id_}"\nfrom = {old}\nto = {new}\n')
    return copied


def test_scenario_written_for_another_value_stops(workbook: Path, tmp_path: Path) -> None:
    copied, out = with_scenarios(workbook, tmp_path), ["--out", str(tmp_path / "out")]
    clashing = ["--set", "utility.progressed=0.5", "--scenario", "utilities_nafees"]
    clash = CliRunner().invoke(app, ["run", str(copied), *clashing, *out])
    edits = [{"action": "set", "id": "settings.time_horizon", "column": "value", "value": 15}]
    break_workbook(workbook, edits, copied)
    stale = CliRunner().invoke(app, ["run", str(copied), "--scenario", "horizon_5_years", *out])

    assert clash.exit_code == stale.exit_code == 1
    assert "utility.progressed is changed twice" in clash.stderr
    assert "settings.time_horizon is 15, but the scenario was written for 10" in stale.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("question = ", "this is not valid TOML"),
        (f'{HEAD.replace(SOURCE, "")}[[change]]\nid = "a.b"\nfrom = 1\nto = 2\n', "source: Field required"),
        (
            f'{HEAD}[[change]]\nid = "a.b"\nto = 2\n',
            "give the value that is replaced",
        ),
        (f'{HEAD}[[change]]\nid = "a.b"\n', "give either from and to, or multiply"),
        (f'{HEAD}reason = "r"\nchange = []\n', "reason: Extra inputs"),
        (
            HEAD + '[[change]]\nid = "end_of_life.cost"\nmultiply = 2\n' * 2,
            "end_of_life.cost is changed twice",
        ),
    ],
)
def test_bad_scenario_file(content: str, words: str, workbook: Path, tmp_path: Path) -> None:
    copied, folder = tmp_path / "small.xlsx", tmp_path / "scenarios" / "small"
    copied.write_bytes(workbook.read_bytes())
    folder.mkdir(parents=True)
    (folder / "odd.toml").write_text(content)

    result = CliRunner().invoke(app, ["run", str(copied), "--out", str(tmp_path / "out")])

    assert result.exit_code == 1, result.output
    assert "small/odd.toml" in result.stderr
    assert words in result.stderr
    assert not (tmp_path / "out").exists()


def test_output_folder(workbook: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    (tmp_path / "mine" / "tables").mkdir(parents=True)
    for out, words in (
        (tmp_path / "none" / "out", "does not exist"),
        (tmp_path / "file", "this is a file, not a folder"),
        (tmp_path / "mine", "hemodel did not write them"),
        (Path("/proc/out"), "could not be written"),
    ):
        result = CliRunner().invoke(app, ["run", str(workbook), "--out", str(out), "--only", "base"])
        assert result.exit_code == 1, result.output
        assert words in result.stderr
        assert "Traceback" not in result.output
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == ["file", "mine", "mine/tables"]
