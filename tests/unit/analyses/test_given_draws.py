"""Draws that were made elsewhere: read from a file or given as arrays, refused, and joined with the workbook's own."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from support import small_model

import hemodel
from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.diagnostics import checks, explained, input_checks
from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.psa.given import given_warnings
from hemodel.analyses.psa.given_file import read_draws
from hemodel.errors import InputError
from hemodel.model.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hemodel.model.evaluate import Model

SEED, DRAWS = 3, 40
LATER, EARLIER = "utility.progressed", "utility.progression_free"
NONE, CHEMO = "subsequent.none.share.active", "subsequent.chemo.share.active"
SHAPE, SCALE = "curve.os.active: log(shape)", "curve.os.active: log(scale)"
ORDER = {"order.utilities": {"value": "not_below", "first": EARLIER, "second": LATER}}


@pytest.fixture(scope="module")
def model() -> Model:
    return small_model(rows=ORDER, uncertain=True)


def own_columns(model: Model, seed: int) -> dict[str, list[object]]:
    """What the model draws itself, a column each, as an export has it."""
    columns: dict[str, list[object]] = {}
    for id_, array in block_draws(model, seed, 0, DRAWS).items():
        if id_.startswith("curve."):
            names = model.fits[id_.removeprefix("curve.")].curves.names
            columns |= {f"{id_}.{name}": array[:, j].tolist() for j, name in enumerate(names)}
        elif array.size > 1:
            columns[id_] = array.tolist()
    return columns


def write(path: Path, columns: Mapping[str, Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return path


def refusal(path: Path, model: Model) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_draws(path, model, SEED)
    return [str(problem).replace(f"{path.parent}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_a_file_gives_is_what_is_evaluated(tmp_path: Path, model: Model, ending: str) -> None:
    columns = own_columns(model, SEED + 1)
    path = tmp_path / f"draws.{ending}"
    if ending == "csv":
        write(path, columns)
    else:
        parquet.write_table(pa.table(columns), path)
    given = read_draws(path, model, SEED)
    psa = probabilistic(model, DRAWS, SEED, given=given)
    other = probabilistic(model, DRAWS, SEED + 1)

    assert given.file.draws == DRAWS
    assert set(given.file.inputs) == set(psa.inputs)
    for mine, theirs in ((psa.costs, other.costs), (psa.qalys, other.qalys), (psa.life_years, other.life_years)):
        assert np.array_equal(mine, theirs)  # all inputs come from the file, to the last digit


def test_the_workbooks_own_draws_are_no_others(tmp_path: Path, model: Model) -> None:
    given = read_draws(write(tmp_path / "draws.csv", own_columns(model, SEED)), model, SEED)

    assert given.file.draws == DRAWS
    assert given.file.inputs == []
    assert given.inputs == {}


def test_inputs_without_a_column_keep_their_own_draws(tmp_path: Path, model: Model) -> None:
    columns = own_columns(model, SEED)
    name = "administration.infusion.cost"
    path = write(tmp_path / "draws.csv", {name: np.linspace(100.0, 200.0, DRAWS).tolist()})
    given = read_draws(path, model, SEED)
    psa = probabilistic(model, DRAWS, SEED, given=given)

    assert np.array_equal(psa.inputs[name], np.linspace(100.0, 200.0, DRAWS))
    for other in (LATER, NONE, "resource.visit.unit_cost"):
        assert psa.inputs[other].tolist() == columns[other]
    assert list(given_warnings(model, given)) == []


def test_an_input_that_the_workbook_holds_fixed_can_have_draws(tmp_path: Path) -> None:
    """Body surface area moves the dose in mg/m2, and so the cost, and nothing else of this model is uncertain."""
    certain = small_model()
    columns = {"drug.newtinib.price_per_vial": [1000.0, 1200.0, 1400.0]}
    given = read_draws(write(tmp_path / "draws.csv", columns), certain, SEED)
    psa = probabilistic(certain, 3, SEED, given=given)
    (found,) = input_checks(psa, certain)

    assert (found.drawn_mean, found.sd, found.given) == (1200.0, 0.0, True)
    assert [c.name for c in checks(psa, certain) if not c.holds] == []
    assert {reason.id for entry in explained(psa, certain) for reason in entry.reasons} >= set(columns)


def test_shares_that_are_not_given_share_the_rest(tmp_path: Path, model: Model) -> None:
    given = read_draws(write(tmp_path / "draws.csv", {NONE: [0.25, 0.5]}), model, SEED)
    psa = probabilistic(model, 2, SEED, given=given)

    assert psa.inputs[CHEMO] == pytest.approx([0.75, 0.5], rel=1e-15)


def test_an_order_with_an_input_that_is_not_given(tmp_path: Path, model: Model) -> None:
    below = read_draws(write(tmp_path / "below.csv", {EARLIER: [0.3, 0.9]}), model, SEED)
    above = read_draws(write(tmp_path / "above.csv", {LATER: [0.95, 0.1]}), model, SEED)
    own = block_draws(model, SEED, 0, 2)

    assert probabilistic(model, 2, SEED, given=below).inputs[LATER].tolist() == [0.3, own[LATER][1]]
    assert probabilistic(model, 2, SEED, given=above).inputs[EARLIER].tolist() == [0.95, own[EARLIER][1]]
    assert list(given_warnings(model, below)) == [
        (
            "below.csv: utility.progressed, which is not in the file, is held at utility.progression_free in draws in "
            "which it would cross it."
        )
    ]
    assert next(iter(given_warnings(model, above))).startswith("above.csv: utility.progression_free, which is not in")


def test_correlations_that_a_file_cuts_are_said(tmp_path: Path) -> None:
    pair = {"first": "end_of_life.cost", "second": "resource.visit.unit_cost"}
    rows: dict[str, dict[str, str | float | int | bool | None]] = {"correlation.costs": {"value": 0.5, **pair}}
    model = small_model({"curves.correlation_pfs_os": 0.4}, rows, uncertain=True)
    columns = own_columns(model, SEED + 1)
    chosen = {id_: columns[id_] for id_ in columns if id_ == "end_of_life.cost" or id_.startswith("curve.os")}
    given = read_draws(write(tmp_path / "draws.csv", chosen), model, SEED)

    assert list(given_warnings(model, given)) == [
        (
            "draws.csv: end_of_life.cost and resource.visit.unit_cost are not correlated: one is from the file, the "
            "other is not."
        ),
        "draws.csv: PFS and OS are not correlated: the coefficients of one are from the file, the others are not.",
    ]


def test_a_design_of_the_workbook_is_not_that_of_the_file(tmp_path: Path) -> None:
    """Draws from elsewhere have the Monte Carlo error of independent ones, however few."""
    model = small_model({"settings.sampling": "sobol"}, uncertain=True)
    price = "drug.newtinib.price_per_vial"
    given = read_draws(write(tmp_path / "draws.csv", {price: [1000.0, 1200.0, 1400.0]}), model, SEED)

    assert probabilistic(model, 3, SEED, given=given).sampling == "random"


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path, model: Model) -> None:
    columns = own_columns(model, SEED + 1)
    columns[LATER][0] = 1.2
    columns[LATER][1] = "NA"
    columns[LATER][2] = ""
    columns[EARLIER][3] = 0.01
    columns[NONE][4] = 0.9
    columns[SCALE][5] = 900
    columns["adverse_event.rash.incidence.active"][6] = -0.1
    columns["end_of_life.cost"] = ["high"] * DRAWS
    columns["resource.visit.unit_cost"][7] = "inf"
    columns |= {"utility.progresed": [0.5] * DRAWS, "survival.os.active.median": [12.0] * DRAWS}
    columns |= {"settings.time_horizon": [10.0] * DRAWS}
    del columns["curve.pfs.active: log(shape)"]
    found = refusal(write(tmp_path / "draws.csv", columns), model)
    row_5 = f"draws.csv, row 5, column {LATER}: {LATER} is {columns[LATER][3]:g}, above {EARLIER}, 0.01."
    share = 0.9 + float(str(columns[CHEMO][4]))

    assert found[:4] == [
        "draws.csv, row 1: there is no input 'utility.progresed' in small.xlsx. Did you mean utility.progressed?",
        (
            "draws.csv, row 1: 'survival.os.active.median' cannot be drawn by itself. It goes into the fit of curves, "
            "which are drawn by their coefficients. Give columns curve.<endpoint>.<coefficient>."
        ),
        (
            "draws.csv, row 1: 'settings.time_horizon' is no uncertain number. It is the same in every draw. Change it "
            "with --set."
        ),
        (
            "draws.csv, row 1: there is no column 'curve.pfs.active: log(shape)'. The coefficients of curve.pfs are "
            "drawn together. Give all of them, or none."
        ),
    ]
    assert sorted(found[4:]) == sorted(
        [
            f"draws.csv, row 2, column {LATER}: {LATER} is 1.2. It must lie between -1.1 and 1 (utility).",
            (
                f"draws.csv, row 2, column {LATER}: {LATER} is 1.2, above {EARLIER}, {columns[EARLIER][0]:g}. The "
                f"workbook says that {EARLIER} is never below {LATER} (sheet Correlations). Correct the draws, or "
                "that row."
            ),
            f"draws.csv, row 3, column {LATER}: 'NA' is not a number. Give a number in every row.",
            f"draws.csv, row 4, column {LATER}: an empty cell is not a number. Give a number in every row.",
            (
                f"{row_5} The workbook says that {EARLIER} is never below {LATER} (sheet Correlations). Correct the "
                "draws, or that row."
            ),
            (
                f"draws.csv, row 6, column {NONE}: {NONE} + {CHEMO} is {share:g}. They are shares of one whole. "
                "Correct the shares."
            ),
            (
                f"draws.csv, row 7, column {SHAPE}: this is no survival curve of the family weibull: {SHAPE} is "
                f"{columns[SHAPE][5]:g}, {SCALE} is 900. Survival is 1 at the start and never rises, and every "
                "parameter is a finite number. Give coefficients on the scale that their names say, such as log(scale)."
            ),
            (
                "draws.csv, row 8, column adverse_event.rash.incidence.active: adverse_event.rash.incidence.active is "
                "-0.1. It must lie between 0 and 1 (proportion)."
            ),
            (
                "draws.csv, row 2, column end_of_life.cost: column end_of_life.cost holds text, such as 'high'. Give a "
                "number in every row."
            ),
            "draws.csv, row 9, column resource.visit.unit_cost: the number is infinite. Give a number in every row.",
        ]
    )


def test_a_curve_that_rises_is_refused(tmp_path: Path) -> None:
    """A spline without inner knots is a straight line in log time, and survival rises where its slope is below 0."""
    model = small_model({"curve.os.active.family": "spline(hazard, 0 knots)"})
    names = [f"curve.os.{name}" for name in model.fits["os"].curves.names]
    good = dict(zip(names, model.fits["os"].coefficients.tolist(), strict=True))
    bad = {name: -value if name == "curve.os.active: gamma1" else value for name, value in good.items()}
    path = write(tmp_path / "draws.csv", {name: [good[name], bad[name], good[name]] for name in names})
    found = refusal(path, model)

    assert len(found) == 1
    assert found[0].startswith("draws.csv, row 3, column curve.os.active: gamma0: this is no survival curve of the")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "draws.csv: the file is empty. The first row has the names, each row below it is one draw."),
        (f"{LATER}\n", "draws.csv: there are no rows below the header. The first row has the names, each row"),
        (f"{LATER}\n0.5\n", "draws.csv: there is 1 row. A probabilistic analysis needs at least 2 draws."),
        ("draw\n1\n2\n", "draws.csv, row 1: there is no column of an input. Name columns by the ids of inputs."),
        (f"{LATER},{LATER}\n0.5,0.5\n0.5,0.5\n", f"draws.csv, row 1: '{LATER}' is there more than once. Give each"),
        (f',"{LATER}"\n1,0.5\n2,0.6\n', "draws.csv, row 1: there is no name in column 1. Give them names, or delete"),
        (f"{LATER};{EARLIER}\n0.5;0.5\n", "draws.csv, row 1: the columns are separated by semicolons. Save the file"),
        (f"{LATER}\n0.5,0.6\n0.5\n", "draws.csv, row 2: there are 2 cells. Write decimals with a point."),
    ],
)
def test_files_that_are_no_table_of_draws(tmp_path: Path, model: Model, text: str, words: str) -> None:
    (tmp_path / "draws.csv").write_text(text, encoding="utf-8")
    found = refusal(tmp_path / "draws.csv", model)

    assert len(found) == 1
    assert found[0].startswith(words)


def test_parquet_that_cannot_be_used(tmp_path: Path, model: Model) -> None:
    path = tmp_path / "draws.parquet"
    table = pa.table({LATER: [0.5, None, 0.6], "end_of_life.cost": ["a", "b", "c"]})
    parquet.write_table(table.append_column(LATER, [[0.5, 0.5, 0.5]]), path)

    assert refusal(path, model) == [
        f"draws.parquet, names of the columns: '{LATER}' is there more than once. Give each column its own name.",
        (
            "draws.parquet, row 1, column end_of_life.cost: column end_of_life.cost holds text, such as 'a'. Give a "
            "number in every row."
        ),
    ]
    parquet.write_table(pa.table({LATER: [0.5, None, 0.6]}), path)
    assert refusal(path, model) == [
        f"draws.parquet, row 2, column {LATER}: an empty cell is not a number. Give a number in every row."
    ]
    path.write_bytes(b"no parquet")
    assert refusal(path, model)[0].startswith("draws.parquet: the file cannot be read as Parquet (")
    path.unlink()
    assert refusal(path, model) == ["draws.parquet: there is no such file. Check the path."]


def test_arrays_are_checked_as_a_file_is(model: Model) -> None:
    draws = hemodel.base_draws(model) | {
        "utility.progresed": np.array([0.5]),
        LATER: np.array([0.5, np.nan]),
        "patients.bsa_mean": np.array([7.0]),
        "curve.os": np.zeros((2, 3)),
        "resource.visit.unit_cost": np.full(3, 80.0),
        EARLIER: np.array(["a", "b"]),
    }
    del draws["end_of_life.cost"]
    with pytest.raises(hemodel.InputError) as caught:
        hemodel.evaluate(model, draws)

    assert [str(problem) for problem in caught.value.problems] == [
        "draws: there is no input 'utility.progresed' in small.xlsx. Did you mean utility.progressed?",
        "draws: 'end_of_life.cost' is missing. Every input is needed. Begin with base_draws(model).",
        "draws: utility.progression_free does not hold numbers. Give an array of numbers.",
        "draws: curve.os has the shape (2, 3). It must be (draws, 4).",
        "draws: utility.progressed has 2 draws, others have 3. Give as many draws of each input, or one.",
        (
            "draws, patients.bsa_mean[0]: patients.bsa_mean is 7. It must lie between 1 and 3 (m2). Was a percentage "
            "entered? 7% is 0.07."
        ),
    ]


def test_decisions_from_outcomes(model: Model) -> None:
    """Held against sums by hand over the draws."""
    psa = probabilistic(model, DRAWS, SEED)
    outcomes = hemodel.evaluate(model, {**hemodel.base_draws(model), **psa.inputs})
    wtp = 50_000.0
    benefit = wtp * outcomes.qalys.total - outcomes.costs.total
    best = benefit.argmax(axis=1)

    gains = hemodel.increments(outcomes)
    assert (gains.comparator, gains.interventions) == ("standard", ("active",))
    assert gains.benefit(wtp)[:, 0] == pytest.approx(benefit[:, 1] - benefit[:, 0], rel=1e-9)  # differences of 1e5
    assert gains.verdicts()["active"].icer == pytest.approx(gains.costs.mean() / gains.qalys.mean(), rel=1e-12)
    assert hemodel.acceptability(outcomes, [wtp])[0] == pytest.approx([np.mean(best == 0), np.mean(best == 1)])
    perfect = benefit.max(axis=1).mean() - benefit.mean(axis=0).max()
    assert hemodel.evpi(outcomes, [wtp]).value[0] == pytest.approx(perfect, abs=1e-6)  # of amounts of 1e5
    assert np.array_equal(hemodel.acceptability(psa, [wtp]), hemodel.acceptability(outcomes, [wtp]))
    assert np.allclose(evaluate(model, {**hemodel.base_draws(model), **psa.inputs}).costs.total, outcomes.costs.total)
