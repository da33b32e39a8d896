"""Whether more research is worth it: every study of the sheet Research, for a person and for all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import sample
from hemodel.analysis.research_inputs import nothing_to_learn, population, study_of, study_rows
from hemodel.economics import frontier
from hemodel.voi.evsi import StudyValue, study_value
from hemodel.voi.net_benefit import NetBenefit, Population, net_benefit
from hemodel.voi.reading_studies import read_studies
from hemodel.voi.regression import FEWEST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hemodel.analysis.probabilistic import Psa
    from hemodel.model import Model
    from hemodel.parameters import FloatArray
    from hemodel.voi.sample import Sample
    from hemodel.voi.studies import Study


POINTS = 13
"""Thresholds of the grid."""
NEAR = (0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2)
"""Points around an ICER, in units of it."""
REACH = 1.5
"""End of the grid over the largest threshold or ICER."""


@dataclass(frozen=True)
class Proposal:
    """A study with what it is worth to a person and to all."""

    value: StudyValue
    net: NetBenefit


@dataclass(frozen=True)
class Research:
    """What the studies that could be done are worth.

    Attributes
    ----------
    thresholds : tuple of float
        Those that are reported, among those of the proposals. [currency per unit of effect]
    decision_threshold : float
        The one that charts of the sizes are drawn at. [currency per unit of effect]
    population : Population
    proposals : tuple of Proposal
        In the order of the workbook, or of the file.
    """

    thresholds: tuple[float, ...]
    decision_threshold: float
    population: Population
    proposals: tuple[Proposal, ...]


def research(model: Model, psa: Psa | None) -> Research | None:
    """Return what the studies of a workbook are worth at its thresholds and over a range of others.

    None where the workbook has no sheet Research, where there is no probabilistic analysis, and where this has too few
    draws (`research_note` says so).
    """
    studies = [rows for rows in study_rows(model.inputs) if not nothing_to_learn(rows, model)]
    if not studies or psa is None or psa.draws < FEWEST_DRAWS:
        return None
    drawn, settings = sample(psa, model), model.inputs.settings
    made = (study_of(rows, model, psa.inputs) for rows in studies)
    thresholds = tuple(sorted({*settings.thresholds, settings.decision_threshold}))
    return appraised(drawn, made, population(model.inputs), thresholds, settings.decision_threshold, psa.seed)


def research_note(model: Model, psa: Psa | None) -> tuple[str, ...]:
    """Return sentences about studies that were not appraised: for want of draws, or of anything to learn."""
    studies = study_rows(model.inputs)
    if psa is None or not studies:
        return ()
    if psa.draws < FEWEST_DRAWS:
        return (f"The studies of the sheet Research need at least {FEWEST_DRAWS} draws; there are {psa.draws}.",)
    return tuple(
        f"study.{rows.id} is worth nothing: what it is about is the same in every draw, so there is nothing to learn."
        for rows in studies
        if nothing_to_learn(rows, model)
    )


def appraised(
    sample: Sample,
    studies: Iterable[Study],
    people: Population,
    thresholds: tuple[float, ...],
    decision_threshold: float,
    seed: int,
) -> Research:
    """Return what studies are worth on a sample, at thresholds and on a grid that reaches beyond these and every ICER.

    Raises
    ------
    UsageError
        For a study that the sample cannot express.
    """
    wtp = _grid(sample, (*thresholds, decision_threshold))
    found = []
    for study in studies:
        value = study_value(sample, study, wtp, seed)
        found.append(Proposal(value, net_benefit(value, people)))
    return Research(thresholds, decision_threshold, people, tuple(found))


def research_of_file(path: Path, sample: Sample, thresholds: tuple[float, ...], seed: int) -> Research:
    """Return what the studies of a TOML file are worth on the draws of another tool; the first threshold decides.

    Raises
    ------
    InputError
        With every problem of the file.
    """
    described = read_studies(path, sample)
    ordered = tuple(sorted(set(thresholds)))
    return appraised(sample, described.studies, described.population, ordered, thresholds[0], seed)


def _grid(sample: Sample, thresholds: tuple[float, ...]) -> FloatArray:
    """Return an even grid, the thresholds, and points around each ICER of the means, where a study is worth most."""
    pairs = frontier(sample.strategies, sample.mean_costs.tolist(), sample.mean_effects.tolist())
    icers = [entry.icer for entry in pairs if entry.icer is not None]
    top = REACH * max(*thresholds, *icers)
    around = [icer * near for icer in icers for near in NEAR]
    return np.unique([*np.linspace(0.0, top, POINTS), *thresholds, *around])
