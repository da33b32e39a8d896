"""Reported statistics from the rows of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    AT_LEAST,
    AT_MOST,
    HAZARD_RATIO,
    MEDIAN,
    ODDS_RATIO,
    RESTRICTED_MEAN,
    SURVIVAL,
    Statistic,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.rows import Row

_KINDS = {
    "median": MEDIAN,
    "survival_{landmark}": SURVIVAL,
    "restricted_mean": RESTRICTED_MEAN,
    "hazard_ratio": HAZARD_RATIO,
    "hazard_ratio_{period}": HAZARD_RATIO,
    "acceleration_factor": ACCELERATION_FACTOR,
    "odds_ratio": ODDS_RATIO,
}
_COUNTS = {"at_risk_{landmark}": AT_LEAST, "events": AT_MOST}
"""Counts of patients, and what they say of survival: it is at least the share still at risk, and at
most one less the share with the event."""


def statistics(rows: Mapping[str, Row], endpoint: str) -> tuple[Statistic, ...]:
    """Return the statistics of one endpoint, the trial's and external ones, in workbook order."""
    return tuple(
        _statistic(row)
        for row in rows.values()
        if row.kind.group in {"survival", "external"} and row.names["endpoint"] == endpoint and row.value is not None
    )


def _statistic(row: Row) -> Statistic:
    part = row.kind.pattern.rpartition(".")[2]
    if part in _COUNTS:
        return _count(row, _COUNTS[part])
    external = row.kind.group == "external"
    return Statistic(
        id=row.id,
        endpoint=row.names["endpoint"],
        strategy=row.names["strategy"],
        kind=_KINDS[part],
        value=row.number,
        time=row.time if not external or row.time is None else row.time - (row.time_origin or 0.0),
        low=row.low,
        high=row.high,
        p_value=row.p_value,
        events=row.events,
        patients=row.n,
        versus=row.versus or None,
        fixed=row.distribution == "fixed",
        used=row.use_in_fit,
        bound=row.bound or None,
        weight=row.weight,
        external=external,
    )


def _count(row: Row, bound: str) -> Statistic:
    """Turn a number of patients into a bound of survival; it is checked to be below n by `checks`."""
    share = row.number / row.n if row.n else float("nan")
    return Statistic(
        id=row.id,
        endpoint=row.names["endpoint"],
        strategy=row.names["strategy"],
        kind=SURVIVAL,
        value=share if bound == AT_LEAST else 1.0 - share,
        time=row.time,
        patients=row.n,
        used=row.use_in_fit,
        bound=bound,
    )
