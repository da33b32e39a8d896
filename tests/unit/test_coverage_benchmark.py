"""The benchmark of coverage runs, its truths are true, and its page says what its tables say."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import special

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "coverage.md"
TRIALS = 5


@pytest.fixture(scope="module")
def script() -> ModuleType:
    name = "coverage_benchmark"
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / "coverage.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def rows(lines: list[str]) -> list[tuple[str, str, str, list[float]]]:
    """Return the scenario, measure, source and (coverage, width, bias) of each row of the tables."""
    found = []
    scenario = measure = ""
    for line in lines:
        if line.startswith("### "):
            scenario = line[4:]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 6 and re.match(r"[\d.]+% ", cells[3]):
            measure = cells[0] or measure
            numbers = [float(cell.split(" (")[0].rstrip("%")) for cell in cells[3:]]
            found.append((scenario, measure, cells[2], numbers))
    return found


def page_rows() -> list[tuple[str, str, str, list[float]]]:
    return rows(PAGE.read_text(encoding="utf-8").splitlines())


def test_a_short_run_gives_every_row_and_the_same_numbers_again(script: ModuleType) -> None:
    lines = []
    for scenario in script.SCENARIOS:
        found = script.all_trials(scenario, TRIALS, 1, intervals=False)
        assert found.shape == (TRIALS, len(script.SOURCES), len(scenario.layout.measures), 2)
        again = script.all_trials(scenario, 2, 1, intervals=False)
        np.testing.assert_array_equal(found[:2], again)
        lines += script.table(scenario, found)
    assert [row[:3] for row in rows(lines)] == [row[:3] for row in page_rows()]
    assert len(rows(lines)) == 5 * 4 * 4


def test_true_means_have_a_closed_form(script: ModuleType) -> None:
    """Weibull: area to h = scale Gamma(1 + 1/k) P(1/k, (h / scale)^k); quadrature is good to 1e-9.

    Log-logistic: with F the share with the event by h, a = 1 + 1/k and b = 1 - 1/k: h (1 - F) + scale B(a, b) I_F(a, b)
    by parts, since E[T; T < h] is the integral of the quantile scale (p / (1 - p))^(1/k) up to F.
    """
    k = script.WEIBULL.shape
    scale = 8.0 * np.log(2.0) ** (-1.0 / k)
    longer = scale * 0.7 ** (-1.0 / k)

    def weibull(h: float, size: float) -> float:
        return float(size * special.gamma(1.0 + 1.0 / k) * special.gammainc(1.0 / k, (h / size) ** k))

    expected = [x for h in (24.0, 60.0) for x in (weibull(h, longer), weibull(h, longer) - weibull(h, scale))]
    np.testing.assert_allclose(script.WEIBULL.measures((24.0, 60.0)), expected, rtol=1e-9)

    b = 1.0 / script.LOG_LOGISTIC.shape

    def log_logistic(h: float, size: float) -> float:
        died = 1.0 - 1.0 / (1.0 + (h / size) ** (1.0 / b))
        return float(h * (1.0 - died) + size * special.beta(1.0 + b, 1.0 - b) * special.betainc(1.0 + b, 1.0 - b, died))

    size = 8.0
    pairs = [(log_logistic(h, 1.4 * size), log_logistic(h, size)) for h in (24.0, 60.0)]
    expected = [x for new, control in pairs for x in (new, new - control)]
    np.testing.assert_allclose(script.LOG_LOGISTIC.measures((24.0, 60.0)), expected, rtol=1e-9)


def test_simulated_times_follow_the_truth(script: ModuleType) -> None:
    """Times invert survival to rounding; with a hazard ratio of 0.7 the share alive at 8 months is 0.5^0.7."""
    shares = np.linspace(0.01, 0.99, 99)
    for truth in (script.WEIBULL, script.LOG_LOGISTIC):
        for arm in script.ARMS:
            np.testing.assert_allclose(truth.survival(truth.times(shares, arm), arm), shares, rtol=1e-12)
        assert truth.survival(8.0, "control") == pytest.approx(0.5, rel=1e-14)
    assert script.WEIBULL.survival(8.0, "new") == pytest.approx(0.5**0.7, rel=1e-14)
    assert script.LOG_LOGISTIC.survival(1.4 * 8.0, "new") == pytest.approx(0.5, rel=1e-14)


def test_cells_by_hand(script: ModuleType) -> None:
    """Of 4 intervals +-1.96 around 0, 1, -1, 3 three hold 0: sqrt(0.75 x 0.25 / 4) = 0.2165; sd 1.7078 / 2 = 0.8539."""
    value, error = np.array([0.0, 1.0, -1.0, 3.0]), np.ones(4)
    assert script.coverage(value, error, 0.0) == "75.0% (21.7)"
    assert script.bias(value, 0.0) == "+0.75 (0.85)"
    assert script.relative_width(1.5 * error, error) == "1.50 (0.00)"


def test_a_page_without_marks_is_refused(script: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Coverage\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="between which the tables stand"):
        script.write(page, ["| a |"])
    page.write_text("# Coverage\n\n<!-- tables: begin -->\nold\n<!-- tables: end -->\nwords\n", encoding="utf-8")
    script.write(page, ["| a |"])
    marked = "# Coverage\n\n<!-- tables: begin -->\n\n| a |\n\n<!-- tables: end -->\nwords\n"
    assert page.read_text(encoding="utf-8") == marked


def test_the_page_reads_its_tables_right() -> None:
    """Every range in the words of the page is that of the tables on it."""
    words = " ".join(PAGE.read_text(encoding="utf-8").split())
    right = [row for row in page_rows() if "fitted as such" in row[0]]

    def picked(measure: str, *sources: str, column: int = 0) -> list[float]:
        return [row[3][column] for row in right if row[1].startswith(measure) and row[2].startswith(sources)]

    both = picked("", "patients", "digitised")
    assert f"hold the truth in {min(both)}% to {max(both)}% of trials" in words
    assert f"up to {100 * (1 - min(picked('', 'digitised', column=1))):.0f}% narrower than theirs" in words
    assert f"the bias is at most {max(map(abs, picked('', 'digitised', column=2))):.2f} months" in words
    single, joint = "statistics, independent", "statistics, correlated"
    apart = picked("difference", single)
    assert f"in only {min(apart):.0f}% to {max(apart):.0f}% of trials" in words
    near = picked("mean of the new arm to 24", single)
    assert f"those of the mean to 24 months in {min(near):.0f}% to {max(near):.0f}%." in words
    assert f"their bias is at most {max(map(abs, picked('', single, column=2))):.2f} months" in words
    widths = picked("difference", single, column=1)
    assert f"are {100 * (1 - max(widths)):.0f}% to {100 * (1 - min(widths)):.0f}% narrower" in words
    far = picked("mean of the new arm to 60", single)
    assert f"fares better ({far[0]}% and {far[1]}%)" in words
    together = picked("difference", joint)
    assert f"the difference in {min(together)}% to {max(together)}% of trials" in words
    assert (
        f"up to {100 * (max(picked('difference', joint, column=1)) - 1):.0f}% wider than those from patients" in words
    )
    near = picked("mean of the new arm to 24", joint)
    assert f"a little too seldom, in {min(near)}% to {max(near)}%." in words
    wrong = {row[2]: row[3] for row in page_rows() if "as Weibull" in row[0] and row[1] == "mean of the new arm to 60"}
    assert f"the mean to 60 months is {-wrong['patients'][2]:.1f} months too short" in words
    assert f"holds the truth in {wrong['patients'][0]:.0f}% of trials" in words
    assert f"Those from statistics hold it in {wrong[single][0]:.0f}%" in words


def test_the_page_reads_the_layout_of_the_example_right() -> None:
    words = " ".join(PAGE.read_text(encoding="utf-8").split())
    alone = [row for row in page_rows() if row[0].startswith("The layout of the example")]
    with_another = [row for row in page_rows() if row[0].startswith("The same, with landmarks")]

    def shares(rows: list[tuple[str, str, str, list[float]]], measure: str, source: str) -> str:
        found = [row[3][0] for row in rows if row[1].startswith(measure) and row[2] == f"statistics, {source}"]
        return f"{min(found)}% to {max(found)}%"

    assert f"they hold the truth in {shares(alone, 'mean', 'independent')} of trials" in words
    assert f"With the correlation they hold it in {shares(alone, 'mean', 'correlated')}" in words
    assert f"those of the difference in {shares(alone, 'difference', 'correlated')}." in words
    assert f"the coverage of all four measures is {shares(with_another, '', 'correlated')}." in words
    widths = [
        row[3][1]
        for row in (*alone, *with_another)
        if row[1] == "mean of the new arm to 240" and row[2] == "statistics, correlated"
    ]
    assert f"falls from {widths[0]} to {widths[1]} times that from patients" in words
    wide = [row[3][1] for row in alone if row[1].startswith("mean") and row[2] == "statistics, independent"]
    assert (round(min(wide)), round(max(wide))) == (6, 11)
