"""What results.json says against curves, with exponential curves whose every number has a closed form.

The models are that of `by_hand` with other evidence: another study that is further off, and a PFS above OS, which the
note of its family accepts.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any

import by_hand
from by_hand import EXTERNAL, HORIZON, MEDIANS, MONTH, boundaries
from published import agree
from support import SOURCE

from hemodel.analyses.gates.judge import FitWarning, fit_warnings

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

REPORTED, LOW, HIGH = 0.4, 0.3, 0.5
"""Of the other study at 24 months of the model."""
MEDIAN = 14.0
"""Months of PFS of the comparator, whose OS is shorter."""
REASON = "the sum is capped, and nothing rests on it"
FAMILY = "curve.{}.standard.family"


@cache
def records() -> tuple[FitWarning, ...]:
    return tuple(each for gate in CHANGES for each in fit_warnings(by_hand.model(CHANGES[gate])))


START = "survival.pfs.standard."
CHANGES: dict[str, dict[str, Scalar]] = {
    "external_off": {EXTERNAL: REPORTED, f"{EXTERNAL}.low": LOW, f"{EXTERNAL}.high": HIGH},
    "above_os": {
        f"{START}median": MEDIAN,
        f"{START}median.low": 0.8 * MEDIAN,
        f"{START}median.high": 1.25 * MEDIAN,
        f"{START}survival_later": 0.6,
        f"{FAMILY.format('pfs')}.note": f"accepted above_os: {REASON}",
    },
}
"""By the one gate that each trips."""


def loglog(survival: float) -> float:
    return math.log(-math.log(survival))


def external_off() -> dict[str, Any]:
    """ln(-ln S) less that reported, in standard errors of its interval."""
    survival = 0.5 ** (24 / MEDIANS["standard"][1])
    z = (loglog(survival) - loglog(REPORTED)) / ((loglog(LOW) - loglog(HIGH)) / 3.919928)
    said = f"{REPORTED:.1%} at month 24, and the fitted curve says {survival:.1%}: {z:.1f} standard errors apart"
    return {
        "endpoint": "os",
        "id": EXTERNAL,
        "label": "External survival",
        "what": f"{EXTERNAL} is {said}",
        "why": "What was seen in other patients speaks against this curve there",
        "todo": "Check value, time and time origin; use it in the fit, or choose a family with another tail",
        "suspect": FAMILY.format("os"),
        "suspect_reason": "the family makes the tail; choose another, or use the row in the fit",
        "value": z,
        "limit": 2.0,
        "accepted": "",
    }


def above_os() -> dict[str, Any]:
    """The largest gap of the two at the boundaries of cycles, and where it first is above 1 percentage point."""
    gaps = {
        month: 0.5 ** (month / MEDIAN) - 0.5 ** (month / MEDIANS["standard"][1])
        for month in (boundaries(HORIZON) / MONTH).tolist()
    }
    first, widest = next(month for month, gap in gaps.items() if gap > 0.01), max(gaps, key=lambda month: gaps[month])
    by = f"by up to {100 * gaps[widest]:.1f} percentage points (month {widest:.1f})"
    return {
        "endpoint": "pfs",
        "id": FAMILY.format("pfs"),
        "label": "Family (PFS, Standard)",
        "what": f"the pfs curve of standard is above OS from month {first:.1f}, {by}",
        "why": "Nobody is progression-free or on treatment and dead; a cap at OS repairs the sum and not the "
        "contradiction",
        "todo": "Check the statistics of both endpoints; or choose families whose tails go together",
        "suspect": FAMILY.format("pfs"),
        "suspect_reason": "",
        "value": gaps[widest],
        "limit": 0.01,
        "accepted": REASON,
    }


def compare(found: FitWarning) -> None:
    """A statistic is off by what is left of the median after the search, 1e-9 of it."""
    gate = found.gate if found.gate in CHANGES else "external_off"
    expected = {"external_off": external_off, "above_os": above_os}[gate]()
    endpoint = "PFS" if gate == "above_os" else "OS"
    places = {"where": SOURCE, "suspect_where": SOURCE, "suspect_label": f"Family ({endpoint}, Standard)"}
    agree(found, {"gate": gate, "strategies": ["standard"], **places, **expected}, words=None, close=1e-8)
