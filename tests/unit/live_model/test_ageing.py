"""Utilities that change with age in the live model: formulas equal the engine, as written and after edits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from live.editing import edited, only_cells
from live.recalculation import recalculated
from support import base_outcomes, small_model, small_run
from unit.live_model.calculated_models import BANDS

from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.live_model.excel import live_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from live.recalculation import Recalculated

    from hemodel.inputs.cells import Scalar
    from hemodel.live_model.building import LiveModel
    from hemodel.model.evaluate import Model

INPUTS = Path(__file__).parents[3] / "inputs"
AGED: Mapping[str, Scalar] = {
    "background.life_table": str(INPUTS / "life_tables" / "england_2018_2020.csv"),
    "background.mean_age": 66,
    "background.sd_age": 9,
    "background.youngest_age": 18,
    "background.share_male": 0.6,
    "utility.norms": str(INPUTS / "utility_norms" / "england_hse2014.csv"),
    "utility.over_time": "age_adjusted",
    "settings.time_horizon": 6,
    "settings.cycle_length": 30.4375,
}
CASES: dict[str, dict[str, Scalar]] = {
    "no_background": {},
    "floor": {"background.method": "floor", "settings.half_cycle_correction": "start"},
    "one_age_capped": {
        "background.sd_age": 0,
        "background.mean_age": 66.4,
        "utility.over_time": "age_adjusted_capped",
        "utility.progression_free": 0.9,
    },
    "bands_capped": {
        **BANDS,
        "utility.over_time": "age_adjusted_capped",
        "utility.time_to_death.far": 0.9,
        "settings.discounting": "annual",
    },
}
EDITS: dict[str, dict[str | tuple[str, str], Scalar]] = {
    "no_background": {
        "background.mean_age": 71,
        "background.share_male": 0.2,
        "utility.progressed": 0.5,
        ("Data england_hse2014", "B75"): 0.6,
    },
    "one_age_capped": {"background.mean_age": 70.8, "utility.progressed": 0.95},
}
"""Cells of the file: B75 is the norm of men of 73."""
CALCULATED = 1e-9


@dataclass(frozen=True)
class Books:
    live: Mapping[str, tuple[Model, LiveModel]]
    edited: Mapping[str, Model]
    found: Mapping[str, Recalculated]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("ageing")
    live, after, paths = {}, {}, []
    for name, changes in CASES.items():
        model = small_model({**AGED, **changes})
        content, made = live_model(replace(small_run(model, 2), options=Options(draws=2, seed=1)))
        path = folder / f"{name}.xlsx"
        path.write_bytes(content)
        live[name] = (model, made)
        if name in EDITS:
            other = edited(path, EDITS[name], folder / f"{name}_edited.xlsx")
            after[name] = load(other)
            paths.append(only_cells(other, folder / f"{name}_edited_cells.xlsx"))
        paths.append(only_cells(path, folder / f"{name}_cells.xlsx"))
    return Books(live, after, recalculated(paths, folder / "work"))


def assert_as_engine(model: Model, live: LiveModel, found: Recalculated) -> None:
    for outcome in ("life_years", "qalys", "costs"):
        table = getattr(base_outcomes(model), outcome)
        for i, strategy in enumerate(model.strategies):
            for j, component in enumerate(table.components):
                for kind in ("undiscounted", "discounted"):
                    sheet, address = live.results.cells[outcome, strategy, component, kind].text.rsplit("!", 1)
                    shown = found.cell(sheet.strip("'"), address)
                    assert shown == pytest.approx(getattr(table, kind)[0, i, j], rel=CALCULATED, abs=1e-12)
    assert found.errors() == []


@pytest.mark.parametrize("name", CASES)
def test_formulas_equal_the_engine(books: Books, name: str) -> None:
    model, live = books.live[name]
    found = books.found[f"{name}_cells"]

    assert_as_engine(model, live, found)
    assert found.cell("Model results", "A5") == "All checks pass."


@pytest.mark.parametrize("name", EDITS)
def test_formulas_follow_edits(books: Books, name: str) -> None:
    """Ages, sexes, utilities and the cells of the norms; that the engine's results are of before fails no check."""
    found = books.found[f"{name}_edited_cells"]

    assert_as_engine(books.edited[name], books.live[name][1], found)
    assert found.cell("Model results", "A5") == (
        "All checks pass. Inputs were edited: the engine's values no longer apply."
    )


def test_every_input_is_read_where_utilities_are_constant() -> None:
    """Norms are then of the severity of the condition alone."""
    model = small_model({**AGED, "utility.over_time": "constant", "utility.life_year_gained": 0.85})
    _, made = live_model(replace(small_run(model, 2), options=Options(draws=2, seed=1)))

    assert made.checks.failing.value == 0
