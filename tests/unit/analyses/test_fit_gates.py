"""Gates on fitted curves: each with an input that trips it, one that just does not, and a note that accepts it.

Curves of the small model are Weibull through a median and one landmark, so that their values have closed forms.
"""

from __future__ import annotations

from dataclasses import replace
from math import exp, log
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import small_model, small_rows

from hemodel.analyses.gates.judge import acknowledged, curve_problems, fit_warnings
from hemodel.analyses.load import all_warnings, load
from hemodel.errors import InputError
from hemodel.inputs.changes import Change
from hemodel.inputs.model_inputs import check_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.gates.judge import FitWarning
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

CORRELATED: dict[str, Scalar] = {"curves.statistics": "correlated"}
RATIO = "survival.os.active.hazard_ratio"
OS_LATER = "survival.os.standard.survival_later"


def found(
    gate: str, changes: Mapping[str, Scalar] | None = None, rows: Mapping[str, Mapping[str, Scalar]] | None = None
) -> list[FitWarning]:
    """What one gate finds in the small model with other cells."""
    return of(gate, small_model(changes, rows))


def of(gate: str, model: Model) -> list[FitWarning]:
    return [each for each in fit_warnings(model) if each.gate == gate]


def test_nothing_speaks_against_curves_that_meet_their_statistics() -> None:
    assert fit_warnings(small_model(CORRELATED)) == []


def test_statistics_of_the_same_patients_taken_as_independent() -> None:
    """A median and a landmark of each arm and endpoint: two each. Nothing says in which direction it errs."""
    (only,) = found("independent_statistics")
    assert only.id == only.suspect == "curves.statistics"
    assert "pfs of standard (2), pfs of active (2), os of standard (2), os of active (2)" in only.what
    assert not {"narrow", "wide", "small", "large", "under", "over"} & set(f"{only.what} {only.why}".split())
    assert found("independent_statistics", CORRELATED) == []
    assert found("independent_statistics", {"curves.draws": "bootstrap"}) == []


def test_warnings_of_a_workbook_with_any_cell_empty_are_found() -> None:
    """As `hemodel check` looks for them where cells have problems: the others are warned of all the same."""
    raw = small_rows()
    of_choices = ("curves.statistics", "curves.draws", "curves.replicates", "settings.seed")
    silent = []
    for place, row in enumerate(raw.rows):
        empty = replace(row, cells=row.cells | {"value": replace(row.cells["value"], value=None)})
        reading = check_rows(Path("small.xlsx"), replace(raw, rows=[*raw.rows[:place], empty, *raw.rows[place + 1 :]]))
        said = [each.what for each in all_warnings(reading, None, {})]
        silent += [] if any("curves.statistics is independent" in what for what in said) else [row.id]
    assert sorted(silent) == sorted(of_choices)


def test_one_statistic_an_arm_is_independent_of_nothing() -> None:
    alone = {f"survival.{e}.{s}.survival_later.use_in_fit": "no" for e in ("pfs", "os") for s in ("standard", "active")}
    families = {f"curve.{e}.{s}.family": "exp" for e in ("pfs", "os") for s in ("standard", "active")}
    assert found("independent_statistics", {**alone, **families}) == []


def ratio(value: float, error: float, note: str = "") -> dict[str, dict[str, Scalar]]:
    """A hazard ratio of OS that is compared only, with a standard error of its logarithm."""
    row: dict[str, Scalar] = {"value": value, "versus": "standard", "use_in_fit": "no", "distribution": "fit"}
    row |= {"low": value * exp(-1.959964 * error), "high": value * exp(1.959964 * error), "note": note}
    return {RATIO: row}


def test_a_ratio_on_the_other_side_of_1_than_medians_and_landmarks() -> None:
    (only,) = found("ratio_side", rows=ratio(1.37, 0.13))
    assert (only.id, only.suspect, only.value, only.limit) == (RATIO, RATIO, 1.37, 1.0)
    assert "a median of 16 against 12 and a survival at month 24 of 0.3 against 0.2 say the reverse" in only.why
    assert "does worse than standard" in only.why
    assert "The other way up it is 0.73" in only.todo
    assert found("ratio_side", rows=ratio(0.73, 0.13)) == []


def test_a_ratio_near_1_is_on_either_side_by_chance() -> None:
    """ln(1.02) less ln(12 / 16) = 0.3075, and less ln(ln 0.3 / ln 0.2) 0.310: 2 x 0.15 is less, 2 x 0.155 is not."""
    assert log(1.02) - log(12 / 16) == pytest.approx(0.3075, abs=1e-4)
    assert len(found("ratio_side", rows=ratio(1.02, 0.15))) == 1
    assert found("ratio_side", rows=ratio(1.02, 0.155)) == []


def test_a_landmark_that_agrees_with_the_ratio_leaves_it_alone() -> None:
    assert found("ratio_side", {"survival.os.active.survival_later": 0.15}, ratio(1.37, 0.13)) == []


def test_an_acceleration_factor_above_1_is_the_better_arm() -> None:
    """16 months against 12: an acceleration factor of 1.3 goes with it, 0.77 does not."""

    def factor(value: float) -> list[FitWarning]:
        row: dict[str, Scalar] = {"value": value, "low": value / 1.2, "high": value * 1.2, "versus": "standard"}
        row |= {"use_in_fit": "no", "distribution": "fit"}
        return found("ratio_side", rows={"survival.os.active.acceleration_factor": row})

    assert factor(1.3) == []
    assert "does worse than standard" in factor(0.77)[0].why


@pytest.mark.parametrize(("survival", "off"), [(0.12, 1), (0.125, 0)])
def test_a_statistic_more_than_2_standard_errors_off(survival: float, off: int) -> None:
    """An exponential curve through a median of 12 and survival at 24 months, linear in the logarithm a of its rate.

    The median wants a1 = ln(ln 2 / 12) with s1 = ln(1.25 / 0.8) / 3.919928, the landmark a2 = ln(-ln S / 24) with its
    binomial error; the fit lies between, weighted, and the median is then (a2 - a1) w2 / (w1 + w2) / s1 off.
    """
    wanted, beside = log(log(2) / 12), log(-log(survival) / 24)
    error = log(1.25 / 0.8) / 3.919928
    other = (survival * (1 - survival) / 150) ** 0.5 / (survival * -log(survival))
    z = (beside - wanted) * (1 / other**2) / (1 / other**2 + 1 / error**2) / error
    every = found("statistic_off", {"curve.os.standard.family": "exp", OS_LATER: survival})
    assert [each.id for each in every] == ["survival.os.standard.median"] * off
    assert (z > 2) == bool(off)
    for each in every:
        assert each.value == pytest.approx(z, abs=1e-6)  # rounding of 1.959964 and the end of the search
        assert "2.0 standard errors apart" in each.what


def external(patients: int, note: str = "") -> dict[str, dict[str, Scalar]]:
    return {
        "external.os.standard.survival_3y": {"value": 0.12, "time": 40, "time_origin": 4, "n": patients, "note": note}
    }


def test_external_evidence_more_than_2_standard_errors_off() -> None:
    """The curve has S(36) = exp(-ln 2 x 3^k), k = ln(ln 5 / ln 2) / ln 2: 7.18%, 0.2171 from 12% on that scale.

    A binomial error of 1.2772 / sqrt(n) there: 1.98 errors with 135 patients, 2.03 with 142.
    """
    survival = exp(-log(2) * 3 ** (log(log(5) / log(2)) / log(2)))
    gap = log(-log(survival)) - log(-log(0.12))
    error = (0.12 * 0.88 / 142) ** 0.5 / (0.12 * -log(0.12))
    assert found("external_off", rows=external(135)) == []
    (only,) = found("external_off", rows=external(142))
    assert only.value == pytest.approx(gap / error, rel=1e-6)  # the fit is exact but for its last step
    assert "is 12.0% at month 36, and the fitted curve says 7.2%: 2.0 standard errors apart" in only.what
    assert only.suspect == "curve.os.standard.family"
    assert "the family makes the tail" in only.suspect_reason


@pytest.mark.parametrize(("time", "survival", "error"), [(13, 0.45, 1.6315), (14, 0.42, 0.8880)])
def test_a_coefficient_hardly_identified(time: float, survival: float, error: float) -> None:
    """A landmark soon after the median says little on the shape k = (y2 - ln ln 2) / (ln t - y1).

    The error of ln k is the root of (s2 / (y2 - ln ln 2))^2 + (s1 / (ln t - y1))^2: sqrt(0.799^2 + 1.422^2) = 1.63 for
    the first, sqrt(0.493^2 + 0.739^2) = 0.89 for the second.
    """
    changes = {OS_LATER: survival, f"{OS_LATER}.time": time}
    every = found("hardly_identified", changes)
    assert [each.strategies for each in every] == ([["standard"]] if error > 1 else [])
    for each in every:
        assert each.value == pytest.approx(error, abs=1e-3)
        assert "log(shape) has a standard error of 1.63" in each.what
        assert each.id == "curve.os.standard.family"


@pytest.mark.parametrize(("survival", "endless"), [(0.35, True), (0.32, False)])
def test_an_infinite_mean(survival: float, endless: bool) -> None:
    """Log-logistic through 12 months: 2^k = 1 / S(24) - 1, so k is 0.89 or 1.09; up to 1 the mean is infinite."""
    every = found("infinite_mean", {"curve.os.standard.family": "llogis", OS_LATER: survival})
    assert [each.strategies for each in every] == [["standard"]] * endless


@pytest.mark.parametrize(("survival", "plateau"), [(0.45, True), (0.30, False)])
def test_a_curve_that_stays_flat(survival: float, plateau: bool) -> None:
    """Gompertz with q = H(24) / H(12) - 1: in year j + 1 the hazard adds ln 2 x q^j, 0.24% in the fourth with S = 0.45.

    With S = 0.30 it adds 4.4% in the tenth. Without a life table 1% is the limit.
    """
    q = -log(survival) / log(2) - 1
    assert (log(2) * q**3 < 0.01) == plateau
    every = found("flat", {"curve.os.standard.family": "gompertz", OS_LATER: survival})
    assert [each.strategies for each in every] == [["standard"]] * plateau
    assert all(each.limit == 0.01 and "at least should" in each.what for each in every)


@pytest.mark.parametrize(("survival", "above"), [(0.35, True), (0.29, False)])
def test_pfs_above_os(survival: float, above: bool) -> None:
    """PFS through 6 months and S(12) against OS through 16 months and 0.3 at 24.

    With 0.35 at 60 months 6.4% against 1.5%; with 0.29 the curves meet where both are below 0.5%.
    """
    every = found("above_os", {"survival.pfs.active.survival_later": survival})
    assert [each.id for each in every] == ["curve.pfs.active.family"] * above
    for each in every:
        assert each.value is not None
        assert each.value > exp(-log(2) * 10**0.599) - exp(-log(2) * 3.75**1.3617) - 1e-3  # exponents to 3 digits


@pytest.mark.parametrize(("share", "below"), [(0.9, True), (0.1, False)])
def test_too_few_deaths_after_progression(share: float, below: bool) -> None:
    """In the first month 14% leave PFS and 3.3% die: had 90% of those who leave died, nobody would die afterwards."""
    every = found("death_after_progression", {"pfs_events.share_deaths.standard": share})
    assert [each.strategies for each in every] == [["standard"]] * below
    assert all("below 0" in each.what and each.value is not None and each.value > 0.05 for each in every)


@pytest.mark.parametrize(("survival", "crossing"), [(0.15, True), (0.285, False)])
def test_arms_that_cross(survival: float, crossing: bool) -> None:
    """Median 16 against 12 months, and at 24 months less than 20%, or more; Weibull curves in closed form, by week."""

    def alive(median: float, later: float, t: float) -> float:
        return exp(-log(2) * (t / median) ** (log(-log(later) / log(2)) / log(24 / median)))

    gaps = [alive(16, survival, t) - alive(12, 0.2, t) for t in (7 * week / 30.4375 for week in range(521))]
    every = found("arms_cross", {"survival.os.active.survival_later": survival})
    crossed = [each for each in every if each.endpoint == "os"]
    assert (min(max(gaps), -min(gaps)) > 0.01) == crossing
    assert [each.strategies for each in crossed] == [["standard", "active"]] * crossing
    for each in crossed:
        assert f"active is above by up to {100 * max(gaps):.1f} percentage points before" in each.what
        assert each.value == pytest.approx(-min(gaps), abs=1e-6)  # the end of the search for the curves


PUBLISHED: dict[str, Scalar] = {
    "curve.os.active.source": "coefficients",
    "curve.os.active.family": "exp",
    "curve.os.active.parameterisation": "flexsurv_natural",
}


@pytest.mark.parametrize(("unit", "off"), [("months", False), ("years", True)])
def test_published_coefficients_in_the_wrong_unit_of_time(unit: str, off: bool) -> None:
    """A rate of ln 2 / 16 a month has the reported median of 16 months; a year it has 192."""
    rows: dict[str, dict[str, Scalar]] = {
        "coefficient.os.active.rate": {"value": log(2) / 16, "se": 0.003, "distribution": "fit"},
        "curve.os.active.time_unit": {"value": unit},
        "curve.os.active.parameterisation": {"value": "flexsurv_natural"},
    }
    every = [e for e in found("statistic_off", PUBLISHED, rows) if e.id == "survival.os.active.median"]
    assert len(every) == off
    for each in every:
        assert each.suspect == "curve.os.active.time_unit"
        assert "the curve says 192 months" in each.what


def test_the_statistic_without_which_the_others_agree_is_the_likeliest_mistake() -> None:
    """A Weibull curve with median 12 and 0.2 at 24 has 0.0718 at 36 and 0.121 at 30, for which 0.0735 stands."""
    used: dict[str, Scalar] = {"n": 600, "use_in_fit": "yes", "distribution": "fit"}
    rows: dict[str, dict[str, Scalar]] = {
        f"survival.os.standard.survival_{month}m": {"value": value, "time": month, **used}
        for month, value in ((36, 0.0718), (30, 0.0735))
    }
    every = found("statistic_off", {f"{OS_LATER}.n": 600}, rows)
    assert {each.suspect for each in every} == {"survival.os.standard.survival_30m"}
    assert all("without it the others agree, and say 12.1% at month 30" in each.suspect_reason for each in every)


ACCEPTED = "accepted {}: it is argued in the report"


@pytest.mark.parametrize(
    ("gate", "changes", "rows"),
    [
        ("independent_statistics", {"curves.statistics.note": ACCEPTED}, {}),
        ("ratio_side", {}, ratio(1.37, 0.13, ACCEPTED)),
        ("external_off", {}, external(400, f"Of another trial. {ACCEPTED}")),
        (
            "statistic_off",
            {"curve.os.standard.family": "exp", OS_LATER: 0.12, "survival.os.standard.median.note": ACCEPTED},
            {},
        ),
        ("arms_cross", {"survival.os.active.survival_later": 0.15, "curve.os.active.family.note": ACCEPTED}, {}),
    ],
)
def test_a_note_accepts_a_warning_by_its_name(
    gate: str, changes: dict[str, Scalar], rows: dict[str, dict[str, Scalar]]
) -> None:
    """It is left out of the list and keeps its reason; the name of another gate accepts nothing."""

    def told(name: str) -> Model:
        cells = {id_: str(value).format(name) if id_.endswith(".note") else value for id_, value in changes.items()}
        return small_model(cells, {id_: {**row, "note": str(row["note"]).format(name)} for id_, row in rows.items()})

    accepting = told(gate)
    assert [each.accepted for each in of(gate, accepting)] == ["it is argued in the report"]
    rest, accepted = acknowledged(accepting.inputs.rows, curve_problems(accepting))
    assert gate not in [each.name for each in rest]
    assert [(each.warning.name, each.reason) for each in accepted] == [(gate, "it is argued in the report")]
    assert [each.accepted for each in of(gate, told("infinite_mean"))] == [""]


@pytest.mark.parametrize(
    "note",
    [
        "The grouping accepted in NICE TA638; independent_statistics",
        "accepted independent_statistics:",
        "accepted independent_statistics: ok",
        "not accepted independent_statistics: it is argued",
        "accepted: it is argued in the report",
    ],
)
def test_other_notes_accept_nothing(note: str) -> None:
    (only,) = found("independent_statistics", {"curves.statistics.note": note})
    assert only.accepted == ""


def test_a_note_accepts_several() -> None:
    note = "From the report; accepted flat: cured patients are seen. Accepted infinite_mean: the cured live on."
    row = small_model({"curve.os.standard.family.note": note}).inputs.rows["curve.os.standard.family"]
    assert row.accepted == {"flat": "cured patients are seen", "infinite_mean": "the cured live on"}


UPSIDE_DOWN = [
    *(
        Change(f"survival.os.lurbinectedin_atezolizumab.hazard_ratio{column}", value, "test")
        for column, value in (("", 1.37), (".low", 1.05), (".high", 1.75))
    ),
    *(Change(f"external.os.atezolizumab.survival_{year}y.use_in_fit", "no", "test") for year in (3, 4, 5)),
]
"""The ratio of the IMforte example, with its curves from the trial alone: other patients are there to compare with."""


def test_a_hazard_ratio_upside_down_is_behind_all_that_it_does() -> None:
    """The curve of OS that it asks for is flat, has no mean, and misses other patients by 7 standard errors."""
    every = fit_warnings(
        load("inputs/imforte_us.xlsx", [*UPSIDE_DOWN, Change("curves.statistics", "correlated", "test")])
    )
    gates = {each.gate for each in every}
    assert gates >= {"ratio_side", "external_off", "hardly_identified", "flat", "infinite_mean", "above_os"}
    assert {each.suspect for each in every} == {"survival.os.lurbinectedin_atezolizumab.hazard_ratio"}
    assert {each.suspect_reason for each in every} == {"1 / 1.37 = 0.73 goes with the medians and landmarks"}
    assert "of the population of their age die" in next(each.what for each in every if each.gate == "flat")


def test_where_the_fit_fails_the_ratio_is_named_beside_it() -> None:
    cure = Change("curve.os.atezolizumab.family", "mixture_cure(weibull)", "test")
    with pytest.raises(InputError) as raised:
        load("inputs/imforte_us.xlsx", [*UPSIDE_DOWN, cure])
    assert [each.name for each in raised.value.problems] == ["", "ratio_side"]


def test_the_teaching_example_has_nothing_against_it() -> None:
    assert fit_warnings(load("inputs/teaching_three_strategies.xlsx")) == []
