"""Checks of what rows say together: references, order, sums, distributions."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hemodel.distributions import DistributionError, distribution
from hemodel.errors import Problem
from hemodel.inputs.dictionary import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

MEDIAN_SURVIVAL = 0.5
SHARE_TOLERANCE = 1e-6
BODY_SIZE = {"mg/m2": "patients.bsa", "mg/kg": "patients.weight"}
MOST_VIALS = 100
"""More vials than this for one mean dose is a mistake in a unit."""


def check_together(rows: Rows) -> list[Problem]:
    """Return every problem that only shows when rows are read together."""
    checks: tuple[Callable[[Rows], Iterable[Problem]], ...] = (
        _roles,
        _endpoints,
        _references,
        _statistics,
        _landmarks,
        _counts,
        _weights,
        _curve_draws,
        _shares,
        _vials,
        _vials_per_dose,
        _spread_over_patients,
        _body_size,
        _time_to_death,
        _distributions,
    )
    return [problem for check in checks for problem in check(rows)]


def select(rows: Rows, pattern: str) -> list[Row]:
    """Return the rows of one kind that hold a value, in workbook order."""
    return [row for row in rows.values() if row.kind.pattern == pattern and row.value is not None]


def _roles(rows: Rows) -> Iterable[Problem]:
    roles = select(rows, "strategy.{strategy}.role")
    comparators = [row for row in roles if row.value == "comparator"]
    for row in comparators[1:]:
        yield Problem(
            row.where["value"],
            f"{row.id} is a second comparator",
            "Increments need exactly one",
            "Make it an intervention.",
        )
    if roles and not comparators:
        yield Problem(
            roles[0].where["value"], "no strategy is the comparator", todo="Make one strategy the comparator."
        )
    if roles and len(comparators) == len(roles):
        yield Problem(roles[0].where["value"], "no strategy is an intervention", todo="Add one.")


def _endpoints(rows: Rows) -> Iterable[Problem]:
    curves = {
        (row.names["endpoint"], row.names["strategy"]) for row in select(rows, "curve.{endpoint}.{strategy}.family")
    }
    for row in select(rows, "strategy.{strategy}.name"):
        for endpoint in ("pfs", "os"):
            if (endpoint, row.names["strategy"]) not in curves and curves:
                yield Problem(
                    row.where["id"],
                    f"the strategy {row.names['strategy']} has no {endpoint.upper()} curve",
                    "The model needs progression-free and overall survival for each strategy",
                    f"Add the rows curve.{endpoint}.{row.names['strategy']}.family and .relation to the sheet Curves.",
                )


def _references(rows: Rows) -> Iterable[Problem]:
    strategies = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    kinds = [row.names["administration"] for row in select(rows, "administration.{administration}.cost")]
    for row in rows.values():
        if row.kind.type != "reference" or row.value is None:
            continue
        target = row.kind.choices[0]
        options = {"strategy": strategies, "administration": kinds}.get(target)
        if options is None:
            options = _endpoints_of(rows, row.names["strategy"])
        if row.text not in options:
            what = "curve of this strategy" if target == "endpoint" else target
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.text!r}",
                f"It must name a {what}: {', '.join(options)}",
                nearest(row.text, options),
            )
    for row in select(rows, "curve.{endpoint}.{strategy}.relation"):
        reference = rows.get(row.id.replace(".relation", ".reference"))
        if row.value != "independent" and (reference is None or reference.value is None):
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.text}, but no reference strategy is named",
                todo=f"Fill in {row.id.replace('.relation', '.reference')}.",
            )


def _endpoints_of(rows: Rows, strategy: str) -> list[str]:
    curves = select(rows, "curve.{endpoint}.{strategy}.family")
    return [row.names["endpoint"] for row in curves if row.names["strategy"] == strategy]


def _statistics(rows: Rows) -> Iterable[Problem]:
    strategies = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    for row in rows.values():
        if row.kind.group not in {"survival", "external"} or row.value is None:
            continue
        landmark = "landmark" in row.names
        if landmark and not row.time:
            yield Problem(
                row.where["time"],
                f"{row.id} has no time",
                "A landmark survival rate belongs to a time",
                "Enter it in months.",
            )
        if not landmark and row.number <= 0:
            yield Problem(row.where["value"], f"{row.id} is {row.number:g}", "It must be above 0")
        is_rate = ".survival_" in row.kind.pattern
        if is_rate and row.use_in_fit and not 0 < row.number < 1:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}",
                "A rate that is fitted must lie between 0 and 1 and cannot be either",
                "Set use in fit to no.",
            )
        is_ratio = row.kind.unit == "ratio"
        if is_ratio and row.versus not in [s for s in strategies if s != row.names["strategy"]]:
            yield Problem(
                row.where["versus"],
                f"{row.id} is against {row.versus or 'nothing'!r}",
                f"{row.kind.label} compares its strategy with another",
                nearest(row.versus, strategies) or f"Enter one of: {', '.join(strategies)}.",
            )


def _landmarks(rows: Rows) -> Iterable[Problem]:
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in select(rows, "survival.{endpoint}.{strategy}.survival_{landmark}"):
        if row.time:
            groups.setdefault((row.names["endpoint"], row.names["strategy"]), []).append(row)
    for (endpoint, strategy), members in groups.items():
        ordered = sorted(members, key=lambda row: row.time or 0)
        for earlier, later in pairwise(ordered):
            if later.number > earlier.number:
                yield Problem(
                    later.where["value"],
                    f"{later.id} is {later.number:g}, above {earlier.number:g} at {earlier.time:g} months",
                    "Survival cannot rise with time",
                    f"Check it against {earlier.where['value']}.",
                )
        median = rows.get(f"survival.{endpoint}.{strategy}.median")
        if median is not None and median.value is not None:
            yield from _against_median(ordered, median)


def _against_median(landmarks: list[Row], median: Row) -> Iterable[Problem]:
    for row in landmarks:
        after = (row.time or 0) > median.number
        wrong = row.number > MEDIAN_SURVIVAL if after else row.number < MEDIAN_SURVIVAL
        if wrong and row.time != median.number:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} at {row.time:g} months, but the median is {median.number:g} months",
                f"Survival is {'below' if after else 'above'} 0.5 {'after' if after else 'before'} the median",
                f"Check it against {median.where['value']}.",
            )


def _counts(rows: Rows) -> Iterable[Problem]:
    names = ("at_risk_{landmark}", "events")
    for row in (row for name in names for row in select(rows, f"survival.{{endpoint}}.{{strategy}}.{name}")):
        if not row.n:
            why = "A number of patients bounds the curve only as a share of all of them"
            yield Problem(row.where["n"], f"{row.id} has no n", why, "Enter the patients of the strategy.")
        elif row.number >= row.n or (row.number == 0 and "landmark" in row.names):
            why = "It must be above 0 and below n: a curve cannot be bounded by all patients or by nobody"
            what = f"{row.id} is {row.number:g} of {row.n:g} patients"
            yield Problem(row.where["value"], what, why, "Check both numbers, or clear the value.")
        if not row.time and "landmark" not in row.names:
            why = "The events had happened by some time"
            yield Problem(row.where["time"], f"{row.id} has no time", why, "Enter the longest follow-up in months.")


def _weights(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        if row.kind.group in {"survival", "external"} and row.weight == 0:
            why = "A weight is above 0 and at most 1; evidence without weight is not in the fit"
            yield Problem(row.where["weight"], f"{row.id}.weight is 0", why, "Set use in fit to no, or give a weight.")


def _curve_draws(rows: Rows) -> Iterable[Problem]:
    draws, correlation = rows.get("curves.draws"), rows.get("curves.correlation_pfs_os")
    if draws is not None and draws.text == "bootstrap" and correlation is not None and correlation.value:
        yield Problem(
            draws.where["value"],
            f"curves.draws is bootstrap and curves.correlation_pfs_os is {correlation.number:g}",
            "The correlation acts on draws from the covariance; replicates are drawn as they are",
            "Set curves.draws to covariance, or the correlation to 0.",
        )


def _shares(rows: Rows) -> Iterable[Problem]:
    groups: dict[str, list[Row]] = {}
    for row in rows.values():
        if row.kind.group == "subsequent" and row.kind.pattern.endswith("share.{strategy}") and row.value is not None:
            groups.setdefault(row.names["strategy"], []).append(row)
    for strategy, members in groups.items():
        total = sum(row.number for row in members)
        if abs(total - 1) > SHARE_TOLERANCE:
            cells = ", ".join(str(row.where["value"].cell or row.where["value"]) for row in members)
            yield Problem(
                members[0].where["value"],
                f"the shares of subsequent treatment for {strategy} add up to {total:g}",
                f"They are in {cells} and must add up to 1, with those who have none",
                "Correct a share.",
            )


def _vials(rows: Rows) -> Iterable[Problem]:
    for this, other in (("vial_size", "price_per_vial"), ("price_per_vial", "vial_size")):
        for row in select(rows, f"drug.{{drug}}.{this}_{{size}}"):
            pair = f"drug.{row.names['drug']}.{other}_{row.names['size']}"
            if pair not in rows or rows[pair].value is None:
                yield Problem(
                    row.where["value"],
                    f"{row.id} has no {pair}",
                    "A further vial needs both its size and its price",
                    f"Fill in {pair}.",
                )


def _vials_per_dose(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "regimen.{strategy}.{drug}.dose"):
        basis, vial = rows.get(row.id + "_basis"), rows.get(f"drug.{row.names['drug']}.vial_size")
        size = BODY_SIZE.get("" if basis is None else basis.text)
        body = rows.get(f"{size}_mean") if size else None
        if vial is None or vial.value is None or (size and (body is None or body.value is None)):
            continue
        dose = row.number * (body.number if body is not None else 1.0)
        if dose > MOST_VIALS * vial.number:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, a dose of {dose:g} mg or"
                f" {dose / vial.number:,.0f} vials of {vial.number:g} mg",
                f"No dose takes more than {MOST_VIALS} vials",
                "Are dose and vial size both in mg?",
            )


def _spread_over_patients(rows: Rows) -> Iterable[Problem]:
    for size in BODY_SIZE.values():
        mean, sd = rows.get(f"{size}_mean"), rows.get(f"{size}_sd")
        if mean is None or sd is None or mean.value is None or sd.value is None:
            continue
        if sd.number > mean.number / 2:
            yield Problem(
                sd.where["value"],
                f"{sd.id} is {sd.number:g}, more than half the mean of {mean.number:g}",
                "Adults do not differ that much",
                "Is it the standard deviation over patients, in the same unit?",
            )


def _body_size(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "regimen.{strategy}.{drug}.dose_basis"):
        size = BODY_SIZE.get(row.text)
        for name in (f"{size}_mean", f"{size}_sd") if size else ():
            if name not in rows or rows[name].value is None:
                yield Problem(
                    row.where["value"],
                    f"{row.id} is {row.text}, but {name} is empty",
                    todo="Enter it on the sheet Patients.",
                )


def _time_to_death(rows: Rows) -> Iterable[Problem]:
    by = rows.get("settings.utilities_by")
    if by is None or by.value != "time_to_death":
        return
    bands = [row.names["band"] for row in select(rows, "utility.time_to_death.{band}")]
    within = {row.names["band"] for row in select(rows, "utility.time_to_death_within.{band}")}
    beyond = [band for band in bands if band not in within]
    if len(beyond) != 1:
        yield Problem(
            by.where["value"],
            f"utilities are by time to death, with {len(bands)} bands of which {len(beyond)} have no number of days",
            "Exactly one band must lie beyond all others",
            "Complete the rows utility.time_to_death and utility.time_to_death_within on the sheet Utilities.",
        )


def _distributions(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        if row.kind.varies not in {"yes", "fit"} or row.value is None:
            continue
        if row.has_uncertainty and not row.distribution:
            yield Problem(
                row.where["distribution"],
                f"{row.id} has an uncertainty but no distribution",
                "How it varies is for the workbook to say",
                f"Choose one of: {', '.join(row.kind.distributions)}.",
            )
        if row.kind.varies == "yes":
            try:
                distribution(row.distribution, row.number, low=row.low, high=row.high, se=row.se, n=row.n)
            except DistributionError as error:
                yield Problem(row.where["distribution"], f"{row.id}: {error}")
