"""Fits and simulated trials are made once for all evidence with the same statistics."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.load import read_valid
from hemodel.inputs.changes import Change
from hemodel.survival import blocks
from hemodel.survival.combined import fit_evidence
from hemodel.survival.reported.fitting import fit
from hemodel.survival.reported.simulated_trials import bootstrap_trial
from hemodel.survival.workbook.fits import evidence

if TYPE_CHECKING:
    import pytest

SHIPPED = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"


def test_trials_are_simulated_once_for_all_families_and_options_of_the_same_statistics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The median is that of no other test, so that nothing is remembered from elsewhere."""
    simulated, fitted = [], []

    def counting_trials(*given: Any) -> Any:
        simulated.append(given)
        return bootstrap_trial(*given)

    def counting_fits(*given: Any, **named: Any) -> Any:
        fitted.append(given)
        return fit(*given, **named)

    monkeypatch.setattr(blocks, "bootstrap_trial", counting_trials)
    monkeypatch.setattr(blocks, "fit", counting_fits)
    median = Change("survival.os.atezolizumab.median", 10.619, "test")
    own = evidence(read_valid(SHIPPED, [median]), "os")
    tried = [own, own.with_family("exp"), own.with_family("weibull"), replace(own, bootstrap=True)]
    spreads = [fit_evidence(each).covariance for each in tried]

    assert len(simulated) == 1
    assert len(fitted) == 3
    assert np.array_equal(spreads[0], spreads[3])
