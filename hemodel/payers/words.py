"""Values of a profile in words, for tables and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from hemodel.inputs.structure import VALUE_SETS
from hemodel.payers.profile import (
    Horizon,
    Pair,
    ProfileInformation,
    RateStep,
    RequiredScenario,
    SeverityWeight,
    ThresholdBands,
    Thresholds,
    Trigger,
    Years,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def rate(value: float) -> str:
    """Return an annual rate in per cent."""
    return f"{100 * value:.10g}%"


def money(values: Iterable[float], currency: str) -> str:
    """Return amounts with their currency."""
    return f"{'; '.join(f'{value:,.10g}' for value in values)} {currency}"


def number(values: Iterable[float]) -> str:
    """Return numbers, one after the other."""
    return "; ".join(f"{value:,.10g}" for value in values)


def steps(values: Iterable[RateStep]) -> str:
    """Return the later rates of a stepped schedule."""
    return ", ".join(f"{rate(step.rate)} from year {step.year}" for step in values)


def pair(value: Pair) -> str:
    """Return the two rates of a scenario."""
    return f"{rate(value.costs)} for costs, {rate(value.effects)} for effects"


def years(value: Years) -> str:
    """Return a number or range of years."""
    return f"{value.least} years" if value.most is None else f"{value.least} to {value.most} years"


def bands(starts: Iterable[float], values: Iterable[float], currency: str) -> str:
    """Return the thresholds of bands, each with where it begins."""
    return "; ".join(f"from {a:g}: {b:,.10g} {currency}" for a, b in zip(starts, values, strict=True))


def _weight(value: SeverityWeight) -> str:
    return (
        f"Weights {number(value.weights)} from an absolute shortfall of {number(value.absolute)} QALYs"
        f" or a proportional one of {number(value.proportional)}. {value.words}"
    )


def _trigger(value: Trigger, currency: str) -> str:
    return f"{money([value.amount], currency)} in any of the first {value.years} years"


def _thresholds(value: Thresholds, currency: str) -> str:
    return f"{money(value.values, currency)} per QALY; for decisions {value.decision:,.10g}"


def _information(value: ProfileInformation) -> str:
    return "; ".join(f"{name}: {number(values)}" for name, values in value.lists.items()) + f". {value.words}"


def _bands(value: ThresholdBands, currency: str) -> str:
    return f"By {value.measure} shortfall, {bands(value.starts, value.thresholds, currency)} per QALY. {value.words}"


def _horizon(value: Horizon) -> str:
    said = value.words.lower().startswith(value.length)
    return value.words if said else f"{value.length.capitalize()}. {value.words}"


def _of_class(value: BaseModel, currency: str) -> str:
    by_class: dict[type, Callable[[Any], str]] = {
        Thresholds: lambda v: _thresholds(v, currency),
        Trigger: lambda v: _trigger(v, currency),
        ThresholdBands: lambda v: _bands(v, currency),
        SeverityWeight: _weight,
        ProfileInformation: _information,
        Years: years,
        Pair: pair,
        RequiredScenario: lambda v: v.words,
        Horizon: _horizon,
    }
    return by_class.get(type(value), lambda v: str(v.words))(value)


def words(value: Any, currency: str, field: str = "") -> str:
    """Return the value of any field of a profile in words.

    Parameters
    ----------
    value : value of an `Item`
    currency : str
        Of the profile.
    field : str
        Its name; numbers of the discount rates are printed in per cent.
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return rate(value) if "rate" in field else f"{value:,.10g}"
    if field == "value_sets":
        return " or ".join(VALUE_SETS[name] for name in value)
    if isinstance(value, tuple):
        if value and isinstance(value[0], RateStep):
            return steps(value)
        return "; ".join(words(part, currency, field) for part in value)
    return _of_class(value, currency) if isinstance(value, BaseModel) else str(value)
