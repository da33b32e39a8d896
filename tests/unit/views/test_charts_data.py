"""What the charts show is what the results hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from support import small_model, small_run

from hemodel.analyses.fitted_curves import External
from hemodel.analyses.results import results
from hemodel.analyses.scenarios import ScenarioEntry
from hemodel.errors import UsageError
from hemodel.views import base_case, curves, one_way, psa, scenarios
from hemodel.views.scenarios import group_charts
from hemodel.views.shared import style
from hemodel.views.shared.page import ACROSS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run

DRAWS = 400


@pytest.fixture(scope="module")
def run() -> Run:
    model = small_model(uncertain=True)
    return small_run(model, DRAWS)


@pytest.fixture(scope="module")
def found(run: Run) -> Results:
    return results(run)


def notes(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


def plain(texts: list[str]) -> list[str]:
    return [text.replace("\N{NO-BREAK SPACE}", " ") for text in texts]


def said(figure: Figure) -> str:
    """Return the title of a page."""
    return plain([figure.texts[0].get_text().replace("\n", " ")])[0]


def written(axes: Axes) -> list[str]:
    """Return the notes beside points, without those above upright lines."""
    return [text.get_text() for text in axes.texts if text.get_gid() != ACROSS]


def lines(axes: Axes) -> list[Line2D]:
    return [line for line in axes.get_lines() if isinstance(line, Line2D)]


def points(line: Line2D) -> tuple[list[float], list[float]]:
    return np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist()


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def test_acceptability_curves_and_frontier(found: Results, run: Run) -> None:
    assert found.psa is not None
    drawn = [points(line) for line in lines(psa.ceac(found, run).axes[0])]
    for strategy in found.strategies:
        assert (found.psa.ceac.wtp, found.psa.ceac.probability[strategy]) in drawn
    band = [line for line in lines(psa.ceac(found, run).axes[0]) if line.get_linewidth() == 4.5]
    assert [x for line in band for x in points(line)[0]] == found.psa.ceaf.wtp
    assert [y for line in band for y in points(line)[1]] == found.psa.ceaf.probability
    assert len(band) == 1 + sum(
        a != b for a, b in zip(found.psa.ceaf.strategy, found.psa.ceaf.strategy[1:], strict=False)
    )


def test_the_frontier_is_marked_where_it_goes_over_to_another_strategy(found: Results, run: Run) -> None:
    """Net benefit at 50,000 is 0.5 x 50,000 less costs by hand in other tests; here only where the list changes."""
    assert found.psa is not None
    frontier = found.psa.ceaf
    changes = [k for k in range(1, len(frontier.wtp)) if frontier.strategy[k] != frontier.strategy[k - 1]]
    figure = psa.ceac(found, run)
    marks = [points(line) for line in lines(figure.axes[0]) if line.get_marker() == "|"]
    assert marks == [([frontier.wtp[k]], [frontier.probability[k]]) for k in changes[:1]]
    assert "Decision threshold EUR 50,000 per QALY" in plain(notes(figure.axes[0]))


def test_plane_shows_every_draw_the_mean_and_the_base_case(found: Results, run: Run) -> None:
    assert run.psa is not None
    assert found.psa is not None
    figure = psa.ce_plane(found, run)
    axes = figure.axes[0]
    cloud = next(artist for artist in axes.collections if isinstance(artist, PathCollection))
    gains = [run.psa.qalys[:, 1] - run.psa.qalys[:, 0], run.psa.costs[:, 1] - run.psa.costs[:, 0]]
    np.testing.assert_array_equal(np.asarray(cloud.get_offsets()), np.column_stack(gains))
    assert cloud.get_rasterized()
    singles = [(x[0], y[0]) for x, y in map(points, lines(axes)) if len(x) == 1]
    mean, base = found.psa.increments[0].mean, found.incremental[0]
    assert singles == [pytest.approx((mean["qalys"], mean["costs"])), (base.qalys, base.costs)]
    dashed = next(line for line in lines(axes) if line.is_dashed())
    x, y = points(dashed)
    assert y == pytest.approx([found.decision_threshold * value for value in x])
    assert plain(notes(axes)) == ["Threshold EUR 50,000 per QALY"]
    assert found.psa.probability_cost_effective["50000"]["active"] == 0
    assert said(figure) == "In none of 400 draws is the ICER below EUR 50,000 per QALY"
    high = found.model_copy(update={"decision_threshold": 95_000.0})
    share = (95_000.0 * gains[0] > gains[1]).mean()
    assert 0 < share < 1
    title = f"Cost-effective at EUR 95,000 per QALY: Active in {100 * share:.1f}% of the draws"
    assert said(psa.ce_plane(high, run)) == title


def test_convergence_ends_at_the_mean_with_its_error(found: Results, run: Run) -> None:
    assert found.psa is not None
    axes = psa.convergence(found, run).axes[0]
    x, y = points(lines(axes)[0])
    entry = found.psa.increments[0]
    assert x[-1] == DRAWS
    assert y[-1] == pytest.approx(entry.nmb_mean["50000"], rel=1e-9)
    ends = axes.collections[0].get_paths()[0].vertices
    last = [float(b) for a, b in np.asarray(ends) if a == DRAWS]
    half = 1.959964 * entry.mcse_inmb
    assert (min(last), max(last)) == pytest.approx((y[-1] - half, y[-1] + half), rel=1e-9)


@pytest.mark.parametrize("measure", ["nmb", "icer", "qalys", "costs"])
def test_tornado_bars_end_at_the_results(measure: str, found: Results, run: Run) -> None:
    assert found.dsa is not None
    axes = one_way.tornado(found, run, measure).axes[0]
    values = [entry.model_dump() for entry in found.dsa]
    pairs = [sorted((value[f"{measure}_low"], value[f"{measure}_high"])) for value in values]
    expected = sorted(pairs, key=lambda pair: pair[0] - pair[1])
    rows: dict[int, list[float]] = {}
    for bar in bars(axes):
        rows.setdefault(round(bar.get_y() + bar.get_height() / 2), []).append(bar.get_x() + bar.get_width())
    assert 5 < len(rows) <= 10
    for place, ends in rows.items():
        assert sorted(ends) == pytest.approx(expected[place], rel=1e-9)
    assert any(text.startswith("Base case") for text in notes(axes))


def dashed(axes: Axes) -> list[float]:
    """Where dashed lines stand on the x axis."""
    return [float(np.asarray(line.get_xdata())[0]) for line in axes.get_lines() if line.is_dashed()]


def test_a_tornado_has_a_line_where_the_decision_turns(found: Results, run: Run) -> None:
    """At 0 of net benefit and at the threshold of the ICER, with words; costs and QALYs have none."""
    words = {"nmb": "Cost-effective from 0 on", "icer": "Threshold EUR 50,000 per QALY"}
    for measure, value in (("nmb", [0.0]), ("icer", [50_000.0]), ("qalys", []), ("costs", [])):
        axes = one_way.tornado(found, run, measure).axes[0]
        assert dashed(axes) == value, measure
        low, high = axes.get_xlim()
        assert all(low < x < high for x in value)
        assert [text for text in plain(notes(axes)) if text in words.values()] == [
            words[m] for m in (measure,) if m in words
        ]


def test_the_title_of_a_tornado_says_whether_an_input_turns_the_decision(found: Results, run: Run) -> None:
    assert found.dsa is not None
    assert said(one_way.tornado(found, run)) == "No input alone makes Active cost-effective at EUR 50,000 per QALY"
    first, second, *rest = found.dsa
    some = [*(entry.model_copy(update={"nmb_high": 1.0}) for entry in (first, second)), *rest]
    title = f"2 of {len(some)} inputs change alone whether Active is cost-effective at EUR 50,000 per QALY"
    assert said(one_way.tornado(found.model_copy(update={"dsa": some}), run)) == title
    calm = [entry.model_copy(update={"nmb_low": 1.0, "nmb_high": 2.0}) for entry in found.dsa]
    base = found.incremental[0].model_copy(update={"qalys": 1.0, "costs": 1.0})
    sure = found.model_copy(update={"dsa": calm, "incremental": [base]})
    assert (
        said(one_way.tornado(sure, run)) == "Active stays cost-effective at EUR 50,000 per QALY whichever input moves"
    )


def test_bounds_have_units_at_the_ends_of_the_bars() -> None:
    shown = [
        (0.334, "proportion"),
        (7868.4, "EUR per vial"),
        (4.73, "months"),
        (1.05, "ratio"),
        (0.7, "uses per month"),
    ]
    assert plain([one_way.amount(value, unit, "EUR") for value, unit in shown]) == [
        *("33.4%", "EUR 7,868", "4.73 months", "1.05", "0.7"),
    ]
    assert plain([one_way.amount(7868.4, "currency per vial", "EUR", whole=True)]) == ["EUR 7,868 per vial"]


def test_a_line_far_away_is_said_and_not_drawn(found: Results, run: Run) -> None:
    """A bar that is a thousandth of the way to 0 would be a line itself."""
    assert found.dsa is not None
    base = one_way.base_value(found, found.incremental[0], "nmb")
    near = found.dsa[0].model_copy(update={"nmb_low": base - 1e-3 * abs(base), "nmb_high": base + 1e-3 * abs(base)})
    axes = one_way.tornado(found.model_copy(update={"dsa": [near]}), run, "nmb").axes[0]
    assert dashed(axes) == []
    side = "left" if base > 0 else "right"
    assert any(f"Cost-effective from 0 on, far to the {side}" in text for text in notes(axes))


def test_tornado_prints_the_word_where_there_is_no_ratio(found: Results, run: Run) -> None:
    assert found.dsa is not None
    first, *rest = found.dsa
    lost = first.model_copy(update={"icer_low": None, "verdict_low": "less costly and less effective"})
    axes = one_way.tornado(found.model_copy(update={"dsa": [*rest, lost]}), run, "icer").axes[0]
    assert any(text.endswith(": less costly and less effective") for text in notes(axes))
    top = [bar for bar in bars(axes) if abs(bar.get_y() + bar.get_height() / 2) < 0.1]
    assert len(top) == 1
    assert top[0].get_facecolor()[:3] == pytest.approx(
        tuple(int(style.HIGH_COLOUR[i : i + 2], 16) / 255 for i in (1, 3, 5))
    )


def test_the_waterfall_goes_from_one_total_to_the_other_by_the_categories(found: Results, run: Run) -> None:
    before, after = (found.base_case[s].costs.discounted for s in found.strategies)
    axes = base_case.cost_breakdown(found, run).axes[0]
    first, *steps, last = bars(axes)
    assert (first.get_x(), first.get_width()) == (0.0, before["total"])
    assert (last.get_x(), last.get_width()) == (0.0, after["total"])
    expected = [after[name] - before[name] for name in before if name != "total"]
    assert [bar.get_width() for bar in steps] == pytest.approx([step for step in expected if abs(step) >= 0.5])
    assert [bar.get_x() for bar in steps[1:]] == pytest.approx([bar.get_x() + bar.get_width() for bar in steps[:-1]])
    assert steps[-1].get_x() + steps[-1].get_width() == pytest.approx(after["total"])
    assert f"{before['total']:,.0f}" in notes(axes)


def panel(figure: Figure, title: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_title(loc="left").startswith(title))


def test_curves_pass_through_what_the_results_say(found: Results, run: Run) -> None:
    figure = curves.survival_curves(found, run)
    for title, endpoint in (("Progression-free", "pfs"), ("Overall", "os")):
        axes = panel(figure, title)
        full = [line for line in lines(axes) if line.get_linewidth() == pytest.approx(1.6) and len(points(line)[0]) > 1]
        for strategy, line in zip(found.strategies, full, strict=True):
            x, y = points(line)
            curve = next(c for c in found.curves if (c.endpoint, c.strategy) == (endpoint, strategy))
            assert np.interp(12.0, x, y) == pytest.approx(curve.survival_by_year["1"], abs=2e-4)
        drawn = [(x[0], y[0]) for x, y in map(points, lines(axes)) if len(x) == 1]
        for statistic in found.fit[endpoint]:
            place = (
                (statistic.reported, 0.5) if statistic.statistic == "median" else (statistic.time, statistic.reported)
            )
            assert place in drawn
    assert [text for text in notes(panel(figure, "Overall")) if text in {"Active", "Standard"}]


def test_the_gain_in_survival_is_the_difference_of_the_curves(found: Results, run: Run) -> None:
    """One arm's curve less the other's at 12 months, and the band of the draws around it."""
    axes = panel(curves.survival_curves(found, run), "Gain")
    at = {c.strategy: c.survival_by_year["1"] for c in found.curves if c.endpoint == "os"}
    x, y = next(points(line) for line in lines(axes) if len(points(line)[0]) > 2)
    assert np.interp(12.0, x, y) == pytest.approx(at["active"] - at["standard"], abs=4e-4)
    (band,) = axes.collections
    edges = np.asarray(band.get_paths()[0].vertices)
    inside = edges[np.abs(edges[:, 0] - x[60]) < 1e-9][:, 1]
    assert inside.min() < y[60] < inside.max()


def test_other_studies_are_named_on_the_clock_of_the_model_with_the_gap_in_words(found: Results, run: Run) -> None:
    study = External(
        id="external.os.active.survival_2y",
        label="2-year OS, another study",
        endpoint="os",
        strategy="active",
        time_months=24.0,
        origin_months=3.5,
        reported=0.33,
        low=0.3,
        high=0.36,
        fitted=0.28,
    )
    figure = curves.survival_curves(found.model_copy(update={"external": [study]}), run)
    axes = panel(figure, "Overall")
    point = next(line for line in lines(axes) if points(line) == ([20.5], [0.33]))
    assert point.get_markerfacecolor() == "white"
    (said,) = [text.replace("\n", " ") for text in notes(axes) if text.startswith("Another study")]
    assert said == "Another study: at month 20 33.0%, modelled 28.0%; the model is inside 0 of its 1 intervals"
    assert "open: another study, on the model's clock" in figure.texts[1].get_text().replace("\n", " ")


def test_occupancy_prints_the_mean_years(found: Results, run: Run) -> None:
    for axes, strategy in zip(base_case.occupancy(found, run).axes, found.strategies, strict=True):
        years = found.base_case[strategy].life_years.undiscounted
        assert f"Progression-free {years['progression_free']:.3f}" in axes.get_title(loc="left")
        assert f"Progressed {years['progressed']:.3f}" in axes.get_title(loc="left")


def scenario(
    name: str,
    icer: float | None,
    verdict: str,
    stopped: str = "",
    *,
    group: str = "costs",
    sweep: str = "",
    changed: bool = False,
) -> ScenarioEntry:
    gains = (
        {"life_years": None, "qalys": None, "costs": None}
        if stopped
        else {"life_years": 1.0, "qalys": 0.5, "costs": 9_000.0}
    )
    return ScenarioEntry(
        name=name,
        group=group,
        purpose="",
        sweep=sweep,
        label=name if sweep else "",
        question=f"What if about {name}?",
        why="",
        source="",
        changes=[],
        intervention="active",
        comparator="standard",
        icer=icer,
        verdict=verdict,
        change_in_qalys=None,
        change_in_costs=None,
        change_in_icer=None,
        nmb={} if stopped else {"50000": 0.5 * 50_000 - 9_000.0},
        cost_effective={} if stopped else {"50000": True},
        changes_decision={} if stopped else {"50000": changed},
        stopped=stopped,
        **gains,
    )


def test_scenarios_are_dots_or_words(found: Results, run: Run) -> None:
    entries = [
        scenario("one", 40_000.0, "more effective and more costly"),
        scenario("two", 90_000.0, "more effective and more costly"),
        scenario("three", None, "dominated"),
        scenario("four", None, "stopped", "why not"),
    ]
    axes = scenarios.scenario_chart(found.model_copy(update={"scenarios": entries}), run).axes[0]
    dots = [points(line) for line in lines(axes) if len(points(line)[0]) == 1]
    assert [x for x, _ in dots] == [[90_000.0], [40_000.0]]
    assert [y[0] for _, y in dots] == axes.get_yticks()[1:3].tolist()
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "Costs",
        *(f"About {n}" for n in ("two", "one", "three", "four")),
    ]
    assert written(axes) == ["90", "40", "dominated", "not run"]
    assert axes.get_xlim()[0] == 0.0
    base = found.incremental[0].model_copy(update={"icer": None, "verdict": "dominant"})
    changed = found.model_copy(update={"scenarios": entries, "incremental": [base]})
    axes = scenarios.scenario_chart(changed, run).axes[0]
    assert axes.get_xlabel().startswith("Incremental net monetary benefit (thousand EUR)")
    assert written(axes) == ["16", "16", "16", "not run"]


def test_of_very_many_scenarios_those_that_matter_most_are_drawn(found: Results, run: Run) -> None:
    base = found.incremental[0].icer or 0.0
    entries = [scenario(f"{i}", base + 1000.0 * i, "more effective and more costly") for i in range(60)]
    entries += [scenario("word", None, "dominated"), scenario("stopped", None, "stopped", "why not")]
    figure = scenarios.scenario_chart(found.model_copy(update={"scenarios": entries}), run)
    drawn = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert 20 < len(drawn) < 60
    assert drawn[:2] == ["Costs", "About 59"]
    assert drawn[-1] == "About word"
    assert f"the {len(drawn) - 1} that change it most" in figure.texts[1].get_text().replace("\n", " ")
    assert figure.get_figheight() / figure.get_figwidth() < 24.7 / 16


def test_scenarios_stand_in_groups_and_a_sweep_in_one_row(found: Results, run: Run) -> None:
    word = "more effective and more costly"
    entries = [
        scenario("half", 45_000.0, word, group="settings", changed=True),
        scenario("5", 30_000.0, word, group="costs", sweep="price"),
        scenario("10", 20_000.0, word, group="costs", sweep="price", changed=True),
        scenario("utility", 41_000.0, word, group="utilities"),
    ]
    threshold = {"decision_threshold": 50_000.0, "thresholds": [50_000.0]}
    figure = scenarios.scenario_chart(found.model_copy(update={"scenarios": entries, **threshold}), run)
    axes = figure.axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels == ["Costs", "About …", "Utilities", "About utility", "Settings", "About half"]
    dots = {float(points(line)[0][0]): line.get_marker() for line in lines(axes) if len(points(line)[0]) == 1}
    assert dots == {30_000.0: "o", 20_000.0: "D", 41_000.0: "o", 45_000.0: "D"}
    words = figure.texts[0].get_text().replace("\n", " ").replace("\u00a0", " ")
    assert words == "2 of 4 scenarios change the decision at EUR 50,000 per QALY"
    assert [text.get_text().replace("\u00a0", " ") for text in figure.legends[0].get_texts()] == [
        "Decision of the base case",
        "Another decision at EUR 50,000 per QALY",
    ]


def test_every_scenario_of_a_group_is_on_one_of_its_pages(found: Results, run: Run) -> None:
    entries = [scenario(f"{i}", 1000.0 * i, "more effective and more costly") for i in range(1, 91)]
    entries += [scenario("other", 5.0, "more effective and more costly", group="survival")]
    made = group_charts(found.model_copy(update={"scenarios": entries}), run)
    assert list(made) == [
        "scenarios_survival",
        "scenarios_costs",
        "scenarios_costs_2",
        "scenarios_costs_3",
        "scenarios_costs_4",
    ]
    pages = [draw() for name, draw in made.items() if "costs" in name]
    labels = [label.get_text() for page in pages for label in page.axes[0].get_yticklabels()]
    assert labels == [f"About {i}" for i in range(90, 0, -1)]
    assert all(page.get_figheight() / page.get_figwidth() < 24.7 / 16 for page in pages)
    title = pages[1].texts[0].get_text().replace("\n", " ").replace("\u00a0", " ")
    assert title == "Costs, page 2 of 4: no scenario of 90 changes the decision at EUR 50,000 per QALY"


def test_what_does_not_apply_is_an_error_with_words(found: Results, run: Run) -> None:
    bare = found.model_copy(update={"dsa": None, "psa": None})
    with pytest.raises(UsageError, match="A tornado needs the one-way analysis"):
        one_way.tornado(bare, run)
    with pytest.raises(UsageError, match="This chart needs the probabilistic analysis"):
        psa.ceac(bare, run)
    with pytest.raises(UsageError, match="There are no scenarios to draw"):
        scenarios.scenario_chart(bare, run)
    with pytest.raises(UsageError, match=r"There is no tornado of life_years\. Measures: nmb, icer, qalys, costs"):
        one_way.tornado(found, run, "life_years")
    with pytest.raises(UsageError, match=r"There is no intervention other\. Interventions: active"):
        one_way.tornado(found, run, intervention="other")
    none = found.incremental[0].model_copy(update={"icer": None, "verdict": "dominated"})
    with pytest.raises(UsageError, match=r"The base case has no ICER \(dominated\)"):
        one_way.tornado(found.model_copy(update={"incremental": [none]}), run, "icer")
