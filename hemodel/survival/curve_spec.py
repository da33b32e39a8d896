"""What is said about one curve of an endpoint: its family, or the effect it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import family

if TYPE_CHECKING:
    from hemodel.survival.family import Family


INDEPENDENT = "independent"
PROPORTIONAL_HAZARDS = "proportional_hazards"
ACCELERATED_FAILURE_TIME = "accelerated_failure_time"
PROPORTIONAL_ODDS = "proportional_odds"
HAZARD_RATIO_BY_PERIOD = "hazard_ratio_by_period"
EFFECTS = {
    PROPORTIONAL_HAZARDS: "hazard ratio",
    ACCELERATED_FAILURE_TIME: "acceleration factor",
    PROPORTIONAL_ODDS: "odds ratio",
    HAZARD_RATIO_BY_PERIOD: "hazard ratio",
}
RELATIONS = (INDEPENDENT, *EFFECTS)


@dataclass(frozen=True)
class CurveSpec:
    """One curve of one endpoint.

    Attributes
    ----------
    strategy : str
        The strategy whose curve it is.
    family : str or Family
        Family of an independent curve, or its formula (see `families.formula`); not
        read for a relative one, whose family is that of its reference.
    relation : str
        One of `RELATIONS`.
    reference : str or None
        For a relative curve, the strategy whose (independent) curve the effect acts on.
    cuts : tuple of float
        For hazard ratios by period: increasing times at which the ratio changes. [months]
    """

    strategy: str
    family: str | Family
    relation: str
    reference: str | None = None
    cuts: tuple[float, ...] = ()


def coefficient_names(spec: CurveSpec, shape: Family) -> list[str]:
    """Return the names of the coefficients that are a curve's own."""
    if spec.relation == HAZARD_RATIO_BY_PERIOD:
        return [f"{spec.strategy}: log(hazard ratio from {start:g})" for start in (0.0, *spec.cuts)]
    if spec.relation in EFFECTS:
        return [f"{spec.strategy}: log({EFFECTS[spec.relation]})"]
    return [f"{spec.strategy}: {label}" for label in shape.labels]


def coefficient_parts(name: str) -> tuple[str, str]:
    """Return strategy and coefficient of a name that `coefficient_names` made."""
    strategy, _, coefficient = name.partition(": ")
    return strategy, coefficient


def base_spec(spec: CurveSpec, specs: dict[str, CurveSpec]) -> CurveSpec:
    """Return the spec whose family a curve has: its own, or its reference's."""
    return spec if spec.relation == INDEPENDENT else specs[spec.reference or ""]


def problems(endpoint: str, specs: tuple[CurveSpec, ...], by_strategy: dict[str, CurveSpec]) -> list[SurvivalError]:
    """Return everything that is wrong with the specs of an endpoint."""
    found = [_problem(endpoint, spec, by_strategy) for spec in specs]
    repeated = len(specs) != len(by_strategy)
    if repeated:
        names = [spec.strategy for spec in specs]
        twice = sorted({name for name in names if names.count(name) > 1})
        ids = [f"curve.{endpoint}.{name}.family" for name in twice]
        found.append(SurvivalError(f"{endpoint}: more than one curve for {', '.join(twice)}.", ids))
    return [error for error in found if error is not None]


def _problem(endpoint: str, spec: CurveSpec, by_strategy: dict[str, CurveSpec]) -> SurvivalError | None:
    where = f"curve.{endpoint}.{spec.strategy}"
    if spec.relation not in RELATIONS:
        text = f"relation {spec.relation!r} is unknown. Known: {', '.join(RELATIONS)}."
        return SurvivalError(f"{where}: {text}", [f"{where}.relation"])
    if spec.relation == INDEPENDENT:
        return _family_problem(where, spec.family)
    reference = by_strategy.get(spec.reference or "")
    if reference is None:
        text = f"a curve with relation {spec.relation} needs the reference strategy it acts on"
        given = "none is given" if not spec.reference else f"{spec.reference!r} has no curve"
        return SurvivalError(f"{where}: {text}; {given}.", [f"{where}.reference"])
    if reference.relation != INDEPENDENT:
        text = f"the reference {reference.strategy!r} is itself {reference.relation}; a reference must be independent."
        circle = reference.reference == spec.strategy
        other = f"Name {reference.reference!r} instead, with the product of both ratios and an interval from both."
        text += f" {'Make one of the two independent.' if circle else other}"
        return SurvivalError(f"{where}: {text}", [f"{where}.reference"])
    return _cuts_problem(where, spec) if spec.relation == HAZARD_RATIO_BY_PERIOD else None


def _cuts_problem(where: str, spec: CurveSpec) -> SurvivalError | None:
    rising = all(a < b for a, b in zip((0.0, *spec.cuts), spec.cuts, strict=False))
    if spec.cuts and rising:
        return None
    text = "hazard ratios by period need the months at which the ratio changes, above 0 and increasing"
    given = ", ".join(f"{cut:g}" for cut in spec.cuts) or "none"
    return SurvivalError(f"{where}: {text}; given: {given}.", [f"{where}.cuts"])


def as_family(given: str | Family) -> Family:
    """Return the family of a name or formula, or the family given."""
    return family(given) if isinstance(given, str) else given


def _family_problem(where: str, given: str | Family) -> SurvivalError | None:
    try:
        as_family(given)
    except SurvivalError as error:
        return SurvivalError(f"{where}: {error}", [f"{where}.family"])
    return None
