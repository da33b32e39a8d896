"""What the analyses refuse, and what they say when a bound cannot be fitted."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from schemas import schema
from support import small_model, small_rows

from hemodel.analyses.dsa.one_way import statistic_moves
from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.analyses.psa.draws import probabilistic, running_mean
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.errors import InputError, UsageError
from hemodel.inputs.changes import Change

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
NEW = "lurbinectedin_atezolizumab"


def test_one_draw_has_no_spread() -> None:
    with pytest.raises(UsageError, match="at least 2"):
        probabilistic(small_model(), 1, 1)


def test_progress_is_reported_by_block() -> None:
    done: list[int] = []
    probabilistic(small_model(uncertain=True), 5000, 1, done.append)

    assert done == [4096, 5000]


def test_a_bound_that_cannot_be_fitted_is_named() -> None:
    """A median of 6 with 45% at 12 months: at a bound of the landmark the Weibull runs away."""
    median, later = "survival.pfs.active.median", "survival.pfs.active.survival_later"
    changes = {median: 6, f"{median}.low": 5, f"{median}.high": 7, later: 0.45, f"{later}.time": 12}
    found = statistic_moves(small_model(changes, uncertain=True))

    assert found.left_out
    assert all("is not in the one-way analysis: at one of its bounds" in words for words in found.left_out)
    named = {words.split(" ", 1)[0] for words in found.left_out}
    assert named.isdisjoint(item.id for item in found.items)
    assert named <= {row.id for row in small_rows().rows}


def test_running_mean_ends_at_the_mean() -> None:
    values = np.random.default_rng(1).normal(size=1000)
    n, mean, error = running_mean(values, 50)

    assert n[-1] == 1000
    assert mean[-1] == pytest.approx(values.mean(), rel=1e-12)
    assert error[-1] == pytest.approx(values.std(ddof=1) / np.sqrt(1000), rel=1e-9)


def test_an_error_where_pfs_exceeds_os() -> None:
    alone = [Change(f"external.os.atezolizumab.survival_{y}y.use_in_fit", "no", "test") for y in (3, 4, 5)]
    changes = (Change("settings.pfs_above_os", "error", "test"), *alone)

    with pytest.raises(InputError, match=r"PFS exceeds OS for atezolizumab from month 96\.8 in 1 of 1 draws"):
        run(WORKBOOK, Options(changes, parts=("base",)))


def test_a_scenario_folder_that_is_missing_is_said() -> None:
    changes = (Change("settings.scenarios", "scenarios/absent", "test"),)
    done = run(WORKBOOK, Options(changes, parts=("base", "scenarios")))

    assert done.scenarios == []
    assert "scenarios/absent was not found" in done.warnings[0]


def test_a_statistic_that_is_not_fitted_needs_no_standard_error() -> None:
    rate = "survival.pfs.atezolizumab.survival_6m"
    changes = (Change(f"{rate}.use_in_fit", "no", "test"), Change(f"{rate}.n", None, "test"))
    found = results(run(WORKBOOK, Options(changes, parts=("base",))))
    shown = next(statistic for statistic in found.fit["pfs"] if statistic.id == rate)

    assert not shown.used
    assert shown.z is None
    assert shown.fitted == pytest.approx(0.23, abs=0.01)
    jsonschema.validate(json.loads(found.model_dump_json()), schema("results"))


def test_a_crossing_after_the_end_of_the_model_does_not_count() -> None:
    """The curves cross in month 96.8; time to death looks 210 days beyond a horizon of 8 years."""
    changes = (
        Change("settings.utilities_by", "time_to_death", "test"),
        Change("settings.time_horizon", 8.0, "test"),
        Change("settings.pfs_above_os", "error", "test"),
        Change("background.method", "none", "test"),
    )
    found = results(run(WORKBOOK, Options(changes, parts=("base",))))

    assert found.adjustments == []


def test_a_fixed_hazard_ratio_with_a_p_value_is_moved_alone() -> None:
    """Fixed statistics stay out of the draws, not out of what each number does to the fit, with a standard error."""
    ratio = f"survival.os.{NEW}.hazard_ratio"
    changes = [Change(f"{ratio}.{end}", None, "test") for end in ("low", "high")]
    model = load(WORKBOOK, [*changes, Change(f"{ratio}.distribution", "fixed", "test")])

    assert ratio in {item.id for item in statistic_moves(model).items}


def test_parts_that_do_not_exist_are_refused() -> None:
    with pytest.raises(UsageError, match="there is no part bse; there are base, dsa, psa, scenarios"):
        run(WORKBOOK, Options(parts=("bse",)))
