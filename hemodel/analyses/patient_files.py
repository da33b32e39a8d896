"""Families of curves fitted to the patients of one file, without a workbook.

Two strategies of a file compared without a family of curves.

Patients rebuilt from the files of a digitised curve, without a workbook.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.analyses.evidence.data import tried
from hemodel.analyses.fitted_curves import SAME_CURVE
from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.survival.api import fit_patients
from hemodel.survival.combined import criterion_weights
from hemodel.survival.curve_spec import INDEPENDENT
from hemodel.survival.digitised.reading import read_digitised
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.families.scales import SCALES
from hemodel.survival.patients.data import read_patients
from hemodel.survival.patients.proportionality import (
    AccelerationTest,
    ChiSquaredTest,
    constant_acceleration,
    cox,
    log_rank,
    proportionality,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.survival.curve_values import Fit
    from hemodel.survival.digitised.reconstruction import Reconstruction
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate

    Pair = tuple[PatientData, PatientData]

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Contrast:
    """A strategy against its reference; what cannot be computed is None and `notes` says why.

    Attributes
    ----------
    reference, strategy : str
    log_hazard_ratio : Estimate or None
        From the Cox model.
    log_rank, proportionality : ChiSquaredTest or None
        Of equal curves, and of a constant hazard ratio (Grambsch and Therneau).
    acceleration : AccelerationTest or None
        Of a constant acceleration factor, within the generalised gamma.
    notes : tuple of str
    """

    reference: str
    strategy: str
    log_hazard_ratio: Estimate | None
    log_rank: ChiSquaredTest | None
    proportionality: ChiSquaredTest | None
    acceleration: AccelerationTest | None
    notes: tuple[str, ...]


def contrast(reference: str, strategy: str, data: Mapping[str, PatientData]) -> Contrast:
    """Compare the patients of a strategy with those of its reference."""
    notes: list[str] = []
    pair = data[reference], data[strategy]
    ratio = tried(cox, pair, notes)
    return Contrast(
        reference=reference,
        strategy=strategy,
        log_hazard_ratio=None if ratio is None else ratio.log_hazard_ratio,
        log_rank=tried(log_rank, pair, notes),
        proportionality=tried(proportionality, pair, notes),
        acceleration=tried(constant_acceleration, pair, notes),
        notes=tuple(dict.fromkeys(notes)),
    )


ALL = "all"
SPLINES = tuple(f"spline({scale}, {count})" for scale in SCALES for count in ("1 knot", "2 knots"))
ALL_FAMILIES = (*FAMILIES, *SPLINES, "mixture_cure(weibull)")
TIMES = 8
ROUND_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class FileFitRequest:
    """What is asked of a file.

    Attributes
    ----------
    time, event : str
        Columns.
    strategy, entry, weight : str or None
        Columns, where there are such.
    families : tuple of str
        Names and formulas, or ``all`` for `ALL_FAMILIES`.
    relation : str
        How the curves of strategies are related.
    reference : str or None
        The strategy that an effect acts on, and with which others are compared (by default
        the first in the file).
    horizon : float or None
        Of restricted means; by default the last time at which all strategies are followed.
    times : tuple of float
        At which survival is given; by default some round ones.
    """

    time: str
    event: str
    strategy: str | None
    entry: str | None
    weight: str | None
    families: tuple[str, ...]
    relation: str
    reference: str | None
    horizon: float | None
    times: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class FileFamilyFit:
    """One family fitted to a group of strategies.

    Attributes
    ----------
    family : str
    fit : Fit or None
        None where it could not be fitted; `reason` says why.
    reason : str
    weight : float or None
        exp(-AIC / 2) as a share of its sum. None without an AIC, and for a family that is
        another one with other parameters, which would count twice.
    """

    family: str
    fit: Fit | None
    reason: str
    weight: float | None = None

    @property
    def aic(self) -> float:
        """Akaike's criterion, infinite where there is none."""
        return float("inf") if self.fit is None else self.fit.criteria.get("aic", float("inf"))


@dataclass(frozen=True, eq=False)
class FittedGroup:
    """Strategies whose curves are fitted together, and all families, the lowest AIC first."""

    strategies: tuple[str, ...]
    families: tuple[FileFamilyFit, ...]


@dataclass(frozen=True, eq=False)
class FileFit:
    """Everything that was fitted to a file.

    Attributes
    ----------
    name, digest : str
        Of the file, and its SHA-256.
    request : FileFitRequest
        With horizon and times filled in.
    data : mapping from strategy to PatientData
    groups : tuple of FittedGroup
        One for each strategy where curves are independent, else one.
    contrasts : tuple of Contrast
        Every other strategy against the reference.
    """

    name: str
    digest: str
    request: FileFitRequest
    data: Mapping[str, PatientData]
    groups: tuple[FittedGroup, ...]
    contrasts: tuple[Contrast, ...]


def split_families(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Split at commas outside brackets: ``exp, spline(hazard, 2 knots)`` are two families."""
    found = [""]
    depth = 0
    for letter in ",".join(texts):
        depth = max(depth + {"(": 1, ")": -1}.get(letter, 0), 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    names = [name.strip() for name in found if name.strip()]
    return tuple(dict.fromkeys(each for name in names for each in (ALL_FAMILIES if name == ALL else (name,))))


def fit_file(path: Path, request: FileFitRequest) -> FileFit:
    """Read the patients of a file and fit every family to them.

    Raises
    ------
    InputError
        With every problem of the file and of the request, or the reason of each family
        where none could be fitted.
    """
    data = _read(path, request)
    horizon = request.horizon or min(float(some.time.max()) for some in data.values())
    request = replace(request, horizon=horizon, times=request.times or round_times(horizon))
    apart = request.relation == INDEPENDENT
    groups = tuple(_group(some, request) for some in ([{k: v} for k, v in data.items()] if apart else [data]))
    families = [each for group in groups for each in group.families]
    if all(each.fit is None for each in families):
        raise InputError(tuple(Problem(Location(str(path)), f"{each.family}: {each.reason}") for each in families))
    reference = request.reference or next(iter(data))
    others = [name for name in data if name != reference]
    return FileFit(
        name=path.name,
        digest=sha256(path.read_bytes()).hexdigest(),
        request=request,
        data=data,
        groups=groups,
        contrasts=tuple(contrast(reference, name, data) for name in others),
    )


def round_times(horizon: float) -> tuple[float, ...]:
    """Return about eight round times up to a horizon."""
    rough = horizon / TIMES
    scale = 10.0 ** np.floor(np.log10(rough))
    step = scale * min(each for each in ROUND_STEPS if each * scale >= rough * (1.0 - 1e-9))
    return tuple(float(step * k) for k in range(1, int(horizon / step + 1e-9) + 1))


def together(groups: tuple[FittedGroup, ...]) -> tuple[tuple[str, float, float], ...]:
    """Return family, log-likelihood and AIC of independent strategies together, the lowest AIC first.

    Families that were not fitted to all of them are left out.
    """
    by_group = [{each.family: each for each in group.families if np.isfinite(each.aic)} for group in groups]
    common = [name for name in by_group[0] if all(name in found for found in by_group)]
    sums = []
    for name in common:
        fits = [found[name].fit for found in by_group]
        likelihood = sum(fit.criteria["log_likelihood"] for fit in fits if fit is not None)
        sums.append((name, likelihood, sum(found[name].aic for found in by_group)))
    return tuple(sorted(sums, key=lambda each: each[2]))


def _read(path: Path, request: FileFitRequest) -> dict[str, PatientData]:
    problems = [
        *_family_problems(request.families),
        *_number_problems("--horizon", () if request.horizon is None else (request.horizon,)),
        *_number_problems("--at", request.times),
    ]
    columns = {"time": request.time, "event": request.event, "strategy": request.strategy}
    others = {"entry": request.entry, "weight": request.weight}
    try:
        data = read_patients(path, **columns, **others)  # type: ignore[arg-type]
        problems += _reference_problems(request, data)
    except InputError as error:
        problems += error.problems
    raise_if_any(problems)
    return data


def _family_problems(families: tuple[str, ...]) -> list[Problem]:
    where = Location("--families")
    if not families:
        return [Problem(where, "no family is named", todo="Name some, or all.")]
    problems = []
    for name in families:
        try:
            family(name)
        except SurvivalError as error:
            problems.append(Problem(where, str(error)))
    return problems


def _number_problems(option: str, values: tuple[float, ...]) -> list[Problem]:
    wrong = [value for value in values if not (np.isfinite(value) and value > 0.0)]
    return [Problem(Location(option), f"{value:g} is no time above 0") for value in wrong]


def _reference_problems(request: FileFitRequest, data: Mapping[str, PatientData]) -> list[Problem]:
    where, listed = Location("--reference"), f"The strategies are: {', '.join(data)}"
    if request.reference is not None and request.reference not in data:
        hint = nearest(request.reference, data)
        return [Problem(where, f"there are no patients of strategy {request.reference!r}", listed, hint)]
    if request.relation == INDEPENDENT:
        return []
    if len(data) == 1:
        what = f"{request.relation} relates strategies and there is one"
        return [Problem(Location("--relation"), what, todo="Name the column of strategies with --strategy.")]
    if request.reference is None:
        return [Problem(where, f"{request.relation} needs the strategy that the effect acts on", listed, "Name it.")]
    return []


def _group(data: Mapping[str, PatientData], request: FileFitRequest) -> FittedGroup:
    tried = [_attempt(name, data, request) for name in request.families]
    fitted = {each.family for each in tried if np.isfinite(each.aic)}
    counted = [each.family for each in tried if each.family in fitted and SAME_CURVE.get(each.family) not in fitted]
    criteria = [each.aic for each in tried if each.family in counted]
    weights = dict(zip(counted, criterion_weights(criteria).tolist(), strict=True)) if counted else {}
    by_family = {each.family: each.aic for each in tried}
    ranked = sorted(
        tried,
        key=lambda each: (
            each.fit is None,
            by_family.get(SAME_CURVE.get(each.family, ""), each.aic),
            each.family in SAME_CURVE,
        ),
    )
    return FittedGroup(tuple(data), tuple(replace(each, weight=weights.get(each.family)) for each in ranked))


def _attempt(name: str, data: Mapping[str, PatientData], request: FileFitRequest) -> FileFamilyFit:
    try:
        fit = fit_patients(data, name, relation=request.relation, reference=request.reference)
    except SurvivalError as error:
        return FileFamilyFit(name, None, str(error).replace("\n", " ").removeprefix("patients, "))
    except np.linalg.LinAlgError:
        return FileFamilyFit(name, None, "The fit breaks down, because the patients hardly determine the curve.")
    return FileFamilyFit(name, fit, "")


def rebuild(curve: Path, risk: Path, events: int | None) -> Reconstruction:
    """Rebuild patients from a curve, its numbers at risk and its total of events.

    Raises
    ------
    InputError
        With every problem of the files, alone and together.
    """
    read, table = read_digitised(curve, risk, events)
    try:
        return reconstruct(read, table, events)
    except SurvivalError as error:
        where = Location(str(curve))
        raise InputError(tuple(Problem(where, str(part)) for part in (error.parts or (error,)))) from None


def disagreements(rebuilt: Reconstruction, curve: Path) -> tuple[Problem, ...]:
    """Return where the rebuilt patients do not agree with what was read."""
    todo = "Check the points read off the figure and the numbers at risk."
    return tuple(Problem(Location(str(curve)), what, todo=todo) for what in rebuilt.comparison.disagreements)
