"""Families, relations and sources of curves from the rows of a workbook."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.survival.curve_spec import HAZARD_RATIO_BY_PERIOD, INDEPENDENT, CurveSpec
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

FAMILY = "curve.{endpoint}.{strategy}.family"


@dataclass(frozen=True)
class Options:
    """How the uncertainty of curves is made: the rows `curves.` of the workbook.

    Attributes
    ----------
    correlated : bool
        Whether the covariance of a fit to reported statistics has their correlation in it.
    bootstrap : bool
        Whether curves are drawn from bootstrap replicates.
    replicates, seed : int
    """

    correlated: bool
    bootstrap: bool
    replicates: int
    seed: int


def options(rows: Rows) -> Options:
    """Return the options of a workbook whose rows have no problems."""
    return Options(
        correlated=rows["curves.statistics"].text == "correlated",
        bootstrap=rows["curves.draws"].text == "bootstrap",
        replicates=int(rows["curves.replicates"].number),
        seed=int(rows["settings.seed"].number),
    )


def endpoints(rows: Rows) -> list[str]:
    """Return the endpoints that have a curve, in workbook order."""
    return list(dict.fromkeys(row.names["endpoint"] for row in select(rows, FAMILY)))


def specs(rows: Rows, endpoint: str) -> tuple[CurveSpec, ...]:
    """Return what is said about each curve of an endpoint.

    Raises
    ------
    SurvivalError
        For cuts that are not numbers.
    """
    return tuple(_spec(rows, row) for row in select(rows, FAMILY) if row.names["endpoint"] == endpoint)


def _spec(rows: Rows, row: Row) -> CurveSpec:
    prefix = row.id.removesuffix("family")
    relation = rows[prefix + "relation"].text
    reference = optional_text(rows, prefix + "reference")
    return CurveSpec(
        strategy=row.names["strategy"],
        family=row.text,
        relation=relation,
        reference=None if relation == INDEPENDENT else reference or None,
        cuts=_cuts(rows, prefix + "cuts") if relation == HAZARD_RATIO_BY_PERIOD else (),
    )


def _cuts(rows: Rows, id_: str) -> tuple[float, ...]:
    text = optional_text(rows, id_)
    try:
        return tuple(float(part) for part in text.split(";") if part.strip())
    except ValueError:
        message = f"{id_} is {text!r}: give months separated by semicolons, for example 6; 12."
        raise SurvivalError(message, [id_]) from None


def optional_text(rows: Rows, id_: str) -> str:
    """Return the text of a row, empty where it is missing or has no value."""
    return rows[id_].text if id_ in rows else ""
