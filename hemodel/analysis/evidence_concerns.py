"""Evidence pack: rules of plausibility that a fitted family may break, each said with its number.

Rutherford MJ et al., NICE DSU Technical Support Document 21 (2020): extrapolations are
judged by external evidence and the population's mortality beside the fit to the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.evidence_data import interval
from hemodel.survival.curve_spec import INDEPENDENT
from hemodel.survival.patients.identification import LARGEST_CONDITION, LARGEST_SE
from hemodel.survival.reported.statistics import SURVIVAL
from hemodel.survival.workbook.background import OVERALL_SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hemodel.analysis.evidence import FittedCurve
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic

PROGRESSION_FREE = "pfs"
LARGEST_SURVIVAL_AT_HORIZON = 0.05
SMALLEST_CROSSING = 0.001
"""How far PFS must be above OS to count here; the model caps and records every crossing."""
HAZARD_TOLERANCE = 1e-9
"""Share of the population's hazard by which a hazard must be lower to count as below it."""


@dataclass(frozen=True, eq=False)
class Setting:
    """What the families of an endpoint are held against.

    Attributes
    ----------
    endpoint : str
    horizon : float
        [months]
    months : array (n,)
        Grid of the fitted curves.
    background : array (n,) or None
        The population's hazard there.
    floor : bool
        Whether the model keeps the hazard of OS at or above the population's.
    external : tuple of Statistic
        External landmarks, on the model's clock.
    cycles : array (cycles + 1,)
        Cycle boundaries. [months]
    other : mapping from strategy to array (cycles + 1,)
        OS in use where the endpoint is PFS, PFS in use where it is OS; empty for others.
    """

    endpoint: str
    horizon: float
    months: Array
    background: Array | None
    floor: bool
    external: tuple[Statistic, ...]
    cycles: Array
    other: Mapping[str, Array]


def concerns(fit: EndpointFit, curves: Mapping[str, FittedCurve], setting: Setting) -> tuple[str, ...]:
    """Return every rule that a fitted family breaks, a sentence for each strategy, landmark or coefficient.

    An infinite unrestricted mean; survival outside the 95% interval of an external
    landmark; a hazard below the population's at a whole month within the horizon (PFS and
    OS); survival above 5% at the horizon; a curve that rises; PFS more than 0.1 percentage
    points above OS within the horizon, with the other endpoint as in use; and coefficients that the evidence hardly
    determines. All of curves as fitted, before anything acts on them in the model.
    """
    found: list[str] = []
    for strategy, curve in curves.items():
        found += _tail(curve, setting)
        found += _external(fit, strategy, setting)
        found += _below_population(curve, setting)
        found += _rising(fit, strategy)
        found += _crossing(fit, strategy, setting)
    return (*found, *_identification(fit))


def _tail(curve: FittedCurve, setting: Setting) -> Iterator[str]:
    if not np.isfinite(curve.mean):
        yield (
            f"{curve.strategy}: the unrestricted mean is infinite, so the mean of {curve.restricted_mean.value:.1f} "
            f"months within the horizon grows without end with the horizon."
        )
    if curve.at_horizon > LARGEST_SURVIVAL_AT_HORIZON:
        yield (
            f"{curve.strategy}: {curve.at_horizon:.1%} are left at the horizon of {setting.horizon:g} months, "
            f"more than {LARGEST_SURVIVAL_AT_HORIZON:.0%}."
        )


def _external(fit: EndpointFit, strategy: str, setting: Setting) -> Iterator[str]:
    for each in setting.external:
        low, high = interval(each)
        if each.strategy != strategy or each.kind != SURVIVAL or each.time is None or low is None or high is None:
            continue
        value = float(fit.curves.survival(strategy, np.array([each.time]), fit.coefficients[None, :])[0, 0])
        if not low <= value <= high:
            side = "below" if value < low else "above"
            yield (
                f"{strategy}: survival of {value:.1%} at month {each.time:g} is {side} the 95% interval of {each.id}, "
                f"{low:.1%} to {high:.1%}."
            )


def _below_population(curve: FittedCurve, setting: Setting) -> Iterator[str]:
    if setting.background is None or setting.endpoint not in {PROGRESSION_FREE, OVERALL_SURVIVAL}:
        return
    whole = setting.months == np.floor(setting.months)
    smooth = curve.hazard > 0.0
    below = whole & smooth & (curve.hazard < setting.background * (1.0 - HAZARD_TOLERANCE))
    if not below.any():
        return
    first, count = setting.months[below][0], int(below.sum())
    if setting.endpoint == PROGRESSION_FREE:
        effect = "PFS events include deaths"
    else:
        effect = "the floor will bind there" if setting.floor else "a floor would bind there, and none is set"
    yield (
        f"{curve.strategy}: the hazard is below the population's from month {first:g}, at {count} of "
        f"{int(whole.sum())} whole months within the horizon; {effect}."
    )


def _rising(fit: EndpointFit, strategy: str) -> Iterator[str]:
    if fit.curves.spec(strategy).relation != INDEPENDENT:
        return
    own = fit.coefficients[None, fit.curves.columns[strategy]]
    if not fit.curves.family(strategy).is_falling(own)[0]:
        yield f"{strategy}: the curve rises somewhere, which survival cannot do."


def _crossing(fit: EndpointFit, strategy: str, setting: Setting) -> Iterator[str]:
    if strategy not in setting.other:
        return
    own = fit.curves.survival(strategy, setting.cycles, fit.coefficients[None, :])[0]
    excess = own - setting.other[strategy]
    if setting.endpoint == OVERALL_SURVIVAL:
        excess = -excess
    crossed = excess > SMALLEST_CROSSING
    if crossed.any():
        pair = "PFS is above the OS in use" if setting.endpoint == PROGRESSION_FREE else "the PFS in use is above OS"
        least = f"{100.0 * SMALLEST_CROSSING:g} percentage points"
        first, largest = setting.cycles[crossed][0], float(excess.max())
        yield (f"{strategy}: {pair} by more than {least} from month {first:.1f}, by up to {100.0 * largest:.2g}.")


def _identification(fit: EndpointFit) -> Iterator[str]:
    held = [name for each in fit.likelihoods for name in each.held]
    for name in held:
        yield f"{name} ran to the edge of its range and has no uncertainty."
    errors = fit.standard_errors
    for name, error in zip(fit.curves.names, errors, strict=True):
        if error > LARGEST_SE:
            yield f"{name} is hardly determined: its standard error is {error:.3g} on the estimation scale."
    if fit.condition > LARGEST_CONDITION:
        yield (
            f"Some coefficients are hardly told apart: the condition number is {fit.condition:.1e}, "
            f"above {LARGEST_CONDITION:.0e}."
        )
