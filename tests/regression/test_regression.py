"""The shipped inputs and results stay as they are unless a diff says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest
from regression import rebuild_workbook, update

from hemodel.inputs.cells import read_cells
from hemodel.inputs.listing import read_listing, to_listing

HERE = Path(__file__).parent
WORKBOOK = HERE.parents[1] / "inputs" / "imforte_us.xlsx"
DIGITS = 1e-8
"""Relative: fits and special functions differ in the last digits between versions of SciPy and processors."""


def test_listing_is_the_workbook() -> None:
    assert to_listing(read_cells(WORKBOOK)) == read_listing(HERE / "imforte_us.csv")


def test_workbook_is_what_the_listing_writes(tmp_path: Path) -> None:
    rebuild_workbook.build(tmp_path / "imforte_us.xlsx")
    built, shipped = read_cells(tmp_path / "imforte_us.xlsx"), read_cells(WORKBOOK)

    assert to_listing(built) == to_listing(shipped)
    assert built.sources == shipped.sources
    assert not built.problems


def test_results_have_not_moved() -> None:
    now, then = update.current(), update.stored()

    assert now.keys() == then.keys()
    moved = {n: (then[n], now[n]) for n in now if now[n] != pytest.approx(then[n], rel=DIGITS, abs=1e-9)}
    assert not moved, "if this is meant, run python tests/regression/update.py and say so in the changelog"
