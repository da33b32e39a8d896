"""Mutated workbooks, scenario files and values: each ends in a result of finite numbers or in words, and soon."""

from __future__ import annotations

import random
import resource
import signal
import traceback
import warnings
import zipfile
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openpyxl
import pytest
from workbook_to_break import write

from hemodel.analyses.load import check
from hemodel.errors import HemodelError
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import COMMAND_LINE, Change
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.publish.console import check_json, problem_list, warning_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.load import WorkbookCheck

ROOT = Path(__file__).parents[2]
Sheets = dict[str, list[list[Any]]]
Rng = random.Random  # noqa: S311 - not for secrets

SECONDS = 30
MOST_KILOBYTES = 2**20
HEADER = 3
FEW, SOME, MANY, BATCH = 200, 100, 10_000, 250
VALUES: tuple[Any, ...] = (
    *(0, 1, -1, 2, 0.5, -0.5, 1.0000001, 1e-9, 1e-50, 1e-320, 1e14, 1e15, 1e300, -1e300, 2**53, 2**63, 10**300),
    *(100, 365.25, 1e-5, 99999, 12.5, True, False, None, "", " ", "\u00a0", "yes", "no", "fit", "NR", "n/a", "-"),
    *("#DIV/0!", "#REF!", "#N/A", "nan", "inf", "-inf", "1,234", "1.234,5", "1.2.3", "50%", "١٢", "１２", "½", "1e5"),
    *("=1+1", "=A1", "=[1]Sheet!A1", "='http://x/[b.xlsx]S'!A1", "=", "'", "x" * 32_000, "7" * 5000, "\u202ex", "日本"),
    *("beta", "gamma", "normal", "uniform", "dirichlet", "beta_counts", "fixed", "weibull", "exp", "genf", "standard"),
    *("active", "independent", "proportional_hazards", "spline(hazard, 1)", "mixture_cure(exp)", "join(exp, 6, exp)"),
    *("average(exp, weibull)", "[/red]", "a;b", "../x", "/dev/zero", "Data x", datetime(2020, 1, 1)),  # noqa: DTZ001
)


def base_sheets(path: Path) -> Sheets:
    return {s.title: [list(row) for row in s.iter_rows(values_only=True)] for s in openpyxl.load_workbook(path)}


def ids_of(sheets: Sheets) -> list[str]:
    return [str(row[0]) for name, rows in sheets.items() if name != "Cover" for row in rows[HEADER + 1 :] if row[0]]


def any_row(sheets: Sheets, rng: Rng) -> list[Any]:
    rows = [row for name, own in sheets.items() if name not in {"Cover", "Sources"} for row in own[HEADER + 1 :] if row]
    return rng.choice(rows)


def a_cell(sheets: Sheets, rng: Rng) -> None:
    row = any_row(sheets, rng)
    row[rng.randrange(len(row))] = rng.choice(VALUES)


def a_value(sheets: Sheets, rng: Rng) -> None:
    row = any_row(sheets, rng)
    row[2] = row[2] * 10.0 ** rng.randint(-8, 8) if isinstance(row[2], (int, float)) else rng.choice(VALUES)


def a_range(sheets: Sheets, rng: Rng) -> None:
    row = any_row(sheets, rng)
    row[rng.choice((4, 5, 6))] = rng.choice((0, 1e-12, 1e12, -5, row[2], rng.random()))


def a_swap(sheets: Sheets, rng: Rng) -> None:
    one, other = any_row(sheets, rng), any_row(sheets, rng)
    one[2], other[2] = other[2], one[2]


def a_row_twice(sheets: Sheets, rng: Rng) -> None:
    rng.choice(list(sheets.values())).append(list(any_row(sheets, rng)))


def a_row_less(sheets: Sheets, rng: Rng) -> None:
    any_row(sheets, rng).clear()


def an_id(sheets: Sheets, rng: Rng) -> None:
    row = any_row(sheets, rng)
    text = str(row[0])
    at = rng.randrange(len(text) + 1)
    row[0] = rng.choice(
        (text[:at] + text[at + 1 :], text[:at] + rng.choice(". xé_A") + text[at:], text.upper(), text * 3)
    )


def a_sheet(sheets: Sheets, rng: Rng) -> None:
    name = rng.choice(list(sheets))
    rows = sheets.pop(name)
    if rng.random() < 0.6:
        sheets[rng.choice((f"{name}x", name.lower(), f"Data {name}"[:31], "Scenarios", "Budget", "Model x"))] = rows


def a_column(sheets: Sheets, rng: Rng) -> None:
    rows = rng.choice(list(sheets.values()))
    at, kind = rng.randrange(max((len(row) for row in rows), default=0) + 1), rng.random()
    for row in rows:
        if kind < 0.5:
            del row[at : at + 1]
        else:
            row.insert(at, row[at - 1] if kind < 0.8 and 0 < at <= len(row) else None)


def a_table(sheets: Sheets, rng: Rng) -> None:
    sheets["Data x"] = [[rng.choice(VALUES) for _ in range(rng.randrange(5))] for _ in range(rng.randrange(6))]
    any_row(sheets, rng)[2] = "Data x"


CELLS: tuple[Callable[[Sheets, Rng], None], ...] = (
    *(a_cell, a_cell, a_value, a_value, a_range, a_range, a_swap, a_row_twice, a_row_less, an_id, a_sheet, a_column),
    a_table,
)


def write_sheets(sheets: Sheets, path: Path) -> None:
    book: Any = openpyxl.Workbook(write_only=True)
    for name, rows in (sheets or {"none": []}).items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)


def damaged(content: bytes, rng: Rng) -> bytes:
    found = bytearray(content)
    if rng.random() < 0.2:
        return bytes(found[: rng.randrange(len(found))])
    for _ in range(rng.choice((1, 2, 8, 40))):
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def with_parts_changed(source: Path, path: Path, rng: Rng) -> None:
    """Replace a piece of the XML of one part: what a damaged program or a villain writes."""
    new = rng.choice(
        (b"<a>" * 3000, b" " * 3_000_000, b"<c r='ZZZ9'/>", b"<v>9999999</v>", b"<f>[9]A!A1</f>", b"&x;", b"\0", b"")
    )
    with zipfile.ZipFile(source) as parts, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        chosen = rng.choice(parts.namelist())
        for name in parts.namelist():
            content = parts.read(name)
            if name == chosen:
                at = content.rfind(b">", 0, rng.randrange(len(content))) + 1
                content = content[:at] + new + content[at + rng.choice((0, 0, 5, 60)) :]
            if name != chosen or rng.random() > 0.05:
                out.writestr(name, content)


def a_scenario(ids: list[str], rng: Rng) -> bytes:
    def text(value: Any) -> str:
        numeric = isinstance(value, (int, float)) and not isinstance(value, bool)
        return repr(value) if numeric else f"'''{value}'''" if isinstance(value, str) else str(value).lower()

    head = "".join(f'{key} = "{key}"\n' for key in ("purpose", "question", "why", "source") if rng.random() > 0.02)
    lines = [f'group = "{rng.choice(("costs", "costs", "settings", "x"))}"\n{head}']
    lines += [f'combine = ["{rng.choice(("odd", "other", ""))}"]\n'] if rng.random() < 0.1 else []
    for _ in range(rng.randint(0, 3)):
        kind = rng.choice(
            ("from = 0\nto = {}", "multiply = {}", "to = {}", "values = [{}, 1]", "from = {}\nto = 1", "{}")
        )
        said = kind.format(text(rng.choice(VALUES)))
        table = "sweep" if "values" in kind else "change"
        lines.append(f'[[{table}]]\nid = "{rng.choice((*ids, "x.y"))}"\n{said}\n')
    content = "".join(lines).encode("utf-8", "replace")
    return damaged(content, rng) if rng.random() < 0.15 else content


def mutated(number: int, folder: Path, base: Path, sheets: Sheets) -> tuple[Path, list[Change]]:
    """Write the workbook of a number, which says all about it, and its scenarios; return it with changes to it."""
    rng, path = Rng(number), folder / "fuzz.xlsx"
    ids = ids_of(sheets)
    for old in list((folder / "scenarios" / "small").glob("*")):
        old.unlink()
    kind, changes = rng.random(), []
    if kind < 0.25:
        path.write_bytes(damaged(base.read_bytes(), rng))
    elif kind < 0.4:
        with_parts_changed(base, path, rng)
    elif kind < 0.75:
        own = {name: [list(row) for row in rows] for name, rows in sheets.items()}
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            rng.choice(CELLS)(own, rng)
        write_sheets(own, path)
    else:
        path.write_bytes(base.read_bytes())
    if kind >= 0.9:
        (folder / "scenarios" / "small").mkdir(parents=True, exist_ok=True)
        (folder / "scenarios" / "small" / "odd.toml").write_bytes(a_scenario(ids, rng))
    elif kind >= 0.75:
        changes = a_set(ids, rng)
    return path, changes


def a_set(ids: list[str], rng: Rng) -> list[Change]:
    """Return what --set gives: a value as text, of an id or of one of its columns."""
    id_ = rng.choice(ids) + rng.choice(("", "", ".low", ".high", ".se", ".n", ".distribution", ".unit", ".x"))
    return [Change(id_, str(rng.choice(VALUES)), COMMAND_LINE)]


def outcome(path: Path, changes: list[Change]) -> None:
    """Check a workbook, say what is found, and evaluate its base case where there is one."""
    try:
        found = check(path, changes, {})
        problem_list(found.problems), warning_list(found.warnings), check_json(found)
        _evaluated(found)
    except HemodelError as error:
        str(error)


def _evaluated(found: WorkbookCheck) -> None:
    if found.model is None:
        assert found.problems
        return
    outcomes = evaluate(found.model, base_draws(found.model))
    for table in (outcomes.life_years, outcomes.qalys, outcomes.costs, outcomes.drug_costs, outcomes.administrations):
        assert np.isfinite(table.discounted).all()
        assert np.isfinite(table.undiscounted).all()


def fault(number: int, folder: Path, base: Path, sheets: Sheets) -> str:
    """Return what is wrong with how a mutated workbook ends; nothing where all is well."""

    def late(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        outcome(*mutated(number, folder, base, sheets))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{number}: {type(error).__name__}: {str(error)[:120]} ({where.filename}:{where.lineno})"
    finally:
        signal.alarm(0)
    return ""


def faults(numbers: range, folder: Path) -> list[str]:
    """Return the faults of a range of mutated workbooks, and whether the process took more memory than it may."""
    folder.mkdir(exist_ok=True)
    if not (folder / "inputs").exists():
        (folder / "inputs").symlink_to(ROOT / "inputs")
    base = folder / "base.xlsx"
    write(base)
    sheets = base_sheets(base)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        found = [text for number in numbers if (text := fault(number, folder, base, sheets))]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return [*found, *([f"{peak / 1024:.0f} MB"] if peak > MOST_KILOBYTES else [])]


def test_a_few_mutated_files(tmp_path: Path) -> None:
    assert faults(range(FEW), tmp_path / "own") == []


@pytest.mark.every
def test_many_mutated_files(tmp_path: Path) -> None:
    starts = range(0, MANY, BATCH)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = pool.map(faults, (range(at, at + BATCH) for at in starts), (tmp_path / str(at) for at in starts))
        assert [text for each in found for text in each] == []


@pytest.mark.parametrize("count", [SOME, pytest.param(3 * SOME, marks=pytest.mark.every)])
def test_values_of_set(count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is of the same workbook, whose cells are read once."""
    monkeypatch.setattr("hemodel.inputs.model_inputs.read_cells", cache(read_cells))
    rng, path = Rng(1), tmp_path / "small.xlsx"
    (tmp_path / "inputs").symlink_to(ROOT / "inputs")
    write(path)
    ids = ids_of(base_sheets(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        for _ in range(count):
            outcome(path, a_set(ids, rng))
