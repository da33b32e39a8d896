"""Names and sentences of the evidence pack: families, endpoints and strategies in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.views.shared.text import brief
from hemodel.views.shared.words import endpoint_name, family_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.evidence.records import ChiSquared, EndpointEvidence, FamilyEvidence
    from hemodel.model.evaluate import Model


SMALLEST_P = 0.001


class EvidenceNames:
    """Printed names of strategies and endpoints of a model."""

    def __init__(self, model: Model) -> None:
        """Take the names from the model's inputs."""
        self._strategies = {strategy.id: strategy.name for strategy in model.inputs.strategies}
        self._drugs = {drug.id: drug.name for drug in model.inputs.drugs}

    def strategy(self, id_: str) -> str:
        """Return the name of a strategy, or of a difference between two (``new - old``)."""
        if " - " in id_:
            return " minus ".join(self.strategy(part) for part in id_.split(" - "))
        return self._strategies.get(id_, id_)

    def endpoint(self, id_: str) -> str:
        """Return the name of an endpoint."""
        return endpoint_name(id_, self._drugs)

    def coefficient(self, name: str) -> str:
        """Return the name of a coefficient such as ``standard: log(shape)`` with the strategy's name."""
        strategy, colon, what = name.partition(": ")
        return f"{self.strategy(strategy)}{colon}{what}"


def p_value(value: float) -> str:
    """Return a P value in words: P = 0.041, P < 0.001."""
    return f"P < {SMALLEST_P}" if value < SMALLEST_P else f"P = {value:.3f}"


def test_words(test: ChiSquared) -> str:
    """Return a test's statistic, degrees of freedom and P value in words."""
    degrees = "degree" if test.degrees_of_freedom == 1 else "degrees"
    return f"chi-squared {test.statistic:.2f}, {test.degrees_of_freedom} {degrees} of freedom, {p_value(test.p_value)}"


def interval_words(value: float, low: float | None, high: float | None) -> str:
    """Return a value with its interval in words: 0.73 (0.57 to 0.95)."""
    return brief(value) if low is None or high is None else f"{brief(value)} ({brief(low)} to {brief(high)})"


def family_groups(evidence: EndpointEvidence) -> dict[str, Sequence[FamilyEvidence]]:
    """Return the fitted families in groups of few enough curves to tell apart.

    Returns
    -------
    mapping from group to families
        The plain families under an empty name, the formulas under ``flexible``, each with
        the family in use first, the others in the order of the evidence.
    """
    fitted = [family for family in evidence.families if family.fitted]
    in_use = [family for family in fitted if family.in_use]
    others = [family for family in fitted if not family.in_use]
    groups = {
        "": [family for family in others if "(" not in family.family],
        "flexible": [family for family in others if "(" in family.family],
    }
    return {name: [*in_use, *own] for name, own in groups.items() if own or not name}


def in_use_words(names: EvidenceNames, endpoint: str, evidence: EndpointEvidence) -> str:
    """Return which family the workbook uses for an endpoint, and where it stands among those tried."""
    own = evidence.in_use
    fitted = [family for family in evidence.families if family.fitted]
    first = f"{names.endpoint(endpoint)}: the workbook uses {family_name(own.family)}"
    if len(fitted) == 1:
        return f"{first}, the only family that could be fitted."
    place = f"place {own.place} of the {len(fitted)} families fitted"
    if own.criterion is None or own.criterion_rank is None:
        return f"{first}, {place}."
    best = min(
        (family for family in fitted if family.criterion is not None), key=lambda family: family.criterion or 0.0
    )
    kind = own.criterion_name
    if own.criterion_rank == 1:
        return f"{first}, {place}, with the lowest {kind} ({own.criterion:.2f})."
    return (
        f"{first}, {place}; its {kind} is {own.criterion:.2f}, the lowest is {best.criterion or 0.0:.2f}"
        f" ({family_name(best.family)})."
    )
