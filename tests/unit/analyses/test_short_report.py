"""What a short document tells of: scenarios that move the result, rows that are used, numbers within intervals."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from support import small_model, small_run

from hemodel.analyses.input_rows import is_used
from hemodel.analyses.report import _moving, report_results
from hemodel.analyses.results import results

if TYPE_CHECKING:
    from hemodel.analyses.results import Results


def scenario(name: str, change: float | None, **more: Any) -> SimpleNamespace:
    own: dict[str, Any] = {"icer": 1.0, "changes_decision": {"50000": False, "20000": False}, "stopped": ""}
    return SimpleNamespace(name=name, intervention="new", change_in_icer=change, **own | more)


@pytest.mark.parametrize(
    ("icer", "names"),
    [
        (30_000.0, ["ten", "minus", "none", "other"]),
        (None, ["ten", "nine", "minus", "other", "swept"]),
    ],
)
def test_scenarios_that_move_the_result(icer: float | None, names: list[str]) -> None:
    """By a tenth of 30,000 or more, either way; to or from no ratio; to another decision at the threshold."""
    without = icer is None
    found = [
        scenario("ten", None if without else 3_000.0),
        scenario("nine", None if without else 2_999.0),
        scenario("minus", None if without else -3_000.0),
        scenario("none", None, icer=None),
        scenario("other", None if without else 1.0, changes_decision={"50000": True, "20000": False}),
        scenario("swept", None if without else 0.0, changes_decision={"50000": False, "20000": True}),
        scenario("stopped", None, icer=None, stopped="It cannot be run."),
    ]
    base = [SimpleNamespace(intervention="new", icer=icer)]
    whole = SimpleNamespace(incremental=base, scenarios=found, decision_threshold=50_000.0)

    assert _moving(cast("Results", whole)) == names


VALUES: dict[str, str | float] = {
    "waning.os.new.shape": "linear",
    "waning.pfs.new.shape": "none",
    "curve.os.new.relation": "proportional_hazards",
    "curve.pfs.new.relation": "independent",
    "curves.draws": "covariance",
    "settings.utilities_by": "state",
    "subsequent.one.share.old": 0.0,
    "subsequent.one.share.new": 0.2,
    "subsequent.two.share.old": 0.0,
}


@pytest.mark.parametrize(
    ("id_", "used"),
    [
        ("waning.os.new.start", True),
        ("waning.os.new.end", True),
        ("waning.os.new.time_on_treatment", False),
        ("waning.pfs.new.start", False),
        ("waning.pfs.new.scale", False),
        ("waning.pfs.new.shape", True),
        ("curve.os.new.reference", True),
        ("curve.pfs.new.reference", False),
        ("curves.replicates", False),
        ("utility.progressed", True),
        ("utility.time_to_death.last_weeks", False),
        ("utility.time_to_death_within.last_weeks", False),
        ("subsequent.one.cycles", True),
        ("subsequent.two.cycles", False),
        ("subsequent.two.share.old", True),
        ("drug.a.price_per_vial", True),
    ],
)
def test_rows_of_options_that_are_not_chosen_are_not_used(id_: str, used: bool) -> None:
    assert is_used(id_, VALUES) is used


def test_statistics_within_their_intervals_are_counted() -> None:
    run = small_run(small_model(uncertain=True), 5)
    found = results(run)
    whole = report_results(found, run, None)
    fits = [each for entries in found.fit.values() for each in entries if each.used]
    outside = [e for e in fits if e.fitted is None or not (e.low or -1e9) <= e.fitted <= (e.high or 1e9)]

    assert whole.counts.statistics == len(fits) > 0
    assert whole.counts.statistics_within == len(fits) - len(outside)
    assert whole.counts.external == whole.counts.external_within == 0
    assert whole.counts.one_way_deciding == len({b.id for b in found.dsa or () if b.nmb_low * b.nmb_high < 0})
