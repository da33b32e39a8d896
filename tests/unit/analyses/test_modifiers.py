"""Severity weights and thresholds by severity: boundaries, net benefit, draws."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model, small_run

from hemodel.analyses.modifiers import Severity, severity
from hemodel.payers.profile import SeverityWeight, ThresholdBands
from hemodel.payers.reading import shipped

if TYPE_CHECKING:
    from hemodel.analyses.run import Run

DRAWS = 200


def modifier(code: str) -> SeverityWeight | ThresholdBands:
    item = shipped()[code].profile.modifier
    assert item is not None
    assert isinstance(item.value, (SeverityWeight, ThresholdBands))
    return item.value


@pytest.fixture(scope="module")
def made() -> Run:
    return small_run(small_model({"settings.threshold.60000": 60000}, uncertain=True), DRAWS)


def of(made: Run, code: str, general: float, *, rate: float | None = 1.0, drawn: bool = False) -> Severity:
    results = (made.base, made.psa if drawn else None)
    return severity(made.model, modifier(code), general, results, rate=rate, discounted=True)


def shares(found: Severity) -> dict[float, float | None]:
    return {one.value: one.share_of_draws for one in found.classes}


def care(made: Run) -> float:
    return float(made.base.qalys.total[0, 0])


@pytest.mark.parametrize(
    ("lost", "weight"),
    [(11.99, 1.0), (12.0, 1.2), (17.99, 1.2), (18.0, 1.7), (30.0, 1.7)],
    ids=["below", "at 12", "between", "at 18", "above"],
)
def test_absolute_shortfall_on_a_limit_takes_the_higher_weight(made: Run, lost: float, weight: float) -> None:
    """With the QALYs of current care raised to 3 times the general population's loss, only the absolute test acts."""
    qalys = made.base.qalys
    raised = replace(qalys, discounted=qalys.discounted + 60.0)
    base = replace(made.base, qalys=raised)
    general = float(raised.total[0, 0]) + lost
    found = severity(made.model, modifier("GB-ENG"), general, (base, None), rate=1.0, discounted=True)

    assert found.absolute_shortfall == pytest.approx(lost, abs=1e-9)
    assert found.proportional_shortfall < 0.85
    assert found.weight == weight


@pytest.mark.parametrize(("share", "weight"), [(0.84, 1.0), (0.85, 1.2), (0.949, 1.2), (0.95, 1.7)])
def test_proportional_shortfall_on_a_limit_takes_the_higher_weight(made: Run, share: float, weight: float) -> None:
    small = replace(made.base.qalys, discounted=made.base.qalys.discounted / 10)
    base = replace(made.base, qalys=small)
    general = float(small.total[0, 0]) / (1 - share)
    found = severity(made.model, modifier("GB-ENG"), general, (base, None), rate=1.0, discounted=True)

    assert found.proportional_shortfall == pytest.approx(share, abs=1e-12)
    assert found.absolute_shortfall < 12
    assert found.weight == weight


def test_a_weight_of_1_2_decides_as_1_2_times_the_threshold(made: Run) -> None:
    """50,000 with the weight 1.2 is 60,000 without: 1.2 x 50,000 x QALYs - costs, in base case and draws."""
    found = of(made, "GB-ENG", care(made) + 12.0, drawn=True)
    at = {entry.threshold: entry for entry in found.increments[0].at}

    assert found.weight == 1.2
    assert at[50000].nmb_weighted == pytest.approx(at[60000].nmb, rel=1e-12)
    assert at[50000].probability_weighted == at[60000].probability
    assert found.increments[0].weighted_icer == pytest.approx(made_icer(made) / 1.2, rel=1e-12)


def made_icer(made: Run) -> float:
    qalys, costs = (t.total[0, 1] - t.total[0, 0] for t in (made.base.qalys, made.base.costs))
    return float(costs / qalys)


def test_net_benefit_by_hand(made: Run) -> None:
    found = of(made, "GB-ENG", care(made) + 12.0, drawn=True)
    entry = found.increments[0]
    at = entry.at[0]

    assert at.nmb == pytest.approx(50000 * entry.qalys - entry.costs, rel=1e-12)
    assert at.nhb == pytest.approx(entry.qalys - entry.costs / 50000, rel=1e-12)
    assert at.nmb_weighted == pytest.approx(50000 * 1.2 * entry.qalys - entry.costs, rel=1e-12)
    assert at.nhb_weighted == pytest.approx(1.2 * entry.qalys - entry.costs / 50000, rel=1e-12)


def test_every_draw_has_its_weight(made: Run) -> None:
    """At this general population half of the draws of current care lose 12 QALYs or more; only that test acts."""
    assert made.psa is not None
    raised = replace(made.psa, qalys=made.psa.qalys + 80.0)
    general = float(np.median(raised.qalys[:, 0])) + 12.0
    results = (made.base, raised)
    found = severity(made.model, modifier("GB-ENG"), general, results, rate=1.0, discounted=True)
    lost = general - raised.qalys[:, 0]
    weights = np.where(lost >= 12.0, 1.2, 1.0)
    gain = made.psa.qalys[:, 1] - made.psa.qalys[:, 0]
    extra = made.psa.costs[:, 1] - made.psa.costs[:, 0]

    assert 0.4 < (weights == 1.2).mean() < 0.6
    assert shares(found) == {1.0: (weights == 1.0).mean(), 1.2: (weights == 1.2).mean(), 1.7: 0.0}
    for at in found.increments[0].at:
        assert at.probability == (at.threshold * gain > extra).mean()
        assert at.probability_by_draw == (at.threshold * weights * gain > extra).mean()


def test_no_draws_no_probabilities(made: Run) -> None:
    found = of(made, "GB-ENG", care(made) + 12.0)

    assert [one.share_of_draws for one in found.classes] == [None, None, None]
    assert found.increments[0].at[0].probability is None


@pytest.mark.parametrize(
    ("lost", "threshold"),
    [(0.0, 275000), (3.99, 275000), (4.0, 385000), (12.0, 605000), (20.0, 825000), (40.0, 825000)],
)
def test_norway_has_a_threshold_for_each_class(made: Run, lost: float, threshold: float) -> None:
    found = of(made, "NO", care(made) + lost, rate=0.1, drawn=True)

    assert found.threshold == pytest.approx(threshold * 0.1)
    assert found.weight == 1.0
    assert [at.threshold for at in found.increments[0].at] == [found.threshold]


@pytest.mark.parametrize(
    ("share", "threshold"), [(0.10, 20000), (0.40, 20000), (0.41, 50000), (0.71, 80000), (0.99, 80000)]
)
def test_the_netherlands_by_proportional_shortfall(made: Run, share: float, threshold: float) -> None:
    assert of(made, "NL", care(made) / (1 - share)).threshold == threshold


def test_below_the_first_band_there_is_no_threshold(made: Run) -> None:
    found = of(made, "NL", care(made) / 0.95, drawn=True)

    assert found.threshold is None
    assert found.increments[0].at == []
    assert found.below_first_band is not None
    assert found.below_first_band > 0


def test_without_an_exchange_rate_there_is_no_threshold(made: Run) -> None:
    found = of(made, "NO", care(made) + 10.0, rate=None, drawn=True)

    assert found.threshold is None
    assert (found.classes, found.below_first_band, found.increments[0].at) == ([], None, [])
    assert found.absolute_shortfall == pytest.approx(10.0)


def test_an_undiscounted_shortfall_takes_undiscounted_qalys(made: Run) -> None:
    assert made.psa is not None
    undiscounted = float(made.base.qalys.undiscounted_total[0, 0])
    results = (made.base, made.psa)
    found = severity(made.model, modifier("NO"), undiscounted + 9.0, results, rate=1.0, discounted=False)

    assert found.current_care == undiscounted
    assert found.absolute_shortfall == pytest.approx(9.0)
    assert shares(found)[495000] == pytest.approx(
        ((undiscounted + 9.0 - made.psa.qalys_undiscounted[:, 0]) // 4 == 2).mean()
    )
