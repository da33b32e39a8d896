"""What the studies of results.json are worth, against posteriors by brute force.

The model is that of `by_hand`, in which only what the studies are about varies; every other input and every other curve
is as good as certain. What can be known in a draw is then its own net benefit, and EVPPI a plain mean over the draws.
EVSI is estimated by three methods; here it is the mean over ten data sets from each draw, each with the likelihood of
every draw. All that follows from an estimate (of all patients, net of costs, best size) is a plain sum again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import by_hand
import numpy as np
import pytest
from by_hand import STRATEGIES, base_values, drawn, outcomes
from published import agree
from support import FILE, workbook

from hemodel.analyses.load import load_rows
from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.research import ResearchResult, StudyAt, StudyCurve, StudyEntry, research

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support import Rows

    from hemodel.analyses.psa.draws import Psa
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

    Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

DRAWS = 400
METHODS = ("regression", "moment_matching", "importance_sampling")
THRESHOLDS = (20_000.0, 50_000.0, 163_500.0)
DECISION = 50_000.0
PATIENTS, YEARS = 900.0, 8.0
FIXED, PER_PATIENT = 2_000.0, 50.0
PRICE = "drug.lateximab.price_per_vial"
CERTAIN = 1e-7
"""Of a median: half the width of the interval of a curve that is as good as certain."""


@dataclass(frozen=True)
class Kind:
    """A kind of study: what it is about, what is asked, and the price at which the decision is close."""

    about: tuple[str, ...]
    sizes: tuple[int, ...]
    price: float
    rate: float | None
    reports: float
    recruited: float | None
    own: Mapping[str, Scalar]


KINDS = {
    "binary": Kind(
        about=("adverse_event.rash.incidence.standard", "adverse_event.rash.incidence.late"),
        sizes=(40, 120, 360),
        price=480.6,
        rate=0.015,
        reports=2.0,
        recruited=None,
        own={"informs": "adverse_event.rash.incidence.standard, adverse_event.rash.incidence.late"},
    ),
    "continuous": Kind(
        about=("utility.progressed",),
        sizes=(10, 30),
        price=479.5,
        rate=None,
        reports=1.0,
        recruited=0.1,
        own={"informs": "utility.progressed", "sd": 0.25},
    ),
    "time_to_event": Kind(
        about=("survival.os.late.median",),
        sizes=(50, 150, 300),
        price=465.0,
        rate=0.0,
        reports=3.0,
        recruited=0.05,
        own={"endpoint": "os", "strategies": "late", "follow_up": 30, "follow_up_from": 6, "dropout": 0.1},
    ),
}


MANY = 5000
"""Patients after whom hardly any of the draws is possible, in a study of its own."""


def studies(kind: str) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Method and sizes by study."""
    found = {method: (method, KINDS[kind].sizes) for method in METHODS}
    return found | ({"large": (METHODS[2], (MANY,))} if kind == "continuous" else {})


def rows(kind: str) -> Rows:
    own = KINDS[kind]
    common: dict[str, Scalar] = {"kind": kind, "fixed_cost": FIXED, "cost_per_patient": PER_PATIENT, **own.own}
    common["reports_after"] = own.reports
    if own.recruited is not None:
        common["recruited_share"] = own.recruited
    found: dict[str, Scalar] = {"research.patients_per_year": PATIENTS, "research.horizon": YEARS}
    if own.rate is not None:
        found["research.discount_rate"] = own.rate
    for study, (method, sizes) in studies(kind).items():
        each = {"name": f"The {study}", "method": method, "sizes": ", ".join(map(str, sizes))}
        found |= {f"study.{study}.{name}": value for name, value in (common | each).items()}
    return {id_: {"value": value} for id_, value in found.items()}


@cache
def model(kind: str) -> Model:
    own = KINDS[kind]
    raw = by_hand.model(rows=rows(kind)).inputs.raw
    held = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in raw.rows}
    for id_, cells in held.items():
        if id_ in own.about or (id_.startswith("survival") and "low" in cells and cells["low"] is None):
            continue
        if id_.startswith("survival"):
            median = float(str(cells["value"]))
            cells |= {"low": (1 - CERTAIN) * median, "high": (1 + CERTAIN) * median}
        else:
            cells |= {name: None for name in ("low", "high", "se", "n", "distribution") if name in cells}
    held[PRICE]["value"] = own.price
    return load_rows(Path(FILE), workbook(held), [])


@cache
def made(kind: str) -> tuple[Psa, ResearchResult]:
    psa = probabilistic(model(kind), DRAWS, 1)
    found = research(model(kind), psa)
    assert found is not None
    return psa, found


# Draws ---------------------------------------------------------------------------------------------------------------


@cache
def base(kind: str) -> dict[str, float]:
    return base_values(model(kind))


def totals(values: Mapping[str, float]) -> list[list[float]]:
    """Discounted QALYs and costs by strategy."""
    found = outcomes(values)
    return [[found[s][outcome]["discounted"]["total"] for s in STRATEGIES] for outcome in ("qalys", "costs")]


@cache
def draws(kind: str) -> Array:
    """QALYs and costs in each draw, (2, draws, strategies)."""
    inputs = made(kind)[0].inputs
    return np.array([totals(drawn(base(kind), inputs, i)) for i in range(DRAWS)]).transpose(1, 0, 2)


def benefit(known: Array, threshold: float) -> Array:
    return np.asarray(threshold * known[0] - known[1])


def gain(net: Array) -> Array:
    """Of choosing by each row over choosing by the mean."""
    return np.asarray(net.max(axis=1) - net[:, int(np.argmax(net.mean(axis=0)))])


@cache
def drawn_inputs(kind: str) -> Array:
    """What the studies are about in each draw, (draws, inputs)."""
    inputs = made(kind)[0].inputs
    if kind == "time_to_event":
        return np.exp(inputs["curve.os"][:, [STRATEGIES.index("late")]])
    return np.column_stack([inputs[id_] for id_ in KINDS[kind].about])


# Studies by brute force ----------------------------------------------------------------------------------------------

REPEATS = 10
START, END, DROPOUT, INTERVALS = 6.0, 30.0, 0.1, 16
WIDTH = (END - START) / INTERVALS
SD = 0.25


def observed(kind: str, true: Array, size: int) -> Array:
    """A data set for each true value: events and, of event times, intervals lived through; or the mean."""
    random = np.random.default_rng(size)
    if kind == "binary":
        return random.binomial(size, true).astype(float)
    if kind == "continuous":
        return random.normal(true, SD / math.sqrt(size))
    event = np.floor(random.exponential(1 / true, (len(true), size)) / WIDTH)
    lost = random.geometric(1 - (1 - DROPOUT) ** (WIDTH / 12), (len(true), size)).clip(max=INTERVALS)
    return np.column_stack([(event < lost).sum(axis=1), np.minimum(event, lost).sum(axis=1)])


def likelihood(kind: str, data: Array, values: Array, size: int) -> Array:
    """Of each data set under each value over that of the likeliest, (data sets, values)."""
    if kind == "binary":
        log = data @ np.log(values).T + (size - data) @ np.log(1 - values).T
    elif kind == "continuous":
        log = -size / (2 * SD**2) * (data - values.T) ** 2
    else:
        rate = values[:, 0] * WIDTH
        log = np.outer(data[:, 0], np.log(1 - np.exp(-rate))) - np.outer(data[:, 1], rate)
    return np.asarray(np.exp(log - log.max(axis=1, keepdims=True)))


@cache
def likelihoods(kind: str, size: int) -> Array:
    """Of the draws, by data set."""
    true = drawn_inputs(kind)
    return likelihood(kind, observed(kind, np.repeat(true, REPEATS, axis=0), size), true, size)


@cache
def told(kind: str, size: int) -> Array:
    """Mean QALYs and costs given each data set, (2, data sets, strategies)."""
    weights = likelihoods(kind, size)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True) @ draws(kind))


@cache
def behind(kind: str, size: int) -> float:
    """Median of 1 / sum of squared weights of the draws, over data sets."""
    weights = likelihoods(kind, size)
    return float(np.median(weights.sum(axis=1) ** 2 / (weights**2).sum(axis=1)))


# Comparison ----------------------------------------------------------------------------------------------------------


@cache
def grid(kind: str) -> list[float]:
    """Thirteen from 0 to 1.5 times the largest threshold or ICER, the thresholds, and nine near each ICER."""
    qalys, costs = draws(kind).mean(axis=1)
    icers: list[float] = []
    now = int(np.argmin(costs))
    while (better := [i for i in range(3) if qalys[i] > qalys[now]]) and len(icers) < 3:
        slopes = {i: (costs[i] - costs[now]) / (qalys[i] - qalys[now]) for i in better}
        now = min(slopes, key=lambda i: slopes[i])
        icers.append(float(slopes[now]))
    near = [icer * x for icer in icers for x in (0.8, 0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.1, 1.2)]
    even = [i / 12 * 1.5 * max(*THRESHOLDS, *icers) for i in range(13)]
    return sorted({*THRESHOLDS, *near, *even})


def knowing(kind: str, threshold: float) -> Array:
    """Gain of each draw, if what the study is about were known."""
    return gain(benefit(draws(kind), threshold))


@cache
def worth(kind: str, size: int, threshold: float) -> float:
    return float(gain(benefit(told(kind, size), threshold)).mean())


def patients(kind: str, size: int) -> tuple[float, float]:
    """When a study reports, and the discounted number of patients from then on."""
    own, rate = KINDS[kind], {"binary": 0.015, "continuous": 0.04, "time_to_event": 0.0}[kind]
    arms = 2 if kind == "binary" else 1
    reports = own.reports + (0.0 if own.recruited is None else size * arms / (own.recruited * PATIENTS))
    if rate == 0 or reports >= YEARS:
        return reports, PATIENTS * max(YEARS - reports, 0.0)
    return reports, PATIENTS * ((1 + rate) ** -reports - (1 + rate) ** -YEARS) / math.log(1 + rate)


def study(found: StudyEntry, kind: str, name: str) -> dict[str, Any]:
    """What a study should say; its estimates are those found, once they were compared."""
    method, sizes = studies(kind)[name]
    wtp, own = grid(kind), KINDS[kind]
    estimates(found, kind, sizes, wtp)
    events, arms = kind == "time_to_event", 2 if kind == "binary" else 1
    known = [patients(kind, size) for size in sizes]
    costs = [FIXED + PER_PATIENT * arms * size for size in sizes]
    few = [f"Fewer than 50 effective draws stand behind a posterior with {MANY} patients per arm."]
    return {
        "id": name,
        "label": f"The {name}",
        "kind": kind,
        "informs": ["curve.os"] if events else list(own.about),
        "arms": arms,
        "endpoint": "os" if events else None,
        "strategies": ["late"] if events else [],
        "follow_up_from": START if events else None,
        "follow_up": END if events else None,
        "yearly_dropout": DROPOUT if events else None,
        "standard_deviation": SD if kind == "continuous" else None,
        "fixed_cost": FIXED,
        "cost_per_patient": PER_PATIENT,
        "reports_after": own.reports,
        "recruited_share": own.recruited,
        "method": method,
        "draws": DRAWS,
        "sizes": list(sizes),
        "effective_draws": found.effective_draws,
        "reports": [reports for reports, _ in known],
        "patients": [people for _, people in known],
        "costs": costs,
        "at": [at(entry, t, found.curve, known, sizes, costs) for t, entry in zip(THRESHOLDS, found.at, strict=True)],
        "curve": {"wtp": wtp, "evppi": found.curve.evppi, "evsi": found.curve.evsi},
        "notes": few if sizes == (MANY,) else [],
    }


def estimates(found: StudyEntry, kind: str, sizes: tuple[int, ...], wtp: list[float]) -> None:
    """EVPPI is exact but for what is not quite certain: 1e-5 of the peak. EVSI is within a twentieth of EVPPI and a
    fortieth of its peak of the brute force, twice as much by regression on one data set of a draw; the draws behind it
    within a tenth: simulation error of both. The error of EVSI has that of EVPPI as its measure."""
    near = 0.05 if found.method == "regression" else 0.025
    known = [float(knowing(kind, t).mean()) for t in wtp]
    assert found.curve.evppi == pytest.approx(known, abs=1e-5 * max(known))
    for entry in found.at:
        gains = knowing(kind, entry.threshold)
        error = float(gains.std(ddof=1)) / math.sqrt(DRAWS)
        assert (entry.evppi, entry.evppi_standard_error) == pytest.approx((gains.mean(), error), rel=1e-4, abs=1e-9)
        assert all(0.3 * error <= e <= 1.25 * error + 1e-9 for e in entry.evsi_standard_error)
    assert len(found.curve.evsi) == len(sizes)
    for size, own in zip(sizes, found.curve.evsi, strict=True):
        apart = np.abs(np.array(own) - [worth(kind, size, t) for t in wtp])
        assert (apart <= near * (2 * np.array(known) + max(known))).all()
    if found.method == "regression":
        assert found.effective_draws is None
    else:
        assert found.effective_draws == pytest.approx([behind(kind, size) for size in sizes], rel=0.1)


def at(
    found: StudyAt,
    threshold: float,
    curve: StudyCurve,
    known: list[tuple[float, float]],
    sizes: tuple[int, ...],
    costs: list[float],
) -> dict[str, Any]:
    """At one threshold: the estimates of the curve, for all patients, less the costs."""
    place = curve.wtp.index(threshold)
    people = [own for _, own in known]
    evsi = [own[place] for own in curve.evsi]
    whole = [value * many for value, many in zip(evsi, people, strict=True)]
    net = [value - cost for value, cost in zip(whole, costs, strict=True)]
    best = int(np.argmax(net)) if max(net) > 0 else None
    return {
        "threshold": threshold,
        "evppi": curve.evppi[place],
        "evppi_standard_error": found.evppi_standard_error,
        "evsi": evsi,
        "evsi_standard_error": found.evsi_standard_error,
        "population_evsi": whole,
        "population_standard_error": [e * many for e, many in zip(found.evsi_standard_error, people, strict=True)],
        "enbs": net,
        "optimal_size": None if best is None else sizes[best],
        "notes": remarks(best, sizes, [time for time, _ in known]),
    }


def remarks(best: int | None, sizes: tuple[int, ...], times: list[float]) -> list[str]:
    found = []
    if best is None:
        found.append("No size is worth its costs.")
    elif best == len(sizes) - 1:
        found.append(f"The best size, {sizes[-1]}, is the largest that was given: a larger one may be better.")
    elif best == 0:
        found.append(f"The best size, {sizes[0]}, is the smallest that was given: a smaller one may be better.")
    late = [size for size, time in zip(sizes, times, strict=True) if time >= YEARS]
    if late:
        found.append(f"From {late[0]} patients per arm on the results come after the decision has lost its relevance.")
    return found


def compare(found: ResearchResult) -> None:
    informed = {made(kind)[1].studies[0].informs[-1]: kind for kind in KINDS}
    kind = informed.get(found.studies[0].informs[-1], "binary")
    assert len(found.studies) == len(studies(kind))
    expected = {
        "currency": "EUR",
        "effect": "QALY",
        "decision_threshold": DECISION,
        "patients_per_year": PATIENTS,
        "horizon": YEARS,
        "rates": [[0.0, {"binary": 0.015, "continuous": 0.04, "time_to_event": 0.0}[kind]]],
        "studies": [study(each, kind, name) for each, name in zip(found.studies, studies(kind), strict=True)],
    }
    agree(found, expected, words=None)


def records() -> list[ResearchResult]:
    return [made(kind)[1] for kind in KINDS]
