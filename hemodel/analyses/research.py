"""Whether more research is worth it: every study of the sheet Research, for a person and for all.

What the sheet Research says: the studies that could be done, and who a decision is for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.psa.draws import sample
from hemodel.economics import frontier
from hemodel.entries import Entry
from hemodel.errors import UsageError
from hemodel.inputs.checks_research import has_research, parts, study_ids
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.evaluate import model as model_of
from hemodel.survival.effects.waning import WITH_TREATMENT
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from hemodel.voi.evsi import MOST_DRAWS, StudyValue, study_value
from hemodel.voi.net_benefit import NetBenefit, Population, net_benefit
from hemodel.voi.reading import read_studies
from hemodel.voi.sample import FEWEST_DRAWS, no_regression
from hemodel.voi.studies import TIME_TO_EVENT, Study, StudyFollowUp, interval_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from hemodel.analyses.psa.draws import Psa
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray, Parameter
    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class StudyRows:
    """The rows of one study, by what follows ``study.<study>.`` in their ids."""

    inputs: ModelInputs
    id: str

    def text(self, name: str) -> str:
        """Return a value as text, empty where there is none."""
        id_ = f"study.{self.id}.{name}"
        return self.inputs.rows[id_].text if self.inputs.has(id_) else ""

    def number(self, name: str) -> float | None:
        """Return a value as a number, None where there is none."""
        id_ = f"study.{self.id}.{name}"
        return self.inputs.rows[id_].number if self.inputs.has(id_) else None

    def amount(self, name: str) -> float:
        """Return the number of a row that every study has."""
        return self.inputs.rows[f"study.{self.id}.{name}"].number


def study_rows(inputs: ModelInputs) -> tuple[StudyRows, ...]:
    """Return the rows of every study in workbook order; none where the workbook has no such values."""
    if not has_research(inputs.rows):
        return ()
    return tuple(StudyRows(inputs, study) for study in study_ids(inputs.rows))


def population(inputs: ModelInputs) -> Population:
    """Return who a decision is for; the rates are those for costs of the model where the sheet has none of its own."""
    rows = inputs.rows
    own = rows["research.discount_rate"].number if inputs.has("research.discount_rate") else None
    rates = inputs.settings.cost_rates if own is None else ((0.0, own),)
    return Population(rows["research.patients_per_year"].number, rows["research.horizon"].number, rates)


def study_of(rows: StudyRows, model: Model, drawn: Mapping[str, FloatArray]) -> Study:
    """Return a study with what its data are about in each draw.

    Parameters
    ----------
    drawn : mapping from id to array (draws,) or (draws, p)
        The inputs that vary.
    """
    events = rows.text("kind") == TIME_TO_EVENT
    informs = depends_on(rows, model) if events else parts(rows.text("informs"))
    return Study(
        id=rows.id,
        label=rows.text("name"),
        kind=rows.text("kind"),
        informs=tuple(id_ for id_ in informs if id_ in drawn),
        sizes=tuple(int(float(size)) for size in parts(rows.text("sizes"))),
        method=rows.text("method"),
        fixed_cost=rows.amount("fixed_cost"),
        cost_per_patient=rows.amount("cost_per_patient"),
        reports_after=rows.amount("reports_after"),
        recruited_share=rows.number("recruited_share"),
        standard_deviation=rows.number("sd"),
        follow_up=_follow_up(rows, model, drawn) if events else None,
    )


def _follow_up(rows: StudyRows, model: Model, drawn: Mapping[str, FloatArray]) -> StudyFollowUp:
    endpoint = rows.text("endpoint")
    months = interval_ends(rows.number("follow_up_from") or 0.0, rows.amount("follow_up"))
    draws = base_draws(model) | {id_: array[:MOST_DRAWS] for id_, array in drawn.items()}
    count = max(array.shape[0] for array in draws.values())
    short = shortened(model, float(months[-1]))
    arms = parts(rows.text("strategies"))
    curves = [survival_at(short, draws, endpoint, strategy, months) for strategy in arms]
    survival = np.stack([np.broadcast_to(curve, (count, months.size)) for curve in curves], axis=1)
    return StudyFollowUp(endpoint, arms, months, rows.number("dropout") or 0.0, survival)


def shortened(model: Model, months: float) -> Model:
    """Return the model to the end of the cycle in which follow-up ends, up to which its curves are the same."""
    cycle = model.inputs.settings.cycle_length
    days = cycle * math.ceil(months * DAYS_PER_MONTH / cycle - 1e-9)
    settings = model.inputs.settings.model_copy(update={"time_horizon": days / DAYS_PER_YEAR})
    return model_of(replace(model.inputs, settings=settings), model.fits)


def depends_on(rows: StudyRows, model: Model) -> tuple[str, ...]:
    """Return the ids of everything that the curves of the arms depend on."""
    endpoint, strategies = rows.text("endpoint"), parts(rows.text("strategies"))
    found = [f"curve.{endpoint}"]
    for strategy in strategies:
        found += _acting_on(model, endpoint, strategy)
    return tuple(dict.fromkeys(found))


def _acting_on(model: Model, endpoint: str, strategy: str) -> Iterable[str]:
    curve_effects = model.curve_effects
    yield from (id_ for _, id_ in curve_effects.effects.get((endpoint, strategy), ()))
    waning = curve_effects.waning.get((endpoint, strategy))
    if waning is None:
        return
    yield from (id_ for _, id_ in curve_effects.effects.get((endpoint, waning.reference), ()))
    if waning.shape == WITH_TREATMENT:
        treated = curve_effects.treated_by[endpoint, strategy]
        yield f"curve.{treated}"
        yield from (id_ for _, id_ in curve_effects.effects.get((treated, strategy), ()))


def nothing_to_learn(rows: StudyRows, model: Model) -> bool:
    """Whether everything that a study is about is the same in every draw."""
    parameters = {parameter.id: parameter for parameter in model.inputs.parameters}
    events = rows.text("kind") == TIME_TO_EVENT
    about = depends_on(rows, model) if events else parts(rows.text("informs"))
    return not any(_varies(model, id_, parameters) for id_ in about)


def _varies(model: Model, id_: str, parameters: Mapping[str, Parameter]) -> bool:
    if id_ in parameters:
        return parameters[id_].distribution is not None
    fit = model.fits[id_.removeprefix("curve.")]
    return bool(fit.covariance.any() or fit.bootstrap is not None or fit.weights)


POINTS = 13
"""Thresholds of the grid."""
NEAR = (0.8, 0.9, 0.95, 0.98, 1.0, 1.02, 1.05, 1.1, 1.2)
"""Points around an ICER, in units of it."""
REACH = 1.5
"""End of the grid over the largest threshold or ICER."""


class StudyAt(Entry):
    """What a study is worth at one threshold; lists are by size."""

    threshold: float = Field(description="[currency per unit of effect]")
    evppi: float = Field(description="of what the study is about. [currency per person]")
    evppi_standard_error: float = Field(description="of evppi. [currency per person]")
    evsi: list[float] = Field(description="expected value of sample information. [currency per person]")
    evsi_standard_error: list[float] = Field(description="of evsi. [currency per person]")
    population_evsi: list[float] = Field(description="of all who profit, discounted. [currency]")
    population_standard_error: list[float] = Field(description="of population_evsi. [currency]")
    enbs: list[float] = Field(description="expected net benefit of sampling: population_evsi minus costs. [currency]")
    optimal_size: int | None = Field(description="patients per arm; null where no size is worth its costs")
    notes: list[str] = Field(description="what to know about these values")


class StudyCurve(Entry):
    """EVPPI and EVSI over willingness to pay, currency per person."""

    wtp: list[float] = Field(description="thresholds. [currency per unit of effect]")
    evppi: list[float] = Field(description="by threshold. [currency per person]")
    evsi: list[list[float]] = Field(description="by size, then by threshold. [currency per person]")


class StudyEntry(Entry):
    """A study that could be done, and what it is worth."""

    id: str = Field(description="of the study")
    label: str = Field(description="its name")
    kind: str = Field(description="binary, continuous or time_to_event")
    informs: list[str] = Field(description="ids of the inputs that the study is about")
    arms: int = Field(description="number of arms")
    endpoint: str | None = Field(description="of a study of event times")
    strategies: list[str] = Field(description="arms of a study of event times")
    follow_up_from: float | None = Field(description="after the start of the model. [month]")
    follow_up: float | None = Field(description="until when. [month]")
    yearly_dropout: float | None = Field(description="null where no event times are observed. [proportion]")
    standard_deviation: float | None = Field(description="of one patient's value. [unit of the input]")
    fixed_cost: float = Field(description="whatever the size. [currency]")
    cost_per_patient: float = Field(description="[currency]")
    reports_after: float = Field(description="from now or from the last patient in. [year]")
    recruited_share: float | None = Field(
        description="of the patients of each year; null where recruitment takes no time. [proportion]"
    )
    method: str = Field(description="regression, moment_matching or importance_sampling")
    draws: int = Field(description="used for the estimate")
    sizes: list[int] = Field(description="patients per arm")
    effective_draws: list[float] | None = Field(description="behind the posterior of a data set, by size. [draws]")
    reports: list[float] = Field(description="time from now until the results, by size. [year]")
    patients: list[float] = Field(description="who profit from the results, discounted, by size. [patients]")
    costs: list[float] = Field(description="of the study, by size. [currency]")
    at: list[StudyAt] = Field(description="by threshold")
    curve: StudyCurve = Field(description="over many thresholds")
    notes: list[str] = Field(description="what to know about the estimate")


class ResearchResult(Entry):
    """Whether more research is worth it."""

    currency: str = Field(description="unit of costs; empty where it has no name")
    effect: str = Field(description="unit of effects")
    decision_threshold: float = Field(description="[currency per unit of effect]")
    patients_per_year: float = Field(description="for whom the decision is. [patients per year]")
    horizon: float = Field(description="for which the decision stays relevant. [year]")
    rates: list[tuple[float, float]] = Field(
        description="from year [year], discount rate of later patients [proportion per year]"
    )
    studies: list[StudyEntry] = Field(description="in the order of the workbook, or of the file")


@dataclass(frozen=True)
class Asked:
    """What is asked of draws: thresholds, the first of which is that of the decision, the names of units, a seed."""

    thresholds: tuple[float, ...]
    currency: str
    effect: str
    seed: int


def research(model: Model, psa: Psa | None) -> ResearchResult | None:
    """Return what the studies of a workbook are worth at its thresholds and over a range of others.

    None where the workbook has no sheet Research, where there is no probabilistic analysis, and where its draws are too
    few or of a design that does not serve (`research_note` says so).
    """
    studies = [rows for rows in study_rows(model.inputs) if not nothing_to_learn(rows, model)]
    if not studies or psa is None or no_regression(psa.draws, psa.design):
        return None
    settings = model.inputs.settings
    made = (study_of(rows, model, psa.inputs) for rows in studies)
    asked = Asked((settings.decision_threshold, *settings.thresholds), settings.currency, "QALY", psa.seed)
    return appraised(sample(psa, model), made, population(model.inputs), asked)


def research_note(model: Model, psa: Psa | None) -> tuple[str, ...]:
    """Return sentences about studies that were not appraised: for want of draws, or of anything to learn."""
    studies = study_rows(model.inputs)
    if psa is None or not studies:
        return ()
    if psa.draws >= FEWEST_DRAWS and (why := no_regression(psa.draws, psa.design)):
        return (f"The studies of the sheet Research were not appraised. {why}",)
    if psa.draws < FEWEST_DRAWS:
        return (f"The studies of the sheet Research need at least {FEWEST_DRAWS} draws; there are {psa.draws}.",)
    return tuple(
        f"study.{rows.id} is worth nothing: what it is about is the same in every draw, so there is nothing to learn."
        for rows in studies
        if nothing_to_learn(rows, model)
    )


def appraised(sample: Sample, studies: Iterable[Study], people: Population, asked: Asked) -> ResearchResult:
    """Return what studies are worth on a sample, at thresholds and on a grid that reaches beyond these and every ICER.

    Raises
    ------
    UsageError
        For a study that the sample cannot express.
    """
    wtp, thresholds = _grid(sample, asked.thresholds), sorted(set(asked.thresholds))
    return ResearchResult(
        currency=asked.currency,
        effect=asked.effect,
        decision_threshold=asked.thresholds[0],
        patients_per_year=people.patients_per_year,
        horizon=people.horizon,
        rates=list(people.rates),
        studies=[_entry(study_value(sample, study, wtp, asked.seed), people, thresholds) for study in studies],
    )


def _entry(value: StudyValue, people: Population, thresholds: Sequence[float]) -> StudyEntry:
    study, net = value.study, net_benefit(value, people)
    follow_up = study.follow_up
    return StudyEntry(
        id=study.id,
        label=study.label,
        kind=study.kind,
        informs=list(study.informs),
        arms=study.arms,
        endpoint=(follow_up.endpoint or None) if follow_up is not None else None,
        strategies=[] if follow_up is None else list(follow_up.arms),
        follow_up_from=None if follow_up is None else float(follow_up.months[0]),
        follow_up=None if follow_up is None else float(follow_up.months[-1]),
        yearly_dropout=None if follow_up is None else follow_up.yearly_dropout,
        standard_deviation=study.standard_deviation,
        fixed_cost=study.fixed_cost,
        cost_per_patient=study.cost_per_patient,
        reports_after=study.reports_after,
        recruited_share=study.recruited_share,
        method=study.method,
        draws=value.draws,
        sizes=list(study.sizes),
        effective_draws=None if value.behind is None else value.behind.tolist(),
        reports=net.reports.tolist(),
        patients=net.patients.tolist(),
        costs=net.costs.tolist(),
        at=[_at(value, net, threshold) for threshold in thresholds],
        curve=StudyCurve(wtp=value.thresholds.tolist(), evppi=value.evppi.tolist(), evsi=value.value.tolist()),
        notes=list(value.notes),
    )


def _at(value: StudyValue, net: NetBenefit, threshold: float) -> StudyAt:
    k = int(np.searchsorted(value.thresholds, threshold))
    best = int(net.optimal[k])
    return StudyAt(
        threshold=threshold,
        evppi=float(value.evppi[k]),
        evppi_standard_error=float(value.evppi_standard_error[k]),
        evsi=value.value[:, k].tolist(),
        evsi_standard_error=value.standard_error[:, k].tolist(),
        population_evsi=net.value[:, k].tolist(),
        population_standard_error=net.standard_error[:, k].tolist(),
        enbs=net.net[:, k].tolist(),
        optimal_size=None if best < 0 else value.study.sizes[best],
        notes=list(net.notes[k]),
    )


def research_of_file(path: Path, sample: Sample, asked: Asked) -> ResearchResult:
    """Return what the studies of a TOML file are worth on the draws of another tool.

    Raises
    ------
    InputError
        With every problem of the file.
    UsageError
        For draws from which no study can be appraised.
    """
    described = read_studies(path, sample)
    if why := no_regression(sample.draws, sample.sampling):
        raise UsageError(f"--studies: {why}")
    return appraised(sample, described.studies, described.population, asked)


def _grid(sample: Sample, thresholds: tuple[float, ...]) -> FloatArray:
    """Return an even grid, the thresholds, and points around each ICER of the means, where a study is worth most."""
    pairs = frontier(sample.strategies, sample.mean_costs.tolist(), sample.mean_effects.tolist())
    icers = [entry.icer for entry in pairs if entry.icer is not None]
    top = REACH * max([*thresholds, *icers])
    around = [icer * near for icer in icers for near in NEAR]
    return np.unique([*np.linspace(0.0, top, POINTS), *thresholds, *around])
