"""Tables that no `hemodel run` has, of records made up here: those of dsa, voi, sweep, diff and the dossier."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from contracts.headings_of_parts import of
from headings import Expected, Record, each_its_own

from hemodel.analyses.differences import Compared, Difference, Differences, Effect, LinkedDifferences, Move, Remainder
from hemodel.analyses.differences import SideEntry as Side
from hemodel.analyses.dsa.grids import CombinationResult, NWayResult
from hemodel.analyses.dsa.one_way import Dsa
from hemodel.analyses.dsa.threshold_search import ThresholdAt, ThresholdSearch
from hemodel.analyses.information import MeanEntry
from hemodel.analyses.input_rows import InputEntry
from hemodel.analyses.psa.result import Ceac, Ceaf, PsaIncrement
from hemodel.analyses.report import CheckEntry, Step
from hemodel.analyses.scenarios import ScenarioEntry
from hemodel.analyses.sweep import SweepDocument, SweepEntry, SweepWorkbook
from hemodel.views.differences import differences_table
from hemodel.views.registry import COMMAND_TABLES, command_tables, names_of
from hemodel.views.shared.table import Table
from hemodel.views.sweep import sweep_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import BaseModel

Made = tuple[Table, Any, Expected]
"""A table, the record that it is of, and what its headings mean."""
PAIR: dict[str, Any] = {"intervention": "active", "comparator": "standard"}
AT = ("20000", "50000")
INTERVAL = {"Mean": "mean.{}", "2.5%": "interval.{}.0", "97.5%": "interval.{}.1"}


def own(record: BaseModel) -> Any:
    """The record with every number one of its own."""
    return type(record).model_validate(each_its_own(record.model_dump(), count(1)))


def table_of(command: str, name: str, *found: Any) -> Table:
    made = next(entry for entry in COMMAND_TABLES[command] if entry.name == name).make(*found)
    assert made is not None
    return made


def of_dsa(name: str, **parts: Any) -> Table:
    results, run = of("budget")
    nothing: dict[str, Any] = {"threshold_values": [], "two_way": [], "n_way": None, "searches": []}
    document: Any = SimpleNamespace(**nothing | {"thresholds": [20_000.0, 50_000.0]} | parts)
    (table,) = command_tables("dsa", document, results, names_of(results, run))
    assert table.name == name
    return table


def n_way() -> Made:
    one: dict[str, Any] = {
        "name": "both",
        "values": {"a": 1.0, "b": 1.0},
        **PAIR,
        "qalys": 1.0,
        "costs": 1.0,
        "icer": 1.0,
    }
    one |= {"verdict": "", "nmb": dict.fromkeys(AT, 1.0), "change_in_nmb": 1.0, "changes_decision": True, "failed": ""}
    made = NWayResult(file="f", sha256="", labels={"a": "A", "b": "B"}, units={"a": "", "b": ""}, combinations=[])
    found = own(made.model_copy(update={"combinations": [CombinationResult(**one)] * 2}))
    columns = {"Value: a": "values.a", "Value: b": "values.b", "Increment: QALYs": "qalys", "Increment: Costs": "costs"}
    columns |= {"ICER": "icer", "Change from the base case": "change_in_nmb"}
    columns |= {f"Net monetary benefit at: {int(t):,}": f"nmb.{t}" for t in AT}
    return of_dsa("n_way", n_way=found), found, (found.model_dump()["combinations"], columns)


def threshold_search() -> Made:
    ends: dict[str, Any] = {"values": [1.0, 1.0], "nmb_low": 1.0, "nmb_high": 1.0, "cost_effective": [(1.0, 1.0)]}
    at = ThresholdAt(**PAIR, threshold=1.0, **ends, established="grid", words="known")
    start: dict[str, Any] = {"id": "x", "label": "X", "unit": "", "base": 1.0, "low": 1.0, "high": 1.0}
    found = own(ThresholdSearch(**start, x=[1.0], lines=[], failed=0, at=[at, at]))
    r = found.model_dump()
    records = [{**r, **each, "met": value} for each in r["at"] for value in each["values"]]
    columns = {f"Value: {word}": word.split()[0].lower() for word in ("Base case", "Low", "High")}
    columns |= {"Threshold": "threshold", "Met at": "met"}
    columns |= {f"Net monetary benefit: At {end}": f"nmb_{end}" for end in ("low", "high")}
    return of_dsa("threshold_search", searches=[found]), found, (records, columns)


def of_voi(name: str) -> tuple[Table, Any]:
    """The value of information of draws of another tool, with parts of a run."""
    mean = MeanEntry(
        strategy="standard", costs=1, effects=1, incremental_costs=1, incremental_effects=1, icer=1, verdict=""
    )
    curves = {s: [1.0, 1.0] for s in ("standard", "active")}
    ceac = Ceac(wtp=[1.0, 1.0], probability=curves)
    ceaf = Ceaf(wtp=[1.0, 1.0], strategy=["standard", "active"], probability=[1.0, 1.0])
    numbers = count(1)
    means = [MeanEntry.model_validate(each_its_own(mean.model_dump(), numbers)) for _ in range(2)]
    ceac = Ceac.model_validate(each_its_own(ceac.model_dump(), numbers))
    ceaf = Ceaf.model_validate(each_its_own(ceaf.model_dump(), numbers))
    shown = {"currency": "EUR", "effect": "QALY", "draws": 9, "strategies": ["standard", "active"]}
    record: Any = SimpleNamespace(**shown, means=means, ceac=ceac, ceaf=ceaf, information=None, research=None)
    return table_of("voi", name, record), record


def voi_means() -> Made:
    table, record = of_voi("means")
    columns = {name: name.lower() for name in ("Costs", "Effects")}
    columns |= {f"Increment: {name}": f"incremental_{path}" for name, path in columns.items()}
    return table, record.means, ([each.model_dump() for each in record.means], columns | {"ICER": "icer"})


def voi_ceac() -> Made:
    table, record = of_voi("ceac")
    records = [
        {"wtp": t, "best": record.ceaf.probability[i], **{s: own[i] for s, own in record.ceac.probability.items()}}
        for i, t in enumerate(record.ceac.wtp)
    ]
    columns = {f"Probability of being cost-effective: {s}": s for s in ("standard", "active")}
    return (
        table,
        [record.ceac, record.ceaf],
        (
            records,
            {"Willingness to pay": "wtp", **columns, "Acceptability frontier": "best"},
        ),
    )


def sweep() -> Made:
    by_outcome = dict.fromkeys(("life_years", "qalys", "costs"), 1.0)
    ends = dict.fromkeys(by_outcome, (1.0, 1.0))
    benefit: dict[str, Any] = {"nmb_mean": {"50000": 1.0}, "nmb_interval": {"50000": (1.0, 1.0)}}
    benefit |= {"nmb_mcse": {"50000": 1.0}, "quadrants": {"dominant": 1.0}, "mcse_inmb": 1.0, "icer_of_means": 1.0}
    gain = PsaIncrement(**PAIR, mean=by_outcome, interval=ends, verdict_of_means="", **benefit)
    about: dict[str, Any] = {"workbook": "a.xlsx", "scenario": "", "question": "", "sha256": "", "sampling": "random"}
    draws: dict[str, Any] = {
        "changes": [],
        "draws": 1,
        "seed": 1,
        "thresholds": [50_000.0],
        "decision_threshold": 50_000.0,
    }
    strategies = {"standard": by_outcome, "active": by_outcome}
    shares = {"50000": {"standard": 1.0, "active": 1.0}}
    entry = SweepEntry(
        **about,
        **draws,
        mean=strategies,
        interval=dict.fromkeys(strategies, ends),
        increments=[gain],
        probability_cost_effective=shares,
        optimal={"50000": "active"},
        evpi={"50000": 1.0},
    )
    names = {"standard": "Standard", "active": "Active"}
    head: dict[str, Any] = {"name": "a.xlsx", "sha256": "", "title": "", "currency": "EUR"}
    book = SweepWorkbook(**head, strategies=list(names), strategy_names=names)
    found = own(SweepDocument(schema_version=1, workbooks=[book], results=[entry, entry]))
    records = [{**each, **one} for each in found.model_dump()["results"] for one in each["increments"]]
    columns = {"Draws": "draws", "ICER of the means": "icer_of_means", "Decision threshold": "decision_threshold"}
    for group, key in (("Incremental QALYs", "qalys"), ("Incremental costs", "costs")):
        columns |= {f"{group}: {word}": path.format(key) for word, path in INTERVAL.items()}
    ends_ = {"Mean": "nmb_mean.50000", "2.5%": "nmb_interval.50000.0", "97.5%": "nmb_interval.50000.1"}
    columns |= {f"Net monetary benefit: {word}": path for word, path in ends_.items()}
    columns |= {"Monte Carlo standard error": "nmb_mcse.50000", "EVPI per person": "evpi.50000"}
    columns["Probability of being cost-effective"] = "probability_cost_effective.50000.active"
    return sweep_table(found), found, (records, columns)


def differences() -> Made:
    gain: dict[str, Any] = {**PAIR, "life_years": 1.0, "qalys": 1.0, "costs": 1.0, "icer": 1.0, "verdict": ""}
    effect = Effect(**gain, move=Move(qalys=1.0, costs=1.0, icer=1.0))
    about: dict[str, Any] = {
        "kind": "cell",
        "what": "changed",
        "id": "x",
        "column": "value",
        "cell": "A1",
        "label": "X",
        "unit": "",
    }
    change = Difference(**about, before=1.0, after=1.0, acts="yes", reason="", group=None, effects=[effect])
    side = Side(workbook="a.xlsx", sha256="", incremental=[Compared(**gain)])
    found = own(
        Differences(
            currency="EUR",
            currency_b="EUR",
            scenarios=[],
            a=side,
            b=side,
            differences=[change],
            groups=[LinkedDifferences(name="g", members=["x"], effects=[effect])],
            together=[effect],
            not_additive=[Remainder(**PAIR, costs=1.0, qalys=1.0, icer=1.0)],
        )
    )
    inputs = of("budget")[1].model.inputs
    compared: Any = SimpleNamespace(
        first=SimpleNamespace(inputs=inputs), second=SimpleNamespace(inputs=inputs), found=found
    )
    r = found.model_dump()
    records: list[Record] = [each | effect for each in (*r["differences"], *r["groups"]) for effect in each["effects"]]
    records += [*r["together"], *({"move": each} for each in r["not_additive"])]
    columns = {"From": "before", "To": "after", "ICER": "icer", "Move: ICER": "move.icer"}
    columns |= {f"Increment: {name}": name.lower().replace("-", "_") for name in ("Life-years", "QALYs", "Costs")}
    columns |= {f"Move: {name}": f"move.{name.lower()}" for name in ("QALYs", "Costs")}
    return differences_table(compared), found, (records, columns)


def of_dossier(name: str, records: list[Any], **further: Any) -> Table:
    results, run = of("budget")
    shown: dict[str, Any] = {"strategies": list(results.strategies), "currency": "EUR", **further}
    about: Any = SimpleNamespace(**shown, **{"checks" if name == "checks" else "steps": records})
    return table_of("report", name, about, names_of(results, run))


def checks() -> Made:
    entry = CheckEntry(name="x", question="Does it?", measured="X", value=1.0, limit=1.0, passed=True)
    found = own(entry)
    return of_dossier("checks", [found]), [found], ([found.model_dump()], {"Found": "value", "Limit": "limit"})


def stepped() -> Made:
    entry = Step(intervention="active", step="costs", effect=1.0, costs=1.0, ratio=1.0, cost_per_life_year=1.0)
    found = own(entry)
    columns = {"Incremental effect": "effect", "Incremental costs": "costs", "ICER": "ratio"}
    columns["Per life-year gained"] = "cost_per_life_year"
    return of_dossier("stepped", [found]), [found], ([found.model_dump()], columns)


def one_way_largest() -> Made:
    words: dict[str, Any] = {"id": "a", "label": "A", "unit": "x", "verdict_low": "", "verdict_high": "", **PAIR}
    numbers = [name for name in Dsa.model_fields if name not in words]
    bars = [own(Dsa(**words | dict.fromkeys(numbers, 1.0))) for _ in range(12)]
    shown = {"dsa": bars, "incremental": [SimpleNamespace(intervention="active")]}
    columns = {"Value: Base case": "base", "Value: Low": "low", "Value: High": "high"}
    columns |= {"ICER: At low": "icer_low", "ICER: At high": "icer_high"}
    columns |= {"Net monetary benefit: At low": "nmb_low", "Net monetary benefit: At high": "nmb_high"}
    first = bars[:10]
    return of_dossier("one_way_largest", [], **shown), first, ([bar.model_dump() for bar in first], columns)


def scenarios_moving() -> Made:
    """Of a sweep both ends, and nothing that does not move."""
    texts: dict[str, Any] = dict.fromkeys(
        ("purpose", "question", "why", "source", "sweep", "label", "verdict", "stopped"), ""
    )
    numbers = ("life_years", "qalys", "costs", "icer", "change_in_qalys", "change_in_costs", "change_in_icer")
    others: dict[str, Any] = {"changes": [], "nmb": {}, "cost_effective": {}, "changes_decision": {}, "group": "costs"}
    one = ScenarioEntry(name="one", **PAIR | texts | others | dict.fromkeys(numbers, 1.0))
    named = [("one", ""), ("still", ""), ("first", "s"), ("middle", "s"), ("last", "s")]
    found = [own(one.model_copy(update={"name": name, "sweep": sweep})) for name, sweep in named]
    shown: dict[str, Any] = {"scenarios": found, "moving": ["one", "first", "middle", "last"]}
    shown |= {"decision_threshold": 20_000.0, "incremental": [SimpleNamespace(intervention="active")]}
    columns = {"Increment: QALYs": "qalys", "Increment: Costs": "costs", "ICER": "icer", "Change": "change_in_icer"}
    kept = [each for each in found if each.name in {"one", "first", "last"}]
    return of_dossier("scenarios_moving", [], **shown), kept, ([each.model_dump() for each in kept], columns)


def key_assumptions() -> Made:
    """Choices and influential values, each reason once; nothing of an option that is not chosen."""
    rest: dict[str, Any] = {"subject": "Curves", "unit": "", "low": None, "high": None, "se": None, "n": None}
    rest |= {"distribution": "fixed", "parameters": [], "range_basis": "", "note": ""}
    rows: list[tuple[str, str, Any, str]] = [
        ("settings.utilities_by", "Utilities by", "state", "a study"),
        ("curve.os.a.family", "Family, OS, A", "exp", "assumption: it fits"),
        ("curve.os.b.family", "Family, OS, B", "exp", "assumption: it fits"),
        ("waning.os.b.shape", "Waning", "none", "assumption: not seen"),
        ("waning.os.b.start", "Start of waning", "24", "assumption: two years"),
        ("utility.progressed", "Utility", 0.5, "assumption: a guess"),
        ("utility.progression_free", "Utility before", 0.6, "assumption: another"),
        ("patients.bsa_mean", "Size", "m", "a study"),
    ]
    inputs = [InputEntry(id=i, label=text, value=value, source=why, **rest) for i, text, value, why in rows]
    bar = SimpleNamespace(id="utility.progressed", intervention="active")
    shown = {"inputs": inputs, "dsa": [bar], "incremental": [SimpleNamespace(intervention="active")]}
    table = of_dossier("key_assumptions", [], **shown)
    assert [row[1:] for row in table.rows] == [
        ("Family, OS, A, and 1 more like it", "exponential", "It fits"),
        ("Waning", "none", "Not seen"),
        ("Utility", "0.5", "A guess"),
    ]
    return table, inputs, ([{}, {}, {}], {})


ELSEWHERE: dict[str, Callable[[], Made]] = {
    "n_way": n_way,
    "threshold_search": threshold_search,
    "means": voi_means,
    "ceac of voi": voi_ceac,
    "sweep": sweep,
    "differences": differences,
    "checks": checks,
    "stepped": stepped,
    "one_way_largest": one_way_largest,
    "scenarios_moving": scenarios_moving,
    "key_assumptions": key_assumptions,
}
