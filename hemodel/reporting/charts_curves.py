"""Values of the fitted curves for the charts that draw them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.model import base_draws, survival_at
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.analysis.run import Run
    from hemodel.parameters import FloatArray


def base_coefficients(run: Run) -> dict[str, FloatArray]:
    """Return the fitted coefficients of every endpoint, (1, p)."""
    return {name: fit.coefficients[None, :] for name, fit in run.model.fits.items()}


def last_month(run: Run, alive: float, longest: float, step: float) -> float:
    """Return the month until which more than a share are alive in any strategy.

    Parameters
    ----------
    run : Run
    alive : float
        [proportion]
    longest : float
        Never later than this, nor than the time horizon. [months]
    step : float
        Rounded up to a multiple of this. [months]
    """
    end = min(longest, run.model.inputs.settings.time_horizon * MONTHS_PER_YEAR)
    months = np.linspace(0.0, end, 601)
    draws = base_draws(run.model)
    curves = [survival_at(run.model, draws, "os", s, months)[0] for s in run.model.strategies]
    last = float(months[np.max(curves, axis=0) >= alive][-1])
    return float(min(end, step * math.ceil((last + 1e-6) / step)))
