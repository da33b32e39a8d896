"""What Python is offered on draws of any origin: checked, evaluated, and decided by.

The draws are those of one model, from wherever they come; the outcomes are those of `evaluate` or of a probabilistic
analysis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel import economics
from hemodel.analyses.psa.draws import Psa
from hemodel.analyses.psa.given import CURVE, coefficient_columns
from hemodel.analyses.psa.given_checks import DrawnColumns, problems_of
from hemodel.errors import Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.model.evaluate import base_draws
from hemodel.model.evaluate import evaluate as evaluate_model
from hemodel.voi.information import Evpi
from hemodel.voi.information import evpi as evpi_of_sample
from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import ArrayLike

    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray

DRAWS = Location("draws")


def evaluate(model: Model, draws: Mapping[str, ArrayLike]) -> Outcomes:
    """Return the outcomes of every draw, after a check of the draws.

    Parameters
    ----------
    draws : mapping
        Arrays (draws,) or (1,) by id of input, and coefficients (draws, p) or (1, p) under ``curve.<endpoint>``. Every
        input of the model is needed: begin with `base_draws`.

    Raises
    ------
    InputError
        With everything that is wrong: an id that the model lacks or that is missing, an array of another shape, a value
        that is no finite number or out of range, shares that do not add up to 1, an order that is broken, coefficients
        that make no curve.
    """
    arrays, problems = _arrays(model, draws)
    columns: dict[str, FloatArray] = {}
    for id_, array in arrays.items():
        names = coefficient_columns(model, id_) if id_.startswith(f"{CURVE}.") else [id_]
        columns |= dict(zip(names, array.T if array.ndim > 1 else [array], strict=True))
    drawn = DrawnColumns(columns, columns, lambda i, name: Location(DRAWS.file, cell=f"{name}[{i}]"), DRAWS, DRAWS)
    raise_if_any([*problems, *problems_of(model, drawn)])
    return evaluate_model(model, arrays)


def _arrays(model: Model, draws: Mapping[str, ArrayLike]) -> tuple[dict[str, FloatArray], list[Problem]]:
    """Return the draws as arrays, and what is wrong with their ids and shapes."""
    base, found, name = base_draws(model), {}, model.inputs.path.name
    unknown = [Problem(DRAWS, f"there is no input {i!r} in {name}", nearest(i, base)) for i in draws if i not in base]
    why, todo = "Every input is needed", "Begin with base_draws(model)."
    problems = unknown + [Problem(DRAWS, f"{id_!r} is missing", why, todo) for id_ in base if id_ not in draws]
    rows = 1
    for id_ in [id_ for id_ in base if id_ in draws]:
        try:
            array = np.asarray(draws[id_], dtype=np.float64)
        except (TypeError, ValueError):
            problems.append(Problem(DRAWS, f"{id_} does not hold numbers", todo="Give an array of numbers."))
            continue
        wanted = "(draws,)" if base[id_].ndim == 1 else f"(draws, {base[id_].shape[1]})"
        if array.ndim != base[id_].ndim or array.shape[1:] != base[id_].shape[1:] or not array.size:
            problems.append(Problem(DRAWS, f"{id_} has the shape {array.shape}", f"It must be {wanted}"))
            continue
        found[id_] = array
        rows = max(rows, array.shape[0])
    unequal = [id_ for id_, array in found.items() if array.shape[0] not in {1, rows}]
    for id_ in unequal:
        what = f"{id_} has {found.pop(id_).shape[0]:,} draws, others have {rows:,}"
        problems.append(Problem(DRAWS, what, todo="Give as many draws of each input, or one."))
    return found, problems


@dataclass(frozen=True)
class Increments:
    """Every intervention minus the comparator in every draw, discounted totals.

    Attributes
    ----------
    life_years, qalys, costs : array (draws, interventions)
        [year], [QALY], [currency]
    """

    comparator: str
    interventions: tuple[str, ...]
    life_years: FloatArray
    qalys: FloatArray
    costs: FloatArray

    def benefit(self, threshold: float) -> FloatArray:
        """Return the incremental net monetary benefit (draws, interventions) at a threshold [currency]."""
        return economics.net_monetary_benefit(self.qalys, self.costs, threshold)

    def verdicts(self) -> dict[str, economics.Verdict]:
        """Return the verdict on the mean increments of each intervention, with their ratio where it means anything."""
        means = zip(self.interventions, self.costs.mean(axis=0), self.qalys.mean(axis=0), strict=True)
        return {name: economics.verdict(float(costs), float(qalys)) for name, costs, qalys in means}


def _totals(outcomes: Outcomes | Psa, name: str) -> FloatArray:
    """Discounted totals (draws, strategies) of an outcome; of a probabilistic analysis those of the draws it keeps."""
    found = getattr(outcomes, name)
    return np.asarray(found if isinstance(outcomes, Psa) else found.total)


def increments(outcomes: Outcomes | Psa) -> Increments:
    """Return every intervention minus the comparator in every draw, from `evaluate` or `probabilistic`."""
    comparator, *others = outcomes.strategies
    gains = {name: economics.increments(_totals(outcomes, name)) for name in ("life_years", "qalys", "costs")}
    return Increments(comparator, tuple(others), **gains)


def acceptability(outcomes: Outcomes | Psa, thresholds: Iterable[float]) -> FloatArray:
    """Return the share of draws in which each strategy is best, (thresholds, strategies); a tie is shared.

    Parameters
    ----------
    outcomes : Outcomes or Psa
        From `evaluate` or `probabilistic`.
    thresholds : iterable of float
        Willingness to pay. [currency per QALY]
    """
    wtp = np.asarray([*thresholds], dtype=np.float64)
    return economics.acceptability(_totals(outcomes, "qalys"), _totals(outcomes, "costs"), wtp)


def evpi(outcomes: Outcomes | Psa, thresholds: Iterable[float]) -> Evpi:
    """Return the expected value of perfect information and the expected losses, as `hemodel.voi.information.evpi` does.

    Parameters
    ----------
    outcomes : Outcomes or Psa
        From `evaluate` or `probabilistic`, of two draws or more.
    thresholds : iterable of float
        Willingness to pay. [currency per QALY]
    """
    wtp = np.asarray([*thresholds], dtype=np.float64)
    sample = Sample(outcomes.strategies, _totals(outcomes, "qalys"), _totals(outcomes, "costs"), {}, {})
    return evpi_of_sample(sample, wtp)
