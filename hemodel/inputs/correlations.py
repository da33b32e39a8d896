"""The sheet Correlations: which inputs are drawn together, and checks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import Distribution, DistributionError
from hemodel.errors import Problem
from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import nearest
from hemodel.sampling import Dependence, dependence

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

CORRELATION, ORDER = "correlation.{pair}", "order.{pair}"
DIRICHLET = "dirichlet"
PERCENTILES = (np.arange(2000) + 0.5) / 2000
"""Where the distributions of two ordered inputs are compared: the middles of equal shares of the draws."""
TABLE_TOLERANCE = 5e-4
"""A smaller change of a rank correlation is none."""


def drawn_together(rows: Rows) -> Dependence:
    """Return the dependence that the rows describe, of inputs that vary."""
    pairs = {(row.first, row.second): row.number for row in select(rows, CORRELATION) if row.number != 0}
    orders = [(row.first, row.second) for row in select(rows, ORDER)]
    return dependence(
        {pair: correlation for pair, correlation in pairs.items() if not _fixed(rows, pair)},
        [pair for pair in orders if not _fixed(rows, pair)],
    )


def _fixed(rows: Rows, ids: Iterable[str]) -> list[str]:
    """Return those of some inputs that have no distribution."""
    return [id_ for id_ in ids if id_ in rows and _distribution(rows[id_]) is None]


def dependence_warnings(found: Dependence, rows: Rows) -> Iterable[str]:
    """Say which rows have no effect, how often an order holds a draw, and where the table is no correlation matrix."""
    for row in (*select(rows, CORRELATION), *select(rows, ORDER)):
        if still := _fixed(rows, (row.first, row.second)):
            yield f"{row.id} has no effect; without uncertainty: {', '.join(still)}."
    for row in select(rows, ORDER):
        if share := share_capped(row, rows):
            yield (
                f"{row.id}: at the same percentile {row.second} is above {row.first} in {share:.1%} of the draws, "
                "and is held at it there."
            )
    if found.largest_change < TABLE_TOLERANCE:
        return
    places = {id_: i for i, id_ in enumerate(found.correlated)}
    changed = [
        f"{row.id} {row.number:g} becomes {found.used[places[row.first], places[row.second]]:.3f}"
        for row in select(rows, CORRELATION)
        if row.number != 0 and not _fixed(rows, (row.first, row.second))
    ]
    yield (
        "The table of rank correlations is not positive definite, so no inputs can have them. The nearest table that "
        f"is takes its place: {'; '.join(changed)}. No correlation changes by more than {found.largest_change:.3f}."
    )


def check_correlations(ids: Iterable[str], rows: Rows) -> Iterable[Problem]:
    """Yield every problem of the sheet: inputs that do not vary, pairs named twice, orders that cannot be.

    Parameters
    ----------
    ids : iterable of str
        Every id that stands in the workbook, also of rows that have problems of their own.
    rows : mapping
        The rows without problems, by id.
    """
    broken = set(ids) - set(rows)
    correlations, orders = select(rows, CORRELATION), select(rows, ORDER)
    seen: dict[frozenset[str], Row] = {}
    for row in (*correlations, *orders):
        problems = [p for c in ("first", "second") if getattr(row, c) not in broken for p in _ends(row, c, rows)]
        yield from problems
        pair = frozenset((row.first, row.second))
        if row.first and row.first == row.second:
            yield Problem(row.where["second"], f"{row.id} names {row.first} twice", "It takes two inputs")
        elif pair in seen and not problems:
            yield Problem(
                row.where["id"], f"{row.id} names the same inputs as {seen[pair].id}", todo="Keep one of the two rows."
            )
        seen.setdefault(pair, row)
    yield from _orders(orders, correlations, rows)


def _ends(row: Row, column: str, rows: Rows) -> Iterable[Problem]:
    """Yield what is wrong with one of the two inputs of a row."""
    id_, where = str(getattr(row, column)), row.where[column]
    named = rows.get(id_)
    if not id_:
        yield Problem(where, f"{row.id} has no {column} input", todo="Enter the id of an input.")
    elif named is None or named.value is None or named.kind.varies != "yes":
        varying = [other.id for other in rows.values() if other.kind.varies == "yes"]
        why = (
            "Curves are drawn with the covariance of their fit; see curves.correlation_pfs_os"
            if id_.startswith(("curve.", "survival."))
            else "No uncertain input of the workbook has this id"
        )
        yield Problem(where, f"{row.id} names {id_!r}", why, nearest(id_, varying) or "Enter the id of an input.")
    elif named.distribution == DIRICHLET:
        yield Problem(
            where,
            f"{row.id} names {id_}, a share with the distribution dirichlet",
            "Shares that add up to 1 are already drawn together",
            "Remove the row.",
        )


def _orders(orders: list[Row], correlations: list[Row], rows: Rows) -> Iterable[Problem]:
    correlated = {id_ for row in correlations for id_ in (row.first, row.second)}
    above: dict[str, Row] = {}
    for row in orders:
        if row.second in correlated:
            yield Problem(
                row.where["second"],
                f"{row.second} follows {row.first} and also has a rank correlation",
                f"In every draw it has the percentile of {row.first}",
                f"Remove the correlation, or give it to {row.first}.",
            )
        if row.second in above:
            yield Problem(
                row.where["second"],
                f"{row.second} is below two inputs ({above[row.second].id} and {row.id})",
                todo="Chain them: a not below b, b not below c.",
            )
        above.setdefault(row.second, row)
        yield from _circle(row, above)
        yield from _crossing(row, rows)


def _circle(row: Row, above: Mapping[str, Row]) -> Iterable[Problem]:
    top, steps = row.first, len(above)
    while top in above and steps:
        top, steps = above[top].first, steps - 1
        if top == row.second:
            yield Problem(row.where["id"], f"{row.id} closes a circle: {row.second} would be above itself")
            return


def _crossing(row: Row, rows: Rows) -> Iterable[Problem]:
    """Yield an order that the base values do not keep."""
    values = [rows[id_].value if id_ in rows else None for id_ in (row.first, row.second)]
    higher, lower = (value if isinstance(value, (int, float)) else None for value in values)
    if higher is not None and lower is not None and higher < lower:
        yield Problem(
            row.where["id"],
            f"{row.first} is {higher:g}, below {row.second}, which is {lower:g}",
            f"{row.id} says that it never is",
            "Correct a value, or remove the row.",
        )


def share_capped(row: Row, rows: Rows) -> float:
    """Return the share of draws in which the second input of an order is held at the first; 0 where one is fixed."""
    higher, lower = _distribution(rows[row.first]), _distribution(rows[row.second])
    if higher is None or lower is None:
        return 0.0
    return float((higher.quantile(PERCENTILES) < lower.quantile(PERCENTILES)).mean())


def _distribution(row: Row) -> Distribution | None:
    """Return the distribution of a row; None where it has none, or one that is reported elsewhere."""
    if not isinstance(row.value, (int, float)):
        return None
    try:
        return row.declared()
    except DistributionError:
        return None
