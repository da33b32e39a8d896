"""Tables of the value of information."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.reporting.format import Value, display
from hemodel.reporting.tables_shape import Column, Table
from hemodel.voi.information import share_of_evpi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_information import InformationResult
    from hemodel.reporting.tables_words import Names

EVPI_IS = (
    "EVPI: what it is worth, on average, to decide with all uncertainty resolved rather than now. The expected loss of"
    " a strategy is its mean shortfall from the best strategy of each draw; that of the optimal strategy is the EVPI."
)
EVPPI_IS = (
    "EVPPI: what it is worth to know an input, or all inputs of a group, by regression on the draws. The standard error"
    " is that of the simulation and of the regression; the bias is how far the estimate is expected to lie above the"
    " truth, and is not subtracted. By chance: what inputs of no importance would be expected to show; a value near it"
    " says nothing. Values of several inputs do not add up."
)
AT_PEAK = "{threshold} is the threshold with the highest EVPI."
CAPPED = "Where the regression gave more than the EVPI, the EVPI stands: {labels}."


@dataclass(frozen=True)
class Shown:
    """What the value of information is printed in: currency, unit of thresholds, names of strategies."""

    currency: str
    per: str
    strategies: Mapping[str, str]

    def threshold(self, value: float) -> str:
        """Return a threshold in words."""
        return f"{display(value, 'icer', self.currency)} per {self.per}"

    @property
    def unit(self) -> str:
        """Unit of thresholds."""
        return f"{self.currency or 'cost'} per {self.per}"


def shown_as(results: Results, names: Names) -> Shown:
    """Return what the value of information of a run is printed in."""
    return Shown(results.currency, "QALY", {s: names.strategy(s) for s in results.strategies})


def information_tables(found: InformationResult | None, shown: Shown) -> list[Table]:
    """Return the tables of the value of information; none without one."""
    if found is None:
        return []
    made = [evpi_table(found, shown), evppi_table(found, shown), curves_table(found, shown)]
    return [table for table in made if table.rows]


def evpi_table(found: InformationResult, shown: Shown) -> Table:
    """Return EVPI and expected losses by threshold."""
    rows: list[tuple[Value, ...]] = [
        (
            entry.threshold,
            entry.value,
            entry.standard_error,
            shown.strategies[entry.optimal],
            *(entry.expected_loss[s] for s in shown.strategies),
        )
        for entry in found.evpi
    ]
    return Table(
        "evpi",
        "Expected value of perfect information and expected losses",
        (EVPI_IS, f"Per person; {found.draws:,} draws.", *_peak(found, shown)),
        (
            Column("Willingness to pay", "icer", shown.unit),
            Column("EVPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Optimal strategy"),
            *(Column(name, "money", shown.currency, "Expected loss") for name in shown.strategies.values()),
        ),
        tuple(rows),
    )


def evppi_table(found: InformationResult, shown: Shown) -> Table:
    """Return EVPPI by threshold, the highest first, at the thresholds at which the EVPI is not 0."""
    worth = {entry.threshold for entry in found.evpi if entry.value > 0}
    nothing = [shown.threshold(threshold) for threshold in found.thresholds if threshold not in worth]
    capped = ", ".join(entry.label for entry in found.evppi if any(at.capped for at in entry.at))
    places = [k for k, threshold in enumerate(found.thresholds) if threshold in worth]
    return Table(
        "evppi",
        "Expected value of partial perfect information",
        (
            EVPPI_IS,
            f"Per person; {found.draws:,} draws.",
            *_peak(found, shown),
            *((f"The EVPI, and with it every EVPPI, is 0 at {', '.join(nothing)}.",) if nothing and worth else ()),
            *((CAPPED.format(labels=capped),) if capped else ()),
        ),
        (
            Column("Willingness to pay"),
            Column("Input or group"),
            Column("Kind"),
            Column("Id"),
            Column("Method"),
            Column("EVPPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Bias", "money", shown.currency),
            Column("By chance", "money", shown.currency),
            Column("Share of the EVPI", "share"),
        ),
        tuple(row for k in places for row in _evppi_rows(found, shown, k)),
        banded=True,
    )


def _evppi_rows(found: InformationResult, shown: Shown, k: int) -> list[tuple[Value, ...]]:
    whole, where = found.evpi[k].value, shown.threshold(found.thresholds[k])
    return [
        (
            where,
            entry.label,
            "Group" if entry.group else "Input",
            entry.id,
            "Spline" if entry.method == "spline" else "Gaussian process",
            entry.at[k].value,
            entry.at[k].standard_error,
            entry.at[k].bias,
            entry.at[k].by_chance,
            share_of_evpi(entry.at[k].value, whole),
        )
        for entry in sorted(found.evppi, key=lambda entry: -entry.at[k].value)
    ]


def curves_table(found: InformationResult, shown: Shown) -> Table:
    """Return EVPI, expected losses and the highest EVPPI over willingness to pay."""
    curves = found.curves
    columns = [curves.wtp, curves.evpi, curves.standard_error, [shown.strategies[s] for s in curves.optimal]]
    columns += [curves.expected_loss[s] for s in shown.strategies]
    columns += [each.value for each in curves.evppi]
    return Table(
        "voi_curves",
        "Value of information over willingness to pay",
        (EVPI_IS, f"Per person; {found.draws:,} draws. EVPPI of the inputs and groups with the highest."),
        (
            Column("Willingness to pay", "icer", shown.unit),
            Column("EVPI", "money", shown.currency),
            Column("Standard error", "money", shown.currency),
            Column("Optimal strategy"),
            *(Column(name, "money", shown.currency, "Expected loss") for name in shown.strategies.values()),
            *(Column(label, "money", shown.currency, "EVPPI") for label in _labels(found)),
        ),
        tuple(zip(*columns, strict=True)),
    )


def _labels(found: InformationResult) -> list[str]:
    """Return what the curves are called, with the id where two have the same name."""
    labels = [each.label for each in found.curves.evppi]
    return [e.label if labels.count(e.label) == 1 else f"{e.label} ({e.id})" for e in found.curves.evppi]


def _peak(found: InformationResult, shown: Shown) -> list[str]:
    if found.most_uncertain is None:
        return [
            "The same strategy is best in every draw at every threshold looked at, so that information has no value."
        ]
    return [AT_PEAK.format(threshold=shown.threshold(found.most_uncertain))]
