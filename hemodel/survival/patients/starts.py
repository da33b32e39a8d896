"""Where a maximum likelihood fit begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.patients.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData

EFFECT_SIGNS = (0.0, 1.0, -1.0)


def starting_points(curves: EndpointCurves, data: Mapping[str, PatientData]) -> Array:
    """Return joint coefficients (n, p) for one independent curve and those relative to it.

    The independent curve takes several shapes, all with about its Kaplan-Meier median.
    An effect begins at none, at the log ratio of the medians and at minus that.
    """
    base, *relative = curves.specs
    medians = {name: rough_median(some) for name, some in data.items()}
    shapes = curves.family(base.strategy).starts(medians[base.strategy])
    if not relative:
        return shapes
    rows = []
    for sign in EFFECT_SIGNS:
        effects = [
            np.full(_width(curves, spec.strategy), sign * np.log(medians[spec.strategy] / medians[base.strategy]))
            for spec in relative
        ]
        own = np.concatenate(effects)
        rows.append(np.hstack([shapes, np.tile(own, (len(shapes), 1))]))
    return np.vstack(rows)


def rough_median(data: PatientData) -> float:
    """Return the Kaplan-Meier median, else that of an exponential curve with as many events."""
    median = kaplan_meier(data).median()[0]
    if np.isfinite(median):
        return median
    exposure = float((data.weight * (data.time - data.entry)).sum())
    return float(np.log(2.0)) * exposure / float((data.weight * data.event).sum())


def _width(curves: EndpointCurves, strategy: str) -> int:
    place = curves.columns[strategy]
    return int(place.stop - place.start)
