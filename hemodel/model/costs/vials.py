"""Vials per dose over patients of different size (Hatswell and Porter 2018 discuss the method).

The dose of a patient is proportional to body surface area or weight, which is
log-normal over patients. Without vial sharing each patient uses whole vials.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray


WHOLE_VIAL_TOLERANCE = 1e-9
"""A dose that exceeds whole vials by no more than this share of a vial needs no further one."""
TAIL = 8.5
"""Standard deviations beyond which no patient is counted (probability 1e-17)."""


@dataclass(frozen=True)
class Dose:
    """Dose over patients: log-normal with this mean and SD; SD 0 is the same dose for all.

    Arrays (draws,) or (1,). [mg]
    """

    mean: FloatArray
    sd: FloatArray

    def exceeds(self, amount: float) -> FloatArray:
        """Return the share of patients whose dose exceeds an amount, (draws,). [proportion]."""
        from scipy.special import ndtr

        if amount <= 0:
            return np.broadcast_to(1.0 * (self.mean > 0), np.broadcast_shapes(self.mean.shape, self.sd.shape))
        meanlog, sdlog = self._log_parameters()
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.asarray(ndtr((meanlog - np.log(amount)) / sdlog))
        return np.asarray(np.where(sdlog > 0, spread, self.mean > amount))

    def largest(self) -> float:
        """Return the largest dose that counts, over all draws. [mg]."""
        meanlog, sdlog = self._log_parameters()
        return float(np.max(np.exp(meanlog + TAIL * sdlog)))

    def _log_parameters(self) -> tuple[FloatArray, FloatArray]:
        given = self.mean > 0
        mean = np.where(given, self.mean, 1.0)
        variance = np.log1p(np.where(given, self.sd / mean, 0.0) ** 2)
        return np.where(given, np.log(mean), -np.inf) - variance / 2, np.sqrt(variance)


def vials_per_dose(dose: Dose, vial_size: float) -> FloatArray:
    """Return the mean number of whole vials per dose, (draws,).

    E[ceil(dose / vial)] = sum over k >= 0 of P(dose > k vials).
    """
    vials = dose.exceeds(0.0)
    for k in range(1, int(np.ceil(dose.largest() / vial_size)) + 1):
        vials = vials + dose.exceeds(vial_size * (k + WHOLE_VIAL_TOLERANCE))
    return vials


def cost_per_dose(dose: Dose, sizes: Sequence[float], prices: Sequence[FloatArray], sharing: bool) -> FloatArray:
    """Return the mean cost of the vials for one dose, (draws,) [currency].

    Parameters
    ----------
    sizes : sequence of float
        Vial sizes. [mg]
    prices : sequence of array (draws,) or (1,)
        Price of each size. [currency per vial]
    sharing : bool
        True: the mean dose at the lowest price per mg. False: whole vials, for
        several sizes in the cheapest combination for each patient.
    """
    if sharing:
        per_mg = np.min([np.broadcast_arrays(p / s, prices[0])[0] for s, p in zip(sizes, prices, strict=True)], axis=0)
        return np.asarray(dose.mean * per_mg)
    if len(sizes) == 1:
        return vials_per_dose(dose, sizes[0]) * prices[0]
    return _cheapest_combinations(dose, sizes, prices)


def _cheapest_combinations(dose: Dose, sizes: Sequence[float], prices: Sequence[FloatArray]) -> FloatArray:
    """Mean over patients of the cheapest combination that holds the dose.

    The cheapest cost is a step function of the dose with steps at the contents
    of combinations; each step counts for the patients beyond it.
    """
    largest = dose.largest()
    counts = np.array(list(product(*(range(int(np.ceil(largest / size)) + 1) for size in sizes))))
    contents = counts @ np.asarray(sizes)
    order = np.argsort(contents, kind="stable")
    counts, contents = counts[order], contents[order]
    cost = counts @ np.array(np.broadcast_arrays(*prices))
    cheapest = np.minimum.accumulate(cost[::-1], axis=0)[::-1]
    total = np.zeros(np.broadcast_shapes(cost.shape[1:], dose.mean.shape, dose.sd.shape))
    smallest = min(sizes)
    for step in range(len(contents) - 1):
        edge = contents[step] + (WHOLE_VIAL_TOLERANCE * smallest if contents[step] > 0 else 0.0)
        total = total + (cheapest[step + 1] - cheapest[step]) * dose.exceeds(edge)
    return np.asarray(total)
