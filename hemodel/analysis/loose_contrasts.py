"""Two strategies of a file compared without a family of curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hemodel.analysis.evidence_comparisons import tried
from hemodel.survival.patients.acceleration import AccelerationTest, constant_acceleration
from hemodel.survival.patients.proportionality import ChiSquaredTest, cox, log_rank, proportionality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate

    Pair = tuple[PatientData, PatientData]

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Contrast:
    """A strategy against its reference; what cannot be computed is None and `notes` says why.

    Attributes
    ----------
    reference, strategy : str
    log_hazard_ratio : Estimate or None
        From the Cox model.
    log_rank, proportionality : ChiSquaredTest or None
        Of equal curves, and of a constant hazard ratio (Grambsch and Therneau).
    acceleration : AccelerationTest or None
        Of a constant acceleration factor, within the generalised gamma.
    notes : tuple of str
    """

    reference: str
    strategy: str
    log_hazard_ratio: Estimate | None
    log_rank: ChiSquaredTest | None
    proportionality: ChiSquaredTest | None
    acceleration: AccelerationTest | None
    notes: tuple[str, ...]


def contrast(reference: str, strategy: str, data: Mapping[str, PatientData]) -> Contrast:
    """Compare the patients of a strategy with those of its reference."""
    notes: list[str] = []
    pair = data[reference], data[strategy]
    ratio = tried(cox, pair, notes)
    return Contrast(
        reference=reference,
        strategy=strategy,
        log_hazard_ratio=None if ratio is None else ratio.log_hazard_ratio,
        log_rank=tried(log_rank, pair, notes),
        proportionality=tried(proportionality, pair, notes),
        acceleration=tried(constant_acceleration, pair, notes),
        notes=tuple(dict.fromkeys(notes)),
    )
