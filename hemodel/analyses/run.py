"""Everything that `hemodel run` does, as one function of a workbook and options."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from hemodel.analyses.base_case import increments
from hemodel.analyses.budget import BudgetResult, budget_result
from hemodel.analyses.dsa.grids import TwoWayResult, most_influential, two_way_results
from hemodel.analyses.dsa.one_way import OneWay, moves, one_way, statistic_moves
from hemodel.analyses.dsa.threshold_search import ThresholdValue, between_bounds, threshold_values
from hemodel.analyses.fitted_curves import FamilyFit, try_families
from hemodel.analyses.gates.judge import acknowledged
from hemodel.analyses.load import load_rows, refuse_warnings
from hemodel.analyses.options import PARTS, Options
from hemodel.analyses.payer import PayerResult, Prepared, assess, general_population, payer_warnings, prepare
from hemodel.analyses.prices import DrugPrice, price_thresholds
from hemodel.analyses.psa.given import given_warnings
from hemodel.analyses.psa.run import given_draws, of_draws
from hemodel.analyses.research import ResearchResult, research_note
from hemodel.analyses.scenarios import ScenarioEntry, run_scenarios
from hemodel.analyses.shared import Shared, staged
from hemodel.errors import InputError, Location, Problem, UsageError, raise_if_any, together
from hemodel.fonts import missing_words
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change, apply_changes
from hemodel.inputs.correlations import dependence_warnings
from hemodel.inputs.labels import NAME as LABEL
from hemodel.inputs.labels import label_warnings
from hemodel.inputs.scenarios import Scenario, clashing, for_payer, pick, read_scenarios, scenario_folder
from hemodel.model.curve_effects import TOWARDS_LOWER
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.payers.reading import find_profile
from hemodel.survival.workbook.tables import table_warnings
from hemodel.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hemodel.analyses.dsa.one_way import OneWayBounds
    from hemodel.analyses.information import InformationResult
    from hemodel.analyses.psa.blocks import Each
    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.psa.given import GivenDraws
    from hemodel.analyses.psa.result import PsaResult
    from hemodel.analyses.shared import Progress
    from hemodel.inputs.cells import RawWorkbook
    from hemodel.model.outcomes import Outcomes
    from hemodel.payers.reading import FoundProfile


@dataclass(frozen=True)
class Run:
    """Results of a run; None for a part that was not asked for, and for a budget impact without values for it."""

    model: Model
    base: Outcomes
    families: list[FamilyFit]
    one_way: OneWay | None
    psa: Psa | None
    scenarios: list[ScenarioEntry] | None
    under: tuple[Scenario, ...]
    available: tuple[Scenario, ...]
    options: Options
    warnings: tuple[str, ...]
    payer: PayerResult | None = None
    profile: FoundProfile | None = None
    prices: list[DrugPrice] | None = None
    budget: BudgetResult | None = None
    psa_result: PsaResult | None = None
    information: InformationResult | None = None
    research: ResearchResult | None = None
    two_way: list[TwoWayResult] | None = None
    threshold_values: list[ThresholdValue] | None = None
    given: GivenDraws | None = None
    statistics: OneWay | None = None


def run(
    path: str | Path,
    options: Options,
    progress: Callable[[str, int, int], None] | None = None,
    shared: Shared | None = None,
    each: Each | None = None,
    known: Callable[[Run], object] | None = None,
) -> Run:
    """Run the base case and the parts asked for.

    Parameters
    ----------
    progress : callable, optional
        Called with the name of the part, the steps done and all steps; 0 where nobody knows how many there are.
    shared : Shared, optional
        Where runs for several payers, alike in all else, keep what they have in common.
    each : callable, optional
        Called with the result of every block of draws, in order (`probabilistic`).
    known : callable, optional
        Called with the base case alone, as soon as it is known.

    Raises
    ------
    InputError
        With every problem of the workbook, the changes and the scenarios; where the options are strict, with every
        warning that no note accepts.
    UsageError
        For a part that does not exist, or fewer than two draws.
    """
    _refuse_unknown(options.parts)
    path, shared = Path(path), shared or Shared()
    loaded = staged(progress, "reading and fitting", lambda: _load(path, options, shared))
    model = loaded.model
    early = _base_case(loaded, options)
    if known is not None:
        known(early)
    base = early.base
    results = _scenarios(loaded, options, progress) if "scenarios" in options.parts else None
    moved, tornado, alone = None, None, None
    if "dsa" in options.parts:
        moved, tornado, alone = staged(progress, "one-way", lambda: _one_way(model, shared))
    drawn = of_draws(model, options, (progress, each), shared, loaded.given)
    psa = drawn["psa"]
    families = _families(model, shared, progress) if options.families else []
    payer = _payer(loaded, (base, tornado, psa), scenarios_run=results is not None)
    return replace(
        early,
        families=families,
        one_way=tornado,
        statistics=alone,
        scenarios=results,
        warnings=(
            *_about_inputs(loaded, results),
            *(words for found in (tornado, alone) if found is not None for words in found.left_out),
            *_about_curves(model, base, drawn="psa" in options.parts),
            *(*payer_warnings(loaded.payer), *research_note(model, psa), *given_warnings(model, loaded.given)),
        ),
        payer=payer,
        profile=None if loaded.payer is None else loaded.payer.found,
        prices=price_thresholds(model, psa=psa),
        budget=budget_result(model, moved),
        **drawn,
        **staged(progress, "grids", lambda: _grids(model, base, tornado, options, shared)),
    )


def _refuse_unknown(parts: Sequence[str]) -> None:
    unknown = [part for part in parts if part not in PARTS]
    if unknown:
        raise UsageError(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}")


def _base_case(loaded: _Loaded, options: Options) -> Run:
    """Return a run of nothing but the base case."""
    return Run(
        model=loaded.model,
        base=evaluate(loaded.model, base_draws(loaded.model)),
        families=[],
        one_way=None,
        psa=None,
        scenarios=None,
        under=loaded.under,
        available=loaded.available,
        options=options,
        warnings=(),
    )


def _families(model: Model, shared: Shared, progress: Progress | None) -> list[FamilyFit]:
    return staged(progress, "families", lambda: shared.once("families", lambda: try_families(model)))


def _one_way(model: Model, shared: Shared) -> tuple[OneWayBounds, OneWay, OneWay]:
    """Return the inputs at their bounds, what comes of them, and what comes of each reported statistic alone."""
    rates = (model.inputs.settings.cost_rates, model.inputs.settings.effect_rates)
    moved = shared.once("moves", lambda: moves(model))
    alone = shared.once("statistics", lambda: statistic_moves(model))
    return (
        moved,
        shared.once(("dsa", rates), lambda: one_way(model, moved)),
        shared.once(("dsa statistics", rates), lambda: one_way(model, alone)),
    )


class _Grids(TypedDict, total=False):
    two_way: list[TwoWayResult]
    threshold_values: list[ThresholdValue]


def _grids(model: Model, base: Outcomes, tornado: OneWay | None, options: Options, shared: Shared) -> _Grids:
    """Return the grid of the two largest bars, and the values that change the decision."""
    if tornado is None or not options.grids:
        return {}
    settings = model.inputs.settings
    key = (settings.cost_rates, settings.effect_rates, settings.decision_threshold)
    grids = shared.once(("two-way", key), lambda: most_influential(model, tornado))
    searches = shared.once(("thresholds", key), lambda: between_bounds(model, tornado))
    return {
        "two_way": two_way_results(model, grids),
        "threshold_values": threshold_values(model, increments(base), searches),
    }


def budget_run(path: str | Path, options: Options, progress: Progress | None = None) -> Run:
    """Run as `run` does, and refuse a workbook without values for the budget impact.

    Raises
    ------
    InputError
    """
    done = run(path, options, progress)
    if done.budget is None:
        missing = Problem(
            Location(Path(path).name, "Budget impact"),
            "there are no values for the budget impact",
            "It needs the patients of each year and the mix of treatments with and without the new one",
            "Add the sheet Budget impact with the rows budget.* that docs/inputs.md lists.",
        )
        raise InputError((missing,))
    return done


@dataclass(frozen=True)
class _Loaded:
    """A model ready to run: its scenarios, those it is under, the changes made, its payer, and draws from a file."""

    model: Model
    changes: tuple[Change, ...]
    under: tuple[Scenario, ...]
    available: tuple[Scenario, ...]
    folder: Path | None
    setting: str
    payer: Prepared | None
    general: float | None
    given: GivenDraws | None


def _load(path: Path, options: Options, shared: Shared) -> _Loaded:
    """Read the workbook and make every change: the payer's first, then those of --set and --scenario."""
    raw = shared.once("cells", lambda: read_cells(path))
    folder, setting = _folder(path, raw, options.changes)
    found = find_profile(options.payer, path) if options.payer else None
    wanted = found is not None or options.scenarios or "scenarios" in options.parts
    code = "" if found is None else found.profile.code
    scenarios = for_payer(read_scenarios(folder, raw.scenarios), code) if wanted else ()
    under = pick(scenarios, options.scenarios)
    changes = (*options.changes, *(change for scenario in under for change in scenario.changes))
    prepared = None if found is None else prepare(found, raw, changes)
    changes = (*(() if prepared is None else prepared.applied.changes), *changes)
    _refuse_clashes(changes)
    model = load_rows(path, raw, changes)
    if options.strict:
        refuse_warnings(model)
    general = None if prepared is None else general_population(prepared, model)
    given = given_draws(model, options)
    return _Loaded(model, changes, under, scenarios, folder, setting, prepared, general, given)


def _payer(
    loaded: _Loaded, results: tuple[Outcomes, OneWay | None, Psa | None], *, scenarios_run: bool
) -> PayerResult | None:
    if loaded.payer is None:
        return None
    return assess(loaded.payer, loaded.model, loaded.general, results, (loaded.available, scenarios_run))


def _refuse_clashes(changes: Sequence[Change]) -> None:
    raise_if_any(
        Problem(Location(" and ".join(sorted({c.origin for c in changes if c.id == id_}))), f"{id_} is changed twice")
        for id_ in clashing(changes)
    )


def _folder(path: Path, raw: RawWorkbook, changes: Sequence[Change]) -> tuple[Path | None, str]:
    """Return the scenario folder of a workbook and the setting that names it."""
    raw, _ = apply_changes(raw, changes)
    setting = next((str(r.cells["value"].value or "") for r in raw.rows if r.id == "settings.scenarios"), "")
    return scenario_folder(path, setting), setting


def _chosen(scenarios: tuple[Scenario, ...], options: Options) -> tuple[Scenario, ...]:
    """Return the scenarios of the groups and names that were asked for."""
    named = pick(scenarios, options.only, option="--only", together=False) if options.only else scenarios
    return tuple(scenario for scenario in named if not options.groups or scenario.group in options.groups)


def _scenarios(
    loaded: _Loaded, options: Options, progress: Callable[[str, int, int], None] | None
) -> list[ScenarioEntry]:
    """Run the scenarios that were asked for, but for those that the whole run is under."""
    others = _chosen(tuple(s for s in loaded.available if s not in loaded.under), options)
    step = None if progress is None else lambda done: progress("scenarios", done, len(others))
    return run_scenarios(loaded.model, loaded.changes, others, step)


def _about_inputs(loaded: _Loaded, results: Sequence[ScenarioEntry] | None) -> tuple[str, ...]:
    """What to know about cells, tables and correlations, and which scenarios were not run or not found."""
    inputs = loaded.model.inputs
    labels, _ = acknowledged(inputs.rows, label_warnings(inputs.rows, inputs.raw.rows))
    found = [str(warning) for warning in together([*inputs.raw.warnings, *labels, *table_warnings(inputs)], LABEL)]
    found += dependence_warnings(inputs.dependence, inputs.rows)
    names = [row.text for row in inputs.rows.values() if row.kind.pattern.endswith("}.name")]
    labels_shown = [row.label for row in inputs.rows.values() if row.value is not None]
    found += missing_words([*names, *labels_shown, *(scenario.question for scenario in loaded.available)])
    if results is None:
        return tuple(found)
    if loaded.setting and loaded.folder is None:
        found.append(
            f"No scenarios were run: the folder {loaded.setting} was not found beside the workbook or above it."
        )
    found += dict.fromkeys(f"Scenario {entry.name} was not run. {entry.stopped}" for entry in results if entry.stopped)
    known = {scenario.name for scenario in loaded.available}
    missing = [name for name in inputs.settings.beside if known and name not in known]
    return (*found, *(f"settings.beside names {name}, and there is no such scenario." for name in missing))


def _about_curves(model: Model, base: Outcomes, *, drawn: bool) -> tuple[str, ...]:
    """What to know about the fits, and where an effect wanes towards the lower hazard."""
    found = [f"{endpoint}: {note}" for endpoint, fit in model.fits.items() for note in fit.notes]
    if drawn:
        found += [note for fit in model.fits.values() if fit.bootstrap is not None for note in fit.bootstrap()[1]]
    for strategy, exposed in base.exposures.items():
        for rule, done in exposed.adjustments.items():
            name, _, endpoint = rule.partition(": ")
            if name == TOWARDS_LOWER and not np.isnan(done.first_day[0]):
                month = float(done.first_day[0]) / DAYS_PER_MONTH
                found.append(
                    f"{endpoint or 'os'}: the effect of {strategy} wanes towards a reference whose hazard is the lower "
                    f"one from month {month:.1f}, which makes the treatment better than without waning."
                )
    return tuple(found)
