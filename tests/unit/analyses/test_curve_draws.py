"""Draws of curves.

Expected spreads are those of the data: 1 / events for the log rate of an exponential, the rows of the bootstrap
replicates, and the correlation that the workbook asks for. Means, covariances and correlations over draws are held
against them with 4 to 5 standard errors of so many draws.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from support import STRATEGIES, small_model

from hemodel.analyses.curve_draws import square_root
from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.draws import probabilistic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Array = NDArray[np.float64]

DRAWS = 4096
HORIZON = 120.0
"""Of the small model, in months."""
EVENTS = {"standard": 40, "active": 25}
RATES = {"standard": 0.08, "active": 0.05}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def exponential_patients(endpoint: str, rate: float = 1.0) -> dict[str, Scalar]:
    """Changes for patients whose rates are those of `RATES` times a factor: events at one time, d / (d x time)."""
    lines = [f"{1.0 / (rate * RATES[s])!r},1,{s}" for s in STRATEGIES for _ in range(EVENTS[s])]
    Path(f"{endpoint}.csv").write_text("time,event,strategy\n" + "\n".join(lines), encoding="utf-8")
    changes: dict[str, Scalar] = {}
    for strategy in STRATEGIES:
        prefix = f"curve.{endpoint}.{strategy}."
        changes |= {prefix + "family": "exp", prefix + "source": "patients"}
        changes |= {prefix + "data": f"{endpoint}.csv", prefix + "time_unit": "months"}
    return changes


def restricted_means(model: Model, draws: Mapping[str, Array], endpoint: str, strategy: str) -> Array:
    return model.fits[endpoint].curves.restricted_mean(strategy, HORIZON, draws[f"curve.{endpoint}"])


# Covariance and bootstrap --------------------------------------------------------------------------------------------


def test_square_root() -> None:
    covariance = np.array([[0.04, 0.018, 0.0], [0.018, 0.09, 0.0], [0.0, 0.0, 0.0]])
    root = square_root(covariance)
    np.testing.assert_allclose(root @ root, covariance, rtol=0.0, atol=1e-16)
    np.testing.assert_allclose(root, root.T, rtol=0.0, atol=1e-16)


def test_draws_have_the_covariance_of_the_patients() -> None:
    """ln rate has variance 1 / events, and strategies are apart; sample variances have an error of var sqrt(2 / n)."""
    model = small_model(exponential_patients("os"))
    drawn = block_draws(model, 3, 0, DRAWS)["curve.os"]
    expected = np.array([1.0 / EVENTS[s] for s in STRATEGIES])

    np.testing.assert_allclose(model.fits["os"].covariance, np.diag(expected), rtol=1e-7)
    centre = np.log([RATES[s] for s in STRATEGIES])
    assert (np.abs(drawn.mean(axis=0) - centre) < 4.0 * np.sqrt(expected / DRAWS)).all()
    np.testing.assert_allclose(drawn.var(axis=0), expected, rtol=4.0 * np.sqrt(2.0 / DRAWS))
    assert abs(np.asarray(np.corrcoef(drawn.T))[0, 1]) < 4.0 / np.sqrt(DRAWS)


def test_correlated_statistics_change_the_covariance_alone() -> None:
    """A longer median comes with a higher survival later, so the scale is less sure than if they were apart."""
    apart, together = small_model(), small_model({"curves.statistics": "correlated"})
    for endpoint in ("pfs", "os"):
        one, other = apart.fits[endpoint], together.fits[endpoint]
        np.testing.assert_array_equal(one.coefficients, other.coefficients)
        ratio = np.diag(other.covariance) / np.diag(one.covariance)
        assert (np.abs(ratio - 1.0) > 0.01).any()
        np.testing.assert_allclose(other.covariance, other.covariance.T, rtol=1e-9, atol=1e-15)
        assert np.linalg.eigvalsh(other.covariance).min() > 0.0
        for strategy in STRATEGIES:
            pair = one.curves.columns[strategy]
            assert other.covariance[pair, pair][0, 0] != pytest.approx(one.covariance[pair, pair][0, 0], rel=1e-3)


def test_draws_of_the_bootstrap_are_its_replicates() -> None:
    """Each row is one of 50 replicates, all about as often: a uniform count within 5 standard deviations."""
    changes = exponential_patients("os") | {"curves.draws": "bootstrap", "curves.replicates": 50}
    model = small_model(changes)
    bootstrap = model.fits["os"].bootstrap
    assert bootstrap is not None
    replicates, _ = bootstrap()
    drawn = block_draws(model, 3, 0, DRAWS)["curve.os"]
    same = (drawn[:, None, :] == replicates[None, :, :]).all(axis=2)

    assert replicates.shape == (50, 2)
    assert same.any(axis=1).all()
    distinct = len(np.unique(replicates, axis=0))
    if distinct == 50:
        assert np.abs(same.sum(axis=0) - DRAWS / 50).max() < 5.0 * np.sqrt(DRAWS / 50)
    np.testing.assert_array_equal(block_draws(model, 3, 0, 10)["curve.os"], drawn[:10])


def test_the_bootstrap_of_an_exponential_has_its_standard_error() -> None:
    """Times at the quantiles (i + 1/2) / n of an exponential: se(ln rate) over resamples is sd(time) / (mean sqrt n).

    With 400 replicates the standard error itself is known to 1 / sqrt(800), 3.5%; asserted to 4 of these.
    """
    time = -np.log1p(-(np.arange(60) + 0.5) / 60) / 0.05
    lines = "\n".join(f"{t!r},1" for t in time.tolist())
    Path("exp.csv").write_text(f"time,event\n{lines}\n", encoding="utf-8")
    prefix = "curve.os.active."
    changes: dict[str, Scalar] = {prefix + "family": "exp", prefix + "source": "patients", prefix + "data": "exp.csv"}
    changes |= {prefix + "time_unit": "months", "curves.draws": "bootstrap", "curves.replicates": 400}
    model = small_model(changes)
    bootstrap = model.fits["os"].bootstrap
    assert bootstrap is not None
    own = bootstrap()[0][:, model.fits["os"].curves.columns["active"]][:, 0]

    assert own.std() == pytest.approx(time.std() / time.mean() / np.sqrt(60), rel=4.0 / np.sqrt(800))
    assert own.mean() == pytest.approx(np.log(1.0 / time.mean()), abs=4.0 * own.std() / 20.0 + 1.0 / 60)


# Correlation of PFS and OS -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("correlation", [0.8, -0.5, 1.0, 0.0])
def test_correlation_of_pfs_and_os(correlation: float) -> None:
    """ln rates are normal and restricted means fall in them, so ranks correlate as those of a bivariate normal.

    Its Spearman correlation is 6 / pi asin(r / 2) (Pearson K, 1907); its error over n draws is below 1 / sqrt(n).
    """
    changes = exponential_patients("os") | exponential_patients("pfs", 2.0)
    model = small_model(changes | {"curves.correlation_pfs_os": correlation})
    draws = block_draws(model, 3, 0, DRAWS)
    expected = 6.0 / np.pi * np.arcsin(correlation / 2.0)
    means = {(e, s): restricted_means(model, draws, e, s) for e in ("pfs", "os") for s in STRATEGIES}
    for strategy in STRATEGIES:
        found = stats.spearmanr(means["pfs", strategy], means["os", strategy]).statistic
        assert found == pytest.approx(expected, abs=4.0 / np.sqrt(DRAWS) * (1.0 - correlation**2) + 1e-9)
    crossed = stats.spearmanr(means["pfs", "standard"], means["os", "active"]).statistic
    assert abs(crossed) < 4.0 / np.sqrt(DRAWS)


@pytest.mark.parametrize("family", ["weibull", "llogis", "gompertz"])
def test_correlation_of_curves_with_several_coefficients(family: str) -> None:
    """Three statistics of each curve; restricted means bend in the coefficients, which costs little: within 0.05."""
    pfs_early, os_early = (("standard", 0.68, 2), ("active", 0.72, 3)), (("standard", 0.72, 6), ("active", 0.8, 6))
    early = [("pfs", *each) for each in pfs_early] + [("os", *each) for each in os_early]
    rows: dict[str, dict[str, Scalar]] = {
        f"survival.{endpoint}.{strategy}.survival_early": {
            "value": value,
            "n": 150,
            "time": time,
            "use_in_fit": "yes",
            "distribution": "fit",
        }
        for endpoint, strategy, value, time in early
    }
    families: dict[str, Scalar] = {f"curve.{e}.{s}.family": family for e in ("pfs", "os") for s in STRATEGIES}
    apart = small_model(families, rows)
    model = small_model(families | {"curves.correlation_pfs_os": 0.8}, rows)
    draws, before = block_draws(model, 3, 0, DRAWS), block_draws(apart, 3, 0, DRAWS)
    for strategy in STRATEGIES:
        pfs, os_ = (restricted_means(model, draws, e, strategy) for e in ("pfs", "os"))
        assert stats.spearmanr(pfs, os_).statistic == pytest.approx(6.0 / np.pi * np.arcsin(0.4), abs=0.05)
        free = restricted_means(apart, before, "os", strategy)
        assert abs(stats.spearmanr(restricted_means(apart, before, "pfs", strategy), free).statistic) < 4.0 / 64.0
        assert stats.ks_2samp(os_, free).pvalue > 1e-4
    np.testing.assert_array_equal(draws["curve.pfs"], before["curve.pfs"])


def test_correlation_leaves_the_marginals() -> None:
    """Mean within 4.5 standard errors; each entry of the covariance within 4.5 of its own (Isserlis 1918)."""
    model = small_model({"curves.correlation_pfs_os": 0.8})
    fit, drawn = model.fits["os"], block_draws(model, 3, 0, DRAWS)["curve.os"]
    covariance = fit.covariance
    variance = np.diag(covariance)
    assert (np.abs(drawn.mean(axis=0) - fit.coefficients) < 4.5 * np.sqrt(variance / DRAWS)).all()
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / DRAWS)
    assert (np.abs(np.cov(drawn.T) - covariance) < 4.5 * error).all()


def test_correlation_where_one_curve_is_certain() -> None:
    """An exact OS curve takes no part: its draws stay, and the other strategy's are correlated as asked for."""
    prefix = "curve.os.active."
    changes: dict[str, Scalar] = {prefix + "family": "exp", prefix + "source": "coefficients"}
    changes |= {prefix + "parameterisation": "flexsurv_natural", prefix + "time_unit": "months"}
    rows: dict[str, dict[str, Scalar]] = {"coefficient.os.active.rate": {"value": 0.05, "distribution": "fixed"}}
    model = small_model(changes | {"curves.correlation_pfs_os": 0.8}, rows)
    draws = block_draws(model, 3, 0, DRAWS)
    means = {(e, s): restricted_means(model, draws, e, s) for e in ("pfs", "os") for s in STRATEGIES}

    np.testing.assert_allclose(means["os", "active"], -np.expm1(-0.05 * HORIZON) / 0.05, rtol=1e-8)
    found = stats.spearmanr(means["pfs", "standard"], means["os", "standard"]).statistic
    assert found == pytest.approx(6.0 / np.pi * np.arcsin(0.4), abs=0.05)
    crossed = stats.spearmanr(means["pfs", "active"], means["os", "standard"]).statistic
    assert abs(crossed) < 4.0 / np.sqrt(DRAWS)


def test_a_draw_has_the_same_bits_however_many_are_wanted() -> None:
    model = small_model(exponential_patients("os") | {"curves.correlation_pfs_os": 0.6})
    few, many = block_draws(model, 3, 0, 17), block_draws(model, 3, 0, DRAWS)
    for id_, array in few.items():
        np.testing.assert_array_equal(array, many[id_][: len(array)], err_msg=id_)


@pytest.mark.parametrize("family", ["gengamma", "lnorm", "gamma"])
def test_the_first_draws_of_a_long_run_are_those_of_a_short_one(family: str) -> None:
    """Families with an interpolated survival, with a spread so wide that some draws are not interpolated."""
    values = {"gengamma": "mu 3 sigma -1 q 0.1", "lnorm": "meanlog 3 sdlog -1", "gamma": "shape 1 rate -2"}[family]
    pairs = values.split()
    own = {"sigma": "log_sigma", "sdlog": "log_sdlog", "shape": "log_shape", "rate": "log_rate"}
    rows: dict[str, dict[str, Scalar]] = {
        f"coefficient.os.active.{own.get(name, name)}": {"value": float(value), "se": 0.8, "distribution": "fit"}
        for name, value in zip(pairs[::2], pairs[1::2], strict=True)
    }
    prefix = "curve.os.active."
    changes: dict[str, Scalar] = {prefix + "family": family, prefix + "source": "coefficients"}
    changes |= {prefix + "parameterisation": "flexsurv", prefix + "time_unit": "months"}
    model = small_model(changes, rows)
    short, long = probabilistic(model, 61, 7), probabilistic(model, 700, 7)

    np.testing.assert_array_equal(short.life_years, long.life_years[:61])
    np.testing.assert_array_equal(short.costs, long.costs[:61])
