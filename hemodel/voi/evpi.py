"""What it is worth to know everything, and what choosing one strategy may lose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import net_monetary_benefit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class Perfect:
    """Expected value of perfect information and expected losses at each threshold.

    Attributes
    ----------
    thresholds, value, standard_error : array (thresholds,)
        [currency per person]
    optimal : array (thresholds,)
        Place of the strategy with the highest mean net benefit; the first of equals.
    expected_loss : array (thresholds, strategies)
        Mean of what each strategy falls short of the best of its draw; the lowest is the value. [currency per person]
    """

    thresholds: FloatArray
    value: FloatArray
    standard_error: FloatArray
    optimal: NDArray[np.intp]
    expected_loss: FloatArray


def evpi(sample: Sample, thresholds: FloatArray) -> Perfect:
    """Return EVPI = E[max over strategies of NB] - max over strategies of E[NB], and the expected losses.

    The loss of a strategy in a draw is the net benefit of the best strategy of that draw minus its own. Its mean is
    lowest for the strategy with the highest mean net benefit, and is there the EVPI (Alarid-Escudero et al. 2019,
    Value Health 22:611-618). The standard error is that of the mean of this loss over independent draws.

    Parameters
    ----------
    sample : Sample
    thresholds : array (thresholds,)
        [currency per unit of effect]
    """
    shape = (thresholds.size, len(sample.strategies))
    losses, errors = np.empty(shape), np.empty(thresholds.size)
    best = np.empty(thresholds.size, dtype=np.intp)
    # The strategy comes first here: numpy compares whole columns faster than rows.
    effects, costs = np.ascontiguousarray(sample.effects.T), np.ascontiguousarray(sample.costs.T)
    for k, threshold in enumerate(thresholds):
        benefit = net_monetary_benefit(effects, costs, float(threshold))
        loss = benefit.max(axis=0) - benefit
        losses[k] = loss.mean(axis=1)
        best[k] = np.argmax(benefit.mean(axis=1))
        errors[k] = loss[best[k]].std(ddof=1) / np.sqrt(sample.draws)
    value = losses[np.arange(thresholds.size), best]
    return Perfect(thresholds, value, errors, best, losses)
