"""Families of curves fitted to the patients of one file, without a workbook, and its strategies compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import metadata
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field

from hemodel.analyses.evidence.data import tried
from hemodel.analyses.evidence.records import ChiSquared, Interval, interval_of, tested
from hemodel.analyses.fitted_curves import SAME_CURVE
from hemodel.entries import Entry, FileEntry, Matrix, Numbers, Real
from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.survival.api import fit_patients
from hemodel.survival.combined import criterion_weights
from hemodel.survival.curve_spec import INDEPENDENT
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.families.scales import SCALES
from hemodel.survival.patients.data import read_patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier, reverse
from hemodel.survival.patients.proportionality import constant_acceleration, cox, log_rank, proportionality

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hemodel.survival.curve_values import Curve
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate, KaplanMeier


class MeanToHorizon(Interval):
    """A restricted mean with its standard error."""

    se: Real = Field(description="standard error. [unit of time of the file]")


class SurvivalAt(Interval):
    """Observed survival at a time."""

    time: float = Field(description="[unit of time of the file]")


class ObservedSteps(Entry):
    """A Kaplan-Meier curve, a step at each time."""

    times: Numbers = Field(description="at which follow-up ended, rising. [unit of time of the file]")
    at_risk: Numbers = Field(description="patients at risk just before")
    events: Numbers = Field(description="patients with the event")
    censored: Numbers = Field(description="patients who left without it")
    survival: Numbers = Field(description="from each time on. [proportion]")
    low: Numbers = Field(description="lower end of the 95% interval of survival. [proportion]")
    high: Numbers = Field(description="upper end of the 95% interval of survival. [proportion]")


class ObservedPatients(Entry):
    """What was observed of the patients of one strategy; times in the unit of the file."""

    patients: float = Field(description="sum of weights")
    events: float = Field(description="sum of weights")
    effective_size: float | None = Field(
        description="effective sample size, (sum of weights)^2 / sum of squares; null without weights"
    )
    last_time: float = Field(description="last time observed. [unit of time of the file]")
    median: Interval = Field(description="Kaplan-Meier median; null where not reached. [unit of time of the file]")
    median_follow_up: Interval = Field(description="reverse Kaplan-Meier median. [unit of time of the file]")
    restricted_mean: MeanToHorizon | None = Field(
        description="to the horizon; null where follow-up ends before it. [unit of time of the file]"
    )
    survival: list[SurvivalAt | None] = Field(description="at the times; null after the last one. [proportion]")
    kaplan_meier: ObservedSteps = Field(description="the curve")


class Coefficient(Interval):
    """A parameter on its natural scale with its 95% interval, and as it was estimated."""

    coefficient: Real = Field(description="on the estimation scale")
    se: Real = Field(description="standard error on the estimation scale")


class FileCurve(Entry):
    """One strategy's curve in one family; times in the unit of the file."""

    strategy: str = Field(description="name in the file")
    family: str = Field(description="its own, or that of the curve it is relative to")
    relation: str = Field(description="to the reference, or independent")
    median: Real = Field(description="null where not reached. [unit of time of the file]")
    mean: Real = Field(description="unrestricted; null where infinite. [unit of time of the file]")
    parameters: dict[str, Coefficient] = Field(description="by name, as flexsurv prints them")
    restricted_mean: Real = Field(description="to the horizon. [unit of time of the file]")
    survival: Numbers = Field(description="at the times. [proportion]")
    hazard: Numbers = Field(description="at the times. [per unit of time of the file]")


def _nothing() -> Array:
    return np.empty(0)


class FileFamilyFit(Entry):
    """One family fitted to a group of strategies; of one that could not be fitted only the reason."""

    rank: int = Field(default=0, description="by AIC, 1 is the lowest")
    family: str = Field(description="name or formula")
    fitted: bool = Field(description="whether it could be fitted")
    reason: str | None = Field(default=None, description="why it could not be fitted")
    parameters: int | None = Field(default=None, description="number of coefficients")
    log_likelihood: Real | None = Field(default=None, description="of all patients of the group")
    aic: Real | None = Field(default=None, description="Akaike's criterion")
    aicc: Real | None = Field(default=None, description="AIC corrected for small samples; null where infinite")
    bic: Real | None = Field(default=None, description="by patients")
    bic_events: Real | None = Field(default=None, description="by events")
    weight: float | None = Field(
        default=None,
        description="exp(-AIC / 2) as a share of its sum; null without an AIC, and for a family that is another one"
        " with other parameters, which would count twice",
    )
    warnings: list[str] = Field(default=[], description="what the fit says of its data and coefficients")
    names: list[str] = Field(default=[], description="of the coefficients")
    coefficients: Numbers = Field(default_factory=_nothing, description="on the estimation scale")
    se: Numbers = Field(default_factory=_nothing, description="standard errors on the estimation scale")
    covariance: Matrix = Field(default_factory=_nothing, description="on the estimation scale")
    robust: bool | None = Field(default=None, description="whether the covariance is the sandwich, as with weights")
    curves: dict[str, FileCurve] = Field(default={}, description="by strategy")

    @property
    def criterion(self) -> float:
        """AIC, infinite where there is none."""
        return float("inf") if self.aic is None else self.aic


class FittedGroup(Entry):
    """Strategies whose curves are fitted together."""

    strategies: list[str] = Field(description="names in the file")
    families: list[FileFamilyFit] = Field(description="the lowest AIC first; those that could not be fitted last")


class FamilyTogether(Entry):
    """One family for independent strategies together."""

    family: str = Field(description="name or formula")
    log_likelihood: float = Field(description="sum over the strategies")
    aic: float = Field(description="sum over the strategies")


class Ratio(Interval):
    """A ratio with its 95% interval, and its logarithm."""

    log_value: Real = Field(description="natural logarithm")
    log_se: Real = Field(description="standard error of the logarithm")


class Contrast(Entry):
    """A strategy against its reference; what cannot be computed is null and `notes` says why."""

    reference: str = Field(description="name in the file")
    strategy: str = Field(description="name in the file")
    hazard_ratio: Ratio | None = Field(description="from the Cox model")
    log_rank: ChiSquared | None = Field(description="test of equal curves")
    proportional_hazards: ChiSquared | None = Field(description="Grambsch and Therneau's, of a constant hazard ratio")
    acceleration_factor: Ratio | None = Field(description="within the generalised gamma")
    constant_acceleration: ChiSquared | None = Field(description="test of a constant acceleration factor")
    notes: list[str] = Field(description="why a part is null")


class FileFit(Entry):
    """Everything that was fitted to a file of patients: fit.json."""

    hemodel: str = Field(description="version of hemodel")
    file: FileEntry = Field(description="of patients")
    relation: str = Field(description="how the curves of strategies are related")
    reference: str | None = Field(description="the strategy that an effect acts on, where it was named")
    horizon: float = Field(description="of restricted means. [unit of time of the file]")
    times: list[float] = Field(description="at which survival is given. [unit of time of the file]")
    strategies: dict[str, ObservedPatients] = Field(description="what was observed, by strategy")
    groups: list[FittedGroup] = Field(description="one for each strategy where curves are independent, else one")
    together: list[FamilyTogether] = Field(description="of several groups, the lowest AIC first")
    comparisons: list[Contrast] = Field(description="every other strategy against the reference")


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
    groups = [_group(some, request) for some in ([{k: v} for k, v in data.items()] if apart else [data])]
    families = [each for group in groups for each in group.families]
    if not any(each.fitted for each in families):
        raise InputError(tuple(Problem(Location(str(path)), f"{each.family}: {each.reason}") for each in families))
    reference = request.reference or next(iter(data))
    return FileFit(
        hemodel=metadata.version("hemodel"),
        file=FileEntry(name=path.name, sha256=sha256(path.read_bytes()).hexdigest()),
        relation=request.relation,
        reference=request.reference,
        horizon=horizon,
        times=list(request.times),
        strategies={name: _observed(some, request.times, horizon) for name, some in data.items()},
        groups=groups,
        together=together(groups) if len(groups) > 1 else [],
        comparisons=[contrast(reference, name, data) for name in data if name != reference],
    )


def _observed(data: PatientData, times: Sequence[float], horizon: float) -> ObservedPatients:
    curve = kaplan_meier(data)
    at = np.array(times)
    columns = zip(times, curve.at(at).tolist(), *(ends.tolist() for ends in curve.interval_at(at)), strict=True)
    return ObservedPatients(
        patients=data.n_patients,
        events=data.n_events,
        effective_size=data.effective_size if data.has_weights else None,
        last_time=data.time.max(),
        median=interval_of(*curve.median()),
        median_follow_up=interval_of(*kaplan_meier(reverse(data)).median()),
        restricted_mean=_observed_mean(curve, horizon),
        survival=[
            SurvivalAt(time=time, value=value, low=low, high=high) if time <= curve.times[-1] else None
            for time, value, low, high in columns
        ],
        kaplan_meier=ObservedSteps(**{name: getattr(curve, name) for name in ObservedSteps.model_fields}),
    )


def _observed_mean(curve: KaplanMeier, horizon: float) -> MeanToHorizon | None:
    """Return the mean up to the horizon, or None where follow-up ends before it."""
    try:
        return MeanToHorizon(**vars(curve.restricted_mean(horizon)))
    except SurvivalError:
        return None


def contrast(reference: str, strategy: str, data: Mapping[str, PatientData]) -> Contrast:
    """Compare the patients of a strategy with those of its reference, without a family of curves."""
    notes: list[str] = []
    pair = data[reference], data[strategy]
    ratio = tried(cox, pair, notes)
    equal, constant = tried(log_rank, pair, notes), tried(proportionality, pair, notes)
    factor = tried(constant_acceleration, pair, notes)
    return Contrast(
        reference=reference,
        strategy=strategy,
        hazard_ratio=None if ratio is None else _ratio(ratio.log_hazard_ratio),
        log_rank=tested(equal),
        proportional_hazards=tested(constant),
        acceleration_factor=None if factor is None else _ratio(factor.log_acceleration_factor),
        constant_acceleration=None if factor is None else tested(factor.test),
        notes=list(dict.fromkeys(notes)),
    )


def _ratio(each: Estimate) -> Ratio:
    ends = {name: float(np.exp(getattr(each, name))) for name in ("value", "low", "high")}
    return Ratio(**ends, log_value=each.value, log_se=each.se)


def round_times(horizon: float) -> tuple[float, ...]:
    """Return about eight round times up to a horizon."""
    rough = horizon / TIMES
    scale = 10.0 ** np.floor(np.log10(rough))
    step = scale * min(each for each in ROUND_STEPS if each * scale >= rough * (1.0 - 1e-9))
    return tuple(float(step * k) for k in range(1, int(horizon / step + 1e-9) + 1))


def together(groups: Sequence[FittedGroup]) -> list[FamilyTogether]:
    """Return every family of independent strategies together, the lowest AIC first.

    Families that were not fitted to all of them are left out.
    """
    by_group = [{each.family: each for each in group.families if np.isfinite(each.criterion)} for group in groups]
    common = [name for name in by_group[0] if all(name in found for found in by_group)]
    sums = [
        FamilyTogether(
            family=name,
            log_likelihood=sum(found[name].log_likelihood or 0.0 for found in by_group),
            aic=sum(found[name].criterion for found in by_group),
        )
        for name in common
    ]
    return sorted(sums, key=lambda each: each.aic)


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
    fitted = {each.family for each in tried if np.isfinite(each.criterion)}
    counted = [each.family for each in tried if each.family in fitted and SAME_CURVE.get(each.family) not in fitted]
    criteria = [each.criterion for each in tried if each.family in counted]
    weights = dict(zip(counted, criterion_weights(criteria).tolist(), strict=True)) if counted else {}
    by_family = {each.family: each.criterion for each in tried}
    ranked = sorted(
        tried,
        key=lambda each: (
            not each.fitted,
            by_family.get(SAME_CURVE.get(each.family, ""), each.criterion),
            each.family in SAME_CURVE,
        ),
    )
    families = []
    for rank, each in enumerate(ranked, start=1):
        weight = {"weight": weights.get(each.family)} if each.fitted else {}
        families.append(each.model_copy(update={"rank": rank, **weight}))
    return FittedGroup(strategies=list(data), families=families)


def _attempt(name: str, data: Mapping[str, PatientData], request: FileFitRequest) -> FileFamilyFit:
    try:
        fit = fit_patients(data, name, relation=request.relation, reference=request.reference)
    except SurvivalError as error:
        reason = str(error).replace("\n", " ").removeprefix("patients, ")
        return FileFamilyFit(family=name, fitted=False, reason=reason)
    except np.linalg.LinAlgError:
        reason = "The fit breaks down, because the patients hardly determine the curve."
        return FileFamilyFit(family=name, fitted=False, reason=reason)
    criteria: dict[str, Any] = dict(fit.criteria)
    return FileFamilyFit(
        family=name,
        fitted=True,
        parameters=fit.coefficients.size,
        **criteria,
        warnings=list(fit.notes),
        names=list(fit.names),
        coefficients=fit.coefficients,
        se=fit.se,
        covariance=fit.covariance,
        robust=any(each.robust for each in fit.fitted.likelihoods),
        curves={strategy: _curve(fit.curve(strategy), request) for strategy in fit.strategies},
    )


def _curve(curve: Curve, request: FileFitRequest) -> FileCurve:
    return FileCurve(
        **curve.summary(),
        restricted_mean=float(curve.rmst(request.horizon or 0.0)),
        survival=curve.survival(request.times),
        hazard=curve.hazard(request.times),
    )
