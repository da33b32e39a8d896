"""An end of a reported interval that was not reached, however it is written, and a standard error as given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model, workbook

from hemodel.inputs.rows import parse_rows

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.rows import Row

WRITTEN = [
    *("NE", "ne", "N.E.", "NR", "nr", "NYR", "NA", "n/a", "NC", "not reached", "Not Reached", "not yet reached"),
    *("not estimable", "not estimated", "non-estimable", "not evaluable", "not calculable", "Upper limit not reached"),
    *("-", "\u2013", "\u2014", "\u221e", "+\u221e", "inf", "Infinity", float("inf"), None),
]
REPORTED = {
    "survival.os.active.median": 16.0,
    "survival.os.active.survival_later": 0.3,
    "survival.os.active.restricted_mean": 16.0,
    "survival.os.active.hazard_ratio": 0.7,
    "external.os.active.survival_5y": 0.3,
}


def parsed(id_: str, **cells: Scalar) -> tuple[Row | None, list[str]]:
    rows, problems = parse_rows(workbook({id_: cells}).rows)
    return rows.get(id_), [str(problem) for problem in problems]


@pytest.mark.parametrize("written", WRITTEN)
def test_any_spelling_of_not_reached(written: Scalar) -> None:
    for id_, value in REPORTED.items():
        row, problems = parsed(id_, value=value, low=0.8 * value, high=written, distribution="fit")
        assert problems == []
        assert row is not None
        assert (row.low, row.high, row.has_uncertainty) == (0.8 * value, None, True)


def test_the_lower_end_as_well() -> None:
    row, problems = parsed("survival.os.active.hazard_ratio", value=0.7, low="NE", high=0.95, distribution="fit")
    assert problems == []
    assert row is not None
    assert (row.low, row.high) == (None, 0.95)


@pytest.mark.parametrize("written", ["NE?", "later", "24+", "none reached us", "1O.2"])
def test_other_texts_are_refused(written: str) -> None:
    row, problems = parsed("survival.os.active.median", value=16.0, low=13.0, high=written, distribution="fit")
    assert row is None
    assert problems[0].startswith(
        f"small.xlsx, Survival!high5: survival.os.active.median.high is the text {written!r}."
    )


@pytest.mark.parametrize("id_", ["end_of_life.cost", "coefficient.os.active.scale"])
def test_what_no_study_reports_needs_both_ends(id_: str) -> None:
    assert any("A number belongs here" in text for text in parsed(id_, value=16.0, low=13.0, high="NE")[1])
    assert any("no high value. Give both or neither." in text for text in parsed(id_, value=16.0, low=13.0)[1])


def spread_of_the_median(**cells: Scalar) -> float:
    """Return the standard error of ln median of the active arm in the fit, of two statistics for its two coefficients.

    An exponential curve is fixed by its median alone: log rate = ln ln 2 - ln median, so that their errors are equal.
    """
    exponential = {f"curve.os.{s}.family": "exp" for s in ("standard", "active")}
    row = {"value": 16.0, "distribution": "fit", "use_in_fit": "yes", **cells}
    unused = {f"survival.os.{s}.survival_later.use_in_fit": "no" for s in ("standard", "active")}
    model = small_model({**exponential, **unused}, {"survival.os.active.median": row})
    return float(np.sqrt(model.fits["os"].covariance[1, 1]))


def test_one_end_and_an_se_reach_the_fit() -> None:
    """ln(16 / 13) / 1.959964, and 1.6 months of 16."""
    assert spread_of_the_median(low=13.0, high="NE") == pytest.approx(0.1059404, rel=1e-5)
    assert spread_of_the_median(low=13.0) == pytest.approx(0.1059404, rel=1e-5)
    assert spread_of_the_median(se=1.6) == pytest.approx(0.1, rel=1e-5)
