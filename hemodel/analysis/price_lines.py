"""Costs of every strategy as lines of the price of one drug."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import HemodelError
from hemodel.model import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.structure import Drug
    from hemodel.model import Model
    from hemodel.outcomes import Outcomes
    from hemodel.parameters import FloatArray

SCALES = (0.0, 1.0, 2.0)
"""Prices at which costs are taken: none, the workbook's, and a third that must lie on their line."""
LINEAR = 1e-9
"""Largest departure from a line, relative to the costs."""


@dataclass(frozen=True)
class Vial:
    """One vial of a drug: id of its price, its size [mg], price at scale 1, and in the workbook [currency]."""

    id: str
    size: float
    price: float
    workbook: float


@dataclass(frozen=True)
class PriceLine:
    """The costs of every strategy at the three prices of a drug, (3, strategies), and the QALYs."""

    drug: str
    vials: tuple[Vial, ...]
    costs: FloatArray
    qalys: FloatArray

    @property
    def slope(self) -> FloatArray:
        """What scale 1 adds to the costs of each strategy, (strategies,)."""
        return np.asarray(self.costs[1] - self.costs[0])

    @property
    def workbook(self) -> FloatArray:
        """Costs at the workbook's price, (strategies,)."""
        return np.asarray(self.costs[1 if any(vial.workbook for vial in self.vials) else 0])


def price_lines(model: Model) -> list[PriceLine]:
    """Return the costs at three prices of every drug that is given, from one evaluation of the model.

    Raises
    ------
    HemodelError
        Where costs are not linear in a price.
    """
    drugs = [drug for drug in model.inputs.drugs if any(given(model, drug.id, s) for s in model.strategies)]
    vials = {drug.id: _vials(model, drug) for drug in drugs}
    outcomes = evaluate(model, _draws(model, vials))
    return [_line(drug, some, outcomes, i) for i, (drug, some) in enumerate(vials.items())]


def given(model: Model, drug: str, strategy: str) -> bool:
    """Return whether a strategy gives a drug."""
    return any(regimen.drug == drug and regimen.strategy == strategy for regimen in model.inputs.regimens)


def _vials(model: Model, drug: Drug) -> tuple[Vial, ...]:
    prices = [model.inputs.rows[id_].number for _, id_ in drug.vials]
    scale_1 = prices if any(prices) else [size / drug.vials[0][0] for size, _ in drug.vials]
    return tuple(
        Vial(id_, size, price, workbook)
        for (size, id_), price, workbook in zip(drug.vials, scale_1, prices, strict=True)
    )


def _draws(model: Model, vials: Mapping[str, tuple[Vial, ...]]) -> dict[str, FloatArray]:
    """Return the base case with three prices of one drug after another."""
    draws, count = base_draws(model), len(SCALES) * len(vials)
    for i, some in enumerate(vials.values()):
        own = slice(len(SCALES) * i, len(SCALES) * (i + 1))
        for vial in some:
            draws[vial.id] = np.full(count, vial.workbook)
            draws[vial.id][own] = vial.price * np.array(SCALES)
    return draws


def _line(drug: str, vials: tuple[Vial, ...], outcomes: Outcomes, i: int) -> PriceLine:
    costs = outcomes.costs.total[len(SCALES) * i : len(SCALES) * (i + 1)]
    line = PriceLine(drug, vials, costs, outcomes.qalys.total[0])
    if np.any(np.abs(costs[2] - costs[1] - line.slope) > LINEAR * np.abs(costs).max()):
        raise HemodelError(f"costs are not linear in the price of {drug}, so that no price follows from a threshold")
    return line
