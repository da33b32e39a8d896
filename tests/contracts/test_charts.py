"""What every chart must satisfy, on runs that are ordinary, bare, long-winded or dominated."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import pytest
from budget_support import budget_model, small_budget_run
from chart_text import TOLERANCE, clipped, overlap, overlapping, shown, texts_of, tick_labels
from live.models import SHIPPED, small_file
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from research_support import research_model, research_run, research_values
from support import small_model, small_run
from unit.live_model.calculated_models import third_strategy

from hemodel.analyses.options import PARTS, Options
from hemodel.analyses.research import research
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.errors import OutputError
from hemodel.inputs.changes import Change
from hemodel.views.registry import figures
from hemodel.views.shared.files import save

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.results import Results
    from hemodel.inputs.cells import Scalar

ALWAYS = ("model_structure", "survival_curves", "occupancy", "cost_breakdown")
TORNADOES = ("tornado_nmb", "tornado_icer", "two_way")
PROBABILISTIC = ("ce_plane", "ceac", "convergence")
INFORMATION = ("voi_curves", "expected_loss")
PRICE = "price_icer"
UNSEEN: dict[str, Any] = dict.fromkeys(("one_way", "statistics", "psa", "information", "two_way", "threshold_values"))
"""What a run of studies leaves to other cases."""
STUDIES = ("study_sizes", "study_wtp")
BUDGET = ("budget_impact", "budget_patients", "budget_one_way")
EXPECTED = {
    "bare": {*ALWAYS, PRICE},
    "few_draws": {*ALWAYS, *PROBABILISTIC, PRICE},
    "small": {*ALWAYS, *TORNADOES, *PROBABILISTIC, PRICE},
    "three_long_names": {
        *ALWAYS,
        *TORNADOES,
        *(f"tornado_{measure}_late" for measure in ("nmb", "icer")),
        "cost_breakdown_late",
        *PROBABILISTIC,
        *STUDIES,
        *INFORMATION,
        "evppi",
        PRICE,
        "efficiency_frontier",
    },
    "dominated": {*ALWAYS, *TORNADOES, *PROBABILISTIC, "study_wtp", "scenarios"} - {"tornado_icer"},
    "almost_equal": {*ALWAYS, *TORNADOES, PRICE},
    "budget": {*ALWAYS, *BUDGET, PRICE},
    "budget_that_saves": {*ALWAYS, *BUDGET, PRICE},
    "studies": {*ALWAYS, *STUDIES, PRICE},
    "studies_for_nothing": {*ALWAYS, "study_wtp", PRICE},
    "ordinary": {*ALWAYS, *TORNADOES, *PROBABILISTIC, "study_wtp", "time_on_treatment", "scenarios", PRICE},
}
AS_BARE = ("few_draws", "budget", "studies")
"""Cases whose charts of the base case are those of the case that is bare: nothing else is to be seen in them."""
CHARTS = [
    (case, chart)
    for case, charts in EXPECTED.items()
    for chart in sorted(charts - (EXPECTED["bare"] if case in AS_BARE else set()))
]
LONG = (
    "Firstmab plus secondmab with platinum-based chemotherapy, a biosimilar of thirdmab and prophylactic"
    " granulocyte colony-stimulating factor ($5 & <b>) in the %s arm"
)
COLOUR_BAR = "<colorbar>"
"""What matplotlib calls the axes of a scale of colours."""

SCENARIOS = {
    "horizon": ("What if the time horizon is 5 years?", "settings.time_horizon", "from = {horizon}\nto = 5"),
    "long": (
        f"What if {'the price fell by half, as it might, ' * 6}soon?",
        "{price}",
        "multiply = 0.5",
    ),
    "stale": ("What if a value had changed?", "utility.progressed", "from = 0.987\nto = 0.5"),
}


def scenarios_of(folder: Path, **found: object) -> Path:
    """Write scenarios for a workbook with this horizon and price, and return their folder."""
    folder.mkdir()
    for name, (question, id_, change) in SCENARIOS.items():
        head = f'group = "structure"\npurpose = "p"\nquestion = "{question}"\nwhy = "why"\nsource = "source"\n'
        text = f'{head}[[change]]\nid = "{id_.format(**found)}"\n{change.format(**found)}\n'
        (folder / f"{name}.toml").write_text(text)
    return folder


def active(pfs: tuple[float, float], os: tuple[float, float], **other: Scalar) -> dict[str, Scalar]:
    """Return the survival of the intervention of the small model: median and later share, and other cells."""
    found: dict[str, Scalar] = {}
    for endpoint, (median, later) in (("pfs", pfs), ("os", os)):
        start = f"survival.{endpoint}.active."
        found |= {f"{start}median{end}": share * median for end, share in (("", 1), (".low", 0.8), (".high", 1.25))}
        found[f"{start}survival_later"] = later
    return found | other


def three_long_names() -> Run:
    """Return a run of the small model with a third strategy, and with very long names."""
    names = {"strategy.active.name": LONG % "active", "strategy.standard.name": LONG % "standard"}
    rows = third_strategy() | {"strategy.late.name": {"value": "W" * 90}}
    model = research_model(names, rows)
    done = small_run(model, 300)
    return replace(done, research=research(model, done.psa))


def crossing_run() -> Run:
    """Return a run of the small model, which has no curves of time on treatment, with a PFS above OS."""
    median, later = "survival.pfs.active.median", "survival.pfs.active.survival_later"
    changes = {median: 13, f"{median}.low": 10.4, f"{median}.high": 16.25, later: 0.35, f"{later}.time": 36}
    model = small_model(changes, uncertain=True)
    return small_run(model, 50)


def useless_run() -> Run:
    """Return a run with studies that would change nothing, and names as long as may be."""
    changes: dict[str, Scalar] = {f"study.{study}.name": LONG % study for study in ("trial", "quality", "rash")}
    model = research_model(changes | {"drug.newtinib.price_per_vial": 1e6})
    done = small_run(model, 120)
    return replace(done, research=research(model, done.psa), **UNSEEN)


def saving_run() -> Run:
    """Return a budget impact of ten years below 0, with names as long as may be."""
    names: dict[str, Scalar] = {f"strategy.{strategy}.name": LONG % strategy for strategy in ("standard", "active")}
    changes = {**names, "drug.newtinib.price_per_vial": 1, "budget.trigger": 0, "budget.trigger_years": 10}
    uptake = [0.1 * year for year in range(1, 11)]
    ranges = {
        f"budget.share_with.active.year_{y}": {"value": u, "low": 0.9 * u, "high": u} for y, u in enumerate(uptake, 1)
    }
    return small_budget_run(budget_model(changes, ranges, uptake=uptake))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Results, Run]]:
    folder = tmp_path_factory.mktemp("charts")
    shipped = scenarios_of(folder / "shipped", horizon=20, price="drug.lurbinectedin.price_per_vial")
    own = {"settings.scenarios": str(shipped), "settings.beside": "horizon"}
    here = tuple(Change(id_, value, "--set") for id_, value in own.items())
    scenarios_of(folder / "small", horizon=6, price="drug.newtinib.price_per_vial")
    book = small_file(folder / "small.xlsx", {"settings.scenarios": "small", **research_values()})

    def small(parts: tuple[str, ...], draws: int = 300, changes: dict[str, Scalar] | None = None) -> Run:
        made = tuple(Change(id_, value, "--set") for id_, value in (changes or {}).items())
        return run(book, Options(made, draws=draws, parts=parts))

    options: dict[str, Callable[[], Run]] = {
        "ordinary": lambda: run(SHIPPED, Options(here, draws=300)),
        "bare": lambda: small(("base",)),
        "few_draws": lambda: small(("base", "psa"), 3),
        "small": crossing_run,
        "three_long_names": three_long_names,
        "dominated": lambda: small(PARTS, changes=active((3.0, 0.05), (9.0, 0.1))),
        "budget": lambda: small_budget_run(budget_model({"budget.trigger": 5e6, "budget.trigger_years": 3})),
        "budget_that_saves": saving_run,
        "studies": lambda: replace(research_run(), **UNSEEN),
        "studies_for_nothing": useless_run,
        "almost_equal": lambda: small(("base", "dsa"), changes=active((4.05, 0.1), (12.05, 0.2))),
    }
    done: dict[str, tuple[Results, Run]] = {}

    def get(case: str) -> tuple[Results, Run]:
        if case not in done:
            made = options[case]()
            done[case] = results(made), made
        return done[case]

    return get


@pytest.fixture(scope="module", params=CHARTS, ids="-".join)
def drawn(request: pytest.FixtureRequest, runs: Callable[[str], tuple[Results, Run]]) -> Figure:
    case, chart = request.param
    figure = figures(*runs(case))[chart]()
    figure.draw_without_rendering()
    return figure


@pytest.mark.parametrize("case", EXPECTED)
def test_the_charts_that_apply_are_offered(case: str, runs: Callable[[str], tuple[Results, Run]]) -> None:
    assert set(figures(*runs(case))) == EXPECTED[case]


def test_it_is_a_page_with_a_title_and_fits_on_a4_at_a_width_of_16_cm(drawn: Figure) -> None:
    assert isinstance(drawn, Figure)
    assert drawn.get_figwidth() == 4.5
    assert drawn.get_figheight() / drawn.get_figwidth() < 24.7 / 16
    title, subtitle = drawn.texts
    said, whole = ("".join(text.split()) for text in (title.get_text(), str(drawn.get_label())))
    assert said == whole or "…" in said
    assert whole.startswith(said.partition("…")[0])
    assert subtitle.get_text()


def test_every_axis_of_numbers_has_a_label_with_its_unit(drawn: Figure) -> None:
    for axes in shown(drawn):
        if axes.get_label() == COLOUR_BAR:
            assert "(" in axes.get_ylabel()
            continue
        assert "(" in axes.get_xlabel()
        names = any(any(c.isalpha() for c in text.get_text()) for text in tick_labels(axes.yaxis))
        assert names or "(" in axes.get_ylabel()


def test_money_is_in_the_currency_of_the_model(runs: Callable[[str], tuple[Results, Run]]) -> None:
    made = figures(*runs("small"))
    for chart in ("cost_breakdown", "tornado_nmb", "tornado_icer", "ceac", PRICE):
        assert "EUR" in made[chart]().axes[0].get_xlabel()
    for chart in ("ce_plane", "convergence"):
        assert "EUR" in made[chart]().axes[0].get_ylabel()


def test_no_text_leaves_the_page(drawn: Figure) -> None:
    assert clipped(drawn) == []


def test_text_is_at_least_8_points(drawn: Figure) -> None:
    """5.5 points or more on a picture that is 8 cm wide."""
    smallest = min(float(text.get_fontsize()) for text in texts_of(drawn))
    assert smallest >= 8
    assert smallest * 8 / 2.54 / drawn.get_figwidth() > 5.5


def test_no_two_texts_overlap(drawn: Figure) -> None:
    assert overlapping(drawn) == []


def test_legends_stay_off_the_axes(drawn: Figure) -> None:
    for legend in drawn.legends:
        for axes in shown(drawn):
            assert not overlap(Bbox(legend.get_window_extent()), Bbox(axes.get_tightbbox() or axes.bbox), 3 * TOLERANCE)


def test_axes_keep_their_size(drawn: Figure) -> None:
    for axes in (axes for axes in shown(drawn) if axes.get_label() != COLOUR_BAR):
        assert axes.bbox.width > 1.1 * drawn.dpi
        assert axes.bbox.height > 0.8 * drawn.dpi


@pytest.mark.parametrize(("chart", "case"), sorted({chart: case for case, chart in reversed(CHARTS)}.items()))
def test_the_same_run_gives_the_same_bytes(
    chart: str, case: str, runs: Callable[[str], tuple[Results, Run]], tmp_path: Path
) -> None:
    make = figures(*runs(case))[chart]
    first, second = save(make(), tmp_path / "one"), save(make(), tmp_path / "two.v2")
    assert [path.name for path in second] == ["two.v2.png", "two.v2.svg"]
    for one, two in zip(first, second, strict=True):
        assert one.read_bytes() == two.read_bytes()
    svg = first[1].read_text(encoding="utf-8")
    assert "<text" not in svg
    assert "<dc:date>" not in svg
    assert str(tmp_path) not in svg


def test_a_png_has_280_dots_to_the_inch(runs: Callable[[str], tuple[Results, Run]], tmp_path: Path) -> None:
    figure = figures(*runs("bare"))["occupancy"]()
    header = save(figure, tmp_path / "occupancy")[0].read_bytes()[16:24]
    size = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")
    assert size == (1260, int(280 * figure.get_figheight()))


def test_settings_of_the_user_neither_matter_nor_change(
    runs: Callable[[str], tuple[Results, Run]], tmp_path: Path
) -> None:
    make = figures(*runs("bare"))["cost_breakdown"]
    plain = save(make(), tmp_path / "plain")
    own: dict[Any, Any] = {"font.size": 20, "axes.grid": True, "savefig.bbox": "tight", "svg.fonttype": "none"}
    with mpl.rc_context(own):
        before = dict(mpl.rcParams)
        changed = save(make(), tmp_path / "changed")
        assert dict(mpl.rcParams) == before
    for one, two in zip(plain, changed, strict=True):
        assert one.read_bytes() == two.read_bytes()


def test_a_folder_that_is_not_there_is_an_error_with_words(
    runs: Callable[[str], tuple[Results, Run]], tmp_path: Path
) -> None:
    figure = figures(*runs("bare"))["occupancy"]()
    with pytest.raises(OutputError, match="the chart cannot be written"):
        save(figure, tmp_path / "nowhere" / "occupancy")


def test_matplotlib_is_loaded_when_a_chart_is_drawn_and_pyplot_never() -> None:
    code = "import sys, hemodel.views.shared.files; print(any(name.startswith('matplotlib') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    sources = list((Path(__file__).parents[2] / "hemodel").rglob("*.py"))
    assert len(sources) > 100
    assert not any("pyplot" in path.read_text(encoding="utf-8") for path in sources)
