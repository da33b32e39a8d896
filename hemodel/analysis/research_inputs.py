"""What the sheet Research says: the studies that could be done, and who a decision is for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.checks_research import has_research, parts, study_ids
from hemodel.model import base_draws, survival_at
from hemodel.model import model as model_of
from hemodel.survival.acting.waning import WITH_TREATMENT
from hemodel.units import MONTHS_PER_YEAR
from hemodel.voi.evsi import MOST_DRAWS
from hemodel.voi.net_benefit import Population
from hemodel.voi.studies import TIME_TO_EVENT, Study
from hemodel.voi.studies_survival import FollowUp, interval_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model import Model
    from hemodel.parameters import FloatArray, Parameter


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


def _follow_up(rows: StudyRows, model: Model, drawn: Mapping[str, FloatArray]) -> FollowUp:
    endpoint = rows.text("endpoint")
    months = interval_ends(rows.number("follow_up_from") or 0.0, rows.amount("follow_up"))
    draws = base_draws(model) | {id_: array[:MOST_DRAWS] for id_, array in drawn.items()}
    count = max(array.shape[0] for array in draws.values())
    short = shortened(model, float(months[-1]))
    arms = parts(rows.text("strategies"))
    curves = [survival_at(short, draws, endpoint, strategy, months) for strategy in arms]
    survival = np.stack([np.broadcast_to(curve, (count, months.size)) for curve in curves], axis=1)
    return FollowUp(endpoint, arms, months, rows.number("dropout") or 0.0, survival)


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
    acting = model.acting
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
