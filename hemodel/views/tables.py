"""Every table of a run: content and order, once, for the files, the workbook and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.views import budget as tables_budget
from hemodel.views import curves as tables_survival
from hemodel.views import grids as tables_dsa
from hemodel.views import inputs as tables_inputs
from hemodel.views import judgement as tables_judgement
from hemodel.views import outcomes as tables_outcomes
from hemodel.views import prices as tables_prices
from hemodel.views import psa as tables_psa_checks
from hemodel.views import scenarios as tables_scenarios
from hemodel.views import studies as tables_studies
from hemodel.views import uncertainty as tables_uncertainty
from hemodel.views.information import information_tables, shown_as
from hemodel.views.payer import payer_tables
from hemodel.views.shared.table import Column, Table, csv_text, frame
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


__all__ = ["Column", "Table", "csv_text", "frame", "names_of", "tables"]


def tables(results: Results, run: Run) -> tuple[Table, ...]:
    """Return every table of a run, in the order of a submission.

    Parameters
    ----------
    results : Results
    run : Run
        The run that the results are of; its inputs and curves stand beside them.

    Returns
    -------
    tuple of Table
        Those of parts that were not run, and of changes or warnings where there
        are none, are left out.
    """
    names = names_of(results, run)
    return (
        *_outcomes(results, run, names),
        *payer_tables(results, names),
        *_survival(results, run, names),
        *_uncertainty(results, names),
        *information_tables(results.information, shown_as(results, names)),
        *tables_prices.price_tables(results, names),
        *tables_studies.study_tables(results.research),
        *tables_budget.budget_tables(results, names),
        *_inputs(results, run, names),
    )


def names_of(results: Results, run: Run) -> Names:
    """Return the printed names of everything in a run."""
    rows = select(run.model.inputs.rows, "utility.time_to_death.{band}")
    return Names(results, {row.names["band"]: row.label or row.names["band"] for row in rows})


def _outcomes(results: Results, run: Run, names: Names) -> list[Table]:
    made = (
        tables_outcomes.base_case,
        tables_outcomes.fully_incremental,
        tables_outcomes.net_benefit,
        tables_outcomes.disaggregated_costs,
        tables_outcomes.drug_use,
        tables_outcomes.disaggregated_life_years,
        tables_outcomes.disaggregated_qalys,
    )
    return [make(results, names) for make in made] + [tables_outcomes.occupancy(run, names)]


def _survival(results: Results, run: Run, names: Names) -> list[Table]:
    made = (
        tables_survival.survival_fit,
        tables_survival.modelled_survival_table,
        tables_survival.curves,
        tables_survival.fit_quality,
        tables_survival.families,
        tables_judgement.external,
        tables_judgement.adjustments,
    )
    found = [make(results, names) for make in made]
    found.insert(3, tables_survival.coefficients(run, names))
    return [table for table in found if table.rows or table.name == "adjustments"]


def _uncertainty(results: Results, names: Names) -> list[Table]:
    found = []
    if results.dsa is not None:
        found.append(tables_uncertainty.dsa(results, results.dsa, names))
        found += tables_dsa.grid_tables(results, names)
    if results.psa is not None:
        found += [
            tables_uncertainty.psa_summary(results, results.psa, names),
            tables_uncertainty.psa_net_benefit(results, results.psa, names),
            tables_uncertainty.psa_quadrants(results.psa, names),
            tables_psa_checks.psa_against_base(results, results.psa, names),
            tables_psa_checks.psa_checks(results.psa),
            tables_psa_checks.psa_inputs(results.psa),
            tables_psa_checks.psa_extremes(results, results.psa, names),
            tables_uncertainty.probability_cost_effective(results, results.psa, names),
            tables_uncertainty.ceac(results, results.psa, names),
        ]
    if results.scenarios is not None:
        found.append(tables_scenarios.scenarios(results, results.scenarios, names))
        found.append(tables_scenarios.scenario_changes(results.scenarios))
    return found


def _inputs(results: Results, run: Run, names: Names) -> list[Table]:
    found = [tables_inputs.settings(run), tables_inputs.regimens(run, names), tables_inputs.inputs(run)]
    found += [tables_inputs.assumptions(run), tables_inputs.sources(run), tables_inputs.dictionary(run)]
    optional = [tables_inputs.changes(results), tables_inputs.warnings(results)]
    return found + [table for table in optional if table.rows]
