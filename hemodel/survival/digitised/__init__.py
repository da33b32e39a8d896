"""Patient data rebuilt from digitised Kaplan-Meier curves."""

from hemodel.survival.digitised.comparison import Comparison, compare, require_agreement
from hemodel.survival.digitised.reading import (
    DigitisedCurve,
    RiskTable,
    check_curve,
    check_risk_table,
    mismatches,
    read_curve,
    read_digitised,
    read_risk_table,
)
from hemodel.survival.digitised.reconstruction import Interval, Reconstruction, reconstruct

__all__ = [
    "Comparison",
    "DigitisedCurve",
    "Interval",
    "Reconstruction",
    "RiskTable",
    "check_curve",
    "check_risk_table",
    "compare",
    "mismatches",
    "read_curve",
    "read_digitised",
    "read_risk_table",
    "reconstruct",
    "require_agreement",
]
