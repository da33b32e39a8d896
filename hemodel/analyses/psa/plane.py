"""The draws on the cost-effectiveness plane: increments, their mean, and the share below a threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.economics import increment, net_monetary_benefit

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray


@dataclass(frozen=True)
class Cloud:
    """Increments of one intervention over the comparator in every draw: arrays (draws,). [QALY], [currency]."""

    qalys: FloatArray
    costs: FloatArray

    @property
    def mean(self) -> tuple[float, float]:
        """Mean incremental QALYs and costs of these draws."""
        return float(self.qalys.mean()), float(self.costs.mean())

    def share_below(self, threshold: float) -> float:
        """Return the share of draws below the line of a threshold, whose net monetary benefit is above 0."""
        return float((net_monetary_benefit(self.qalys, self.costs, threshold) > 0).mean())


def cloud(qalys: FloatArray, costs: FloatArray, place: int) -> Cloud:
    """Return the increments of the strategy at a place; totals are arrays (draws, strategies), comparator first."""
    return Cloud(increment(qalys, place), increment(costs, place))
