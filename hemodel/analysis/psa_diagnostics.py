"""Whether every draw is one that could be: supports, moments, time in states, utilities, caps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analysis.probabilistic import Psa
    from hemodel.model import Model
    from hemodel.parameters import Parameter

FAR = 4.5
"""Standard errors between a drawn and a declared mean that are too many: 1 in 150,000 by chance."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class InputCheck:
    """One input over the draws: what was declared and what was drawn.

    Attributes
    ----------
    id, label : str
    mean, sd : float
        Declared, by its distribution.
    drawn_mean, drawn_sd, lowest, highest : float
        Over every draw.
    standard_errors : float
        Difference of the means in standard errors of independent draws.
    base : float
        Value of the base case, which need not be the mean.
    """

    id: str
    label: str
    mean: float
    sd: float
    drawn_mean: float
    drawn_sd: float
    lowest: float
    highest: float
    standard_errors: float
    base: float


@dataclass(frozen=True)
class Check:
    """One check of every draw: what was looked at, what was found, and whether it holds."""

    name: str
    found: str
    holds: bool


def input_checks(psa: Psa, model: Model) -> tuple[InputCheck, ...]:
    """Return declared and drawn moments of every input that varies, without the coefficients of curves."""
    parameters = {p.id: p for p in model.inputs.parameters}
    shares = _shares(model)
    found = []
    for id_, centre in psa.frame.inputs.items():
        if id_ not in parameters:
            continue
        n = float(psa.draws)
        total, squared = float(psa.sums[f"input {id_}"][0]), float(psa.sums[f"input_squared {id_}"][0])
        drawn_mean = float(centre[0]) + total / n
        drawn_sd = float(np.sqrt(max(squared - total**2 / n, 0.0) / (n - 1.0)))
        mean, sd = shares[id_] if id_ in shares else _declared(parameters[id_])
        found.append(
            InputCheck(
                id=id_,
                label=parameters[id_].label,
                mean=mean,
                sd=sd,
                drawn_mean=drawn_mean,
                drawn_sd=drawn_sd,
                lowest=float(psa.sums[f"lowest {id_}"][0]),
                highest=float(psa.sums[f"highest {id_}"][0]),
                standard_errors=(drawn_mean - mean) / (sd / np.sqrt(n)) if sd > 0 else 0.0,
                base=parameters[id_].value,
            )
        )
    return tuple(found)


def _declared(parameter: Parameter) -> tuple[float, float]:
    return (parameter.value, 0.0) if parameter.distribution is None else parameter.distribution.moments()


def _shares(model: Model) -> dict[str, tuple[float, float]]:
    """Mean and SD of shares with a Dirichlet distribution, of which the fixed ones of a group take their part."""
    found = {}
    for group in {p.group for p in model.inputs.parameters if p.group}:
        members = [p for p in model.inputs.parameters if p.group == group]
        weights = {p.id: p.distribution.parameters[0] for p in members if p.distribution is not None}
        rest, total = 1.0 - sum(p.value for p in members if p.distribution is None), sum(weights.values())
        for id_, weight in weights.items():
            mean = weight / total
            found[id_] = (rest * mean, rest * float(np.sqrt(mean * (1.0 - mean) / (total + 1.0))))
    return found


def checks(psa: Psa, model: Model) -> tuple[Check, ...]:
    """Return the checks of every draw."""
    return tuple(_checks(psa, model, input_checks(psa, model)))


def _checks(psa: Psa, model: Model, inputs: tuple[InputCheck, ...]) -> Iterable[Check]:
    sums, settings = psa.sums, model.inputs.settings
    finite = all(np.isfinite(array).all() for array in sums.values())
    yield Check("Every result is a number", "none is missing or infinite" if finite else "some are not", finite)
    lowest, alive = float(sums["lowest years"].min()), float(sums["highest alive"].max())
    yield Check("Time in a state is never negative", f"lowest {_clean(lowest):.4g} years", lowest >= -ROUNDING)
    holds = alive <= settings.time_horizon + 2.0 * ROUNDING + settings.cycle_length / DAYS_PER_YEAR
    yield Check("Time alive is within the horizon", f"highest {alive:.4g} years of {settings.time_horizon:g}", holds)
    low, high = float(sums["lowest utility"].min()), float(sums["highest utility"].max())
    yield Check("Mean utility over time alive is at most 1", f"{low:.3f} to {high:.3f}", high <= 1.0 + ROUNDING)
    outside = _outside_support(model, inputs)
    yield Check("Every input is within its distribution's range", ", ".join(outside) or "all are", not outside)
    far = [f"{each.id} ({each.standard_errors:+.1f} standard errors)" for each in inputs if _far(each)]
    yield Check("Drawn means are the declared ones", ", ".join(far) or f"all within {FAR:g} standard errors", not far)
    yield from _dependence(psa, model)


def _clean(value: float) -> float:
    return 0.0 if abs(value) <= ROUNDING else value


def _far(found: InputCheck) -> bool:
    return abs(found.standard_errors) > FAR


def _outside_support(model: Model, inputs: tuple[InputCheck, ...]) -> list[str]:
    supports = {p.id: p.distribution.support() for p in model.inputs.parameters if p.distribution is not None}
    return [
        f"{each.id} from {each.lowest:g} to {each.highest:g}"
        for each in inputs
        if each.lowest < supports[each.id][0] - ROUNDING or each.highest > supports[each.id][1] + ROUNDING
    ]


def _dependence(psa: Psa, model: Model) -> Iterable[Check]:
    """Compare rank correlations over the draws kept with those asked for, and look at orders of inputs."""
    from scipy.stats import spearmanr

    found = model.inputs.dependence
    if found.correlated:
        columns = np.column_stack([psa.inputs[id_] for id_ in found.correlated])
        drawn = np.array([[spearmanr(a, b).statistic for b in columns.T] for a in columns.T])
        gap = float(np.abs(drawn - found.used).max())
        holds = gap <= FAR / np.sqrt(psa.kept - 1.0)
        yield Check("Rank correlations are the ones asked for", f"largest difference {gap:.3f}", bool(holds))
    for higher, lower in found.orders:
        below = int((psa.inputs[lower] > psa.inputs[higher]).sum())
        held = int((psa.inputs[lower] == psa.inputs[higher]).sum())
        said = f"below in {below:,} of {psa.kept:,} draws, held at it in {held:,}"
        yield Check(f"{higher} is never below {lower}", said, below == 0)
