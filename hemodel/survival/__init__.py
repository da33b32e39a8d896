"""Survival curves: families, fits to patients and to reported statistics, published and digitised curves.

patient_data(time, event, strategy, entry, weight), read_patients(path, ...)
    Times to event of patients by strategy, from arrays or a file.
kaplan_meier(data)
    The Kaplan-Meier estimate.
fit_patients(data, family), fit_reported(statistics, family), from_coefficients(family, values, covariance)
    A Fit, whose `curve(strategy)` is a Curve with survival, hazard, cumulative_hazard,
    quantile, rmst, mean, draws and summary.
reconstruct(time, survival, risk_time, at_risk, events)
    Patients rebuilt from a published Kaplan-Meier curve.
family(name), FAMILIES
    A family of curves by name or formula, and those that have a name.
Statistic, KINDS, RELATIONS, PatientData, CurveDraws, SurvivalError
    A reported statistic and its kinds; how curves are related; what else is handed in and out.
"""

from hemodel.survival.api import fit_patients, fit_reported, from_coefficients, patient_data, reconstruct
from hemodel.survival.curve_spec import RELATIONS
from hemodel.survival.curve_values import Curve, CurveDraws, Fit
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.patients.data import PatientData, read_patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier
from hemodel.survival.reported.statistics import KINDS, Statistic

__all__ = [
    "FAMILIES",
    "KINDS",
    "RELATIONS",
    "Curve",
    "CurveDraws",
    "Fit",
    "PatientData",
    "Statistic",
    "SurvivalError",
    "family",
    "fit_patients",
    "fit_reported",
    "from_coefficients",
    "kaplan_meier",
    "patient_data",
    "read_patients",
    "reconstruct",
]
