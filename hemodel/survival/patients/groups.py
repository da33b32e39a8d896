"""Curves that share coefficients, and families that need data."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import INDEPENDENT, as_family
from hemodel.survival.patients.data import pooled
from hemodel.survival.patients.kaplan_meier import curve_data

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.newton import Indices

    Groups = dict[str, tuple[CurveSpec, ...]]


def groups(curves: EndpointCurves) -> Groups:
    """Return each independent curve with those relative to it, by the strategy of the independent one."""
    return {
        spec.strategy: (spec, *(each for each in curves.specs if _refers_to(each, spec.strategy)))
        for spec in curves.specs
        if spec.relation == INDEPENDENT
    }


def columns_of(curves: EndpointCurves, group: tuple[CurveSpec, ...]) -> Indices:
    """Return the places of a group's coefficients among all, in the group's order."""
    every = np.arange(len(curves.names))
    return np.concatenate([every[curves.columns[spec.strategy]] for spec in group])


def resolved(curves: EndpointCurves, data: Mapping[str, PatientData]) -> EndpointCurves:
    """Return the curves with every family that needs data resolved.

    The patients of a curve and of those relative to it count together, as for the knots
    of ``flexsurvspline``.
    """
    together = groups(curves)
    specs = []
    for spec in curves.specs:
        if spec.relation == INDEPENDENT and not as_family(spec.family).is_resolved:
            patients = pooled([data[each.strategy] for each in together[spec.strategy]])
            specs.append(replace(spec, family=as_family(spec.family).resolved(curve_data(patients))))
        else:
            specs.append(spec)
    return replace(curves, specs=tuple(specs))


def _refers_to(spec: CurveSpec, strategy: str) -> bool:
    return spec.relation != INDEPENDENT and spec.reference == strategy
