"""Everything the documentation claims: commands, examples, links, pages written from data, and numbers."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from commands import whole_run
from typer.testing import CliRunner

import hemodel
from hemodel.analyses.dsa.one_way import one_way, statistic_moves
from hemodel.analyses.fitted_curves import attempt
from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.analyses.results import Results, results
from hemodel.analyses.run import Run, run
from hemodel.cli import app
from hemodel.inputs.changes import Change
from hemodel.inputs.documentation import inputs_page
from hemodel.inputs.scenarios import read_scenarios
from hemodel.views.headline import headline
from hemodel.views.shared.words import Names

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
TASKS = 5
NEW, CONTROL = "lurbinectedin_atezolizumab", "atezolizumab"


def text(name: str) -> str:
    """A page with its line breaks taken out, so that a sentence can be looked for."""
    return " ".join((ROOT / name).read_text(encoding="utf-8").split())


@pytest.fixture(scope="module")
def base() -> Run:
    return run(WORKBOOK, Options(parts=("base",)))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """The results of a whole run."""
    return Results.model_validate_json((whole_run(tmp_path_factory) / "results.json").read_bytes())


def base_under(*scenarios: str) -> Options:
    """The base case alone, under scenarios."""
    return Options(parts=("base",), scenarios=scenarios, families=False)


def commands() -> list[str]:
    lines = [line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()]
    return sorted({line.strip() for line in lines if re.match(r"hemodel (run|inputs|check|fit) inputs/", line.strip())})


@pytest.mark.parametrize("command", commands())
def test_command(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    arguments = shlex.split(command)[1:]
    if "--out" in arguments:
        arguments[arguments.index("--out") + 1] = str(tmp_path / "out")
    if arguments[0] == "run":
        fewest = "50" if "settings.sampling=sobol" not in arguments else "1024"
        arguments += ["--draws", fewest, "--jobs", "1", *([] if "--only" in arguments else ["--only", "base"])]
    done = CliRunner().invoke(app, arguments)

    assert done.exit_code == 0, done.output


def test_readme_commands_are_those_of_ci() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    assert "\npython -m pip install . && hemodel run inputs/imforte_us.xlsx\n" in readme
    assert '\npython -m pip install ".[test]" && python -m pytest\n' in readme
    assert "&& hemodel run inputs/imforte_us.xlsx" in script
    assert '".[test]"' in script
    assert "python -m pytest" in script


def test_python_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every task goes on from the one before."""
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inputs").symlink_to(ROOT / "inputs")
    for block in blocks:
        exec(compile(block, "docs/python.md", "exec"), names)  # noqa: S102

    assert len(re.findall(r"^## (?!Further)", page, re.MULTILINE)) == TASKS
    assert names["base"].strategies == (CONTROL, NEW)
    assert names["first"] == "draws, utility.progressed[0]: 'nan' is not a number. Give a number in every row."
    assert names["outcomes"].draws == names["psa"].draws == 1000
    one, other = (hemodel.increments(names[name]).verdicts()[NEW].icer or 0.0 for name in ("base", "other"))
    assert one > other > 0.0  # a lower price
    assert np.diff(hemodel.increments(names["along"]).benefit(150_000.0)[:, 0]).max() < 0.0  # a rising price
    assert names["found"].incremental[0].icer == pytest.approx(one, rel=1e-12)  # the same sums in another order
    assert {path.name for path in tmp_path.iterdir()} == {"inputs", "ceac.png", "ceac.svg", "plane.png"}


def test_toml_example_is_a_shipped_scenario() -> None:
    block = re.findall(r"```toml\n(.*?)```", (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8"), re.DOTALL)[0]

    assert block == (ROOT / "scenarios" / "imforte_us" / "utilities_nafees.toml").read_text(encoding="utf-8")


def test_inputs_page_is_the_dictionary() -> None:
    page = (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8")

    assert page == inputs_page(), "run python -m hemodel.inputs.documentation"


def test_command_line_page_names_every_option() -> None:
    page = text("docs/cli.md")
    commands = (
        *("run", "payers", "scenarios", "budget", "report", "inputs", "check", "fit", "fit-ipd", "reconstruct"),
        *("dsa", "voi", "sweep"),
    )
    for command in commands:
        help_text = CliRunner().invoke(app, [command, "--help"]).output
        for option in set(re.findall(r"--[a-z-]+", help_text)) - {"--help"}:
            assert option in page, f"{command} {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_exist(page: Path) -> None:
    content = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", content):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
    for named in re.findall(r"`((?:docs|tests|hemodel|inputs|scenarios|benchmarks)/[\w./-]+)`", content):
        assert (ROOT / named).exists(), named


def test_every_page_is_in_the_navigation() -> None:
    layout = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = {name for entry in layout["nav"] for name in entry.values()}

    assert listed == {path.name for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scenarios_that_pages_name_exist(page: Path) -> None:
    shipped = [each for folder in sorted((ROOT / "scenarios").iterdir()) for each in read_scenarios(folder)]
    known = {name for scenario in shipped for name in (scenario.name, scenario.sweep)}
    prefixes = ("os_", "pfs_", "utilities_", "price_", "medians_", "vial_", "treat_", "no_", "background_")
    named = re.findall(r"`([a-z][a-z0-9_]+)`", page.read_text(encoding="utf-8"))

    rules = {"os_below_population", "os_lifted_to_pfs", "pfs_capped_at_os"}

    assert {name for name in named if name.startswith(prefixes) and "." not in name} - rules <= known


def whole(value: float) -> str:
    return f"{value:,.0f}"


@pytest.mark.every
def test_probabilistic_means_in_the_page_on_curves(found: Results) -> None:
    page = text("docs/curves.md")
    psa = found.psa
    assert psa is not None
    shares = {a.strategy: a.share_of_draws for a in found.adjustments if a.rule == "os_below_population"}
    under, new = (100 * (shares[strategy] or 0) for strategy in (CONTROL, NEW))
    assert f"in {under:.0f}% of the draws of the control arm and {new:.0f}% of those of the combination" in page
    control = found.base_case[CONTROL].qalys.discounted["total"]
    assert f"(control {psa.mean[CONTROL]['qalys']:.2f} QALYs against {control:.2f}, increment" in page
    assert f"{psa.increments[0].mean['qalys']:.3f} against {found.incremental[0].qalys:.3f})" in page
    low, high = psa.interval[CONTROL]["qalys"]
    assert f"the 95% interval of the control's QALYs is {low:.2f} to {high:.2f}" in page
    for scenarios, words in (
        (("trial_statistics_only",), "alone it is {} to {}, around a mean of {}"),
        (("trial_statistics_only", "statistics_independent"), "it would be {} to {}, around {}"),
    ):
        other = results(run(WORKBOOK, Options(parts=("base", "psa"), scenarios=scenarios, families=False))).psa
        assert other is not None
        numbers = (*other.interval[CONTROL]["qalys"], other.mean[CONTROL]["qalys"])
        assert words.format(*(f"{number:.2f}" for number in numbers)) in page


def test_results_in_the_readme(found: Results) -> None:
    page = text("README.md")
    for strategy, name in found.strategy_names.items():
        case = found.base_case[strategy]
        costs, years, qalys = (t.discounted["total"] for t in (case.costs, case.life_years, case.qalys))
        assert f"| {name} | {whole(costs)} | {years:.3f} | {qalys:.3f} |" in page
    gain = found.incremental[0]
    assert f"| increment | {whole(gain.costs)} | {gain.life_years:.3f} | {gain.qalys:.3f} |" in page
    assert gain.icer is not None
    assert f"ICER: {whole(gain.icer)} USD per QALY." in page
    first, *_ = headline(found, Names(found))
    assert first.replace("\N{NO-BREAK SPACE}", " ") in page.replace(" > ", " ")
    line = f"+{gain.qalys:.3f} QALYs, +{whole(gain.costs)} USD, {whole(gain.icer)} USD per QALY."
    assert line in text("CHANGELOG.md")


FAMILIES = {
    "llogis": "Log-logistic (base case)",
    "gompertz": "Gompertz",
    "lnorm": "Log-normal",
    "weibull": "Weibull",
    "gamma": "Gamma",
    "exp": "Exponential",
    "gengamma": "Generalised gamma",
}


def test_families_in_the_page_on_curves(base: Run, found: Results) -> None:
    page = text("docs/curves.md")
    for family in found.families:
        if not family.identified:
            assert (family.endpoint, family.family) in {("pfs", "gengamma"), ("pfs", "genf"), ("os", "genf")}
            continue
        name = FAMILIES[family.family]
        means = f"{family.restricted_mean_months[CONTROL]:.1f} | {family.restricted_mean_months[NEW]:.1f} |"
        if family.endpoint == "pfs":
            assert f"| {name} | {family.criterion:.2f} | {family.largest_z:.2f} | {means}" in page
            continue
        fit = base.model.fits["os"] if family.base_case else attempt(base.model.inputs, "os", family.family).fit
        assert fit is not None
        at = np.array([32.8, 44.8, 56.8])
        rates = fit.curves.survival(CONTROL, at, fit.coefficients[None, :])[0]
        shown = ", ".join(f"{100 * rate:.1f}%" for rate in rates)
        assert f"| {name} | {family.criterion:.2f} | {shown} | {means}" in page


def test_proportional_hazards_miss_the_landmark_rates() -> None:
    criteria = []
    for family in ("weibull", "gompertz", "llogis", "lnorm", "gamma"):
        changes = [Change(f"curve.pfs.{strategy}.family", family, "test") for strategy in (NEW, CONTROL)]
        changes.append(Change(f"curve.pfs.{NEW}.relation", "proportional_hazards", "test"))
        changes.append(Change(f"curve.pfs.{NEW}.reference", CONTROL, "test"))
        criteria.append(load(WORKBOOK, changes).fits["pfs"].criterion)

    assert f"(criterion {min(criteria):.1f} or more for each family with two parameters)" in text("docs/curves.md")


def scenario(found: Results, name: str) -> tuple[float, float, float]:
    entry = next(entry for entry in found.scenarios or [] if entry.name == name)
    assert entry.qalys is not None
    assert entry.costs is not None
    assert entry.icer is not None
    return entry.qalys, entry.costs, entry.icer


def test_range_of_the_icer_in_the_page_on_curves(found: Results) -> None:
    page = text("docs/curves.md")
    assert f"with proportional hazards it is {whole(scenario(found, 'os_proportional_hazards')[2])}" in page
    apart = next(entry for entry in found.scenarios or [] if entry.name == "os_independent")
    assert apart.verdict == "dominated"
    families = ("exponential", "weibull", "gompertz", "lognormal", "gamma", "generalised_gamma")
    icers = [scenario(found, f"{endpoint}_{name}")[2] for endpoint in ("os", "pfs") for name in families]
    low, high = scenario(found, "os_weibull")[2], scenario(found, "os_exponential")[2]
    assert (min(icers), max(icers)) == (low, high)
    assert f"runs from {whole(low)} (Weibull OS) to {whole(high)} USD per" in page


def test_other_shapes_and_evidence_in_the_page_on_curves(found: Results) -> None:
    page = text("docs/curves.md")
    splines = ("os_spline_normal", "os_spline_hazard", "os_spline_odds")
    for name in ("os_average", "os_piecewise", "os_joined", *splines, "os_mixture_cure", "trial_statistics_only"):
        assert whole(scenario(found, name)[2]) in page
        assert f"`{name}`" in page
    alone = results(run(WORKBOOK, base_under("trial_statistics_only")))
    less = found.base_case[CONTROL].qalys.discounted["total"] - alone.base_case[CONTROL].qalys.discounted["total"]
    assert f"and {less:.2f} QALYs less in the control arm" in page
    cured = run(WORKBOOK, base_under("os_mixture_cure")).model.fits["os"]
    share, error = 1.0 / (1.0 + np.exp(-cured.coefficients[0])), cured.covariance[0, 0] ** 0.5
    assert f"has a cured share of {100 * share:.0f}% with a standard error of {error:.2f} on the logit scale" in page


def test_waning_in_the_page_on_curves(base: Run, found: Results) -> None:
    page = text("docs/curves.md")
    gain = found.incremental[0]
    assert f"| base case | | {gain.qalys:.3f} | {whole(gain.icer or 0)} |" in page
    for name in (
        "waning_linear_2_to_5_years",
        "waning_start_60",
        "waning_start_36",
        "waning_immediate_2_years",
        "waning_survival_scale",
        "no_benefit_after_treatment",
    ):
        qalys, _, icer = scenario(found, name)
        assert f"| `{name}` | {qalys:.3f} | {whole(icer)} |" in page
    fit = base.model.fits["os"]
    months = np.array([1.0, 12.0, 24.0, 60.0])
    logs = [fit.curves.log_hazard(strategy, months, fit.coefficients[None, :])[0] for strategy in (NEW, CONTROL)]
    at = [f"{ratio:.2f}" for ratio in np.exp(logs[0] - logs[1])]
    assert f"their hazard ratio is {at[0]} at one month, {at[1]} at 12, {at[2]} at 24 and {at[3]} at 60" in page
    assert "the median time on lurbinectedin is 4.1 months" in page
    assert base.model.inputs.rows[f"survival.tot_lurbinectedin.{NEW}.median"].value == 4.1


def test_background_mortality_in_the_page_on_curves(base: Run, found: Results) -> None:
    page = text("docs/curves.md")
    without, icer = scenario(found, "background_none")[2], found.incremental[0].icer
    assert f"Without it the ICER is {whole(without)} (`background_none`) instead of {whole(icer or 0)}" in page
    qalys, _, excess = scenario(found, "background_excess_hazard")
    assert f"{qalys:.3f} QALYs gained, {whole(excess)} USD per QALY" in page
    assert f"the ICER is {whole(scenario(found, 'life_table_2021')[2])}." in page
    fit, floor = base.model.fits["os"], base.model.curve_effects.floor
    assert floor is not None
    for strategy in (CONTROL, NEW):
        months = base.model.time_grid.timeline.months
        hazard = fit.curves.cumulative_hazard(strategy, months, fit.coefficients[None, :])[0]
        binds = np.diff(hazard, prepend=0.0) < np.diff(floor, prepend=0.0)
        assert 228.0 < months[binds].min() < 229.0
    assert "it binds from month 228 on only" in page


def test_the_six_numbers_of_the_abstract() -> None:
    under = results(run(WORKBOOK, base_under("medians_and_hr_only")))
    page = text("docs/curves.md")
    fitted = {s.id: s.fitted for statistics in under.fit.values() for s in statistics}
    twelve = fitted[f"survival.pfs.{NEW}.survival_12m"]
    months = {a.strategy: a.first_month for a in under.adjustments if a.rule == "pfs_capped_at_os"}

    assert twelve is not None
    assert f"12-month PFS for the combination is {100 * twelve:.1f}% where the trial reported 20.5%" in page
    assert (
        f"from month {months[NEW]:.0f} in the combination and from month {months[CONTROL]:.0f} in the control" in page
    )


def test_comparison_with_the_published_analysis(found: Results) -> None:
    page = text("docs/validation.md")
    gain = found.incremental[0]
    assert gain.icer is not None
    assert f"| incremental QALYs | 0.21 | {gain.qalys:.3f} |" in page
    assert f"| 1,071,238 | {whole(gain.icer)} |" in page
    for name in ("vial_sharing", "treat_to_progression", "no_gcsf"):
        _, costs, icer = scenario(found, name)
        assert re.search(rf"`{name}`: (increment )?{whole(costs)} USD, ICER {whole(icer)} \|", page)
    for name in ("utilities_nafees", "medians_and_hr_only"):
        qalys, _, icer = scenario(found, name)
        assert re.search(rf"`{name}`[^|]*: {qalys:.3f} QALYs, ICER {whole(icer)} \|", page)
    assert f"`price_lurbinectedin_minus_50`: ICER {whole(scenario(found, 'price_lurbinectedin_minus_50')[2])}" in page
    both = run(WORKBOOK, base_under("vial_sharing", "treat_to_progression"))
    increment = results(both).incremental[0]
    assert f"{whole(increment.costs)} USD, ICER {whole(increment.icer or 0)} |" in page


def test_what_single_statistics_do_to_the_shape(base: Run) -> None:
    found = one_way(base.model, statistic_moves(base.model))
    gain = found.outcomes.qalys.total[:, 1] - found.outcomes.qalys.total[:, 0]
    at = {item.id: (gain[2 * i], gain[2 * i + 1]) for i, item in enumerate(found.items)}
    start = base.base.qalys.total[0, 1] - base.base.qalys.total[0, 0]
    page = text("docs/curves.md")

    low, high = at[f"survival.os.{NEW}.survival_12m"]
    assert f"give {low:.3f} and {high:.3f} QALYs instead of {start:.3f}" in page
    assert f"of 0.73 gives {at[f'survival.os.{NEW}.hazard_ratio'][1]:.3f}." in page


def test_widest_bars_in_the_page_on_validation(base: Run) -> None:
    found = one_way(base.model)
    benefit = 150_000 * found.outcomes.qalys.total - found.outcomes.costs.total
    gain = benefit[:, 1] - benefit[:, 0]
    spans = {item.id: abs(gain[2 * i + 1] - gain[2 * i]) for i, item in enumerate(found.items)}
    widest = sorted(spans, key=lambda id_: -spans[id_])[:3]

    assert {".".join(id_.split(".")[:2]) for id_ in widest} == {
        "curve.tot_lurbinectedin",
        "curve.tot_atezolizumab",
        "curve.os",
    }
    words = "the widest bars are time on treatment, the treatment effect on OS, dose intensity and the tail of OS"
    assert words in text("docs/validation.md")
