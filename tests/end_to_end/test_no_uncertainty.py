"""A workbook in which nothing is uncertain: every draw is the base case, and every output is still written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.analyses.shared import Shared
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change
from hemodel.parameters import BLOCK
from hemodel.publish.bundle import RUN, opened
from hemodel.publish.output import run_bundle

WORKBOOK = Path(__file__).parents[2] / "inputs" / "imforte_us.xlsx"
TEACHING = WORKBOOK.with_name("teaching_three_strategies.xlsx")


@pytest.fixture(scope="module")
def certain() -> Run:
    changes = []
    for row in read_cells(WORKBOOK).rows:
        held = {name for name, cell in row.cells.items() if cell.value is not None}
        emptied = held & {"low", "high", "se", "n", "p_value"}
        changes += [Change(f"{row.id}.{column}", None, "test") for column in sorted(emptied)]
        changes += [Change(f"{row.id}.distribution", "fixed", "test")] if "distribution" in held else []
    return run(WORKBOOK, Options(changes=tuple(changes), draws=300, parts=("base", "dsa", "psa")))


def test_every_draw_is_the_base_case(certain: Run) -> None:
    assert certain.psa is not None
    for name in ("life_years", "qalys", "costs"):
        draws, base = getattr(certain.psa, name), getattr(certain.base, name).total
        np.testing.assert_array_equal(draws, np.broadcast_to(base, draws.shape))


def test_everything_is_written(certain: Run, tmp_path: Path) -> None:
    found = results(certain)
    with opened(tmp_path / "out", RUN) as place:
        place.write(run_bundle(certain, found, "hemodel run", None, Shared()))

    assert found.dsa == []
    assert found.psa is not None
    assert found.psa.mcse_inmb == pytest.approx(0, abs=1e-9)
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000


def test_a_workbook_without_curves_that_vary_has_as_many_draws_as_asked() -> None:
    psa = probabilistic(load(TEACHING), BLOCK + 100, 1)
    assert (psa.draws, psa.kept) == (BLOCK + 100, BLOCK + 100)
    np.testing.assert_array_equal(psa.costs, np.broadcast_to(psa.costs[0], psa.costs.shape))
    assert psa.path[2].tolist() == [0.0, 0.0]
