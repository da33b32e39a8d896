"""Reported statistics of a two-arm trial, for tests of fits."""

from __future__ import annotations

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.reported.statistics import Statistic

PH, AFT = "proportional_hazards", "accelerated_failure_time"
PATIENTS = {"new": 242.0, "old": 241.0}
PFS = (
    Statistic("pfs.new.median", "pfs", "new", "median", 5.4, low=4.2, high=5.8),
    Statistic("pfs.old.median", "pfs", "old", "median", 2.1, low=1.6, high=2.7),
    Statistic("pfs.hr", "pfs", "new", "hazard_ratio", 0.54, low=0.43, high=0.67, versus="old"),
)
OS = (
    Statistic("os.new.median", "os", "new", "median", 13.2, low=11.9, high=16.4),
    Statistic("os.old.median", "os", "old", "median", 10.6, low=9.5, high=12.2),
    Statistic("os.hr", "os", "new", "hazard_ratio", 0.73, low=0.57, high=0.95, versus="old"),
)
OS_12 = (
    Statistic("os.new.12", "os", "new", "survival", 0.563, time=12.0, patients=242.0),
    Statistic("os.old.12", "os", "old", "survival", 0.441, time=12.0, patients=241.0),
)


def curves(name: str, relation: str = "independent", endpoint: str = "os") -> EndpointCurves:
    new = CurveSpec("new", name, relation, None if relation == "independent" else "old")
    return EndpointCurves(endpoint, (CurveSpec("old", name, "independent"), new))
