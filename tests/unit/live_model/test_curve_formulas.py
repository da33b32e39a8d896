"""Curves by formula equal the engine's: the value stored with a formula, and what LibreOffice makes of its text.

The engine's curves are held against published software and hand calculations elsewhere (tests/reference,
tests/unit/survival, tests/unit/test_curve_effects). Here survival is compared at every boundary and on days within
cycles.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from contracts.test_families import CASES
from live.recalculation import recalculated
from unit.live_model.curve_books import POPULATION, Book, curves, families, family_on, powers, save
from unit.live_model.curve_models import MODELS, ageing, small

from hemodel.live_model.families import cumulative_hazard
from hemodel.live_model.formula import as_formula
from hemodel.live_model.sheet import Sheet, WorkingCells
from hemodel.survival.families.closed_form import Exponential
from hemodel.survival.families.registry import family

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from live.recalculation import Recalculated
    from unit.live_model.curve_books import Compared

    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.rows import Row

STORED = 1e-12
"""Absolute. Rounding is about 1e-15; large shapes of the gamma and F families lose up to 3e-14 of survival."""
CALCULATED = 1e-12
"""Absolute. LibreOffice's GAMMADIST and BETADIST lose up to 5e-13 of survival; texts have 15 digits."""
INTEGRATED = 1e-11
"""Absolute, with linear waning of the hazard: two quadratures, of which the engine's is off by up to 5e-12."""
REFITTED: dict[str, Scalar] = {"survival.os.standard.median": 13.5, "survival.pfs.active.survival_later": 0.25}
"""Statistics edited in a workbook, which the formulas of the coefficients follow."""
SETTLED = 1e-9
"""Absolute, of survival: the engine's own search for the coefficients stops within 1e-8 of them."""
COHORTS: dict[str, dict[str, Scalar]] = {
    "younger, with more spread": {"mean_age": 58.2, "sd_age": 14.5, "share_male": 0.1},
    "all of one age": {"mean_age": 66.4, "sd_age": 0},
    "near the youngest": {"mean_age": 33, "sd_age": 20},
}
"""Patients edited in a workbook."""


UNLIKELY = 1e-11
"""Absolute, of survival: BETADIST with both shapes above 1e5 loses this."""
ANYTHING: dict[str, Callable[[np.random.Generator], Iterable[float]]] = {
    "weibull": lambda rng: np.exp(rng.normal([0.0, 2.5], [1.0, 3.0])),
    "weibullPH": lambda rng: np.exp(rng.normal([0.0, -3.0], [1.0, 4.0])),
    "gompertz": lambda rng: (rng.normal(0.0, 0.5), np.exp(rng.normal(-3.0, 2.0))),
    "llogis": lambda rng: np.exp(rng.normal([0.3, 2.5], [1.0, 3.0])),
    "lnorm": lambda rng: (rng.normal(2.5, 2.0), np.exp(rng.normal(0.0, 1.5))),
    "gamma": lambda rng: np.exp(rng.normal([0.0, -2.0], [4.0, 4.0])),
    "gengamma": lambda rng: (rng.normal(2.5, 1.5), np.exp(rng.normal()), rng.normal() * 10.0 ** rng.uniform(-6.0, 1.0)),
    "genf": lambda rng: (
        *(rng.normal(2.5, 1.0), np.exp(rng.normal())),
        *(rng.normal() * 10.0 ** rng.uniform(-6.0, 0.7), 10.0 ** rng.uniform(-30.0, 2.0)),
    ),
    "mixture_cure(gengamma)": lambda rng: (rng.random(), rng.normal(2.5, 1.5), np.exp(rng.normal()), rng.normal()),
    "spline(normal, knots at 1 6 24)": lambda rng: rng.normal([-2.0, 1.2, 0.0], [1.0, 0.3, 0.05]),
}
"""Parameters far beyond those of any trial."""


@dataclass(frozen=True)
class Books:
    """What the engine has, by book, and the workbooks as LibreOffice calculates them."""

    compared: Mapping[str, tuple[Compared, ...]]
    calculated: Mapping[str, Recalculated]


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("curves")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        made = {"families": families(), "powers": powers()} | {label: curves(make()) for label, make in MODELS.items()}
        paths = {label: save(folder / f"{number}.xlsx", book) for number, (label, book) in enumerate(made.items())}
        compared = {label: book.compared for label, book in made.items()}
        paths["drawn"] = save(folder / "drawn.xlsx", made["independent"], draw=1)
        compared["drawn"] = curves(small(), draw=1).compared
        edits = {"refitted": (made["independent"], REFITTED, small(REFITTED))}
        for label, cohort in COHORTS.items():
            changes = {f"background.{name}": value for name, value in cohort.items()}
            edits[label] = (made["floor"], changes, small(ageing("floor", **cohort)))
        for number, (label, (book, changes, edited)) in enumerate(edits.items()):
            paths[label] = save(folder / f"edited_{number}.xlsx", book, with_values(book, changes))
            compared[label] = curves(edited).compared
        found = recalculated(list(paths.values()), folder / "calculated")
    return Books(compared, {label: found[path.stem] for label, path in paths.items()})


def with_values(book: Book, changes: Mapping[str, Scalar]) -> dict[str, Row]:
    """The rows of a book's model with other values."""
    assert book.model is not None
    rows = book.model.inputs.rows
    return {id_: replace(row, value=changes.get(id_, row.value)) for id_, row in rows.items()}


def tolerance(label: str, exact: float) -> float:
    return INTEGRATED if label.startswith("linear, hazard") else exact


def assert_calculated(books: Books, label: str, exact: float) -> None:
    """Hold every compared column of a recalculated workbook against the engine; no cell shows an error."""
    book = books.calculated[label]
    assert book.errors() == []
    for each in books.compared[label]:
        np.testing.assert_allclose(each.recalculated(book), each.expected, rtol=0.0, atol=exact, err_msg=each.label)


def moved(books: Books, label: str) -> float:
    """The largest change of survival from the base case of the same model."""
    pairs = zip(books.compared["independent"], books.compared[label], strict=True)
    return max(float(np.abs(base.expected - each.expected).max()) for base, each in pairs)


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: f"{CASES[number][0]}{CASES[number][1]}")
def test_a_family_by_formula(books: Books, number: int) -> None:
    """S = exp(-H) from 0 to 40 years, as stored and as calculated by LibreOffice; H is 0 at time 0, always finite."""
    each = books.compared["families"][number]
    stored, calculated = np.asarray(each.column.value, dtype=float), each.recalculated(books.calculated["families"])
    for hazard, exact in ((stored, STORED), (calculated, CALCULATED)):
        assert hazard[0] == 0.0
        assert np.all(np.isfinite(hazard))
        np.testing.assert_allclose(np.exp(-hazard), each.expected, rtol=0.0, atol=exact)


@pytest.mark.parametrize("name", ANYTHING)
def test_a_family_with_any_parameters(name: str) -> None:
    """Every cell holds a finite number and survival is the engine's, however unlikely the curve."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        sheet = Sheet("Family", name)
        each = family_on(sheet, family(name), [float(value) for value in ANYTHING[name](rng)])
        for *_, formula, _, _ in sheet.columns:
            assert np.all(np.isfinite(np.asarray(formula.value, dtype=float)))
        survival = np.exp(-np.asarray(each.column.value, dtype=float))
        np.testing.assert_allclose(survival, each.expected, rtol=0.0, atol=UNLIKELY, err_msg=each.label)


def test_no_cell_of_a_family_shows_an_error(books: Books) -> None:
    assert books.calculated["families"].errors() == []


@pytest.mark.parametrize("label", MODELS)
def test_curves_of_a_strategy_by_formula(books: Books, label: str) -> None:
    """At boundaries and on days within cycles, for every endpoint and strategy."""
    assert any("within cycles" in each.label for each in books.compared[label])
    for each in books.compared[label]:
        stored = np.asarray(each.column.value, dtype=float)
        np.testing.assert_allclose(stored, each.expected, rtol=0.0, atol=tolerance(label, STORED), err_msg=each.label)
    assert_calculated(books, label, tolerance(label, CALCULATED))


def test_curves_of_a_draw(books: Books) -> None:
    """With the first draw selected in the file, the curves are those of that draw and not of the base case."""
    assert_calculated(books, "drawn", CALCULATED)
    assert moved(books, "drawn") > 0.01


def test_curves_follow_statistics_edited_in_the_file(books: Books) -> None:
    """A median and a survival are changed; the engine fits the curves anew to the changed statistics."""
    assert_calculated(books, "refitted", SETTLED)
    assert moved(books, "refitted") > 0.01


@pytest.mark.parametrize("label", COHORTS)
def test_the_population_follows_patients_edited_in_the_file(books: Books, label: str) -> None:
    """Hazard of the population and OS above its floor; the engine runs on the edited mean, SD and share of men."""
    assert_calculated(books, label, CALCULATED)
    base, edited = (
        next(each.expected for each in books.compared[name] if each.label == POPULATION) for name in ("floor", label)
    )
    assert abs(base[-1] / edited[-1] - 1.0) > 0.1


def test_a_minus_is_taken_after_a_power(books: Books) -> None:
    """-2^2 is -4 for Python and 4 for a spreadsheet: the texts say which is meant."""
    assert_calculated(books, "powers", 1e-15)
    assert [each.expected[0] for each in books.compared["powers"]] == [-4.0, 4.0, 0.25, -3.0, -8.0, 0.0625]


def test_a_family_without_a_formula_is_named() -> None:
    class Unheard(Exponential):
        pass

    sheet = Sheet("Sheet", "Sheet")
    unheard = Unheard(name="unheard of")
    with pytest.raises(TypeError, match=r"unheard of .Unheard. has no spreadsheet formula"):
        cumulative_hazard(
            unheard, [as_formula(0.1)], as_formula(1.0), lambda _, formula: formula, WorkingCells(sheet, 9, 0)
        )
