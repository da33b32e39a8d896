"""Evidence pack: every family tried on one endpoint, compared and ranked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.evidence import AIC, CRITERION, MIXED, FamilyEvidence
from hemodel.analysis.evidence_concerns import concerns
from hemodel.analysis.evidence_intervals import fitted_curves
from hemodel.analysis.families import Attempt, attempt, families_in_use, named_families
from hemodel.survival.averaging import criterion_weights
from hemodel.survival.curve_spec import as_family
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED
from hemodel.survival.families.kaplan_meier import KaplanMeierThen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hemodel.analysis.evidence_concerns import Setting
    from hemodel.model import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.patients.fitting import LikelihoodFit

NEED_PATIENTS = (
    *(f"spline({scale}, {knots})" for scale in ("hazard", "odds", "normal") for knots in ("1 knot", "2 knots")),
    "mixture_cure(weibull)",
    "mixture_cure(llogis)",
)
"""Families tried on patients and digitised curves only."""
JOINED = " / "
CLOSE = 4.0


def tried_families(model: Model, setting: Setting, seed: int, follow_up: float | None) -> tuple[FamilyEvidence, ...]:
    """Fit every family to one endpoint, say what each implies, and rank them.

    Families within `CLOSE` of the lowest criterion, which the data hardly tell apart
    (Burnham KP, Anderson DR (2004), Sociological Methods & Research 33: 261-304), come first,
    those with fewer concerns (sentences) before others; then the rest, by criterion. Families
    without a criterion come after those, and what could not be fitted last. The
    criterion compares families fitted to the same evidence only.
    """
    fit = model.fits[setting.endpoint]
    found = []
    for name, tried in _attempts(model, setting.endpoint):
        stream = f"evidence.{setting.endpoint}.{name}"
        found.append(_evidence(name, tried, fit, stream, seed, setting, follow_up))
    return ranked(found)


def _attempts(model: Model, endpoint: str) -> Iterator[tuple[str, Attempt]]:
    """Yield every family and its fit, that of the workbook among them.

    Where all curves have published coefficients there is nothing to fit another to.
    """
    own = model.fits[endpoint]
    used = in_use_name(model, endpoint)
    kinds = {source.kind for source in own.sources.values()}
    names = () if kinds == {COEFFICIENTS} else named_families()
    if kinds & {PATIENTS, DIGITISED}:
        names += NEED_PATIENTS
    for name in dict.fromkeys((*names, used)):
        yield name, Attempt(own, "") if name == used else attempt(model.inputs, endpoint, name)


def in_use_name(model: Model, endpoint: str) -> str:
    """Return the family that the workbook uses; several, in the order of the strategies, are joined by a slash.

    An average of families has the workbook's formula, without the weights that were fitted.
    """
    fit, rows = model.fits[endpoint], model.inputs.rows
    names = families_in_use(fit)
    for strategy in fit.weights:
        names[strategy] = as_family(rows[f"curve.{endpoint}.{strategy}.family"].text).name
    return JOINED.join(dict.fromkeys(names.values()))


def _evidence(
    name: str, tried: Attempt, own: EndpointFit, stream: str, seed: int, setting: Setting, follow_up: float | None
) -> FamilyEvidence:
    fit = tried.fit
    if fit is None:
        return replace(_empty(name, criterion_name(own)), reason=tried.reason)
    curves = fitted_curves(fit, stream, seed, horizon=setting.horizon, follow_up=follow_up, months=setting.months)
    aic, bic, aicc, bic_events = information_criteria(fit)
    return replace(
        _empty(name, criterion_name(own)),
        in_use=fit is own,
        fit=fit,
        criterion=fit.criterion if is_comparable(fit) else None,
        aic=aic,
        bic=bic,
        aicc=aicc,
        bic_events=bic_events,
        largest_z=_largest_z(fit),
        names=fit.curves.names,
        coefficients=fit.coefficients,
        errors=fit.standard_errors,
        covariance=fit.covariance,
        curves=curves,
        concerns=concerns(fit, curves, setting),
        notes=fit.notes,
    )


def _empty(name: str, criterion: str) -> FamilyEvidence:
    """Return the evidence of a family that has no fit."""
    return FamilyEvidence(
        family=name,
        in_use=False,
        fit=None,
        reason="",
        criterion_name=criterion,
        criterion=None,
        aic=None,
        bic=None,
        aicc=None,
        bic_events=None,
        weight=None,
        largest_z=None,
        names=(),
        coefficients=np.empty(0),
        errors=np.empty(0),
        covariance=np.empty((0, 0)),
        curves={},
        concerns=(),
        notes=(),
        criterion_rank=None,
        place=0,
    )


def criterion_name(fit: EndpointFit) -> str:
    """Return what the criterion of fits to this evidence is called."""
    kinds = {source.kind for source in fit.sources.values()}
    fitted_to_patients = bool(kinds & {PATIENTS, DIGITISED})
    if REPORTED in kinds:
        return MIXED if fitted_to_patients else CRITERION
    return AIC if fitted_to_patients else ""


def is_comparable(fit: EndpointFit) -> bool:
    """Return whether the criterion of a fit compares it with others on the same evidence.

    That of an average of families or of a Kaplan-Meier curve with a tail does not, and
    published coefficients have none.
    """
    shapes = [fit.curves.family(spec.strategy) for spec in fit.curves.specs]
    partial = any(shape.members or isinstance(shape, KaplanMeierThen) for shape in shapes)
    return not partial and bool(np.isfinite(fit.criterion))


Criteria = tuple[float, float, float, float] | tuple[None, None, None, None]


def information_criteria(fit: EndpointFit) -> Criteria:
    """Return AIC, BIC by patients, AICc and BIC by events of all curves together, or None where they do not exist.

    With p, n, d and log L added up over the groups of curves: 2 p - 2 log L; p log n -
    2 log L; AIC + 2 p (p + 1) / (n - p - 1) (Hurvich CM, Tsai CL (1989), Biometrika 76:
    297-307), infinite if n is p + 1 or less; p log d - 2 log L (Volinsky CT, Raftery AE
    (2000), Biometrics 56: 256-262).
    """
    if not fit.likelihoods or fit.reported or not is_comparable(fit):
        return None, None, None, None
    parts: Sequence[LikelihoodFit] = fit.likelihoods
    p, fall = sum(part.n_parameters for part in parts), -2.0 * sum(part.log_likelihood for part in parts)
    n, events = sum(part.n_patients for part in parts), sum(part.n_events for part in parts)
    left = n - p - 1.0
    correction = 2.0 * p * (p + 1.0) / left if left > 0.0 else float("inf")
    aic = 2.0 * p + fall
    return aic, float(p * np.log(n)) + fall, aic + correction, float(p * np.log(events)) + fall


def _largest_z(fit: EndpointFit) -> float | None:
    sizes = [abs(each.z) for each in fit.targets if each.statistic.used]
    return max(sizes, default=None)


def ranked(families: Iterable[FamilyEvidence]) -> tuple[FamilyEvidence, ...]:
    """Return families in the order of `tried_families`, with weights, ranks and places filled in."""
    found = list(families)
    compared = sorted((each for each in found if each.criterion is not None), key=_criterion)
    weights = criterion_weights([_criterion(each) for each in compared]) if compared else np.empty(0)
    standing = {each.family: (rank, float(w)) for rank, (each, w) in enumerate(zip(compared, weights, strict=True), 1)}
    best = min((_criterion(each) for each in found), default=0.0)
    in_order = sorted(found, key=lambda each: _standing(each, best))
    return tuple(
        replace(
            each,
            criterion_rank=standing[each.family][0] if each.family in standing else None,
            weight=standing[each.family][1] if each.family in standing else None,
            place=place,
        )
        for place, each in enumerate(in_order, 1)
    )


def _standing(family: FamilyEvidence, best: float) -> tuple[bool, bool, int, float]:
    criterion = _criterion(family)
    is_close = criterion - best <= CLOSE
    return family.fit is None, not is_close, len(family.concerns) if is_close else 0, criterion


def _criterion(family: FamilyEvidence) -> float:
    return float("inf") if family.criterion is None else family.criterion
