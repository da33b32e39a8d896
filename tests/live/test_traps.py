"""What goes wrong in workbooks that programs write: formulas, names and labels that a program takes for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from live.editing import Typed, defined_names, edited
from live.models import INJECTED, INJECTED_LABELS, small_file
from live.recalculation import recalculated, sheet_files
from live.rules import minus_before_power, valid_name
from live.written import formulas, texts, written
from typer.testing import CliRunner

from hemodel.analyses.load import read_valid
from hemodel.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from live.batch import Cases
    from live.editing import Place

    from hemodel.inputs.cells import Scalar

LARGEST_FILE = 5_000_000

# Formulas -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "trap"),
    [
        ("EXP(-(A1/B1)^C1)", True),
        ("-A1^2", True),
        ("3*-$B$2^0.5", True),
        ("IF(A1>0,-SUM(A1,B2)^2,1)", True),
        ("EXP(-((A1/B1)^C1))", False),
        ("1-A1^2", False),
        ("(1-A1)-SUM(B1)^2", False),
        ("A1^(-2)", False),
        ("(-A1)^2", False),
    ],
)
def test_the_scan_sees_a_minus_before_a_power(formula: str, *, trap: bool) -> None:
    assert minus_before_power(formula) is trap


# Names ----------------------------------------------------------------------------------------------------------------


def test_strategies_alike_in_31_characters_have_sheets_of_their_own(live: Cases) -> None:
    per_strategy = [each for each in sheet_files(live["alike"].path) if "trace" in each]
    assert len(per_strategy) == 2


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        *((name, False) for name in ("a1", "r2", "rc1", "R", "c", "xfd1", "2nd", "a b")),
        *((name, True) for name in ("a1_", "draw", "settings.cycle_length", "r2.c3")),
    ],
)
def test_the_rules_for_names(name: str, *, valid: bool) -> None:
    assert valid_name(name) is valid


def test_names_that_look_like_cells_stand_for_their_inputs(live: Cases, tmp_path: Path) -> None:
    """The sum of all inputs that are numbers, by their names, typed into two cells of the live model."""
    path = live["like_cells"].path
    rows = read_valid(path).rows
    names = defined_names(path)
    numbers = {id_: row.value for id_, row in rows.items() if isinstance(row.value, (int, float))}
    used = [id_ if id_ in names else f"{id_}_" for id_ in numbers]
    half = len(used) // 2
    probes: dict[Place, Scalar | Typed] = {
        ("Model results", "A1"): Typed(_sum(used[:half])),
        ("Model results", "A2"): Typed(_sum(used[half:])),
    }
    book = recalculated([edited(path, probes, tmp_path / "probed.xlsx")], tmp_path / "work")["probed"]
    found = [book.cell("Model results", where) for where in ("A1", "A2")]
    values = list(numbers.values())
    assert found == pytest.approx([sum(values[:half]), sum(values[half:])], rel=1e-12)


def _sum(names: list[str]) -> str:
    return f"SUM({','.join(names)})"


# Labels that begin like formulas --------------------------------------------------------------------------------------


def test_labels_stay_texts_in_the_live_model(live: Cases) -> None:
    case = live["injected"]
    wanted = {*map(str, INJECTED.values()), *INJECTED_LABELS.values()}
    assert wanted <= texts(written(case.path))
    _no_formula_from(wanted, case.path)
    calculated = {cell for name in case.book.files for row in case.book.sheet(name) for cell in row}
    assert wanted <= calculated


def test_labels_stay_texts_in_workbooks_and_results(tmp_path: Path) -> None:
    labels = {id_: {"label": label} for id_, label in INJECTED_LABELS.items()}
    workbook = small_file(tmp_path / "injected.xlsx", INJECTED, labels)
    done = CliRunner().invoke(app, ["run", str(workbook), "--only", "base", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    results = tmp_path / "out" / "results.xlsx"
    wanted = {*map(str, INJECTED.values()), *INJECTED_LABELS.values()}
    books = recalculated([workbook, results], tmp_path / "work")
    for path in (workbook, results):
        assert wanted <= texts(written(path))
        _no_formula_from(wanted, path)
        book = books[path.stem]
        assert wanted <= {cell for name in book.files for row in book.sheet(name) for cell in row}
        assert book.errors() == []


def _no_formula_from(labels: set[str], path: Path) -> None:
    found = {f"={cell.formula}" for cell in formulas(written(path)).values()}
    assert found.isdisjoint({*labels, *(f"={label}" for label in labels)})


# The file -------------------------------------------------------------------------------------------------------------


def test_size(live: Cases) -> None:
    """Ten years by weeks with 1,000 draws: small enough to send by e-mail."""
    assert live["ten_years"].path.stat().st_size < LARGEST_FILE
