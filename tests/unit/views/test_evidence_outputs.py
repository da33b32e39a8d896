"""The evidence pack drawn and written, for reported statistics and for patients."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import numpy as np
import pytest
from chart_text import clipped, overlap, overlapping
from matplotlib.transforms import Bbox
from page_support import MANIFEST
from schemas import schema
from support import STRATEGIES, small_model, small_rows, workbook

from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.analyses.load import load_rows
from hemodel.publish.console import evidence_summary
from hemodel.publish.document.building import build
from hemodel.publish.document.evidence import EVIDENCE_TEXTS, evidence_content
from hemodel.publish.document.layout import shipped_layout
from hemodel.publish.html import page
from hemodel.views.evidence.charts import evidence_captions, evidence_figures
from hemodel.views.evidence.tables import EVIDENCE_TABLES, by_endpoint, evidence_tables, report_tables
from hemodel.views.shared.files import save
from hemodel.views.shared.table import csv_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model
    from hemodel.views.shared.table import Table

Made = tuple["Model", "EvidencePack"]
LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"
EXTERNAL: dict[str, dict[str, Scalar]] = {
    "external.os.standard.survival_60m": {
        "value": 0.06, "n": 200, "time": 60, "time_origin": 6, "low": 0.03, "high": 0.1, "use_in_fit": "no",
        "distribution": "fixed",
    }
}  # fmt: skip
PATIENT_CHARTS = {"schoenfeld_os", "quantiles_os", "fit_os_flexible", "hazards_os_flexible"}


def reported() -> Model:
    return small_model(rows=EXTERNAL)


def from_patients(folder: Path) -> Model:
    """OS from patients of the lung trial by sex (days), PFS from reported statistics."""
    rows: dict[str, Any] = {r.id: {k: c.value for k, c in r.cells.items()} for r in small_rows().rows}
    with LUNG.open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    for strategy, sex in zip(STRATEGIES, ("1", "2"), strict=True):
        lines = [f"{p['time']},{p['event']}" for p in people if p["sex"] == sex]
        (folder / f"{strategy}.csv").write_text("\n".join(["time,event", *lines]) + "\n", encoding="utf-8")
        rows = {id_: cells for id_, cells in rows.items() if not id_.startswith(f"survival.os.{strategy}.")}
        for field, value in (("source", "patients"), ("data", f"{strategy}.csv"), ("time_unit", "days")):
            rows[f"curve.os.{strategy}.{field}"] = {"value": value}
    return load_rows(folder / "small.xlsx", workbook(rows), ())


@pytest.fixture(scope="module")
def packs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Made]:
    models = {"reported": reported(), "patients": from_patients(tmp_path_factory.mktemp("patients"))}
    return {name: (model, evidence_pack(model, seed=1)) for name, model in models.items()}


@pytest.fixture(scope="module", params=["reported", "patients"])
def made(request: pytest.FixtureRequest, packs: dict[str, Made]) -> Made:
    return packs[request.param]


@pytest.fixture(scope="module")
def drawn(made: Made) -> dict[str, Figure]:
    found = {name: draw() for name, draw in evidence_figures(*made).items()}
    for figure in found.values():
        figure.draw_without_rendering()
    return found


def test_the_charts_that_apply_are_offered(packs: dict[str, Made]) -> None:
    reported_names, patient_names = (set(evidence_figures(*packs[name])) for name in ("reported", "patients"))

    assert patient_names - reported_names >= PATIENT_CHARTS
    assert reported_names >= {
        "fit_pfs",
        "hazards_pfs",
        "fit_os",
        "hazards_os",
        "extrapolation_os",
        "restricted_means_pfs",
        "death_after_progression",
    }
    assert not any("flexible" in name or "schoenfeld" in name for name in reported_names)
    for name, pack in packs.items():
        assert set(evidence_figures(*pack)) <= set(evidence_captions(*pack)), name


def test_no_text_leaves_the_page_or_lies_on_another(drawn: dict[str, Figure]) -> None:
    assert {name: found for name, figure in drawn.items() if (found := clipped(figure))} == {}
    assert {name: pairs for name, figure in drawn.items() if (pairs := overlapping(figure))} == {}


def test_legends_stay_off_the_axes(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        for legend in figure.legends:
            for axes in figure.axes:
                box = axes.get_tightbbox()
                assert box is None or not overlap(Bbox(legend.get_window_extent()), Bbox(box)), name


def test_pages_fit_on_a4_at_a_width_of_16_cm(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        assert figure.get_figheight() / figure.get_figwidth() < 24.7 / 16, name
        for axes in figure.axes:
            if axes.axison:
                assert axes.bbox.width > 1.1 * figure.dpi, name
                assert axes.bbox.height > 0.2 * figure.dpi, name


def test_a_panel_has_few_enough_curves_and_one_in_use(drawn: dict[str, Figure]) -> None:
    for name, figure in drawn.items():
        if name.startswith(("fit_", "hazards_", "extrapolation_")):
            labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
            labels += [text.get_text() for axes in figure.axes for text in axes.texts]
            assert sum(("used in the workbook" in text) or ("(in use)" in text) for text in labels) == 1, name
            assert len({line.get_color() for line in figure.axes[0].lines}) <= 12, name


def test_numbers_at_risk_are_those_of_the_data(packs: dict[str, Made]) -> None:
    """138 men and 90 women start; 35 men and 30 women are under observation at 12 months (365.25 days)."""
    figure = evidence_figures(*packs["patients"])["fit_os"]()
    written = [[text.get_text() for text in axes.texts] for axes in figure.axes if not axes.axison]
    with LUNG.open(encoding="utf-8", newline="") as file:
        people = [(row["sex"], float(row["time"])) for row in csv.DictReader(file)]

    for sex, texts in zip(("1", "2"), written, strict=True):
        months = 12.0 * np.arange(len(texts) - 1)
        counts = [sum(s == sex and time >= 30.4375 * month for s, time in people) for month in months]
        assert texts == ["Patients at risk", *map(str, counts)]


def test_the_curve_in_use_is_drawn_as_the_model_has_it(packs: dict[str, Made]) -> None:
    """The broad line of a panel is the Weibull curve exp(-(t / scale)^shape) of the model's own coefficients."""
    model, pack = packs["reported"]
    figure = evidence_figures(model, pack)["fit_os"]()
    fit = model.fits["os"]
    broad = max(figure.axes[0].lines, key=lambda line: line.get_linewidth())
    months, survival = np.asarray(broad.get_xdata(), dtype=float), np.asarray(broad.get_ydata(), dtype=float)

    own = fit.curves.survival("standard", months, fit.coefficients[None, :])[0]
    shape, scale = np.exp(fit.coefficients[fit.curves.columns["standard"]])
    # the same formula in another order: rounding only
    np.testing.assert_allclose(survival, np.exp(-((months / scale) ** shape)), rtol=0, atol=1e-12)
    np.testing.assert_allclose(survival, own, rtol=0, atol=0)


def test_the_document_follows_the_published_schema(made: Made) -> None:
    text = made[1].evidence.model_dump_json()

    jsonschema.validate(json.loads(text), schema("evidence"))
    assert "NaN" not in text
    assert "Infinity" not in text


def test_the_document_holds_the_fit(made: Made) -> None:
    model, pack = made
    found = json.loads(pack.evidence.model_dump_json())

    assert found["seed"] == 1
    for endpoint, fit in model.fits.items():
        in_use = [family for family in found["endpoints"][endpoint]["families"] if family["in_use"]]
        assert len(in_use) == 1
        assert in_use[0]["coefficients"] == fit.coefficients.tolist()
        assert in_use[0]["covariance"] == fit.covariance.tolist()


def by_name(tables: tuple[Table, ...]) -> dict[str, Table]:
    found = {table.name: table for table in tables}
    assert len(found) == len(tables)
    return found


def test_tables_have_rows_as_wide_as_their_columns(made: Made) -> None:
    for table in (*evidence_tables(*made), *by_endpoint(*made), *report_tables(*made)):
        assert table.rows, table.name
        assert {len(row) for row in table.rows} == {len(table.columns)}, table.name
        read = list(csv.reader(io.StringIO(csv_text(table))))
        assert len(read) == len(table.rows) + 1


def test_weights_of_a_table_add_up_to_one(made: Made) -> None:
    """Criterion and weight of one endpoint: weights are exp(-criterion / 2) over their sum."""
    table = by_name(evidence_tables(*made))["ranking"]
    rows = [row for row in table.rows if row[0] == "Overall survival" and row[7] is not None]
    criteria = np.array([row[5] for row in rows], dtype=float)
    weights = np.array([row[7] for row in rows], dtype=float)

    direct = np.exp(-0.5 * (criteria - criteria.min()))
    np.testing.assert_allclose(weights, direct / direct.sum(), rtol=0, atol=1e-12)  # rounding only
    assert [row[1] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row[3] == "base case" for row in rows) == 1


def test_each_concern_has_a_row(made: Made) -> None:
    _, pack = made
    tables = by_name(evidence_tables(*made))
    spoken = len(tables["concerns"].rows) if "concerns" in tables else 0
    unfitted = sum(not f.fitted for e in pack.evidence.endpoints.values() for f in e.families)
    counted = sum(int(row[4]) for row in tables["ranking"].rows if row[4] is not None)

    assert spoken == counted + unfitted


def test_external_survival_stands_beside_every_fitted_family(packs: dict[str, Made]) -> None:
    """Month 60 of the other study, whose month 6 is the start of the model: month 54 of each curve."""
    model, pack = packs["reported"]
    table = by_name(evidence_tables(model, pack))["external_by_family"]
    fitted = [family for family in pack.evidence.endpoints["os"].families if family.fitted]
    own = next(row for row in table.rows if row[11] == "base case")
    shape, scale = np.exp(model.fits["os"].coefficients[model.fits["os"].curves.columns["standard"]])

    assert len(table.rows) == len(fitted)
    assert own[3:5] == (54.0, 6.0)
    # the same formula in another order: rounding only
    assert own[12] == pytest.approx(float(np.exp(-((54.0 / scale) ** shape))), rel=1e-12)
    assert own[13] == ("no" if 0.03 <= float(str(own[12])) <= 0.1 else "yes")


def test_tests_of_effects_need_patients(packs: dict[str, Made]) -> None:
    """Women against men in the lung data, R's coxph(Surv(time, status) ~ sex): 0.588 (0.424 to 0.816)."""
    assert "tests_of_effects" not in by_name(evidence_tables(*packs["reported"]))
    rows = by_name(evidence_tables(*packs["patients"]))["tests_of_effects"].rows

    assert [row[:2] for row in rows] == [("Overall survival", "Active versus Standard")]
    # as printed by R, to three digits
    assert rows[0][2:5] == pytest.approx((0.588, 0.424, 0.816), abs=5e-4)


def test_the_page_needs_nothing_else(made: Made, tmp_path: Path) -> None:
    model, pack = made
    name = "fit_os"
    pictures = {name: save(evidence_figures(model, pack)[name](), tmp_path / name)}
    content = evidence_content(model, pack, MANIFEST.model_copy(update={"command": "hemodel fit small.xlsx"}))
    text = page(build(content, shipped_layout("evidence"), pictures))

    assert text == page(build(content, shipped_layout("evidence"), pictures))
    assert "data:image/svg+xml;base64," in text
    assert "<script" not in text
    assert 'src="http' not in text
    assert "hemodel fit small.xlsx" in text
    assert "Overall survival: the workbook uses Weibull" in text


def test_the_page_holds_every_table_text_and_figure(made: Made, tmp_path: Path) -> None:
    model, pack = made
    picture = tmp_path / "any.svg"
    picture.write_text("<svg/>", encoding="utf-8")
    drawn = evidence_figures(model, pack)
    content = evidence_content(model, pack, MANIFEST)
    text = page(build(content, shipped_layout("evidence"), dict.fromkeys(drawn, (picture, picture))))

    tables = {name.removeprefix("table-") for name in re.findall(r'id="(table-\w+)"', text)}
    assert tables == {table.name for table in by_endpoint(model, pack)}
    assert {name.removeprefix("figure-") for name in re.findall(r'id="(figure-\w+)"', text)} == set(drawn)
    assert set(content.texts) == {
        name.replace("{endpoint}", endpoint) for name in EVIDENCE_TEXTS for endpoint in pack.evidence.endpoints
    }
    assert [name for name in EVIDENCE_TABLES if name in {table.name for table in evidence_tables(model, pack)}] == [
        table.name for table in evidence_tables(model, pack)
    ]


def test_a_summary_names_the_family_in_use(made: Made) -> None:
    text = evidence_summary(*made, Path("there"))

    assert text.count("\n* Weibull") == 2
    assert "Progression-free survival: the workbook uses Weibull, place " in text
    assert text.endswith("Written to there")


def test_the_same_pack_gives_the_same_bytes(packs: dict[str, Made], tmp_path: Path) -> None:
    make = evidence_figures(*packs["patients"])["hazards_os"]
    for one, two in zip(save(make(), tmp_path / "one"), save(make(), tmp_path / "two"), strict=True):
        assert one.read_bytes() == two.read_bytes()
