"""Whether more research is worth it: every study of the sheet Research, for a person and for all.

What the sheet Research says: the studies that could be done, and who a decision is for.

Value of information of a model: its probabilistic analysis, and groups of inputs that go together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.draws import CURVE, sample
from hemodel.economics import frontier
from hemodel.inputs.checks_research import has_research, parts, study_ids
from hemodel.inputs.dictionary import match
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.evaluate import model as model_of
from hemodel.survival.effects.waning import WITH_TREATMENT
from hemodel.units import MONTHS_PER_YEAR
from hemodel.voi.evsi import MOST_DRAWS, StudyValue, study_value
from hemodel.voi.information import Information, InputGroup, constant, curve_grid, information, without
from hemodel.voi.net_benefit import NetBenefit, Population, net_benefit
from hemodel.voi.reading import read_studies
from hemodel.voi.regression import FEWEST_DRAWS
from hemodel.voi.studies import TIME_TO_EVENT, Study, StudyFollowUp, interval_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
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
    rows : StudyRows
    model : Model
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
    """Return the model with the time horizon at the end of follow-up, up to which its curves are the same."""
    settings = model.inputs.settings.model_copy(update={"time_horizon": months / MONTHS_PER_YEAR})
    return model_of(replace(model.inputs, settings=settings), model.fits)


def depends_on(rows: StudyRows, model: Model) -> tuple[str, ...]:
    """Return the ids of everything that the curves of the arms depend on."""
    endpoint, strategies = rows.text("endpoint"), parts(rows.text("strategies"))
    found = [f"curve.{endpoint}"]
    for strategy in strategies:
        found += _acting_on(model, endpoint, strategy)
    return tuple(dict.fromkeys(found))


def _acting_on(model: Model, endpoint: str, strategy: str) -> Iterable[str]:
    acting = model.curve_effects
    yield from (id_ for _, id_ in acting.effects.get((endpoint, strategy), ()))
    waning = acting.waning.get((endpoint, strategy))
    if waning is None:
        return
    yield from (id_ for _, id_ in acting.effects.get((endpoint, waning.reference), ()))
    if waning.shape == WITH_TREATMENT:
        treated = acting.treated_by[endpoint, strategy]
        yield f"curve.{treated}"
        yield from (id_ for _, id_ in acting.effects.get((treated, strategy), ()))


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


UTILITY, ADVERSE_EVENT = "utility", "adverse_event"
MONEY = ("price", "cost")
"""What the last part of the id of a price or cost holds."""


def model_information(model: Model, psa: Psa) -> Information:
    """Return the value of information at the thresholds of a model and over those of its acceptability curves.

    Inputs that have one value in all draws are no inputs here.
    """
    drawn = model_sample(model, psa)
    settings = model.inputs.settings
    thresholds = [*settings.thresholds, settings.decision_threshold]
    return information(drawn, natural_groups(model, drawn), np.array(thresholds), curve_grid(drawn, thresholds))


def model_sample(model: Model, psa: Psa) -> Sample:
    """Return the draws that are kept, of the inputs that have more than one value in them."""
    found = sample(psa, model)
    return without(found, constant(found))


def natural_groups(model: Model, drawn: Sample) -> tuple[InputGroup, ...]:
    """Return the groups of at least two inputs that go together.

    All curves, all utilities, all adverse events, all prices and costs, and the shares that add up to 1 together.
    """
    firsts = {CURVE: "All curves", UTILITY: "All utilities", ADVERSE_EVENT: "All inputs of adverse events"}
    groups = [
        InputGroup(f"all_{first}", label, tuple(id_ for id_ in drawn.inputs if id_.partition(".")[0] == first))
        for first, label in firsts.items()
    ]
    groups.append(InputGroup("all_costs", "All prices and costs", tuple(id_ for id_ in drawn.inputs if _is_money(id_))))
    shares: dict[str, list[str]] = {}
    for parameter in model.inputs.parameters:
        if parameter.group and parameter.id in drawn.inputs:
            shares.setdefault(parameter.group, []).append(parameter.id)
    groups += [InputGroup(f"shares_{name}", _shares(model, ids), tuple(ids)) for name, ids in shares.items()]
    return tuple(group for group in groups if len(group.inputs) > 1)


def _is_money(id_: str) -> bool:
    return any(word in id_.rpartition(".")[2] for word in MONEY)


def _shares(model: Model, ids: Iterable[str]) -> str:
    """Say what shares are of: the kind of input, and the strategy where they are of one."""
    kind, names = match(next(iter(ids))) or (None, {})
    strategies = {strategy.id: strategy.name for strategy in model.inputs.strategies}
    of = strategies.get(names.get("strategy", ""), "")
    said = "Shares" if kind is None else f"Shares, {kind.sheet.lower()}"
    return f"{said}, {of}" if of else said
