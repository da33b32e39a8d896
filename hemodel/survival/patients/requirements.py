"""What patient data must be for a fit by maximum likelihood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import as_family
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.groups import groups

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData

    Data = Mapping[str, PatientData]

KAPLAN_MEIER = "km("


def check_data(curves: EndpointCurves, data: Data, expected_hazard: Mapping[str, Array] | None) -> None:
    """Raise one `SurvivalError` with everything that keeps the curves from being fitted."""
    found = list(_strategies(curves, data))
    if not found:
        found = [*_families(curves, data), *_expected(curves, data, expected_hazard)]
    raise_together(found)


def _strategies(curves: EndpointCurves, data: Data) -> Iterator[SurvivalError]:
    known = [spec.strategy for spec in curves.specs]
    for name in known:
        if name not in data:
            yield SurvivalError(
                f"{curves.endpoint}: there are no patients of strategy {name!r}. "
                f"Strategies in the data: {', '.join(data)}.",
                [_id(curves, name)],
            )
    for name in data:
        if name not in known:
            text = (
                f"{curves.endpoint}: the data hold strategy {name!r}, which has no curve. Curves: {', '.join(known)}."
            )
            yield SurvivalError(text)


def _families(curves: EndpointCurves, data: Data) -> Iterator[SurvivalError]:
    for strategy, group in groups(curves).items():
        shape = as_family(curves.spec(strategy).family)
        if shape.members or shape.name.startswith(KAPLAN_MEIER):
            yield SurvivalError(
                f"{curves.endpoint}, {strategy}: {shape.name} is not fitted by maximum likelihood. Fit the families "
                "it holds one by one, and combine the fitted curves.",
                [_id(curves, strategy)],
            )
            continue
        names = [spec.strategy for spec in group]
        events = sum(float(data[name].event.sum()) for name in names)
        size = sum(len(curves.names[curves.columns[name]]) for name in names)
        if events < size + 1:
            yield SurvivalError(
                f"{curves.endpoint}, {', '.join(names)}: {shape.name} has {size} coefficients to estimate and "
                f"there are {events:g} events; at least {size + 1} are needed. Choose a family with fewer parameters.",
                [_id(curves, name) for name in names],
            )
        for name in names:
            if not data[name].event.any():
                text = f"{curves.endpoint}, {name}: there are no events, so its curve cannot be estimated."
                yield SurvivalError(text, [_id(curves, name)])


def _expected(
    curves: EndpointCurves, data: Data, expected_hazard: Mapping[str, Array] | None
) -> Iterator[SurvivalError]:
    if expected_hazard is None:
        return
    if curves.background is not None:
        yield SurvivalError(
            f"{curves.endpoint}: the population's hazard would count twice, because the curves carry background "
            "mortality and expected hazards are given as well. Fit curves without background mortality, and add it "
            "afterwards."
        )
    for name, some in data.items():
        given = expected_hazard.get(name)
        if given is None:
            text = "no expected hazard is given for its patients, although it is for others"
        elif given.shape != some.time.shape:
            text = f"there are {given.size} expected hazards for {some.time.size} patients"
        elif not (np.isfinite(given) & (given >= 0.0)).all():
            text = "an expected hazard is negative or not finite"
        else:
            continue
        yield SurvivalError(f"{curves.endpoint}, {name}: {text}. Give one of 0 or more for each patient.")


def _id(curves: EndpointCurves, strategy: str) -> str:
    return f"curve.{curves.endpoint}.{strategy}.family"
