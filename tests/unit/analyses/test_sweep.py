"""Sweeps: each cell is the probabilistic analysis of its model bit for bit, in threads and on a cluster alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from distributed import Client, LocalCluster
from support import small_model

from hemodel.analyses import sweep as module
from hemodel.analyses.psa.draws import Psa, probabilistic
from hemodel.analyses.psa.run import mapper
from hemodel.analyses.sweep import SweepRequest, SweptModel, cells, sweep
from hemodel.errors import UsageError
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.model.evaluate import Model

DRAWS = BLOCK + 200
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def cell(model: Model, draws: int, seed: int) -> SweptModel:
    return SweptModel("small.xlsx", Path("small.xlsx"), None, model, (), draws, seed)


@pytest.fixture(scope="module")
def models() -> tuple[SweptModel, ...]:
    """Three models that differ in a price, in draws and in seed."""
    prices: tuple[dict[str, float], ...] = (
        {},
        {"drug.newtinib.price_per_vial": 900.0},
        {"drug.newtinib.price_per_vial": 100.0},
    )
    made = [small_model(values, uncertain=True) for values in prices]
    return cell(made[0], DRAWS, 3), cell(made[1], DRAWS, 3), cell(made[2], 300, 4)


@pytest.fixture(scope="module")
def alone(models: tuple[SweptModel, ...]) -> list[Psa]:
    return [probabilistic(each.model, each.draws, each.seed) for each in models]


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    local: Any = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50)
    with local, Client(local) as connected:
        yield connected


def assert_same(found: list[Psa], alone: list[Psa]) -> None:
    assert len(found) == len(alone)
    for left, right in zip(found, alone, strict=True):
        assert left.sums.keys() == right.sums.keys()
        for name, array in left.sums.items():
            np.testing.assert_array_equal(array, right.sums[name], err_msg=name)
        np.testing.assert_array_equal(left.costs, right.costs)
        np.testing.assert_array_equal(left.path, right.path)


def whole(_: SweptModel, psa: Psa) -> Psa:
    return psa


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_each_cell_is_the_analysis_of_its_model(
    models: tuple[SweptModel, ...], alone: list[Psa], monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    told: list[int] = []
    assert_same(sweep(models, whole, progress=told.append), alone)
    assert told == sorted(told)
    assert told[-1] == 2 * DRAWS + 300


def test_a_cluster_gives_the_same_bits(models: tuple[SweptModel, ...], alone: list[Psa], client: Any) -> None:
    assert_same(sweep(models, whole, mapper=mapper(client)), alone)


def test_a_cell_that_fails_stops_the_others(models: tuple[SweptModel, ...]) -> None:
    """The last model has too few draws; the first, of many, is given up after a block or two."""
    told: list[int] = []
    long, bad = cell(models[0].model, 10**9, 3), cell(models[0].model, 1, 3)
    with pytest.raises(UsageError, match="1 draws: a probabilistic analysis needs at least 2"):
        sweep([long, bad], whole, progress=told.append)
    assert max(told, default=0) < 100 * BLOCK


def test_scenarios_are_named_or_all() -> None:
    with pytest.raises(UsageError, match="--scenario and --all-scenarios exclude each other"):
        cells(SweepRequest((Path("a.xlsx"),), scenarios=("one",), every=True))


def test_a_workbook_is_named_once() -> None:
    with pytest.raises(UsageError, match=r"a\.xlsx is named twice"):
        cells(SweepRequest((Path("a.xlsx"), Path("a.xlsx"))))
