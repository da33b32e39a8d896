"""The charts of the evidence pack: which of them apply, by name."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hemodel.views.evidence.charts_effect import quantile_chart, schoenfeld_chart, with_quantiles, with_residuals
from hemodel.views.evidence.charts_fit import FitChart, extrapolation_chart, fit_chart
from hemodel.views.evidence.charts_hazard import (
    hazard_chart,
    log_cumulative_hazard_chart,
    mean_chart,
    post_progression_chart,
)
from hemodel.views.evidence.tables import REPORT_ENDPOINTS
from hemodel.views.evidence.words import EvidenceNames, family_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.model.evaluate import Model


Charts = dict[str, "Callable[[], Figure]"]

FIT, EXTRAPOLATION, HAZARDS, LONG_HAZARDS = "fit", "extrapolation", "hazards", "hazards_to_horizon"
LOG_CUMULATIVE, SCHOENFELD, QUANTILES = "log_cumulative_hazard", "schoenfeld", "quantiles"
MEANS, POST_PROGRESSION = "restricted_means", "death_after_progression"
BY_FAMILY = (FIT, EXTRAPOLATION, HAZARDS, LONG_HAZARDS)
"""Those that flexible families have of their own."""
FLEXIBLE = "flexible"
CAPTIONS = {
    FIT: "observed and fitted survival",
    EXTRAPOLATION: "extrapolation",
    HAZARDS: "hazards",
    LONG_HAZARDS: "hazards to the time horizon",
    LOG_CUMULATIVE: "log cumulative hazard against log time",
    SCHOENFELD: "hazard ratio over time",
    QUANTILES: "quantiles of one strategy against another",
    MEANS: "mean within the time horizon by family",
}


def evidence_figures(model: Model, pack: EvidencePack) -> Charts:
    """Return every chart that applies to an evidence pack, by name; each is drawn when it is called.

    Names are `<chart>_<endpoint>`, with `_flexible` after it for formulas such as splines,
    which have charts of their own.
    """
    found: Charts = {}
    for endpoint in pack.evidence.endpoints:
        found |= endpoint_figures(model, pack, endpoint)
    if pack.evidence.death_after_progression:
        found[POST_PROGRESSION] = partial(post_progression_chart, model, pack)
    return found


def endpoint_figures(model: Model, pack: EvidencePack, endpoint: str) -> Charts:
    """Return the charts of one endpoint."""
    found: Charts = {}
    for group, families in family_groups(pack.evidence.endpoints[endpoint]).items():
        near, far = (FitChart(model, pack, endpoint, families, to_horizon=long) for long in (False, True))
        named = {
            FIT: partial(fit_chart, near),
            EXTRAPOLATION: partial(extrapolation_chart, replace(far, landmark=True)),
            HAZARDS: partial(hazard_chart, near),
            LONG_HAZARDS: partial(hazard_chart, far),
        }
        evidence = pack.evidence.endpoints[endpoint]
        if not (evidence.observed or evidence.points or evidence.external):
            del named[FIT]
        found |= {_name(chart, endpoint, group): draw for chart, draw in named.items()}
    if pack.evidence.endpoints[endpoint].log_cumulative_hazard:
        found[_name(LOG_CUMULATIVE, endpoint)] = partial(log_cumulative_hazard_chart, model, pack, endpoint)
    if with_residuals(pack, endpoint):
        found[_name(SCHOENFELD, endpoint)] = partial(schoenfeld_chart, model, pack, endpoint)
    if with_quantiles(pack, endpoint):
        found[_name(QUANTILES, endpoint)] = partial(quantile_chart, model, pack, endpoint)
    found[_name(MEANS, endpoint)] = partial(mean_chart, model, pack, endpoint)
    return found


def _name(chart: str, endpoint: str, group: str = "") -> str:
    return "_".join(part for part in (chart, endpoint, group) if part)


def evidence_captions(model: Model, pack: EvidencePack) -> dict[str, str]:
    """Return the captions of all charts, by name."""
    names = EvidenceNames(model)
    found = {POST_PROGRESSION: "Hazard of death after progression that the modelled curves imply"}
    for endpoint in pack.evidence.endpoints:
        for chart, words in CAPTIONS.items():
            found[_name(chart, endpoint)] = f"{names.endpoint(endpoint)}: {words}"
            found[_name(chart, endpoint, FLEXIBLE)] = f"{names.endpoint(endpoint)}: {words}, flexible families"
    return found


def evidence_chart_names(endpoints: Sequence[str] = REPORT_ENDPOINTS) -> list[str]:
    """Return the name of every chart that a pack on these endpoints may have."""
    found = [_name(chart, endpoint) for endpoint in endpoints for chart in CAPTIONS]
    flexible = [_name(chart, endpoint, FLEXIBLE) for endpoint in endpoints for chart in BY_FAMILY]
    return [*found, *flexible, POST_PROGRESSION]
