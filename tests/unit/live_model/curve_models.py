"""Small models with everything that can act on a curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from support import small_model
from unit.test_curve_effects import exponential, published, waning

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Changes = dict[str, Scalar]
    Rows = dict[str, dict[str, Scalar]]

COARSE: Changes = {"settings.cycle_length": 30, "settings.time_horizon": 3}
"""Cycles of 30 days with a drug every 21 days, so that there are days within cycles."""
EFFECTS: Changes = {
    "effect.os.active.hazard_ratio": 1.4,
    "effect.os.active.acceleration_factor": 1.3,
    "effect.os.active.odds_ratio": 0.7,
    "effect.os.standard.hazard_ratio": 0.9,
}


def small(*changes: Changes, rows: Rows | None = None) -> Model:
    """Return the small model, coarse, with some changes."""
    return small_model({key: value for each in (COARSE, *changes) for key, value in each.items()}, rows)


def ageing(method: str, **cohort: Scalar) -> Changes:
    """Changes for a population whose yearly probability of dying grows with age, men's faster, up to age 100."""
    ages = np.arange(101)
    men, women = (-np.expm1(-level * np.exp(slope * ages)) for level, slope in ((4e-5, 0.095), (3e-5, 0.09)))
    lines = [f"{age},{m!r},{w!r}" for age, m, w in zip(ages.tolist(), men.tolist(), women.tolist(), strict=True)]
    Path("ageing.csv").write_text("\n".join(["age,qx_male,qx_female", *lines, ""]), encoding="utf-8")
    given: Changes = {"mean_age": 71.3, "sd_age": 9, "youngest_age": 30, "share_male": 0.6, **cohort}
    return {"background.method": method, "background.life_table": "ageing.csv"} | {
        f"background.{name}": value for name, value in given.items()
    }


def linear(**times: float) -> Changes:
    """Changes that make the effect on the hazard of OS wane linearly."""
    return waning("os", shape="linear", scale="hazard", **times)


def related(relation: str, family: str, **more: Scalar) -> Changes:
    """Changes that give both endpoints' active curve a relation to the standard one."""
    return {
        key: value
        for endpoint in ("pfs", "os")
        for key, value in {
            f"curve.{endpoint}.standard.family": family,
            f"curve.{endpoint}.active.relation": relation,
            f"curve.{endpoint}.active.reference": "standard",
            **{f"curve.{endpoint}.active.{name}": cell for name, cell in more.items()},
        }.items()
    }


def by_period() -> Model:
    """The active OS curve has one hazard ratio up to month 6 and another from there."""
    used: dict[str, Scalar] = {"versus": "standard", "use_in_fit": "yes", "distribution": "fit"}
    rows: Rows = {
        "survival.os.active.hazard_ratio_early": {"value": 0.6, "low": 0.4, "high": 0.9, "time": 0, **used},
        "survival.os.active.hazard_ratio_late": {"value": 0.9, "low": 0.6, "high": 1.4, "time": 6, **used},
    }
    relation: Changes = {
        "curve.os.active.relation": "hazard_ratio_by_period",
        "curve.os.active.reference": "standard",
        "curve.os.active.cuts": "6",
        "survival.os.active.median.use_in_fit": "no",
        "survival.os.active.survival_later.use_in_fit": "no",
    }
    return small(relation, rows=rows)


def piecewise() -> Model:
    """Linear waning of a piecewise exponential curve, with cuts within cycles."""
    rows = published("os", "active", "piecewise(3.3, 12)", {"rate_1": 0.05, "rate_2": 0.02, "rate_3": 0.03})
    return exponential({**COARSE, **linear(start=2.2, end=31.1)}, rows)


def better_reference() -> Model:
    """Survival would rise when the effect is lost, and is held."""
    rows = published("os", "standard", "exp", {"rate": 0.02})
    return exponential({**COARSE, **waning(shape="immediate", scale="survival", start=10)}, rows)


def log_normal_from_the_start() -> Model:
    """A log-normal curve, steep at the start, wanes linearly from time 0."""
    rows = published("os", "active", "lnorm", {"meanlog": 2.4, "sdlog": 1.5})
    return exponential({**COARSE, **linear(start=0, end=24)}, rows)


MODELS: dict[str, Callable[[], Model]] = {
    "independent": small,
    "proportional hazards": lambda: small(related("proportional_hazards", "gompertz")),
    "accelerated failure time": lambda: small(related("accelerated_failure_time", "lnorm")),
    "proportional odds": lambda: small(related("proportional_odds", "llogis")),
    "effects": lambda: small(EFFECTS),
    "floor": lambda: small(ageing("floor")),
    "excess hazard with effects": lambda: small(ageing("excess_hazard"), EFFECTS),
    "immediate, hazard": lambda: small(waning(shape="immediate", scale="hazard", start=7.3), ageing("floor")),
    "linear, hazard": lambda: small(linear(start=7.3, end=21.1), EFFECTS, ageing("excess_hazard")),
    "linear, hazard, from the start": log_normal_from_the_start,
    "linear, hazard, with kinks": piecewise,
    "hazard ratio by period": by_period,
    "immediate, survival, held": better_reference,
    "linear, survival": lambda: small(
        waning(shape="linear", scale="survival", start=7.3, end=31.1), ageing("excess_hazard"), EFFECTS
    ),
    "with treatment": lambda: small(
        waning(shape="with_treatment", scale="hazard", time_on_treatment="pfs"), EFFECTS, ageing("floor")
    ),
    "with treatment, excess": lambda: small(
        waning(shape="with_treatment", scale="hazard", time_on_treatment="pfs"), ageing("excess_hazard")
    ),
}
