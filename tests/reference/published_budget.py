"""The budget impact of results.json against plain sums over years of entry and years since.

The model is that of `by_hand`, with a made-up market of three strategies. Rounding leaves 1e-13 of spending of some
1e8, and net amounts are differences of it: 1e-5 of the currency.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import by_hand
import numpy as np
from by_hand import CATEGORIES, STRATEGIES, VIALS, base_values, moved, until
from curves_by_hand import curve_ends, quantity
from published import agree

from hemodel.analyses.budget import BudgetResult, budget_result
from hemodel.analyses.dsa.one_way import moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from support import Rows

    from hemodel.model.evaluate import Model

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

WITHIN = 1e-5
CALENDAR = [2027, 2028, 2029, 2030]
YEARS = range(len(CALENDAR))
ENTRIES = ("start", "spread")
STEPS = {"budget.step.stage": 0.5, "budget.step.treated": 0.8}
PATIENTS, GROWTH = 1000.0, -0.05
SHARES = {
    "without": {"standard": (0.7, 0.6, 0.6, 0.65), "active": (0.3, 0.4, 0.3, 0.25), "late": (0.0, 0.0, 0.1, 0.1)},
    "with": {"standard": (0.5, 0.25, 0.1, 0.6), "active": (0.35, 0.5, 0.6, 0.2), "late": (0.15, 0.25, 0.3, 0.2)},
}
"""Of the patients of each year; in the last the new treatment is given to fewer again."""
VARIED = {
    "budget.patients": (800.0, 1300.0),
    "budget.growth": (-0.1, 0.02),
    "budget.step.stage": (0.4, 0.55),
    "budget.share_with.late.year_2": (0.2, 0.35),
    "budget.share_with.late.year_3": (0.25, 0.35),
    "budget.share_without.active.year_1": (0.25, 0.4),
}
"""The two of one strategy are moved together too; when a share moves, the others of its year keep their proportions."""
TRIGGER, TRIGGER_YEARS = 300_000.0, 2
DRUG = "lateximab"
"""The drug that the comparator does not give."""
PRICE = f"drug.{DRUG}.price_per_vial"
AMOUNTS = (*CATEGORIES, *VIALS)

Values = Mapping[str, float]
Shares = Mapping[str, Mapping[str, Sequence[float]]]
Years = dict[str, dict[str, Array]]
"""By strategy and amount, of the years of entry or since entry."""


def rows(entry: str) -> Rows:
    """The sheet Budget impact."""
    found: Rows = {
        "budget.first_year": {"value": CALENDAR[0]},
        "budget.years": {"value": len(CALENDAR)},
        "budget.entry": {"value": entry},
        "budget.patients": {"value": PATIENTS, "label": "New cases"},
        "budget.growth": {"value": GROWTH},
        **{id_: {"value": share} for id_, share in STEPS.items()},
        "budget.trigger": {"value": TRIGGER},
        "budget.trigger_years": {"value": TRIGGER_YEARS},
    }
    for side, shares in SHARES.items():
        found |= {share_id(side, s, i): {"value": x} for s, own in shares.items() for i, x in enumerate(own)}
    for id_, (low, high) in VARIED.items():
        found[id_] |= {"low": low, "high": high}
    return found


def model(entry: str) -> Model:
    return by_hand.model(rows=rows(entry))


def share_id(side: str, strategy: str, year: int) -> str:
    return f"budget.share_{side}.{strategy}.year_{year + 1}"


@cache
def published(entry: str) -> BudgetResult:
    """With the one-way analysis where patients begin at the start of a year."""
    made = model(entry)
    found = budget_result(made, moves(made) if entry == "start" else None)
    assert found is not None
    return found


# Plain sums ----------------------------------------------------------------------------------------------------------


def since_entry(values: Values, entry: str) -> Years:
    """Of one patient, in each year; if they begin over the year, the mean of those who begin in each month."""
    months = range(12) if entry == "spread" else (0,)
    found: Years = {}
    for s in STRATEGIES:
        ends = [[until(values, s, year + 1 - month / 12) for month in months] for year in YEARS]
        mean = {name: [sum(e[name] for e in each) / len(each) for each in ends] for name in (*AMOUNTS, "alive")}
        found[s] = {name: np.diff(mean[name], prepend=0.0) for name in AMOUNTS} | {"alive": np.array(mean["alive"])}
        found[s]["total"] = np.sum([found[s][name] for name in CATEGORIES], axis=0)
    return found


def eligible(values: Values) -> Array:
    patients = [values["budget.patients"] * (1 + values["budget.growth"]) ** year for year in YEARS]
    return np.array(patients) * math.prod(values[id_] for id_ in STEPS)


def spent(starting: Mapping[str, Array], each: Years) -> Years:
    """In each calendar year: of those who began then, in their first year, and of those who began before."""
    return {
        s: {
            name: np.array([sum(starting[s][e] * amount[y - e] for e in range(y + 1)) for y in YEARS])
            for name, amount in each[s].items()
        }
        for s in STRATEGIES
    }


def starting(values: Values, shares: Shares, side: str) -> dict[str, Array]:
    return {s: eligible(values) * np.array(share) for s, share in shares[side].items()}


def both(values: Values, shares: Shares, each: Years) -> dict[str, Years]:
    return {side: spent(starting(values, shares, side), each) for side in SHARES}


def net_by_year(values: Values, shares: Shares, each: Years) -> Array:
    found = both(values, shares, each)
    return np.asarray(sum(found["with"][s]["total"] - found["without"][s]["total"] for s in STRATEGIES))


def series(values: Array) -> dict[str, Any]:
    return {"by_year": values.tolist(), "all_years": math.fsum(values)}


def over_strategies(found: Years, names: Iterable[str]) -> dict[str, Any]:
    return {name: series(np.asarray(sum(found[s][name] for s in STRATEGIES))) for name in names}


def over_amounts(found: Years) -> dict[str, Any]:
    return {s: series(found[s]["total"]) for s in STRATEGIES}


# Comparison ----------------------------------------------------------------------------------------------------------


@cache
def base(entry: str) -> dict[str, float]:
    return base_values(model(entry))


@cache
def base_each(entry: str) -> Years:
    return since_entry(base(entry), entry)


def mix(side: str, entry: str) -> dict[str, Any]:
    """Of those who ever began, whoever is not alive at the end of the year has died."""
    begin, each = starting(base(entry), SHARES, side), base_each(entry)
    found = spent(begin, each)
    return {
        "shares": {s: list(share) for s, share in SHARES[side].items()},
        "starting": {s: own.tolist() for s, own in begin.items()},
        "alive": {s: own["alive"].tolist() for s, own in found.items()},
        "died": {s: [math.fsum(begin[s][: y + 1]) - found[s]["alive"][y] for y in YEARS] for s in STRATEGIES},
        "by_category": over_strategies(found, CATEGORIES),
        "by_strategy": over_amounts(found),
        "total": over_strategies(found, ["total"])["total"],
    }


@cache
def net(entry: str) -> Years:
    found = both(base(entry), SHARES, base_each(entry))
    return {s: {name: x - found["without"][s][name] for name, x in own.items()} for s, own in found["with"].items()}


@cache
def expected(entry: str) -> dict[str, Any]:
    total = net_by_year(base(entry), SHARES, base_each(entry))
    assert int(np.argmax(total)) not in {0, YEARS[-1]}
    top = np.array([PATIENTS * (1 + GROWTH) ** year for year in YEARS])
    funnel = [{"id": "budget.patients", "label": "New cases", "share": None, "patients": top.tolist()}]
    for place, (id_, share) in enumerate(STEPS.items(), start=1):
        left = top * math.prod(list(STEPS.values())[:place])
        label = f"Step of the funnel ({id_.rpartition('.')[2]})"
        funnel.append({"id": id_, "label": label, "share": share, "patients": left.tolist()})
    amounts = ("total", *CATEGORIES)
    return {
        "years": CALENDAR,
        "entry": entry,
        "funnel": funnel,
        "eligible": series(eligible(base(entry))),
        "cost_per_patient": {s: {name: own[name].tolist() for name in amounts} for s, own in base_each(entry).items()},
        "without_new": mix("without", entry),
        "with_new": mix("with", entry),
        "net": {
            "total": series(total),
            "cumulative": [math.fsum(total[: y + 1]) for y in YEARS],
            "by_category": over_strategies(net(entry), CATEGORIES),
            "by_strategy": over_amounts(net(entry)),
            "by_drug": over_strategies(net(entry), VIALS),
        },
        "peak_year": CALENDAR[int(np.argmax(total))],
        "peak": max(total),
        **trigger(total, np.asarray(sum(own[DRUG] for own in net(entry).values())), base(entry)[PRICE]),
        **(one_way() if entry == "start" else {"one_way": None, "unmoved": 0}),
    }


def trigger(total: Array, acquisition: Array, price: float) -> dict[str, Any]:
    """The price at which the dearer of the first years meets it: other costs stay, acquisition is in proportion."""
    first = total[:TRIGGER_YEARS]
    year = int(np.argmax(first))
    factors = [(TRIGGER - total[y] + acquisition[y]) / acquisition[y] for y in range(TRIGGER_YEARS)]
    assert acquisition[:TRIGGER_YEARS].min() > 0
    assert min(factors) > 0
    vial = {"id": PRICE, "price": price, "at_trigger": min(factors) * price}
    return {
        "trigger": {
            "amount": TRIGGER,
            "years": TRIGGER_YEARS,
            "exceeded": first[year] > TRIGGER,
            "year": CALENDAR[year],
            "impact": first[year],
            "excess": first[year] - TRIGGER,
        },
        "price_at_trigger": [{"drug": DRUG, "factor": min(factors), "prices": [vial]}],
    }


@cache
def one_way() -> dict[str, Any]:
    """Every input at both of its bounds; those that leave the spending as it is are counted only."""
    inputs = list(every_input())
    items = [
        shown
        | {f"total_{end}": math.fsum(net) for end, net in zip(("low", "high"), nets, strict=True)}
        | {f"peak_{end}": max(net) for end, net in zip(("low", "high"), nets, strict=True)}
        for shown, nets in inputs
        if abs(nets[0] - nets[1]).max() > WITHIN
    ]
    items.sort(key=lambda item: -abs(item["total_high"] - item["total_low"]))
    return {"one_way": items, "unmoved": len(inputs) - len(items)}


def every_input() -> Iterator[tuple[dict[str, Any], list[Array]]]:
    """What is shown of an input, and the net impact at both of its bounds: of the model, of the sheet, of two years."""
    made, values, each = model("start"), base("start"), base_each("start")
    for id_, (low, high) in by_hand.bounds(made).items():
        row = made.inputs.rows[id_]
        shown = {"id": id_, "label": row.label or row.kind.label, "unit": row.unit}
        costs = [since_entry(moved(values, id_, end), "start") for end in (low, high)]
        nets = [net_by_year(values, SHARES, own) for own in costs]
        yield shown | {"base": values[id_], "low": low, "high": high}, nets
    for id_, there in curve_ends(values).items():
        nets = [net_by_year(values, SHARES, since_entry(end, "start")) for end in there]
        label, unit = words(id_)
        ends = {end: quantity(id_, x) for end, x in zip(("base", "low", "high"), (values, *there), strict=True)}
        yield {"id": id_, "label": label, "unit": unit, **ends}, nets
    for id_, (low, high) in VARIED.items():
        label, unit = words(id_)
        shown = {"id": id_, "label": label, "unit": unit}
        ends = {"base": values[id_], "low": low, "high": high}
        yield shown | ends, [net_by_year(*at(id_, end), each) for end in (low, high)]
    shown = {"id": "budget.share_with.late", "label": "All years: mean share with the new treatment, Late"}
    means = {"base": 0.275, "low": 0.225, "high": 0.35}
    yield shown | {"unit": "proportion"} | means, [net_by_year(values, together_at(place), each) for place in (0, 1)]


def at(id_: str, value: float) -> tuple[Values, Shares]:
    _, name, *rest = id_.split(".")
    if not name.startswith("share"):
        return base("start") | {id_: value}, SHARES
    return base("start"), with_share(SHARES, name.removeprefix("share_"), rest[0], int(rest[1][-1]) - 1, value)


def with_share(shares: Shares, side: str, strategy: str, year: int, value: float) -> Shares:
    """The others of the year keep their proportions."""
    factor = (1 - value) / (1 - shares[side][strategy][year])
    after = {
        s: [(value if s == strategy else factor * x) if y == year else x for y, x in enumerate(own)]
        for s, own in shares[side].items()
    }
    return {**shares, side: after}


def together_at(place: int) -> Shares:
    shares: Shares = SHARES
    for id_, ends in VARIED.items():
        if "share_with.late" in id_:
            shares = with_share(shares, "with", "late", int(id_[-1]) - 1, ends[place])
    return shares


def words(id_: str) -> tuple[str, str]:
    return {
        "curve.pfs.standard": ("Level of PFS, Standard", "months"),
        "curve.pfs.active.effect": ("Treatment effect on PFS, Active", "ratio"),
        "curve.pfs.late.effect": ("Treatment effect on PFS, Late", "ratio"),
        "curve.os.standard": ("Level of OS, Standard", "months"),
        "curve.os.active.effect": ("Treatment effect on OS, Active", "ratio"),
        "curve.os.late.effect": ("Treatment effect on OS, Late", "ratio"),
        "budget.patients": ("New cases", "patients per year"),
        "budget.growth": ("Growth", "per year"),
        "budget.step.stage": ("Step of the funnel (stage)", "proportion"),
        "budget.share_with.late.year_2": ("2028: share with the new treatment, Late", "proportion"),
        "budget.share_with.late.year_3": ("2029: share with the new treatment, Late", "proportion"),
        "budget.share_without.active.year_1": ("2027: share without the new treatment, Active", "proportion"),
    }[id_]


def compare(found: BudgetResult) -> None:
    """The directions of curves are of slopes by differences, which are right to 1e-8."""
    wanted = dict(expected(found.entry if found.entry in ENTRIES else ENTRIES[0]))
    bars = wanted.pop("one_way")
    agree(found.model_dump(exclude={"one_way"}), wanted, words=None, within=WITHIN)
    agree(found.one_way, bars, words=None, within=WITHIN, close=1e-7)


def records() -> list[BudgetResult]:
    return [published(entry) for entry in ENTRIES]
