"""The shipped inputs and results stay as they are unless a diff says otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from regression import mutants, rebuild_workbook, update

from hemodel.inputs.cells import read_cells
from hemodel.inputs.listing import read_listing, to_listing

if TYPE_CHECKING:
    from pathlib import Path

NAMES = rebuild_workbook.NAMES
DIGITS = 1e-8
"""Relative: fits and special functions differ in the last digits between versions of SciPy and processors."""


def test_every_shipped_workbook_is_held_steady() -> None:
    assert {path.stem for path in (rebuild_workbook.ROOT / "inputs").glob("*.xlsx")} == set(NAMES)
    assert update.NAMES == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_listing_is_the_workbook(name: str) -> None:
    assert to_listing(read_cells(rebuild_workbook.shipped(name))) == read_listing(rebuild_workbook.listing(name))


@pytest.mark.parametrize("name", NAMES)
def test_workbook_is_what_the_listing_writes(name: str, tmp_path: Path) -> None:
    rebuild_workbook.build(name, tmp_path / f"{name}.xlsx")
    built, shipped = read_cells(tmp_path / f"{name}.xlsx"), read_cells(rebuild_workbook.shipped(name))

    assert to_listing(built) == to_listing(shipped)
    assert built.sources == shipped.sources
    assert not built.problems


@pytest.mark.parametrize("name", NAMES)
def test_results_have_not_moved(name: str) -> None:
    now, then = update.current(name), update.stored(name)

    assert now.keys() == then.keys()
    moved = {n: (then[n], now[n]) for n in now if now[n] != pytest.approx(then[n], rel=DIGITS, abs=1e-9)}
    assert not moved, "if this is meant, run python tests/regression/update.py and say so in the changelog"


@pytest.mark.parametrize("mutant", mutants.mutants(), ids=lambda mutant: mutant.name)
def test_a_mutant_can_still_be_planted(mutant: mutants.Mutant) -> None:
    assert mutants.occurrences(mutant) == 1
    assert mutant.new != mutant.old
    assert mutant.tests
