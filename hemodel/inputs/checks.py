"""Checks of what rows say together: references, order, sums, distributions.

Checks across rows: which rows a workbook must have, and the names they may use.

The rows that define things (a drug's name, a regimen's dose, a curve's family)
say which drugs, regimens and curves there are; every other row of the same
group must then exist for each of them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import DistributionError
from hemodel.errors import Location, Problem
from hemodel.inputs.dictionary import Kind, kind_of, kinds, match, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

MEDIAN_SURVIVAL = 0.5
SHARE_TOLERANCE = 1e-6
BODY_SIZE = {"mg/m2": "patients.bsa", "mg/kg": "patients.weight"}
MOST_VIALS = 100
"""More vials than this for one mean dose is a mistake in a unit."""


MOST_STRATEGIES = 50
"""That one model compares; with more, tables and charts of pairs take hours and cannot be read."""


def too_many_strategies(rows: Rows) -> list[Problem]:
    """Refuse more strategies than `MOST_STRATEGIES`."""
    names = select(rows, "strategy.{strategy}.name")
    if len(names) <= MOST_STRATEGIES:
        return []
    why = f"At most {MOST_STRATEGIES} are compared in one model"
    todo = "Keep those that the decision is about, or divide the model."
    return [Problem(names[MOST_STRATEGIES].where["id"], f"there are {len(names)} strategies", why, todo)]


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
        _discounting,
        _distributions,
    )
    return [problem for check in checks for problem in check(rows)]


def select(rows: Rows, pattern: str) -> list[Row]:
    """Return the rows of one kind that hold a value, in workbook order."""
    return [row for row in rows.values() if row.kind.pattern == pattern and row.value is not None]


def number_of(rows: Rows, id_: str) -> float | None:
    """Return the number of a row, None where there is none."""
    row = rows.get(id_)
    return None if row is None or row.value is None else row.number


def text_of(rows: Rows, id_: str) -> str:
    """Return the value of a row as text, empty where there is none."""
    return rows[id_].text if id_ in rows else ""


def borrowed_families(rows: Rows) -> dict[str, Row]:
    """Return the rows of the family of relative curves that are blank, with the family of the reference.

    A relative curve has the reference's family, whatever its own row holds; of a chain of them that of the first.
    """
    found = {}
    for row in rows.values():
        if row.kind.pattern != "curve.{endpoint}.{strategy}.family" or row.value is not None:
            continue
        of, passed = row, set[str]()
        while of.value is None and of.id not in passed:
            passed.add(of.id)
            relation, reference = (text_of(rows, of.id.replace(".family", f".{name}")) for name in CHAIN)
            if relation in {"", "independent"} or not reference:
                break
            of = rows.get(row.kind.id(endpoint=row.names["endpoint"], strategy=reference), of)
        if of.value is not None:
            found[row.id] = replace(row, value=of.value, borrowed=True)
    return found


CHAIN = ("relation", "reference")
"""Columns of a curve that say on which other it acts."""


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


def _discounting(rows: Rows) -> Iterable[Problem]:
    timing, counted = (rows.get(f"settings.{name}") for name in ("discount_timing", "half_cycle_correction"))
    if timing is None or counted is None or timing.text != "boundaries" or counted.text == "life_table":
        return
    yield Problem(
        timing.where["value"],
        f"{timing.id} is boundaries, but {counted.id} is {counted.text}",
        f"Each boundary is discounted at its own time to take the mean of the two; only the {counted.text} counts here",
        f"Set {timing.id} to {counted.text}, which is the same, or {counted.id} to life_table.",
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
                row.declared()
            except DistributionError as error:
                yield Problem(row.where["distribution"], f"{row.id}: {error}", todo=_advice(row))


_REACH = np.array([0.001, 0.999])
"""Quantiles between which a distribution that is advised keeps to the bounds of its row."""


def _advice(row: Row) -> str:
    """Return which distributions a row may have with the uncertainty that it gives; nothing where it gives none."""
    if not row.has_uncertainty:
        return ""
    able = [name for name in row.kind.distributions if _is_able(replace(row, distribution=name))]
    ends = "uniform" in row.kind.distributions and "uniform" not in able
    return f"What the row gives allows: {', '.join(able)}.{' With low and high: uniform.' if ends else ''}"


def _is_able(row: Row) -> bool:
    try:
        found = row.declared()
    except DistributionError:
        return False
    if found is None:
        return True
    least, most = (float(end) for end in found.quantile(_REACH))
    minimum, maximum = row.kind.minimum, row.kind.maximum
    return (minimum is None or least >= minimum) and (maximum is None or most <= maximum)


@cache
def anchors() -> dict[str, str]:
    """Return by group of rows the kind of row that defines its members: strategies, drugs, events, ...

    Of a group whose every row names a member, it is the first row that each must have, of the member alone where
    there is one.
    """
    groups: dict[str, list[Kind]] = {}
    for kind in kinds():
        groups.setdefault(kind.group, []).append(kind)
    found = {}
    for group, members in groups.items():
        needed = [kind for kind in members if kind.required in {"some", "each"}]
        alone = [kind for kind in needed if "strategy" not in kind.fields or group == "strategy"]
        named = alone or [kind for kind in needed if len(kind.fields) > 1]
        if named and all(kind.fields for kind in members):
            found[group] = named[0].pattern
    return found


def member_fields() -> dict[str, tuple[str, ...]]:
    """Return by group of rows the fields of an id that name a member of it."""
    return {group: kind_of(pattern).fields for group, pattern in anchors().items()}


def check_completeness(file: str, ids: Iterable[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem for each row that is missing, empty or about something undefined.

    Parameters
    ----------
    file : str
        Name of the workbook, for messages.
    ids : iterable of str
        Every id that stands in the workbook, also of rows that have problems.
    rows : mapping
        The rows without problems, by id.
    """
    present = dict.fromkeys(ids)
    members = {group: _members(present, pattern) for group, pattern in anchors().items()}
    filled = {id_ for id_ in present if id_ not in rows or rows[id_].value is not None}
    problems = []
    for kind in kinds():
        for id_ in _expected(kind, members):
            problems += [] if _by_strategy(kind, id_, filled, members) else absent(file, id_, present, rows)
        if kind.required == "some":
            problems += _none_of(file, kind, [id_ for id_ in present if _is(kind, id_)], rows)
    return problems + _undefined_names(rows, members)


def absent(file: str, id_: str, ids: Container[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem where the row of this id is missing or empty, and none where it is there.

    Parameters are those of `check_completeness`.
    """
    if id_ not in ids:
        found = match(id_)
        return [] if found is None else [_missing(file, found[0], id_)]
    return [_empty(rows[id_])] if id_ in rows and rows[id_].value is None else []


def missing_ids(ids: Iterable[str]) -> list[str]:
    """Return the ids of the rows that a workbook with these ids still needs, in the order of the dictionary.

    A kind of which at least one row is needed, under a name to be chosen, is not among them.
    """
    present = dict.fromkeys(ids)
    members = {group: _members(present, pattern) for group, pattern in anchors().items()}
    return [
        id_
        for kind in kinds()
        for id_ in _expected(kind, members)
        if id_ not in present and not _by_strategy(kind, id_, present, members)
    ]


def _by_strategy(kind: Kind, id_: str, ids: Container[str], members: Mapping[str, list[tuple[str, ...]]]) -> bool:
    """Whether each strategy has a row of its own in place of a common one that is not there."""
    if id_ in ids or all(each.pattern != f"{kind.pattern}.{{strategy}}" for each in kinds()):
        return False
    own = [f"{id_}.{strategy}" for (strategy,) in members["strategy"]]
    return bool(own) and all(each in ids for each in own)


def members_of(group: str, ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names of a group's members (strategies, drugs, ...) in workbook order."""
    return _members(ids, anchors()[group])


def _members(ids: Iterable[str], pattern: str) -> list[tuple[str, ...]]:
    found = []
    for id_ in ids:
        hit = match(id_)
        if hit is not None and hit[0].pattern == pattern:
            found.append(tuple(hit[1].values()))
    return found


def _none_of(file: str, kind: Kind, ids: list[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem where no row of a kind stands in the workbook, or all of them are empty."""
    if not ids:
        return [_missing(file, kind, kind.pattern)]
    if kind.pattern in anchors().values() or any(id_ not in rows or rows[id_].value is not None for id_ in ids):
        return []
    return [_empty(rows[ids[0]])]


def _is(kind: Kind, id_: str) -> bool:
    hit = match(id_)
    return hit is not None and hit[0] == kind


def _expected(kind: Kind, members: Mapping[str, list[tuple[str, ...]]]) -> list[str]:
    if kind.required == "once":
        return [kind.pattern]
    if kind.required != "each" and kind.pattern not in anchors().values():
        return []
    anchor = anchors().get(kind.group)
    fields = kind_of(anchor).fields if anchor else ()
    if anchor and set(fields) <= set(kind.fields):
        named = [dict(zip(fields, names, strict=True)) for names in members[kind.group]]
    else:
        named = [{}]
    if "strategy" in kind.fields and "strategy" not in fields:
        named = [{**names, "strategy": s} for names in named for (s,) in members["strategy"]]
    return [kind.id(**names) for names in named]


def needed_problems(file: str, rows: Mapping[str, Row], ids: Iterable[str], purpose: str) -> list[Problem]:
    """Return a problem for each of these rows that is not there or is empty, though a purpose needs it."""
    empty = [id_ for id_ in ids if id_ not in rows or rows[id_].value is None]
    found = [_empty(rows[id_]) if id_ in rows else _missing(file, kind_of(id_), id_) for id_ in empty]
    return [replace(problem, what=f"{problem.what}, and {purpose} needs it") for problem in found]


def _missing(file: str, kind: Kind, id_: str) -> Problem:
    return Problem(
        Location(file, kind.sheet),
        f"the row {id_} is missing",
        f"It holds: {kind.definition[0].lower()}{kind.definition[1:]}",
        f"Add it to the sheet {kind.sheet}.",
    )


def _empty(row: Row) -> Problem:
    return Problem(
        row.where["value"],
        f"{row.id} is empty",
        f"It holds: {row.kind.definition[0].lower()}{row.kind.definition[1:]}",
        "Enter a value.",
    )


def _undefined_names(rows: Mapping[str, Row], members: Mapping[str, list[tuple[str, ...]]]) -> list[Problem]:
    problems = []
    known = {own[0]: [name for (name,) in members[group]] for group, own in member_fields().items() if len(own) == 1}
    for row in rows.values():
        for field, name in row.names.items():
            defines = row.kind.pattern in anchors().values() and field == row.kind.fields[-1]
            defines = defines and row.kind.group not in {"regimen", "curve"}
            if field in known and name not in known[field] and not defines:
                problems.append(_undefined(row, field, name, known[field]))
    return problems


def _undefined(row: Row, field: str, name: str, options: list[str]) -> Problem:
    defined_by = next(pattern for pattern in anchors().values() if kind_of(pattern).fields == (field,))
    return Problem(
        row.where["id"],
        f"{row.id} is about the {field} {name}, which is not defined",
        f"It would be defined by a row {defined_by.format(**{field: name})}",
        nearest(name, options),
    )
