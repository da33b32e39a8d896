"""The report: one HTML file that needs nothing else, to read, print and hand on."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING

from hemodel.publish.table_view import TableView, view
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.charts import captions as chart_captions
from hemodel.views.evidence.charts import REPORT_FIGURES, evidence_captions
from hemodel.views.evidence.tables import RANKING, report_tables
from hemodel.views.information import information_text, shown_as
from hemodel.views.payer import counts, of_whom
from hemodel.views.prose import assumed_prices, decision_problem, key_results, not_run, structure, threshold_results
from hemodel.views.shared.words import adjustment_sentence
from hemodel.views.studies import research_method, research_results
from hemodel.views.tables import names_of, tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Template
    from markupsafe import Markup

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.run import Run
    from hemodel.records.results import Results
    from hemodel.views.shared.words import Names
    from hemodel.views.tables import Table


_LONG_WORD = 18
_TALL = 1.15
"""Height over width from which a figure is given a page of its own in print."""
_BOTH = 2


@dataclass(frozen=True)
class FigureView:
    """A figure as the template prints it."""

    number: int
    caption: str
    source: str
    tall: bool

    @property
    def kind(self) -> str:
        """What the template makes of it."""
        return "figure"


@dataclass(frozen=True)
class ReportSection:
    """A section of the report: what it says first, then a list, then tables and figures."""

    id: str
    title: str
    text: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    blocks: tuple[TableView | FigureView, ...] = ()

    @property
    def wide(self) -> bool:
        """Whether it begins with a wide table, so that its heading goes on the same page."""
        return bool(self.blocks) and isinstance(self.blocks[0], TableView) and self.blocks[0].wide


def report_html(
    results: Results,
    run: Run,
    figures_svg: Mapping[str, str],
    repeat: str = "",
    evidence: EvidencePack | None = None,
) -> str:
    """Return the report of a run as one HTML file.

    Parameters
    ----------
    results : Results
    run : Run
        The run that the results are of.
    figures_svg : mapping from name to str
        Figures as SVG, by the names of `charts.figures`; those that are missing are
        left out.
    repeat : str
        The command that repeats the run.
    evidence : EvidencePack, optional
        On the curves of the run; without it the report has no section on it. Its
        figures are among `figures_svg`.

    Returns
    -------
    str
        The same results give the same text.
    """
    names = names_of(results, run)
    made, captions = tables(results, run), chart_captions()
    if evidence is not None:
        made = (*made, *report_tables(run.model, evidence))
        captions |= evidence_captions(run.model, evidence)
    return template("report.html.j2").render(
        css=style_sheet(),
        results=results,
        facts=decision_problem(results, run, names),
        assumed_prices=assumed_prices(results, names),
        key_results=key_results(results, names),
        threshold_results=threshold_results(results, names),
        not_run=not_run(results),
        workbook=run.model.inputs.path.name,
        repeat=repeat,
        sections=numbered(_sections(results, run), made, figures_svg, captions),
        link=link,
    )


def style_sheet() -> str:
    """Return the style sheet that every page carries."""
    return files("hemodel.publish").joinpath("templates", "report.css").read_text(encoding="utf-8")


def template(name: str) -> Template:
    """Return a template of a page."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("hemodel.publish", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template(name)


def breakable(text: str) -> Markup:
    """Return a text with places where a very long word may be broken, so that a table keeps its width."""
    from markupsafe import Markup

    mark = "\N{ZERO WIDTH SPACE}"
    return Markup("<wbr>").join(re.sub(rf"(\S{{{_LONG_WORD}}})(?=\S)", rf"\1{mark}", text).split(mark))


def link(text: str) -> str:
    """Return the address a source's text names (http, https or a DOI), or nothing."""
    text = text.strip()
    if any(letter.isspace() for letter in text):
        return ""
    if text.lower().startswith("doi:"):
        return f"https://doi.org/{text[4:]}"
    return text if text.startswith(("https://", "http://")) else ""


def _sections(results: Results, run: Run) -> list[ReportSection]:
    """Return every section with the names of its tables and figures, whether the run has them or not."""
    names = names_of(results, run)
    adjusted = tuple(adjustment_sentence(entry, names) for entry in results.adjustments)
    nothing = () if adjusted else ("Nothing was adjusted: no curve crossed another that caps it.",)
    several = len(results.strategies) > _BOTH
    compared = ("base_case", "fully_incremental", "net_benefit") if several else ("base_case", "net_benefit")
    return [
        ReportSection("structure", "Model structure and conventions", points=tuple(structure(run)), names=_STRUCTURE),
        ReportSection("base-case", "Base-case results", names=compared),
        ReportSection("reference-case", "Reference case", text=_of_payer(results), names=_PAYER),
        ReportSection("survival", "Survival", names=_SURVIVAL),
        ReportSection("evidence", "Evidence for the curves", names=_EVIDENCE),
        ReportSection("adjustments", "What was adjusted", text=nothing, points=adjusted),
        ReportSection("costs", "Costs", names=_COSTS),
        ReportSection("outcomes", "Life-years and QALYs", names=_OUTCOMES),
        ReportSection("price", "Price", names=_PRICE),
        ReportSection("scenarios", "Scenarios", names=_SCENARIOS),
        ReportSection("one-way", "Deterministic sensitivity analysis", names=_ONE_WAY),
        ReportSection("probabilistic", "Probabilistic sensitivity analysis", names=_PROBABILISTIC),
        _information(results, names),
        research_section(results),
        budget_section(results, names),
        ReportSection("assumptions", "Assumptions", names=("assumptions",)),
        ReportSection("inputs", "Inputs and their sources", names=("inputs",)),
        ReportSection("sources", "Sources", names=("sources",)),
        ReportSection("dictionary", "Dictionary of the inputs", names=("dictionary",)),
        ReportSection("changes", "Changes to the workbook for this run", names=("changes",)),
        ReportSection("warnings", "Warnings", points=tuple(results.warnings)),
    ]


def _of_payer(results: Results) -> tuple[str, ...]:
    """Say whose reference case was applied, and how far it is met."""
    return () if results.payer is None else (f"{of_whom(results.payer)}. {counts(results.payer)}.",)


def _information(results: Results, names: Names) -> ReportSection:
    text = information_text(results.information, shown_as(results, names), results.decision_threshold)
    return ReportSection("information", "Value of information", text=text, names=_INFORMATION)


def budget_section(results: Results, names: Names) -> ReportSection:
    """Return the section on the budget impact, empty without one."""
    text = (*budget_results(results, names), *budget_method(results))
    return ReportSection("budget", "Budget impact", text=text, names=_BUDGET)


def research_section(results: Results) -> ReportSection:
    """Return the section on the studies that could be done, empty without any."""
    text = (*research_results(results.research), *research_method(results.research))
    return ReportSection("research", "Value of further research", text=text, names=_RESEARCH)


FIGURE = "figure "
"""What stands before the name of a figure in the list of a section."""
_PAYER = ("reference_case", "severity", "severity_net_benefit", "evlyg")
_STRUCTURE = ("figure model_structure", "regimens")
_SURVIVAL = (
    *("figure survival_curves", "survival_fit", "modelled_survival", "curves", "families", "external"),
    *("fit_quality", "coefficients"),
)
_EVIDENCE = (RANKING, *(f"{FIGURE}{name}" for name in REPORT_FIGURES))
_COSTS = ("figure cost_breakdown", "disaggregated_costs", "drug_use")
_OUTCOMES = ("figure occupancy", "disaggregated_life_years", "disaggregated_qalys")
_PRICE = ("figure price_icer", "price_threshold", "figure efficiency_frontier", "frontier_price")
_INFORMATION = ("figure evppi", "evppi", "figure voi_curves", "figure expected_loss", "evpi")
_BUDGET = (
    *("budget_impact", "figure budget_impact", "budget_by_category", "figure budget_patients", "budget_uptake"),
    *("budget_population", "budget_cost_per_patient", "figure budget_one_way", "budget_one_way"),
)
_RESEARCH = ("figure study_sizes", "study_values", "figure study_wtp", "study_designs")
_SCENARIOS = ("figure scenarios", "scenarios", "scenario_changes")
_ONE_WAY = (
    *("figure tornado_nmb", "figure tornado_icer", "dsa", "threshold_values", "figure two_way"),
    "two_way_boundary",
)
_PROBABILISTIC = (
    *("figure ce_plane", "figure ceac", "psa_summary", "psa_net_benefit", "probability_cost_effective"),
    *("psa_quadrants", "psa_against_base", "psa_checks", "psa_extremes", "figure convergence"),
)


def numbered(
    sections: Sequence[ReportSection],
    made: Sequence[Table],
    figures_svg: Mapping[str, str],
    captions: Mapping[str, str],
) -> list[ReportSection]:
    """Fill the sections with what there is, number tables and figures, drop what is empty.

    Parameters
    ----------
    sections : sequence of ReportSection
        With the names of their tables and figures.
    made : sequence of Table
    figures_svg, captions : mapping from name to str
        Of figures.
    """
    by_name = {table.name: table for table in made}
    found: list[ReportSection] = []
    n_tables = n_figures = 0
    for section in sections:
        blocks: list[TableView | FigureView] = []
        for name in section.names:
            figure = name.removeprefix(FIGURE)
            if figure != name and figures_svg.get(figure):
                n_figures += 1
                blocks.append(_figure(n_figures, captions[figure], figures_svg[figure]))
            elif name in by_name and by_name[name].rows:
                n_tables += 1
                blocks.append(view(by_name[name], n_tables))
        if blocks or section.points or section.text:
            found.append(replace(section, blocks=tuple(blocks)))
    return found


def _figure(number: int, caption: str, svg: str) -> FigureView:
    source = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode("ascii")
    box = re.search(r'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', svg)
    tall = box is not None and float(box[2]) > _TALL * float(box[1])
    return FigureView(number, caption, source, tall)
